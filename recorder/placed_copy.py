"""Safety copies on the session's clock: which is used when, and moved to where the log says they belong.

Called in a job's own process. Copies of one studio are a chain of files that overlap by about a second. They
are held against each other there, the first and the last one against the log beside the gap. Where both sides
ask for different shifts (the line was set up anew, clocks drift) the difference is spread over the gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from av.video.frame import VideoFrame

from recorder.copy_alignment import Shift, Sound, Thumbnail, shift_of
from recorder.copy_media import Medium
from recorder.healed_sound import Pcm, pcm_of

CHAIN_REACH_SECONDS = 0.5  # two copies of one studio are guessed with the same error, nearly
MOST_SLOPE = 0.005  # what sound is played faster or slower without being noticed
END_MARGIN_SECONDS = 0.05  # of a copy, which may be cut off in a picture
SEEN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A copy's second `t` is the session's second `offset + rate * t`."""

    medium: Medium
    offset: float
    rate: float = 1.0

    @property
    def start(self) -> float:
        return self.session_seconds(self.medium.start)

    @property
    def end(self) -> float:
        return self.session_seconds(self.medium.end) - END_MARGIN_SECONDS

    def session_seconds(self, at: float) -> float:
        return self.offset + self.rate * at

    def own_seconds(self, at: float) -> float:
        return (at - self.offset) / self.rate

    def heard(self, start: float, end: float) -> Sound:
        own = self.medium.heard(self.own_seconds(start), self.own_seconds(end))
        return Sound(self.session_seconds(own.start), own.samples)

    def seen(self, start: float, end: float) -> list[Thumbnail]:
        own = self.medium.seen(self.own_seconds(start), self.own_seconds(end))
        return [Thumbnail(self.session_seconds(one.at), one.grey) for one in own]


@dataclass(frozen=True, slots=True)
class Link:
    """A copy that is used from `start` to before `end`, session seconds."""

    copy: Placed
    start: float
    end: float

    def pictures(self) -> Iterator[tuple[float, VideoFrame]]:
        """From the one that is shown at the start on, at session seconds."""
        copy = self.copy
        for at, frame in copy.medium.pictures(copy.own_seconds(self.start), copy.own_seconds(self.end)):
            yield copy.session_seconds(at), frame

    def sound(self, start: float, end: float) -> Iterator[Pcm]:
        copy = self.copy
        frames = copy.medium.sound(copy.own_seconds(start), copy.own_seconds(end))
        return pcm_of(frames, copy.offset, copy.rate)


def links(copies: Sequence[Placed], start: float, end: float) -> list[Link]:
    """As few copies as there need be from `start` to `end`, each change amid what both have."""
    used: list[Placed] = []
    reached = start
    while reached < end:
        going_on = [one for one in copies if one.start <= reached + 1e-6 and one.end > reached]
        if not going_on:
            break
        used.append(max(going_on, key=lambda one: one.end))
        reached = used[-1].end
    changes = [(after.start + before.end) / 2 for before, after in pairwise(used)]
    times = [start, *changes, end]
    return [Link(one, begin, stop) for one, (begin, stop) in zip(used, pairwise(times), strict=True)]


def chained(used: Sequence[Link]) -> list[Link]:
    """Each copy moved to where it belongs behind the one before, as both hold the same second."""
    found = [used[0]]
    for link in used[1:]:
        before, copy = found[-1].copy, link.copy
        moved_with = before.offset - used[len(found) - 1].copy.offset
        copy = replace(copy, offset=copy.offset + moved_with)
        shift = shift_beside(before, max(before.start, copy.start), before.end, copy, CHAIN_REACH_SECONDS)
        seconds = shift.seconds if shift is not None else 0.0
        found.append(replace(link, copy=replace(copy, offset=copy.offset + seconds)))
    return found


def shift_beside(known: Placed, start: float, end: float, copy: Placed, reach: float = 1.0) -> Shift | None:
    """How far a copy has to be moved to be where `known`, which stays, has the same from `start` to `end`."""
    if end <= start:
        return None
    wide = reach + 0.1

    def pictures() -> tuple[list[Thumbnail], list[Thumbnail]]:
        first = max(start, end - SEEN_SECONDS)
        return known.seen(first, end), copy.seen(first - wide, end + wide)

    return shift_of(known.heard(start, end), copy.heard(start - wide, end + wide), pictures, reach)


def moved(used: Sequence[Link], before: Shift | None, after: Shift | None) -> list[Link]:
    """All of a chain, by what the log before and behind the gap asks for; as it is where neither does."""
    known = before or after
    if known is None:
        return list(used)
    start, length = used[0].start, used[-1].end - used[0].start
    slope = (after.seconds - before.seconds) / length if before is not None and after is not None else 0.0
    if abs(slope) > MOST_SLOPE:
        slope = 0.0  # one of the two is wrong, or a jump is the lesser evil
    return [
        replace(
            link,
            copy=Placed(
                link.copy.medium,
                link.copy.offset + known.seconds + slope * (link.copy.offset - start),
                1 + slope,
            ),
        )
        for link in used
    ]
