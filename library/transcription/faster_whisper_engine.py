"""faster-whisper as an engine: the same models by CTranslate2, several times as fast on a CPU.

An extra: imported only where `KODO_TRANSCRIPTION_ENGINE` chooses it, in a job's own process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel

from library.transcript_formats import Cue, Word
from library.transcription.engine import (
    HALLUCINATION_SECONDS,
    RATE,
    NoModel,
    Progress,
    Telling,
    Transcribed,
    whisper_language,
)
from library.transcription.sound import Samples


class FasterWhisperEngine:
    """`model`: a name, or the folder of a converted model. `tell`: that a download begins. Raises NoModel."""

    def __init__(self, model: str, folder: Path, tell: Telling) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        tell(0.0, f"loading the model {model}")
        try:
            self._model: Any = WhisperModel(model, compute_type="auto", download_root=os.fspath(folder))
        except MemoryError:
            raise
        except Exception as error:  # a refused download, a torn file: nobody promises what it raises
            raise NoModel(f"the model {model} cannot be loaded: {type(error).__name__}: {error}") from error

    def transcribe(
        self, samples: Samples, language: str | None, prompt: str | None, progress: Progress
    ) -> Transcribed:
        """Segments come one by one, as they are heard."""
        known = whisper_language(language)
        segments, facts = self._model.transcribe(
            samples,
            language=known if known in self._model.supported_languages else None,
            initial_prompt=prompt or None,
            condition_on_previous_text=False,
            word_timestamps=True,
            hallucination_silence_threshold=HALLUCINATION_SECONDS,
        )
        seconds = max(len(samples) / RATE, 1e-3)
        cues = []
        for one in segments:
            words = tuple(Word(float(w.start), float(w.end), str(w.word)) for w in one.words or ())
            cues.append(Cue(float(one.start), float(one.end), str(one.text), words))
            progress(min(float(one.end) / seconds, 1.0))
        return Transcribed(str(facts.language), tuple(cues))
