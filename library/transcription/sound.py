"""What the sound of a transcription is made of, and its levels.

Pure. Samples are float32 in −1 … 1, one channel, RATE a second; levels are dB relative to full scale, one for
each FRAME samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from library.transcription.engine import RATE

Samples = NDArray[np.float32]
Levels = NDArray[np.float32]

FRAME = 320  # 20 ms
FRAMES_A_SECOND = RATE // FRAME
SILENCE_DB = -120.0

_WINDOW = 1_024  # 64 ms: long enough that neighbours of a hum's harmonics do not beat in it
_BAND_HZ = (200.0, 4_000.0)  # where speech has its strength, and a hum's fundamental is not
_AT_ONCE = 2_000  # frames whose spectra are in memory together: 40 s, 16 MB


def speech_band_levels(samples: Samples) -> Levels:
    """The level between 200 and 4,000 Hz around the middle of each frame; nothing of a last, torn frame."""
    count = len(samples) // FRAME
    window = np.hanning(_WINDOW).astype(np.float32)
    first, last = (round(hz * _WINDOW / RATE) for hz in _BAND_HZ)
    scale = 2.0 / (_WINDOW * float(np.sum(window.astype(np.float64) ** 2)))
    found = np.empty(count, np.float32)
    for begin in range(0, count, _AT_ONCE):
        end = min(begin + _AT_ONCE, count)
        spectra = np.fft.rfft(_windows(samples, begin, end) * window)[:, first:last]
        power = np.sum(np.square(np.abs(spectra)), axis=1, dtype=np.float64) * scale
        found[begin:end] = 10 * np.log10(power + 10 ** (SILENCE_DB / 10))
    return found


def frame_powers(samples: Samples) -> NDArray[np.float64]:
    """The mean square of each whole frame."""
    count = len(samples) // FRAME
    frames = samples[: count * FRAME].reshape(count, FRAME)
    powers: NDArray[np.float64] = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    return powers


def _windows(samples: Samples, begin: int, end: int) -> Samples:
    """Windows around frames `begin` … `end - 1`, with silence beyond both ends of the sound."""
    before = (_WINDOW - FRAME) // 2
    start, stop = begin * FRAME - before, end * FRAME - before - FRAME + _WINDOW
    inside = samples[max(start, 0) : min(stop, len(samples))]
    missing = max(-start, 0), max(stop - len(samples), 0)
    padded = np.pad(inside, missing) if any(missing) else inside
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::FRAME]
