"""What a seek bar marks: stretches of slate and gaps while live, and the places where a replay left them out.

Pure, called by `live_window.py` under its lock. Positions are seconds on the playlist's own time: the sum of
the durations told before, which is where players put them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from broadcast.playlist_view import Segment
from recorder.media import VIDEO_CLOCK_RATE

# A line that was cut each minute of a long day; what is shorter would not be seen on the bar anyway.
MAX_MARKS = 500

Kind = Literal["slate", "gap"]


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


def replay_marks(shown: Iterable[Segment], slates: frozenset[int], log: Sequence[Segment]) -> list[SeekMark]:
    """Of a version of the edit list: where something of `log`, the whole session, was left out between two of
    its segments.
    """
    first = log[0].number if log else 0
    marks: list[SeekMark] = []
    position = 0
    previous: Segment | None = None
    for segment in shown:
        if previous is not None and segment.number > previous.number + 1:
            left_out = log[previous.number + 1 - first : segment.number - first]
            kind: Kind = "slate" if any(one.take in slates for one in left_out) else "gap"
            lost = segment.pts - previous.pts - previous.duration
            at = _seconds(position)
            marks.append(SeekMark(kind, at, at, _seconds(max(0, lost))))
        position += segment.duration
        previous = segment
    return _bounded(marks)


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
