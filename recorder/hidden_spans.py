"""Spans of a session that its replay leaves out: cut by whoever edits, or private. What is shown instead.

Pure. Times are seconds of the session's clock. A replay is played by whole segments, which begin on a key
frame: of a *cut* they are left out by their middle, so that it lies at the nearest key frame; of a *private*
span all that could hold a moment of it, outwards. The MP4 leaves out exactly what is hidden (`intervals`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_SPANS = 500
MAX_SECONDS = 7 * 86_400.0
# A segment's sound lies so far behind its pictures at most (as healing takes it, `healing.SEAM_SAMPLES`), and
# an AAC frame is heard a frame before and behind its own.
SOUND_BEHIND_SECONDS = 1.5
SOUND_FRAME_SECONDS = 2 * 1024 / 48_000
_MILLISECONDS = 1000
_NOISE = 1e-6  # what floating point makes of a millisecond


class HiddenKind(StrEnum):
    """`CUT`: not worth showing; what was made with it may stay until it is made anew. `PRIVATE`: shown and
    heard by nobody but who may edit the recording, at once.
    """

    CUT = "cut"
    PRIVATE = "private"


class Unfit(StrEnum):
    """Why spans are refused; pages put it into words."""

    NO_TIME = "no_time"
    BACKWARDS = "backwards"
    TOO_MANY = "too_many"
    NOTHING_LEFT = "nothing_left"


class UnfitSpans(ValueError):
    """`number`: of the span that is at fault, from 0; None where it is all of them."""

    def __init__(self, reason: Unfit, number: int | None = None) -> None:
        self.reason, self.number = reason, number
        super().__init__(reason if number is None else f"{reason} in span {number}")


@dataclass(frozen=True, slots=True)
class HiddenSpan:
    """From `start` to before `end`."""

    start: float
    end: float
    kind: HiddenKind

    @property
    def is_private(self) -> bool:
        return self.kind is HiddenKind.PRIVATE

    def leaves_out(self, start: float, end: float) -> bool:
        """Whether a segment with pictures from `start` to `end` is not played."""
        if self.is_private:
            return start < self.end + SOUND_BEHIND_SECONDS and end > self.start - SOUND_FRAME_SECONDS
        return self.start <= (start + end) / 2 < self.end


def cleaned(given: Iterable[HiddenSpan]) -> tuple[HiddenSpan, ...]:
    """As they are kept: in order, to a millisecond (private ones outwards), those of a kind that touch each
    other joined. Raises UnfitSpans.
    """
    spans = list(given)
    if len(spans) > MAX_SPANS:
        raise UnfitSpans(Unfit.TOO_MANY)
    rounded = [_rounded(span, number) for number, span in enumerate(spans)]
    found = [one for kind in HiddenKind for one in _joined(kind, rounded)]
    return tuple(sorted(found, key=lambda span: (span.start, span.end, span.kind)))


def private_of(spans: Iterable[HiddenSpan]) -> tuple[HiddenSpan, ...]:
    return tuple(span for span in spans if span.is_private)


def is_left_out(start: float, end: float, hidden: Iterable[HiddenSpan]) -> bool:
    """Whether a segment with pictures from `start` to `end` is not played."""
    return any(span.leaves_out(start, end) for span in hidden)


def covers(hidden: Iterable[HiddenSpan], private: Iterable[HiddenSpan]) -> bool:
    """Whether what leaves out `hidden` shows nothing of the spans `private`."""
    merged = list(_runs(hidden))
    return all(any(start <= one.start and one.end <= end for start, end in merged) for one in private)


def intervals(start: float, end: float, hidden: Iterable[HiddenSpan]) -> list[tuple[float, float]]:
    """What of `start` … `end` is not hidden, exactly, in order."""
    found: list[tuple[float, float]] = []
    at = start
    for begin, stop in _runs(hidden):
        if begin > at and at < end:
            found.append((at, min(begin, end)))
        at = max(at, stop)
    if at < end:
        found.append((at, end))
    return found


def _runs(hidden: Iterable[HiddenSpan]) -> Iterator[tuple[float, float]]:
    """Both kinds joined, in order."""
    run: tuple[float, float] | None = None
    for span in sorted(hidden, key=lambda one: one.start):
        if run is not None and span.start <= run[1]:
            run = run[0], max(run[1], span.end)
            continue
        if run is not None:
            yield run
        run = span.start, span.end
    if run is not None:
        yield run


def _rounded(span: HiddenSpan, number: int) -> HiddenSpan:
    for moment in (span.start, span.end):
        if not math.isfinite(moment) or not 0 <= moment <= MAX_SECONDS:
            raise UnfitSpans(Unfit.NO_TIME, number)
    if span.end <= span.start:
        raise UnfitSpans(Unfit.BACKWARDS, number)
    start, end = span.start * _MILLISECONDS, span.end * _MILLISECONDS
    if span.is_private:
        start, end = math.floor(start + _NOISE), math.ceil(end - _NOISE)
    first, last = round(start), max(round(end), round(start) + 1)
    return HiddenSpan(first / _MILLISECONDS, last / _MILLISECONDS, span.kind)


def _joined(kind: HiddenKind, spans: Sequence[HiddenSpan]) -> list[HiddenSpan]:
    return [HiddenSpan(start, end, kind) for start, end in _runs(one for one in spans if one.kind is kind)]
