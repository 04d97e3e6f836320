"""Healed takes for tests: written by the log's own writer, and put in place whole as the job does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder import cmaf
from recorder.log_folders import HEALED, healed_name, take_name
from recorder.media import PartContent
from recorder.take_writer import TakeWriter
from tests.recorder.media_maker import Media, make_parts


def write_healed(root: Path, session_id: str, count: int, media: Media, *, start_pts: int) -> int:
    """The session's healed take `count` (1 …) of `media` from `start_pts` on → its number."""
    parts = make_parts(media, start_pts=start_pts)
    return write_healed_parts(root, session_id, count, media, parts)


def write_healed_parts(
    root: Path,
    session_id: str,
    count: int,
    media: Media,
    parts: Sequence[PartContent],
    *,
    sealed: bool = True,
) -> int:
    """The same of parts; segments count from 0."""
    number = HEALED + count
    init = cmaf.init_segment(media.parameters, slate=False)
    writer = TakeWriter(root / "making", session_id, number, init, slate=False)
    segment, in_segment = -1, 0
    for content in parts:
        segment, in_segment = (segment + 1, 0) if content.starts_segment else (segment, in_segment + 1)
        data = cmaf.part_bytes(writer.parts + 1, content, segment, in_segment)
        record = cmaf.part_record(data, writer.size)
        assert record is not None
        writer.append(data, record)
    if sealed:
        writer.seal()
    writer.close()
    made = root / "making" / session_id / take_name(number)
    (root / session_id).mkdir(parents=True, exist_ok=True)
    made.rename(root / session_id / healed_name(number))
    return number
