"""A recording hides something else now: its row, its cues and what was made of it follow, in one transaction.

Called by adoption. What shows something that has become private is handed out no more, from that transaction
on; `remove_withheld` takes the files away.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from library import hidden_words, pictures, recordings, transcripts
from library.models import LectureSession


def hide(
    transaction: Session, row: LectureSession, spans: Sequence[Sequence[Any]], version: int, *, more: bool
) -> None:
    """`spans`: `[start, end, kind]` of `version`. `more`: something is private that the one before showed."""
    if list(spans) == row.hidden_spans:
        return
    row.hidden_spans = [list(one) for one in spans]
    transaction.flush()
    transcripts.hide(transaction, row.id)
    if more:
        _withhold(row, version)


def _withhold(row: LectureSession, version: int) -> None:
    row.withheld_before = max(row.withheld_before, version)
    row.mp4_path = row.mp4_bytes = row.pictures_version = row.poster = None
    hidden = hidden_words.hidden_of(row.hidden_spans)
    if row.poster_at is not None and any(one.holds(row.poster_at, row.poster_at) for one in hidden):
        row.poster_at = None


def remove_withheld(recordings_folder: Path, pictures_folder: Path, row: LectureSession) -> None:
    """Remove the MP4s and pictures that may not be handed out any more. Raises OSError."""
    if row.withheld_before > 1:
        recordings.remove_older(recordings_folder, row.id, row.withheld_before)
        pictures.remove_older(pictures_folder, row.id, row.withheld_before)
