"""Copies find their place by sound, by pictures, or stay at their guess where neither tells."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from recorder.copy_alignment import SOUND_RATE, Shift, Sound, Thumbnail, picture_shift, shift_of, sound_places

Wave = Callable[[int], float]


def sound(
    start: float, seconds: float, wave: Wave, true_start: float | None = None, gain: float = 1.0
) -> Sound:
    """What `wave` (of the sample's number on the true clock) gives; its place is told as `start`."""
    first = round((start if true_start is None else true_start) * SOUND_RATE)
    samples = (round(gain * wave(first + n)) for n in range(round(seconds * SOUND_RATE)))
    return Sound(start, array("h", samples))


@cache
def speech(seed: int = 1) -> Wave:
    """Noise in syllables: nowhere like itself."""
    source = random.Random(seed)
    values = [source.gauss(0, 1) for _ in range(40 * SOUND_RATE)]
    return lambda n: 3000 * values[n % len(values)] * (1.2 + math.sin(n / SOUND_RATE * 9))


def beeps(each: float) -> Wave:
    """As Chromium's fake microphone gives: a short tone at regular intervals, else nothing."""
    return lambda n: (
        8000 * math.sin(n / SOUND_RATE * 2 * math.pi * 440) if n / SOUND_RATE % each < 0.05 else 0
    )


def noisy(wave: Wave, level: float = 300) -> Wave:
    source = random.Random(7)
    return lambda n: wave(n) + source.gauss(0, level)


def moving(n: int) -> bytes:
    """A bar that goes across in 2 s, higher or lower each time, and comes again after 8 s."""
    bar, top = n // 2 % 32, n // 64 % 4 * 4
    bright = [[y >= top and (x - bar) % 32 < 3 for x in range(32)] for y in range(18)]
    return bytes(200 if one else 40 for row in bright for one in row)


def thumbnails(start: float, count: int, draw: Callable[[int], bytes], told: float = 0.0) -> list[Thumbnail]:
    """30 a second from picture `start * 30` on; `told`: how far their times are off."""
    first = round(start * 30)
    return [Thumbnail((first + n) / 30 + told, draw(first + n)) for n in range(count)]


def nothing() -> tuple[Sequence[Thumbnail], Sequence[Thumbnail]]:
    return [], []


@pytest.mark.parametrize("error", [0.0, 0.2, -0.3, 0.7312, -0.95])
def test_speech_is_found_to_a_millisecond(error: float) -> None:
    """The copy's times are `error` too early: that is what has to be added."""
    wave = speech()
    log = sound(10.0, 8.0, noisy(wave))
    copy = sound(9.0 - error, 12.0, noisy(wave), true_start=9.0, gain=0.6)
    found = shift_of(log, copy, nothing)
    assert found is not None and found.by == "sound"
    assert found.seconds == pytest.approx(error, abs=0.001)


def test_a_copy_that_begins_in_the_middle_of_what_is_compared() -> None:
    wave = speech()
    log, copy = sound(10.0, 8.0, wave), sound(15.8, 10.0, wave, true_start=16.0)
    found = shift_of(log, copy, nothing)
    assert found is not None and found.seconds == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize("error", [0.25, -0.3])
def test_of_beeps_each_second_the_nearest_counts(error: float) -> None:
    log = sound(10.0, 8.0, beeps(1.0))
    copy = sound(9.0 - error, 12.0, beeps(1.0), true_start=9.0)
    assert shift_of(log, copy, nothing) == Shift(pytest.approx(error, abs=0.002), "sound")


def test_of_beeps_that_come_too_often_pictures_say_which_one() -> None:
    error = 0.3
    log = sound(10.0, 8.0, beeps(0.5))
    copy = sound(9.0 - error, 12.0, beeps(0.5), true_start=9.0)
    assert len(sound_places(log, copy)) > 2
    assert shift_of(log, copy, nothing) is None
    pictures = thumbnails(10, 200, moving), thumbnails(9, 300, moving, told=-error)
    assert shift_of(log, copy, lambda: pictures) == Shift(pytest.approx(error, abs=0.002), "sound")


def hum(n: int) -> float:
    return 5000 * math.sin(n / SOUND_RATE * 2 * math.pi * 50)


@pytest.mark.parametrize("wave", [lambda n: 0.0, lambda n: 5 * math.sin(n), hum])
def test_silence_and_a_hum_tell_nothing(wave: Wave) -> None:
    log, copy = sound(10.0, 8.0, wave), sound(9.8, 12.0, wave, true_start=10.0)
    assert sound_places(log, copy) == []
    assert shift_of(log, copy, nothing) is None


def test_other_sound_tells_nothing() -> None:
    assert sound_places(sound(10.0, 8.0, speech(1)), sound(9.0, 12.0, speech(2))) == []


def test_too_little_of_both_tells_nothing() -> None:
    wave = speech()
    assert sound_places(sound(10.0, 0.3, wave), sound(9.0, 12.0, wave)) == []
    assert sound_places(sound(10.0, 8.0, wave), Sound(10.0, array("h"))) == []
    assert sound_places(sound(10.0, 4.0, wave), sound(30.0, 4.0, wave)) == []


@pytest.mark.parametrize("error", [0.2, -0.21, 0.0, 0.9])
def test_without_sound_pictures_tell_to_half_a_frame(error: float) -> None:
    log, copy = thumbnails(10, 120, moving), thumbnails(8, 300, moving, told=-error)
    assert picture_shift(log, copy) == pytest.approx(error, abs=1 / 60)
    silence = sound(10.0, 8.0, lambda n: 0.0), sound(9.0, 12.0, lambda n: 0.0)
    found = shift_of(*silence, lambda: (log, copy))
    assert found is not None and found.by == "picture"


def test_a_still_slide_tells_nothing() -> None:
    source = random.Random(3)

    def slide(_: int) -> bytes:
        return bytes(min(255, max(0, 128 + round(source.gauss(0, 1)))) for _ in range(32 * 18))

    assert picture_shift(thumbnails(10, 100, slide), thumbnails(8, 300, slide)) is None
    assert picture_shift([], []) is None


def test_other_pictures_tell_nothing() -> None:
    source = random.Random(5)

    def noise(_: int) -> bytes:
        return source.randbytes(32 * 18)

    assert picture_shift(thumbnails(10, 100, noise), thumbnails(8, 300, noise)) is None
