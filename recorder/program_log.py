"""Where a program's parts go: the protocol that MediaLog fulfils, and the line of takes before it.

`TakeLine` is owned by one Program, on the event loop: it keeps time running forward, cuts parts and hands
them to the log. A take that ends is held until its sound has come, at most until the next take's first part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from recorder.media import AudioSample, PartContent, PartRecord, VideoParameters
from recorder.part_cutter import PartCutter

SHORTEST_STEP_TICKS = 180  # 2 ms: pictures that come too late for their place are packed this close


class ProgramLog(Protocol):
    """What MediaLog does for a program. `append` returns None for a part that was lost (no disk takes it)."""

    @property
    def wants_new_take(self) -> bool: ...

    def begin_take(self, video: VideoParameters, *, slate: bool) -> int: ...

    def append(self, content: PartContent) -> PartRecord | None: ...

    def close_take(self) -> None: ...


@dataclass(slots=True)
class _Take:
    video: VideoParameters
    slate: bool
    cutter: PartCutter
    begun: bool = False


class TakeLine:
    """Takes one after the other. `floor_pts`: everything written lies behind it (90 kHz)."""

    def __init__(self, log: ProgramLog, part_ticks: int, floor_pts: int) -> None:
        self.parts = 0
        self.pictures = 0
        self._log = log
        self._part_ticks = part_ticks
        self._last_pts = floor_pts - SHORTEST_STEP_TICKS
        self._take: _Take | None = None
        self._closing: _Take | None = None

    @property
    def last_pts(self) -> int:
        """The last picture's; before the first one just below the floor."""
        return self._last_pts

    @property
    def next_pts(self) -> int:
        """When the next picture is expected."""
        return self._last_pts + (self._take.cutter.interval if self._take else SHORTEST_STEP_TICKS)

    @property
    def wants_new_take(self) -> bool:
        """Whether the next IDR should begin a take: the log wants one, or told time lags."""
        take = self._take
        # A take that is not begun in the log yet will be where the log wants it.
        return take is not None and take.begun and (self._log.wants_new_take or take.cutter.lags)

    @property
    def splits_without_key_frame(self) -> int:
        return self._take.cutter.splits_without_key_frame if self._take else 0

    @property
    def sound_left_behind(self) -> bool:
        """Whether a take that ended now would have sound to come and no picture to carry it."""
        return self._take is not None and self._take.begun and not self._take.cutter.has_pictures

    def key_frame_due(self, pts: int) -> bool:
        return self._take is not None and self._take.cutter.key_frame_due(pts)

    def place(self, pts: int) -> int:
        """`pts`, or the first free time behind what is written."""
        return max(pts, self._last_pts + SHORTEST_STEP_TICKS)

    def begin(self, video: VideoParameters, start_pts: int, *, slate: bool) -> None:
        """The next take; its first picture, an IDR, comes at `start_pts` and follows at once."""
        early: list[AudioSample] = []
        if self._take is not None:
            self._settle()
            early = self._take.cutter.finish(start_pts)
            self._closing = self._take
        self._take = _Take(video, slate, PartCutter(self._part_ticks, start_pts))
        self._take.cutter.add_sound(early)

    def add_picture(self, data: bytes, pts: int, *, independent: bool, filled: bool = False) -> int:
        """Returns how many parts that made ready. `filled`: it stands in for what the source did not send."""
        assert self._take is not None, "begin() comes first"
        self._last_pts = pts
        self.pictures += 1
        ready = self._take.cutter.add_picture(data, pts, independent, filled=filled)
        for part in ready:
            self._append(self._take, part)
        return len(ready)

    def add_sound(self, samples: list[AudioSample]) -> None:
        if self._closing is not None:
            samples = self._closing.cutter.add_sound(samples)
            if self._closing.cutter.sound_complete:
                self._settle()
        if self._take is not None and samples:
            self._take.cutter.add_sound(samples)

    def close(self) -> None:
        """Write what is left and end the take; idempotent."""
        take, self._take = self._take, None
        self._settle()
        if take is None:
            return
        take.cutter.finish(self._last_pts + take.cutter.interval)
        self._write_last(take)
        self._log.close_take()

    def _settle(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None:
            self._write_last(closing)

    def _write_last(self, take: _Take) -> None:
        last = take.cutter.last_part()
        if last is not None:
            self._append(take, last)

    def _append(self, take: _Take, part: PartContent) -> None:
        if take is not self._closing and self._closing is not None:
            self._settle()
        if not take.begun:
            if not part.independent:
                return  # a take that never got its first picture
            take.begun = True
            self._log.begin_take(take.video, slate=take.slate)
        self._log.append(part)
        self.parts += 1
