"""What somebody has watched of a recording, as spans of the session's own clock; and what they may claim.

Pure; called from any thread. Times are seconds. A page tells from time to time which spans it has played
since it told last. It may be anybody's program: more than a player can play at MAX_RATE in the time that has
passed is not believed, nothing outside the recording counts, and what is no span is refused as UnfitClaim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_RATE = 2.0  # the fastest speed that the player offers
BEAT_SECONDS = 30.0  # how often a page tells
# Two devices of one person, and a line that was away for a moment: their beacons come at once.
ALLOWANCE = 30.0
MAX_CLAIMS = 100  # spans of one beacon: jumps within half a minute
MAX_SPANS = 300  # of one recording
MAX_SECONDS = 360_000.0  # a hundred hours
_HUNDREDTHS = 100

Span = tuple[float, float]
Spans = tuple[Span, ...]


class UnfitClaim(ValueError):
    """Not a span or a position: no number, infinite, negative, or its end is before its beginning."""


@dataclass(frozen=True, slots=True)
class Watched:
    """`spans`: in order, apart from each other. `position`: where it was left. `credit`: seconds that may be
    claimed beyond the time that passes, ALLOWANCE at most. `at`: unix seconds of the last claim.
    """

    spans: Spans
    position: float
    credit: float
    at: float


def watched_after(
    known: Watched | None, claims: Sequence[Span], position: float, *, end: float, now: float
) -> Watched:
    """With what a page claims to have played up to `now`. `end`: of the recording. Raises UnfitClaim.

    Of all that is claimed in a time T no more than MAX_RATE × T and ALLOWANCE once are believed, the first of
    it.
    """
    checked = [_checked(span) for span in claims[:MAX_CLAIMS]]
    if not _is_time(position):
        raise UnfitClaim(f"position {position}")
    if known is None:
        may_claim = MAX_RATE * BEAT_SECONDS + ALLOWANCE
    else:
        may_claim = known.credit + MAX_RATE * max(0.0, now - known.at)
    believed = first_seconds((span for claim in checked for span in clipped((claim,), end)), may_claim)
    spans = bounded(merged((*(known.spans if known is not None else ()), *believed)))
    credit = min(ALLOWANCE, max(0.0, may_claim - seconds_of(believed)))
    return Watched(spans, _rounded(min(position, end)), credit, now)


def completion(spans: Spans, shown: Spans, seconds_shown: float) -> float:
    """Which share of what is shown was watched, 0 to 1."""
    if seconds_shown <= 0:
        return 0.0
    return round(min(1.0, overlap(spans, shown) / seconds_shown), 3)


def place_to_go_on(position: float, shown: Spans) -> float:
    """Where the next visit begins: where it was left, but the very beginning and end are no places."""
    length = seconds_of(shown)
    margin = min(15.0, length / 20)
    played = overlap(((0.0, position),), shown)
    return position if margin < played < length - margin else 0.0


def merged(spans: Iterable[Span]) -> Spans:
    """In order, apart from each other, without empty ones."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def bounded(spans: Spans) -> Spans:
    """At most MAX_SPANS: the shortest go. Who jumps that often has not watched what lies between."""
    if len(spans) <= MAX_SPANS:
        return spans
    longest = sorted(spans, key=lambda span: span[1] - span[0], reverse=True)[:MAX_SPANS]
    return tuple(sorted(longest))


def clipped(spans: Iterable[Span], end: float) -> Spans:
    """What of them lies before `end`."""
    return tuple((start, min(stop, end)) for start, stop in spans if start < end)


def first_seconds(spans: Iterable[Span], seconds: float) -> Spans:
    """The beginning of them, in their order, `seconds` long at most."""
    found: list[Span] = []
    for start, stop in spans:
        taken = min(stop - start, seconds)
        if taken <= 0:
            continue
        found.append((start, start + taken))
        seconds -= taken
    return tuple(found)


def overlap(one: Spans, other: Spans) -> float:
    """Seconds that lie in both; each in order and apart."""
    total, first, second = 0.0, 0, 0
    while first < len(one) and second < len(other):
        (start, end), (begin, stop) = one[first], other[second]
        total += max(0.0, min(end, stop) - max(start, begin))
        if end < stop:
            first += 1
        else:
            second += 1
    return total


def seconds_of(spans: Iterable[Span]) -> float:
    return sum(end - start for start, end in spans)


def packed(spans: Spans) -> list[int]:
    """As the database keeps them: hundredths of seconds, start and end in turn."""
    return [round(moment * _HUNDREDTHS) for span in spans for moment in span]


def unpacked(values: Sequence[int]) -> Spans:
    """What `packed` made."""
    moments = [value / _HUNDREDTHS for value in values]
    return tuple(zip(moments[::2], moments[1::2], strict=True))


def _checked(span: Sequence[float]) -> Span:
    """In hundredths, so that where one ends the next one begins. Raises UnfitClaim."""
    if len(span) != 2 or not all(map(_is_time, span)) or span[1] < span[0]:
        raise UnfitClaim(f"span {span}")
    return _rounded(span[0]), _rounded(span[1])


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= MAX_SECONDS


def _rounded(seconds: float) -> float:
    return round(seconds * _HUNDREDTHS) / _HUNDREDTHS
