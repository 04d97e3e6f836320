"""What is heard where nobody speaks, and something that moves as speech does; all repeatable."""

from __future__ import annotations

import numpy as np

from library.transcription.engine import RATE
from library.transcription.sound import Samples


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def hiss(seconds: float, level: float = 0.05, seed: int = 1) -> Samples:
    """White noise of that root mean square."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * level).astype(np.float32)


def rumble(seconds: float, level: float = 0.1, seed: int = 2) -> Samples:
    """Pink noise: air conditioning, traffic."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    coloured = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    return (coloured / np.std(coloured) * level).astype(np.float32)


def hum(seconds: float, level: float = 0.1, mains: int = 50) -> Samples:
    """Mains hum with its harmonics."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * mains * n * t + n) / n for n in range(1, 40))
    return (tones / np.std(tones) * level).astype(np.float32)


def buzz(seconds: float, level: float = 0.1, mains: int = 50) -> Samples:
    """What a dimmer does: a square wave."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (np.sign(np.sin(2 * np.pi * mains * t)) * level).astype(np.float32)


def babble(seconds: float, level: float = 0.1, seed: int = 3) -> Samples:
    """Voiced syllables, four a second, with pauses as between sentences."""
    random = np.random.default_rng(seed)
    found = np.zeros(round(seconds * RATE), np.float32)
    at = 0.2
    while at < seconds - 0.4:
        length = random.uniform(0.12, 0.22)
        t = np.arange(round(length * RATE)) / RATE
        pitch = random.uniform(100, 200)
        voice = sum(np.sin(2 * np.pi * pitch * n * t) / n for n in range(1, 20))
        first = round(at * RATE)
        found[first : first + len(t)] = voice * np.hanning(len(t)) * random.uniform(0.5, 1)
        at += length + random.uniform(0.03, 0.08) + (0.5 if random.random() < 0.1 else 0)
    spoken = found[found != 0]
    return found * np.float32(level / np.sqrt(np.mean(spoken**2)))
