"""A lecture whose sound is a script: words that are tones, at times that are known."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recorder.media import AAC_FRAME_SAMPLES, AudioSample
from recorder.sound_mixer import aac_encoder, pcm_frame
from tests.broadcast.session_writer import ROOM
from tests.recorder.lecture_maker import Lecture

_RATE = 48_000


class Spoken(NamedTuple):
    """A word: `name` is its pitch."""

    start: float
    end: float
    name: str


def script(seconds: float, seed: int = 5) -> list[Spoken]:
    """Two to three words a second, with a pause now and then."""
    random = np.random.default_rng(seed)
    words, at = [], 0.3
    while at < seconds - 0.5:
        length = float(random.uniform(0.15, 0.25))
        words.append(Spoken(at, at + length, f"w{10 * int(random.integers(40, 180))}"))
        at += length + float(random.uniform(0.12, 0.3)) + (0.8 if random.random() < 0.1 else 0)
    return words


class SpokenLecture(Lecture):
    """`words`: what is said; of it is recorded what `camera` takes. Pictures are few and small."""

    def __init__(self, folder: Path, words: list[Spoken], *, room_id: str = ROOM) -> None:
        super().__init__(folder, size=(64, 64), room_id=room_id)
        self.words = words
        self._frames = encoded(words)

    def _sound(self, start: float, end: float, late: float) -> list[AudioSample]:
        return [one for one in self._frames if start * _RATE <= one.pts < end * _RATE]


def encoded(words: list[Spoken]) -> list[AudioSample]:
    """As the recorder keeps it."""
    pcm = np.zeros(round((words[-1].end + 3) * _RATE), np.float32)
    for word in words:
        first, last = round(word.start * _RATE), round(word.end * _RATE)
        tone = np.sin(2 * np.pi * int(word.name[1:]) * np.arange(last - first) / _RATE)
        edge = np.minimum(1, np.minimum(np.arange(last - first), np.arange(last - first)[::-1]) / 480)
        pcm[first:last] = 0.3 * tone * edge
    encoder, packets = aac_encoder(), []
    for at in range(0, len(pcm) - AAC_FRAME_SAMPLES, AAC_FRAME_SAMPLES):
        data = array("f", pcm[at : at + AAC_FRAME_SAMPLES]).tobytes()
        packets += encoder.encode(pcm_frame(at, data, data))
    return [AudioSample(bytes(one), one.pts) for one in packets if one.pts is not None and one.pts >= 0]
