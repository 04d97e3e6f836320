"""What bit rate a WebRTC publisher is asked for (REMB): the target at once, less while packets get lost.

Pure; one per peer, fed about once a second on the recorder's event loop. aiortc's own estimator is
not used: it lets Chromium climb for 20 s, at a lecture's most watched moment.
"""

from __future__ import annotations

# Above the first share of lost packets the rate falls, below the second it recovers (as in
# draft-ietf-rmcat-gcc-02, 6, with a lower threshold: a lecture prefers a whole picture).
FALL_ABOVE = 0.05
RISE_BELOW = 0.02
RISE_PER_SECOND = 1.05
LOWEST_BITS_PER_SECOND = 150_000
# An interval with fewer packets than this says nothing.
FEWEST_PACKETS = 20


class BitrateControl:
    """`update` once per interval with what was expected and what did not come at first."""

    def __init__(self, target_bits_per_second: int) -> None:
        self._target = target_bits_per_second
        self._floor = min(target_bits_per_second, LOWEST_BITS_PER_SECOND)
        self._rate = float(target_bits_per_second)

    @property
    def bits_per_second(self) -> int:
        return int(self._rate)

    def update(self, expected: int, lost: int, elapsed_seconds: float) -> int:
        """Count one interval's packets; returns the bit rate to ask for."""
        if expected >= FEWEST_PACKETS:
            share = min(1.0, max(0, lost) / expected)
            if share > FALL_ABOVE:
                self._rate *= 1 - share / 2
            elif share < RISE_BELOW:
                self._rate *= RISE_PER_SECOND ** min(elapsed_seconds, 5.0)
        self._rate = min(float(self._target), max(float(self._floor), self._rate))
        return self.bits_per_second
