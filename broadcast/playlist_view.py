"""What playlists are written from: parts, segments, the hint and the variant of a session, as values.

Made by `log_view.py` and `variant.py`, read by `playlist.py` and `blocking_reload.py`. Times are 90 kHz
ticks of the session's clock unless a name says seconds. Clauses are those of
draft-pantos-hls-rfc8216bis-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# 4.4.3.1, 6.2.1: may never change, so it is the bound of every segment from the first playlist on.
TARGET_DURATION_SECONDS = 6
# 4.4.3.8: "The Skip Boundary MUST be at least six times the Target Duration."
SKIP_BOUNDARY_SECONDS = 6 * TARGET_DURATION_SECONDS
# 4.4.3.8: HOLD-BACK "MUST be at least three times the Target Duration."
HOLD_BACK_SECONDS = 3 * TARGET_DURATION_SECONDS
# 6.2.2: parts leave the playlist three target durations behind its end.
PARTS_SECONDS = 3 * TARGET_DURATION_SECONDS
WINDOW_SECONDS = 60
# Dates on every segment would double the compressed size of a long lecture's playlist.
DATE_EVERY_SEGMENTS = 30
# A foreign encoder's longer GOP is split into segments without a key frame.
SEGMENTS_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class Part:
    """One part as playlists tell it. `duration`: ticks."""

    duration: int
    independent: bool
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as playlists tell it: `number` is the media sequence number, `size` bytes, times ticks.

    `discontinuity_sequence`: takes before this one in the session (6.2.1). `parts` may be left out for
    segments far behind the live edge; `part_count` says how many there were.
    """

    number: int
    take: int
    pts: int
    duration: int
    size: int
    discontinuity_sequence: int
    part_count: int
    parts: tuple[Part, ...] = ()
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """The part expected next (4.4.5.3). `new_init`: it needs another init segment than the last part."""

    take: int
    segment: int
    part: int
    new_init: bool


@dataclass(frozen=True, slots=True)
class PlaylistView:
    """A session as one playlist shows it. `segments`: complete ones; `growing`: the one being written.

    `hint` is None once the session has ended. `started_at`: unix seconds of the session clock's zero.
    """

    segments: Sequence[Segment]
    growing: Segment | None
    hint: Hint | None
    started_at: float
    part_target_seconds: float

    @property
    def ended(self) -> bool:
        return self.hint is None


@dataclass(frozen=True, slots=True)
class Variant:
    """What the multivariant playlist tells. Rates in bits per second; `frame_rate` None: not known yet."""

    codecs: str
    width: int
    height: int
    frame_rate: float | None
    peak_bit_rate: int
    average_bit_rate: int


def newest_independent(view: PlaylistView) -> tuple[int, int, int] | None:
    """Take, segment and number of the newest part that is listed, there, and begins with a key frame."""
    recent = [*view.segments[-SEGMENTS_LOOKED_AT:], *([view.growing] if view.growing is not None else [])]
    for segment in reversed(recent):
        for number, part in reversed(list(enumerate(segment.parts))):
            if part.independent and not part.gap:
                return segment.take, segment.number, number
    return None
