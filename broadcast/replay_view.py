"""A version of the edit list as playlists tell it: segments of the log and of healed takes, in its order.

Called by `live_window.py` under its lock, and by `session_directory.py`. A healed take is no part of the log:
its segments count from 0, and only here do they become segments of a playlist.
"""

from __future__ import annotations

from collections.abc import Sequence

from broadcast.playlist_view import Segment
from recorder.edit_list import EditList, Span
from recorder.media import VIDEO_CLOCK_RATE
from recorder.media_log_reader import NotInLog, SessionReader

APART = VIDEO_CLOCK_RATE // 4  # takes follow each other a little late; less is not missing


def replay_segments(edits: EditList, log: Sequence[Segment], reader: SessionReader) -> list[Segment]:
    """What is there of it: media that are lost, and takes that somebody deleted, are left out."""
    return [
        segment
        for span in edits.spans
        for segment in (_healed(span, reader) if span.healed else _logged(span, log))
    ]


def shows_anything(edits: EditList, reader: SessionReader) -> bool:
    """Whether a replay of that version has a picture: the media of one of its takes are there."""
    return any(_is_there(span.take, reader) for span in edits.spans)


def seconds_shown(edits: EditList, reader: SessionReader) -> float:
    """How long the replay of that version is."""
    return round(sum(_ticks_of(span, reader) for span in edits.spans) / VIDEO_CLOCK_RATE, 3)


def spans_shown(edits: EditList, reader: SessionReader) -> tuple[tuple[float, float], ...]:
    """Which spans of the session's clock the replay of that version shows, in order of time, seconds."""
    slots = sorted(
        (slot.pts, slot.pts + slot.duration)
        for span in edits.spans
        if _is_there(span.take, reader)
        for slot in reader.take(span.take).segments
        if span.shows(slot.segment)
    )
    found: list[tuple[int, int]] = []
    for start, end in slots:
        if found and start - found[-1][1] < APART:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple((start / VIDEO_CLOCK_RATE, end / VIDEO_CLOCK_RATE) for start, end in found)


def _ticks_of(span: Span, reader: SessionReader) -> int:
    if not _is_there(span.take, reader):
        return 0
    return sum(slot.duration for slot in reader.take(span.take).segments if span.shows(slot.segment))


def _is_there(take: int, reader: SessionReader) -> bool:
    try:
        return not reader.take(take).lost
    except NotInLog:
        return False


def _logged(span: Span, log: Sequence[Segment]) -> list[Segment]:
    first = log[0].number if log else 0
    found = log[max(0, span.first_segment - first) : max(0, span.last_segment - first + 1)]
    return [segment for segment in found if segment.take == span.take and not segment.gap]


def _healed(span: Span, reader: SessionReader) -> list[Segment]:
    try:
        take = reader.take(span.take)
    except NotInLog:
        return []
    return [
        Segment(slot.segment, take.number, slot.pts, slot.duration, slot.bytes, 0, slot.part_count)
        for slot in take.segments
        if span.shows(slot.segment)
    ]
