"""Measured bit rates of a session's segments, as the multivariant playlist tells them (BANDWIDTH).

Pure arithmetic on what it is given; `log_view.py` adds each segment once, when it is complete.
"""

from __future__ import annotations

from broadcast.playlist_view import (
    TARGET_DURATION_SECONDS,
)
from recorder.media import VIDEO_CLOCK_RATE


class SegmentRates:
    """Measured bit rates of a growing list of segments (4.1).

    The peak is "the largest bit rate of any contiguous set of segments whose total duration is between 0.5
    times the Target Duration and 1.5 times the Target Duration plus 0.5 seconds"; only sets that end with
    the newest segment are new, so each segment is looked at once.
    """

    def __init__(self) -> None:
        self._recent: list[tuple[int, int]] = []
        self._peak = 0.0
        self._size = 0
        self._duration = 0

    def add(self, size: int, duration: int) -> None:
        """One more segment: bytes, ticks."""
        self._size += size
        self._duration += duration
        self._recent.append((size, duration))
        low = TARGET_DURATION_SECONDS * VIDEO_CLOCK_RATE // 2
        high = low * 3 + VIDEO_CLOCK_RATE // 2
        set_size = set_duration = 0
        for index in range(len(self._recent) - 1, -1, -1):
            set_size += self._recent[index][0]
            set_duration += self._recent[index][1]
            if set_duration > high:
                del self._recent[:index]
                break
            if set_duration >= low:
                self._peak = max(self._peak, _bits_per_second(set_size, set_duration))

    @property
    def average(self) -> int:
        return -int(-_bits_per_second(self._size, self._duration) // 1)

    @property
    def peak(self) -> int:
        """The average as long as no set of segments is long enough."""
        return max(-int(-self._peak // 1), self.average)


def _bits_per_second(size: int, duration: int) -> float:
    return size * 8 * VIDEO_CLOCK_RATE / duration if duration > 0 else 0.0
