"""The speech of a chunk without what is between it, for the engine, and the way back to the chunk's times.

Pure. An engine looks at half a minute at a time whatever is in it, so stretches of speech follow each other
directly; a time it tells is found again by the stretch it lies in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from library.transcription.engine import RATE
from library.transcription.sound import Samples
from library.transcription.speech_gate import Stretch


class GatedSound:
    """`samples`: what the engine hears. `stretches`: where it comes from; none: nothing is to be heard."""

    def __init__(self, samples: Samples, stretches: Sequence[Stretch]) -> None:
        self.samples: Samples = np.concatenate(
            [np.zeros(0, np.float32), *(samples[one.start : one.end] for one in stretches)]
        )
        self._stretches = tuple(stretches)
        lengths = (one.end - one.start for one in stretches)
        self._ends = [length / RATE for length in accumulate(lengths)]

    def start_at(self, seconds: float) -> float:
        """What begins at `seconds` of the engine's sound begins there in the chunk, in seconds."""
        return self._place(seconds, bisect_right(self._ends, seconds))

    def end_at(self, seconds: float) -> float:
        """What ends there: at a seam that is the end of the stretch before it."""
        return self._place(seconds, bisect_left(self._ends, seconds))

    def _place(self, seconds: float, number: int) -> float:
        if not self._stretches:
            return 0.0
        number = min(number, len(self._stretches) - 1)
        begins = self._ends[number - 1] if number else 0.0
        stretch = self._stretches[number]
        inside = min(max(seconds - begins, 0.0), (stretch.end - stretch.start) / RATE)
        return stretch.start / RATE + inside
