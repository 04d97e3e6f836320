"""Where a safety copy belongs on the session's clock, to a few milliseconds: by comparing it with the log.

Pure. The studio's clock gives a guess that is good to about 0.3 s; what both the log and the copy hold beside
a gap tells the rest: by sound to a millisecond, where sound tells nothing by pictures to half a frame, where
they tell nothing either it stays at the guess. A shift is what has to be added to the copy's guessed times.

Periodic sound (a beep each second) fits at many places: the one nearest to the guess counts if no other is
nearly as near; else pictures say which one. A hum fits everywhere and tells nothing.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import sub
from typing import Literal

SOUND_RATE = 4_000
REACH_SECONDS = 1.0
WINDOW_SECONDS = 5.0
SHORTEST_SECONDS = 0.8
SILENT_LEVEL = 30.0  # root mean square of 16-bit samples: -60 dB
LEAST_LIKENESS = 0.5
NEARLY = 0.9  # of the best likeness: another place that fits as well
SAME_PLACE_SECONDS = 0.05
WIDEST_PLACE_SECONDS = 0.1
CLEARLY_NEARER_SECONDS = 0.3
MAX_PICTURES = 90
_PICTURE_STEP = 1 / 120
_PICTURE_FAR = 0.1
_OFFSET = 1 << 15


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono, 16 bit, SOUND_RATE. `start`: seconds of its first sample."""

    start: float
    samples: array[int]

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / SOUND_RATE


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small grey picture, always of one size. `at`: seconds when it is shown."""

    at: float
    grey: bytes


@dataclass(frozen=True, slots=True)
class Shift:
    seconds: float
    by: Literal["sound", "picture"]


Pictures = Callable[[], tuple[Sequence[Thumbnail], Sequence[Thumbnail]]]


def shift_of(log: Sound, copy: Sound, pictures: Pictures, reach: float = REACH_SECONDS) -> Shift | None:
    """How far the copy is from its guess; None if nothing tells.

    `pictures`: the log's and the copy's, only asked for where the sound does not tell.
    """
    places = sound_places(log, copy, reach)
    if (nearest := _clearly_nearest(places)) is not None:
        return Shift(nearest, "sound")
    seen = picture_shift(*pictures(), reach)
    if seen is None:
        return None
    heard = min(places, key=lambda place: abs(place - seen), default=None)
    if heard is not None and abs(heard - seen) <= SAME_PLACE_SECONDS:
        return Shift(heard, "sound")
    return Shift(seen, "picture")


def sound_places(log: Sound, copy: Sound, reach: float = REACH_SECONDS) -> list[float]:
    """Shifts within `reach` seconds at which the copy's sound is like the log's; none for a hum."""
    window = _loudest(log, copy, reach)
    if window is None:
        return []
    likeness = _likeness(window, copy, reach)
    best = max(likeness)
    if best < LEAST_LIKENESS:
        return []
    middle = len(likeness) // 2
    peaks = [
        (value, (middle - lag) / SOUND_RATE)
        for lag, value in enumerate(likeness)
        if value >= NEARLY * best and value == max(likeness[max(0, lag - 1) : lag + 2])
    ]
    places = _grouped(peaks)
    if any(max(s for _, s in place) - min(s for _, s in place) > WIDEST_PLACE_SECONDS for place in places):
        return []
    return [max(place)[1] for place in places]


def picture_shift(
    log: Sequence[Thumbnail], copy: Sequence[Thumbnail], reach: float = REACH_SECONDS
) -> float | None:
    """The shift at which the copy's pictures are most like the log's; None if none is clearly so."""
    log = log[-MAX_PICTURES:]
    if len(log) < 10 or len(copy) < 10:
        return None
    times = [one.at for one in copy]
    known: dict[tuple[int, int], float] = {}

    def unlikeness(shift: float) -> float:
        return sum(_difference(n, _nearest(times, one.at - shift)) for n, one in enumerate(log)) / len(log)

    def _difference(n: int, k: int) -> float:
        if (n, k) not in known:
            one, other = log[n].grey, copy[k].grey
            known[n, k] = sum(map(abs, map(sub, one, other))) / len(one)
        return known[n, k]

    steps = round(reach / _PICTURE_STEP)
    shifts = [n * _PICTURE_STEP for n in range(-steps, steps + 1)]
    found = [unlikeness(shift) for shift in shifts]
    best = min(found)
    at = found.index(best)
    away = round(_PICTURE_FAR / _PICTURE_STEP)
    far = [*found[: max(0, at - away)], *found[at + away + 1 :]]
    if min(far) < 1.3 * best + 0.3:
        return None
    last = at
    while last + 1 < len(found) and found[last + 1] <= best + 0.05:
        last += 1
    return (shifts[at] + shifts[last]) / 2  # of all that see the same pictures, the middle


def _clearly_nearest(places: Sequence[float]) -> float | None:
    nearer = sorted(places, key=abs)
    if not nearer or (len(nearer) > 1 and abs(nearer[1]) - abs(nearer[0]) < CLEARLY_NEARER_SECONDS):
        return None
    return nearer[0]


def _loudest(log: Sound, copy: Sound, reach: float) -> Sound | None:
    """The loudest WINDOW_SECONDS of the log's sound of which the copy can have the same."""
    start, end = max(log.start, copy.start - reach), min(log.end, copy.end + reach)
    samples = log.samples[_index(log, start) : _index(log, end)]
    size = min(round(WINDOW_SECONDS * SOUND_RATE), len(samples))
    if size < SHORTEST_SECONDS * SOUND_RATE:
        return None
    sums = _squares(samples)
    step = SOUND_RATE // 4
    first = max(range(0, len(samples) - size + 1, step), key=lambda n: sums[n + size] - sums[n])
    if sums[first + size] - sums[first] < size * SILENT_LEVEL**2:
        return None
    return Sound(max(start, log.start) + first / SOUND_RATE, samples[first : first + size])


def _likeness(log: Sound, copy: Sound, reach: float) -> list[float]:
    """Normalised cross-correlation, -1 to 1, of each shift from `reach` down to -`reach`."""
    lags = 2 * round(reach * SOUND_RATE)
    size = len(log.samples)
    window = _cut(copy, log.start - reach, size + lags)
    products = _correlated(log.samples, window)
    own, others = _squares(log.samples)[-1], _squares(window)
    return [
        products[lag] / math.sqrt(own * energy) if (energy := others[lag + size] - others[lag]) > 0 else 0.0
        for lag in range(lags + 1)
    ]


def _correlated(short: array[int], long: array[int]) -> list[int]:
    """The sum of `short[i] * long[lag + i]` for each lag.

    One multiplication of two large integers, whose 64-bit digits are the samples (Kronecker substitution):
    5 s against 7 s take 0.4 s, in a loop it were 10 s.
    """
    size, lags = len(short), len(long) - len(short) + 1
    reversed_digits = array("Q", (sample + _OFFSET for sample in reversed(short)))
    digits = array("Q", (sample + _OFFSET for sample in long))
    product = int.from_bytes(reversed_digits.tobytes(), "little") * int.from_bytes(digits.tobytes(), "little")
    sums = array("Q")
    sums.frombytes(product.to_bytes(8 * (size + len(long)), "little"))
    short_sum, long_sums = sum(short), _running(long)
    return [
        sums[size - 1 + lag]
        - _OFFSET * (short_sum + long_sums[lag + size] - long_sums[lag])
        - size * _OFFSET * _OFFSET
        for lag in range(lags)
    ]


def _cut(sound: Sound, start: float, size: int) -> array[int]:
    """`size` samples from `start` seconds on; silence where there are none."""
    first = round((start - sound.start) * SOUND_RATE)
    silence_before = array("h", bytes(2 * min(size, max(0, -first))))
    found = silence_before + sound.samples[max(0, first) : max(0, first + size)]
    return found + array("h", bytes(2 * (size - len(found))))


def _grouped(peaks: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Peaks that stand close together, as waves of one sound do, are one place."""
    places: list[list[tuple[float, float]]] = []
    for peak in sorted(peaks, key=lambda one: one[1]):
        if places and peak[1] - places[-1][-1][1] <= SAME_PLACE_SECONDS:
            places[-1].append(peak)
        else:
            places.append([peak])
    return places


def _running(samples: array[int]) -> list[int]:
    sums, total = [0], 0
    for sample in samples:
        total += sample
        sums.append(total)
    return sums


def _squares(samples: array[int]) -> list[int]:
    sums, total = [0], 0
    for sample in samples:
        total += sample * sample
        sums.append(total)
    return sums


def _index(sound: Sound, at: float) -> int:
    return min(len(sound.samples), max(0, round((at - sound.start) * SOUND_RATE)))


def _nearest(times: Sequence[float], at: float) -> int:
    after = bisect_left(times, at)
    if after == 0:
        return 0
    if after == len(times) or at - times[after - 1] <= times[after] - at:
        return after - 1
    return after
