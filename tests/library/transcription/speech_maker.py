"""Speech by espeak-ng, as samples; skips where it is not installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from functools import cache

import av
import numpy as np
import pytest

from library.transcription.engine import RATE
from library.transcription.sound import Samples

ENGLISH = """Good morning, everybody. Today we look at the eigenvalues of a symmetric matrix. Why are they
real? Because the matrix is its own transpose, the scalar product of an eigenvector with its image is the same
from both sides. From that the theorem follows in two lines. Please write them down."""
JAPANESE = (
    "みなさん、おはようございます。今日は、対称行列の固有値についてお話しします。なぜ実数なのでしょうか。"
)


@cache
def speech(text: str = ENGLISH, voice: str = "en") -> Samples:
    """What a voice says, at its own loudness."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed here: scripts/install-espeak")
    said = subprocess.run([program, "-v", voice, "--stdout", text], capture_output=True, check=True).stdout
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(io.BytesIO(said), format="wav") as container:
        frames = [new for frame in container.decode(audio=0) for new in resampler.resample(frame)]
    pieces = [np.frombuffer(bytes(frame.planes[0]), np.float32)[: frame.samples] for frame in frames]
    return np.concatenate(pieces)


def spoken_for(seconds: float, voice: str = "en") -> Samples:
    """The voice again and again, with what pauses it makes."""
    once = speech(ENGLISH if voice == "en" else JAPANESE, voice)
    return np.tile(once, -(-round(seconds * RATE) // len(once)))[: round(seconds * RATE)]


def level(samples: Samples) -> float:
    """Root mean square of what is not silence."""
    return float(np.sqrt(np.mean(samples[np.abs(samples) > 1e-3] ** 2)))
