"""Where a session's log has nothing of its lecture: what a safety copy can mend.

Pure: functions of takes and their records. A gap is a stretch without anything from the camera program:
slates, takes whose media were given up, parts that hold only what stood in (`PartRecord.filled`), holes
between takes. A film or network camera that was inserted is the lecture, also where it rests. Times: 90 kHz
ticks of the session's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from recorder.media import VIDEO_CLOCK_RATE, PartRecord

# Shorter ones are a handover between two peers, or a pause between two packets.
SHORTEST_GAP_TICKS = VIDEO_CLOCK_RATE


class TakeMedia(Protocol):
    """What must be known of a take; `TakeView` is one."""

    @property
    def slate(self) -> bool: ...
    @property
    def lost(self) -> bool: ...
    @property
    def records(self) -> Iterable[PartRecord]: ...


@dataclass(frozen=True, slots=True)
class Gap:
    """From `start` to `end`. `end` is None for the last one of a lecture that broke off: nobody knows."""

    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something is there from `start` to before `end`."""

    start: int
    end: int


def gaps_of(
    takes: Iterable[TakeMedia], healed: Iterable[Stretch] = (), *, broke_off: bool = False
) -> list[Gap]:
    """The gaps behind the lecture's first media, in order.

    `healed`: stretches that takes made of a copy have filled. `broke_off`: the lecture was not ended by its
    lecturer, so that more of it may be missing at its end.
    """
    takes = list(takes)
    present = joined([*_present(takes), *healed])
    if not present:
        return []
    gaps = [
        Gap(before.end, after.start)
        for before, after in pairwise(present)
        if after.start - before.end >= SHORTEST_GAP_TICKS
    ]
    end = max((record.pts + record.duration for take in takes for record in take.records), default=0)
    if broke_off or end - present[-1].end >= SHORTEST_GAP_TICKS:
        gaps.append(Gap(present[-1].end, None))
    return gaps


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in as few stretches as there can be, in order; a hole between two is at least a tick."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda stretch: (stretch.start, stretch.end)):
        if one.end <= one.start:
            continue
        if found and one.start <= found[-1].end:
            found[-1] = Stretch(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _present(takes: Iterable[TakeMedia]) -> Iterator[Stretch]:
    """Of the camera program, or of what was inserted. A part lasts to the next one of its take."""
    for take in takes:
        if take.slate or take.lost:
            continue
        records = list(take.records)
        ends = [*(after.pts for after in records[1:]), 0]
        for record, next_pts in zip(records, ends, strict=True):
            if not record.filled:
                yield Stretch(record.pts, max(next_pts, record.pts + record.duration))
