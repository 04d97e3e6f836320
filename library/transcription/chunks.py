"""The sound of a lecture cut into chunks that are transcribed one by one.

Pure. A chunk is five to ten minutes long and ends where it is quietest in between, so that no word is cut:
a whole lecture at once would take gigabytes, and what is done of it would be lost with the process. Where a
chunk ends depends on the sound alone, so a job that goes on after a crash cuts as the one before it did.
While a lecture runs, only chunks are given whose end no later sound can move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from library.transcription.engine import RATE
from library.transcription.sound import FRAME, FRAMES_A_SECOND, Samples, frame_powers

SHORTEST = 300 * RATE
LONGEST = 600 * RATE
QUIET_FRAMES = FRAMES_A_SECOND // 5  # 0.2 s


@dataclass(frozen=True, slots=True)
class Chunk:
    """`start`: its first sample on the session's clock. `samples`: its own until the next is asked for."""

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


def chunks(
    blocks: Iterable[bytes],
    start: int,
    *,
    ended: bool,
    shortest: int = SHORTEST,
    longest: int = LONGEST,
) -> Iterator[Chunk]:
    """Cut what `blocks` (float32, from sample `start` on) have; `ended`: what is left is a chunk, too.

    `shortest`, `longest`: how many samples a chunk may have.
    """
    held: Samples = np.empty(longest, np.float32)
    count = 0
    for block in blocks:
        incoming = np.frombuffer(block, np.float32)
        while len(incoming):
            taken = min(len(incoming), longest - count)
            held[count : count + taken] = incoming[:taken]
            count, incoming = count + taken, incoming[taken:]
            if count == longest:
                cut = quietest_place(held, shortest)
                yield Chunk(start, held[:cut])
                start, count = start + cut, count - cut
                held[:count] = held[cut:].copy()
    if ended and count:
        yield Chunk(start, held[:count])


def quietest_place(samples: Samples, earliest: int) -> int:
    """The middle of the quietest 0.2 s from sample `earliest` on; of several as quiet the last."""
    powers = frame_powers(samples[earliest:])
    if len(powers) < QUIET_FRAMES:
        return len(samples)
    around = np.lib.stride_tricks.sliding_window_view(powers, QUIET_FRAMES).sum(axis=1)
    last = len(around) - 1 - int(np.argmin(around[::-1]))
    return earliest + last * FRAME + QUIET_FRAMES * FRAME // 2
