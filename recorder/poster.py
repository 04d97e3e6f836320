"""A recording's poster: written in two sizes, and the picture of a moment that somebody has chosen for it.

Used in a job's own process. `make_poster` is a job by itself, for a chosen picture is to be seen soon.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from av.video.frame import VideoFrame

from recorder.copy_media import open_segments
from recorder.durable_file import replace_file
from recorder.edit_list import EditList
from recorder.far_media import FarMedia
from recorder.media import VIDEO_CLOCK_RATE
from recorder.media_facts import MediaRefused
from recorder.media_log_reader import SegmentSlot, SessionReader, TakeView
from recorder.session_gaps import readable_spans
from recorder.still_frames import Scaler, webp_within, within

log = logging.getLogger(__name__)

POSTER, THUMBNAIL = "poster.webp", "thumbnail.webp"
POSTER_SIZE, POSTER_BYTES = (1280, 720), 80_000
THUMBNAIL_SIZE, THUMBNAIL_BYTES = (640, 360), 30_000
_NAME_LENGTH = 12
_MOST_SEGMENTS = 8  # back to a key frame, of a source that seldom sends one


class NoPicture(LookupError):
    """Nothing of the recording can be decoded at the moment that was chosen."""


@dataclass(frozen=True, slots=True)
class Poster:
    """`poster` names its content; `version`: of the edit list whose pictures it is with."""

    version: int
    poster: str


def make_poster(
    roots: Sequence[Path],
    session_id: str,
    folder: Path,
    at: float,
    *,
    version: int,
    far: FarMedia | None = None,
) -> Poster:
    """Put the picture at second `at` of the session's clock in place of the poster in `folder`.

    Raises NoPicture, NotInLog, OSError (FileNotFoundError: the version has no pictures yet).
    """
    with closing(SessionReader(roots, session_id, far)) as reader:
        picture = picture_at(reader, reader.edit_list(version), at)
    return Poster(version, write_poster(folder, picture))


def write_poster(folder: Path, picture: VideoFrame) -> str:
    """Both sizes → what names their content. Raises OSError, av.FFmpegError."""
    scaler = Scaler()
    large = scaler.scaled(picture, *within(picture.width, picture.height, *POSTER_SIZE))
    data = webp_within(large, POSTER_BYTES)
    replace_file(folder / POSTER, data)
    small = scaler.scaled(picture, *within(picture.width, picture.height, *THUMBNAIL_SIZE))
    replace_file(folder / THUMBNAIL, webp_within(small, THUMBNAIL_BYTES))
    return hashlib.sha256(data).hexdigest()[:_NAME_LENGTH]


def picture_at(reader: SessionReader, edits: EditList, at: float) -> VideoFrame:
    """The picture that the recording shows at second `at` of the session's clock; where it leaves that
    out, the one before. Raises NoPicture.
    """
    found = _segment_at(reader, edits, round(at * VIDEO_CLOCK_RATE))
    if found is None:
        raise NoPicture("the recording shows nothing")
    take, slots = found
    segments = [reader.segment_bytes(take.number, slot.segment) for slot in slots]
    try:
        medium = open_segments(reader.init_bytes(take.number), segments)
        shown = list(medium.pictures(max(at, medium.start), max(at, medium.start) + 0.001))
    except MediaRefused as error:
        raise NoPicture(str(error)) from error
    if not shown:
        raise NoPicture(f"no picture at {at:.1f} s can be decoded")
    return shown[-1][1]


def _segment_at(
    reader: SessionReader, edits: EditList, pts: int
) -> tuple[TakeView, list[SegmentSlot]] | None:
    """The last segment shown that has begun at `pts`, else the first, with those before it that it needs."""
    chosen: tuple[TakeView, SegmentSlot] | None = None
    for span, take in readable_spans(reader, edits):
        for slot in take.segments:
            if span.shows(slot.segment) and (chosen is None or chosen[1].pts < slot.pts <= pts):
                chosen = take, slot
    if chosen is None:
        return None
    take, slot = chosen
    end = take.segments.index(slot) + 1
    begin = end - 1
    while (
        begin > max(0, end - _MOST_SEGMENTS)
        and not take.records[take.segments[begin].first_record].independent
    ):
        begin -= 1
    return take, take.segments[begin:end]
