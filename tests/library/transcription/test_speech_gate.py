"""Silence, noise and hum do not reach the engine; speech does, also in noise."""

from __future__ import annotations

import os

import numpy as np
import pytest

from library.transcription.engine import RATE
from library.transcription.gated_sound import GatedSound
from library.transcription.sound import Samples
from library.transcription.speech_gate import MARGIN_SECONDS, Stretch, speech
from tests.library.transcription.noises import babble, buzz, hiss, hum, rumble, silence
from tests.library.transcription.speech_maker import level, spoken_for

MINUTES = 30 if os.environ.get("KODO_FULL") else 6


def test_minutes_of_silence_noise_and_hum_let_nothing_through() -> None:
    each = MINUTES * 60 / 9
    kinds = [
        silence(each),
        hiss(each),
        silence(each / 2),
        rumble(each),
        hum(each),
        hum(each, mains=60),
        rumble(each, level=0.3),
        hiss(each / 2, level=0.001),
        buzz(each),
        hiss(each, level=0.3),
    ]
    assert speech(np.concatenate(kinds)) == []
    assert speech(hum(60) + rumble(60) + hiss(60)) == []


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.02, 0.05, 1.0])
def test_hardly_any_sound_is_no_speech(seconds: float) -> None:
    assert speech(silence(seconds)) == [] and speech(hiss(seconds)) == []


def passed(samples: Samples) -> np.ndarray:
    marks = np.zeros(len(samples), bool)
    for one in speech(samples):
        marks[one.start : one.end] = True
    return marks


@pytest.mark.parametrize("noise", [hiss, rumble, hum])
def test_syllables_ten_decibels_above_the_noise_pass(noise: object) -> None:
    spoken = babble(60)
    mixed = np.concatenate([silence(30), spoken, silence(30)])
    mixed += noise(120, level=0.1 / 10**0.5)  # type: ignore[operator]
    marks = passed(mixed)
    assert np.mean(marks[30 * RATE : 90 * RATE]) >= 0.99
    outside = np.concatenate([marks[: 30 * RATE], marks[90 * RATE :]])
    assert np.sum(outside) <= 4 * MARGIN_SECONDS * RATE


def test_one_word_in_a_quiet_room_passes_with_its_margins() -> None:
    samples = silence(20)
    samples[10 * RATE : 11 * RATE] = babble(1.5)[:RATE]
    (stretch,) = speech(samples)
    assert 9.0 < stretch.start / RATE < 10.2 and 10.8 < stretch.end / RATE < 12.0


def test_times_of_the_gated_sound_are_found_again() -> None:
    samples = np.arange(10 * RATE, dtype=np.float32)
    gated = GatedSound(samples, [Stretch(1 * RATE, 2 * RATE), Stretch(5 * RATE, 8 * RATE)])
    assert len(gated.samples) == 4 * RATE
    assert gated.samples[RATE - 1] == 2 * RATE - 1 and gated.samples[RATE] == 5 * RATE
    assert [gated.start_at(s) for s in (0, 0.5, 1.0, 2.5, 4.0, 99)] == [1.0, 1.5, 5.0, 6.5, 8.0, 8.0]
    assert [gated.end_at(s) for s in (0, 0.5, 1.0, 2.5, 4.0, 99)] == [1.0, 1.5, 2.0, 6.5, 8.0, 8.0]
    nothing = GatedSound(samples, [])
    assert len(nothing.samples) == 0 and nothing.start_at(3) == nothing.end_at(3) == 0.0


@pytest.mark.parametrize("voice", ["en", "ja"])
@pytest.mark.parametrize("noise", [hiss, rumble, hum])
def test_a_voice_ten_decibels_above_the_noise_passes(noise: object, voice: str) -> None:
    spoken = spoken_for(60, voice)
    mixed = np.concatenate([silence(20), spoken, silence(20)])
    mixed += noise(100, level=level(spoken) / 10**0.5)  # type: ignore[operator]
    marks = passed(mixed)
    assert np.mean(marks[20 * RATE : 80 * RATE]) >= 0.99
    outside = np.concatenate([marks[: 20 * RATE], marks[80 * RATE :]])
    assert np.sum(outside) <= 4 * MARGIN_SECONDS * RATE
