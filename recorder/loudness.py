"""How loud a recording is, from second to second: what the strip under the seek bar is drawn of.

Pure. A level is the root mean square of samples in dB below full scale; silence is FLOOR. A value a
second, of longer recordings MOST_VALUES.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from operator import mul
from typing import Any

MOST_VALUES = 1_000
FLOOR = -90


class LoudnessMeter:
    """`seconds`: the length of the playlist."""

    def __init__(self, seconds: float) -> None:
        self.step = max(1.0, seconds / MOST_VALUES)
        count = min(MOST_VALUES, math.ceil(seconds / self.step - 1e-9)) if seconds > 0 else 0
        self._energy = array("d", bytes(8 * count))
        self._samples = array("q", bytes(8 * count))

    def add(self, at: float, samples: Sequence[float]) -> None:
        """Samples (full scale is 1) that are heard from second `at` of the playlist on."""
        place = min(max(0, int(at / self.step)), len(self._energy) - 1)
        if place < 0 or not samples:
            return
        energy = sum(map(mul, samples, samples))
        if math.isfinite(energy):  # a damaged frame may decode to anything
            self._energy[place] += energy
            self._samples[place] += len(samples)

    def levels(self) -> list[int]:
        """dB, FLOOR … 0, of each step; FLOOR also where there was no sound at all."""
        return [_level(*pair) for pair in zip(self._energy, self._samples, strict=True)]

    def document(self, seconds: float) -> dict[str, Any]:
        return {"seconds": round(seconds, 3), "step": round(self.step, 6), "levels": self.levels()}


def _level(energy: float, count: int) -> int:
    if energy <= 0 or not count:
        return FLOOR
    return min(0, max(FLOOR, round(10 * math.log10(energy / count))))
