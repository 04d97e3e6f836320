"""Which stretches of a replay a safety copy takes the place of, and the edit list that comes of it.

Pure. Segments are replaced whole, so that nothing is shown twice or goes missing: from the last border at or
before a gap to the first independent segment behind it, with some of what the log has on either side, whose
last and first moments may be poor. A copy that reaches less far heals as far as it reaches. Times: 90 kHz
ticks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from recorder.edit_list import Span
from recorder.gaps import Gap, Stretch, joined
from recorder.media import VIDEO_CLOCK_RATE

# What came just before a line was cut may have lost its sound or stand still; what comes first is coarse.
LEAD_TICKS = TAIL_TICKS = VIDEO_CLOCK_RATE
SHORTEST_MEND_TICKS = VIDEO_CLOCK_RATE // 2
_FAR_AWAY = 1 << 62


@dataclass(frozen=True, slots=True)
class ShownSegment:
    """A segment that the replay shows now. `end`: as told, or where the next one of its take begins."""

    take: int
    segment: int
    start: int
    end: int
    independent: bool


@dataclass(frozen=True, slots=True)
class Mend:
    """From `start` to before `end` the replay shows the copy. `gap`: what of it was missing."""

    start: int
    end: int
    gap: Stretch


def mends_of(shown: Sequence[ShownSegment], gaps: Iterable[Gap], covered: Iterable[Stretch]) -> list[Mend]:
    """In order, none touching another. `covered`: where the copies have something; `shown`: in order."""
    found: list[Mend] = []
    pieces = joined(covered)
    for gap in gaps:
        whole = Stretch(gap.start, gap.end if gap.end is not None else _FAR_AWAY)
        for piece in pieces:
            mend = _mend(shown, whole, piece)
            if mend is None:
                continue
            if found and mend.start <= found[-1].end:
                before = found.pop()
                mend = Mend(before.start, mend.end, Stretch(before.gap.start, mend.gap.end))
            found.append(mend)
    return found


def mended(shown: Sequence[ShownSegment], healed: Mapping[Mend, Span]) -> tuple[Span, ...]:
    """The spans of the next version: each mend's healed take in the place of what it replaces."""
    kept = [(one.start, Span(one.take, one.segment, one.segment)) for one in shown]
    for mend, span in healed.items():
        kept = [one for one in kept if not mend.start <= one[0] < mend.end] + [(mend.start, span)]
    spans: list[Span] = []
    for _, span in sorted(kept, key=lambda one: one[0]):
        last = spans[-1] if spans else None
        if last is not None and last.take == span.take and last.last_segment + 1 == span.first_segment:
            spans[-1] = replace(last, last_segment=span.last_segment)
        else:
            spans.append(span)
    return tuple(spans)


def _mend(shown: Sequence[ShownSegment], gap: Stretch, piece: Stretch) -> Mend | None:
    reached = Stretch(max(gap.start, piece.start), min(gap.end, piece.end))
    if reached.end - reached.start < SHORTEST_MEND_TICKS:
        return None
    start = _start(shown, gap, piece)
    end = _end(shown, gap, piece)
    if end - start < SHORTEST_MEND_TICKS:
        return None
    return Mend(start, end, Stretch(max(gap.start, start), min(gap.end, end)))


def _start(shown: Sequence[ShownSegment], gap: Stretch, piece: Stretch) -> int:
    borders = [one.start for one in shown if piece.start <= one.start <= gap.start]
    if borders:
        return max((one for one in borders if one <= gap.start - LEAD_TICKS), default=min(borders))
    # The copy begins later than any border before the gap: behind the segment that it begins in.
    inside = [one.end for one in shown if one.start <= piece.start < one.end]
    return inside[-1] if inside else max(gap.start, piece.start)


def _end(shown: Sequence[ShownSegment], gap: Stretch, piece: Stretch) -> int:
    borders = [one.start for one in shown if one.independent and gap.end <= one.start <= piece.end]
    if borders:
        return min((one for one in borders if one >= gap.end + TAIL_TICKS), default=max(borders))
    # The copy ends before any border behind the gap: before the segment that it ends in.
    inside = [one.start for one in shown if one.start < piece.end < one.end]
    return inside[0] if inside else min(gap.end, piece.end)
