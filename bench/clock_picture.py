"""A picture that tells when it was encoded: CLOCK_MONOTONIC in ms as black and white blocks along its top.

`clock_row` is read back by `clock_reader.js`: 32 bits of time, 8 bits of their sum, highest bit first. Below
the blocks some noise moves, so that the picture needs a lecture's bit rate.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

WIDTH, HEIGHT = 640, 360
CLOCK_BITS, SUM_BITS = 32, 8
CLOCK_ROWS = 32
_BLOCK = WIDTH // (CLOCK_BITS + SUM_BITS)
_WHITE, _BLACK = bytes([235]) * _BLOCK, bytes([16]) * _BLOCK
_NOISE_PICTURES = 16
_NOISE_SIZE = 8


def check_sum(milliseconds: int) -> int:
    """The sum of the four bytes, and 90 more: a picture that is all black is no clock."""
    return (sum(milliseconds.to_bytes(4, "big")) + 90) & 0xFF


def clock_row(milliseconds: int) -> bytes:
    """One row of luma, `WIDTH` bytes."""
    milliseconds &= 0xFFFF_FFFF
    value = milliseconds << SUM_BITS | check_sum(milliseconds)
    bits = range(CLOCK_BITS + SUM_BITS - 1, -1, -1)
    return b"".join(_WHITE if value >> bit & 1 else _BLACK for bit in bits)


def backgrounds(seed: int = 1) -> Iterator[bytes]:
    """Luma below the clock, `WIDTH` × (`HEIGHT` - `CLOCK_ROWS`) bytes, round and round."""
    chance = random.Random(seed)
    pictures = [_noise(chance) for _ in range(_NOISE_PICTURES)]
    while True:
        yield from pictures


def _noise(chance: random.Random) -> bytes:
    rows = []
    for _ in range((HEIGHT - CLOCK_ROWS) // _NOISE_SIZE):
        row = b"".join(bytes([chance.randrange(118, 139)]) * _NOISE_SIZE for _ in range(WIDTH // _NOISE_SIZE))
        rows.append(row * _NOISE_SIZE)
    return b"".join(rows)
