"""An engine that hears tones: each is a word, named by its pitch, at the time at which it sounds.

Run as a program it is the job `transcribe` with this engine and small chunks:
`python -m tests.library.transcription.scripted_engine JOB`. `SCRIPT_LOG`: a file that gets a line for each
chunk that is heard, which is then waited at the gate `SCRIPT_GATE` (a FIFO), if that is there.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import numpy as np

from library.database import open_database
from library.jobs import Jobs
from library.transcript_formats import Cue, Word
from library.transcription.engine import RATE, Progress, Transcribed
from library.transcription.lecture import Bounds
from library.transcription.sound import Samples
from operation import transcription_job
from operation.worker_process import KINDS
from settings import Settings

BOUNDS = Bounds(shortest=4 * RATE, longest=8 * RATE)
_STEP = RATE // 100
_LOUD = 0.02


def hear(samples: Samples) -> list[Word]:
    """Tones with at least 60 ms between them."""
    peaks = np.abs(samples[: len(samples) // _STEP * _STEP]).reshape(-1, _STEP).max(axis=1)
    loud = np.flatnonzero(peaks > _LOUD)
    if not len(loud):
        return []
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > 6) + 1)
    return [_word(samples, int(run[0]) * _STEP, (int(run[-1]) + 1) * _STEP) for run in runs]


def _word(samples: Samples, start: int, end: int) -> Word:
    tone = samples[start:end]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 4 * RATE))
    pitch = round(int(np.argmax(spectrum)) / 4 / 10) * 10
    return Word(start / RATE, end / RATE, f" w{pitch}")


class ScriptedEngine:
    """Tells what it heard as one cue. `language`: what it says was spoken."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self.heard: list[int] = []
        self.asked: list[tuple[str | None, str | None]] = []

    def transcribe(
        self, samples: Samples, language: str | None, prompt: str | None, progress: Progress
    ) -> Transcribed:
        self.heard.append(len(samples))
        self.asked.append((language, prompt))
        if path := os.environ.get("SCRIPT_LOG"):
            with open(path, "a") as log:
                log.write(f"{os.getpid()} {len(samples)}\n")
        progress(0.5)
        gate = Path(os.environ.get("SCRIPT_GATE", "/nowhere"))
        if gate.exists():
            gate.read_text()
        words = hear(samples)
        if not words:
            return Transcribed(self.language, ())
        text = "".join(word.text for word in words)
        return Transcribed(self.language, (Cue(words[0].start, words[-1].end, text, tuple(words)),))


def main() -> int:
    logging.basicConfig(level="INFO", stream=sys.stderr)
    settings = Settings.from_environment(os.environ)
    database = open_database(settings.database_url)
    job = Jobs(database).get(sys.argv[1])
    database.close()
    assert job.kind in KINDS
    return transcription_job.transcribe(settings, job, ScriptedEngine, BOUNDS)


if __name__ == "__main__":
    sys.exit(main())
