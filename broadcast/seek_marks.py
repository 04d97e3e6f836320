"""What a seek bar marks: stretches of slate and gaps while live, and the places where a replay left them, or
what is private, out; with the stretches in it that were healed. What was cut is no news to anybody.

Pure, called by `live_window.py` under its lock. Positions are seconds on the playlist's own time: the sum of
the durations told before, which is where players put them.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Literal

from broadcast.playlist_view import Segment
from recorder.hidden_spans import HiddenSpan
from recorder.log_folders import is_healed
from recorder.media import VIDEO_CLOCK_RATE

# A line that was cut each minute of a long day; what is shorter would not be seen on the bar anyway.
MAX_MARKS = 500
# Where a healed take meets the log, times are told by other clocks: less than this is not missing.
LEAST_LEFT_OUT = VIDEO_CLOCK_RATE // 4

Kind = Literal["slate", "gap", "healed", "private"]


@dataclass(frozen=True, slots=True)
class SeekMark:
    """`start` … `end` in the playlist, equal where `seconds` of the lecture were left out.

    `end` is None for a slate that is shown right now.
    """

    kind: Kind
    start: float
    end: float | None
    seconds: float


def live_marks(
    segments: Sequence[Segment], growing: Segment | None, slates: frozenset[int], *, ended: bool
) -> list[SeekMark]:
    """Of the playlist that keeps everything. `slates`: numbers of the takes that are slates."""
    marks: list[SeekMark] = []
    begun: tuple[Kind, int] | None = None
    position = 0
    for segment in (*segments, *([growing] if growing is not None else [])):
        kind = _kind(segment, slates)
        if begun is not None and kind != begun[0]:
            marks.append(_stretch(*begun, position))
            begun = None
        if kind is not None and begun is None:
            begun = (kind, position)
        position += segment.duration
    if begun is not None:
        last = _stretch(*begun, position)
        marks.append(last if ended else SeekMark(last.kind, last.start, None, last.seconds))
    return _bounded(marks)


def replay_marks(
    shown: Sequence[Segment],
    slates: frozenset[int],
    log: Sequence[Segment],
    hidden: Sequence[HiddenSpan] = (),
) -> list[SeekMark]:
    """Of a version of the edit list: where something of `log`, the whole session, was left out between two of
    its segments, and what was healed. `hidden`: what of it was meant to be.
    """
    marks: list[SeekMark] = []
    position = 0
    healed_from: int | None = None
    for index, segment in enumerate(shown):
        left_out = _left_out(shown[index - 1], segment, slates, log, hidden) if index else None
        if left_out is not None:
            at = _seconds(position)
            marks.append(SeekMark(left_out[0], at, at, _seconds(left_out[1])))
        if is_healed(segment.take) and healed_from is None:
            healed_from = position
        position += segment.duration
        goes_on = index + 1 < len(shown) and is_healed(shown[index + 1].take)
        if healed_from is not None and not goes_on:
            marks.append(_stretch("healed", healed_from, position))
            healed_from = None
    return _bounded(sorted(marks, key=attrgetter("start")))


def _left_out(
    previous: Segment,
    segment: Segment,
    slates: frozenset[int],
    log: Sequence[Segment],
    hidden: Sequence[HiddenSpan],
) -> tuple[Kind, int] | None:
    """What is missing between two segments of a replay, and how many ticks of it."""
    end = previous.pts + previous.duration
    lost = max(0, segment.pts - end)
    meant = [one for one in hidden if _lies_between(one, end, segment.pts)]
    if meant:
        return ("private", lost) if any(one.is_private for one in meant) else None
    if is_healed(previous.take) or is_healed(segment.take):
        if lost < LEAST_LEFT_OUT:
            return None
        missing = _between(log, end, segment.pts)
    elif segment.number > previous.number + 1:
        missing = log[previous.number + 1 - log[0].number : segment.number - log[0].number]
    else:
        return None
    return "slate" if any(one.take in slates for one in missing) else "gap", lost


def _lies_between(span: HiddenSpan, start: int, end: int) -> bool:
    """Whether a hidden span has any time from `start` to `end`, ticks."""
    return span.start * VIDEO_CLOCK_RATE < end and span.end * VIDEO_CLOCK_RATE > start


def _between(log: Sequence[Segment], start: int, end: int) -> Sequence[Segment]:
    """Segments of the log with any time from `start` to `end`, ticks."""
    by_pts = attrgetter("pts")
    first = max(0, bisect_right(log, start, key=by_pts) - 1)
    found = log[first : bisect_left(log, end, key=by_pts)]
    return [one for one in found if one.pts + one.duration > start]


def marks_document(marks: Iterable[SeekMark]) -> bytes:
    return json.dumps({"marks": [asdict(mark) for mark in marks]}, separators=(",", ":")).encode()


def _kind(segment: Segment, slates: frozenset[int]) -> Kind | None:
    if segment.gap:
        return "gap"
    return "slate" if segment.take in slates else None


def _stretch(kind: Kind, start: int, end: int) -> SeekMark:
    return SeekMark(kind, _seconds(start), _seconds(end), _seconds(end - start))


def _seconds(ticks: int) -> float:
    return round(ticks / VIDEO_CLOCK_RATE, 3)


def _bounded(marks: list[SeekMark]) -> list[SeekMark]:
    if len(marks) <= MAX_MARKS:
        return marks
    longest = sorted(marks, key=lambda mark: mark.seconds, reverse=True)[:MAX_MARKS]
    return sorted(longest, key=lambda mark: mark.start)
