"""Keeps a picture take going while its source rests: when to fill, and with which pictures.

Pure, one per picture take, on the event loop. Fills are all-skip pictures that nothing refers to, so the
source's next picture decodes as if they were not there. A source of under 15 pictures a second is filled up
to that at once, any other after a third of a second without a picture.
"""

from __future__ import annotations

import statistics
from collections import deque

from recorder.h264 import Pps, SliceHeader, Sps
from recorder.media import VIDEO_CLOCK_RATE
from recorder.skip_picture import can_skip, skip_picture

REST_TICKS = VIDEO_CLOCK_RATE * 325 // 1000  # 130 ms gave false fills at 30 pictures a second
# Fills stay this far behind now, so that a late picture still finds its place.
LAG_TICKS = VIDEO_CLOCK_RATE // 10
LOW_RATE_TICKS = VIDEO_CLOCK_RATE * 7 // 100
LOW_RATE_LAG_TICKS = VIDEO_CLOCK_RATE * 12 // 100
_STEP, _LOW_RATE_STEP = VIDEO_CLOCK_RATE // 30, VIDEO_CLOCK_RATE // 15
_INTERVALS = 15


class Filler:
    """Fills for the pictures coded with one SPS and PPS."""

    def __init__(self, sps: Sps, pps: Pps) -> None:
        self.possible = can_skip(sps, pps)
        self._sps, self._pps = sps, pps
        self._frame_num = 0
        self._poc_lsb = 0
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)
        self._low_rate = False
        self._last_real: int | None = None

    @property
    def low_rate(self) -> bool:
        """Whether the source's usual interval is over 70 ms."""
        return self._low_rate

    def note(self, header: SliceHeader, pps: Pps, pts: int) -> None:
        """A picture of the source was written at `pts`."""
        self._pps = pps
        self.possible = can_skip(self._sps, pps)
        self._poc_lsb = header.poc_lsb
        if header.reference:
            self._frame_num = header.frame_num
        if self._last_real is not None:
            self._intervals.append(pts - self._last_real)
            self._low_rate = statistics.median_low(self._intervals) > LOW_RATE_TICKS
        self._last_real = pts

    def due(self, last_pts: int, now_pts: int) -> list[int]:
        """Times of the fills that are due after `last_pts`, the last picture written, fill or not."""
        if self._last_real is None or not self.possible:
            return []
        if self._low_rate:
            return _times(last_pts, now_pts - LOW_RATE_LAG_TICKS, _LOW_RATE_STEP)
        if now_pts - self._last_real < REST_TICKS:
            return []
        return _times(last_pts, now_pts - LAG_TICKS, _STEP)

    def before(self, last_pts: int, pts: int) -> list[int]:
        """Times of the fills, evenly spread, between the last picture and the source's next one at `pts`."""
        step = _LOW_RATE_STEP if self._low_rate else _STEP
        limit = LOW_RATE_TICKS if self._low_rate else REST_TICKS
        gap = pts - last_pts
        if gap <= limit or not self.possible:
            return []
        count = -(-gap // step)
        return [last_pts + gap * n // count for n in range(1, count)]

    def picture(self) -> bytes:
        """A slice NAL unit: frame_num is the last reference's + 1 (7.4.3), it is shown after the last."""
        frame_num = (self._frame_num + 1) % (1 << self._sps.frame_num_bits)
        poc_lsb = (self._poc_lsb + 1) % (1 << self._sps.poc_lsb_bits) if self._sps.poc_lsb_bits else 0
        return skip_picture(self._sps, self._pps, frame_num, poc_lsb=poc_lsb)


def _times(last_pts: int, until: int, step: int) -> list[int]:
    return list(range(last_pts + step, until + 1, step))
