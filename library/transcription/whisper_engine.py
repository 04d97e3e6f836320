"""openai-whisper as an engine, in a job's own process: torch takes seconds and 280 MB to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import whisper

from library.transcript_formats import Cue, Word
from library.transcription.engine import (
    HALLUCINATION_SECONDS,
    Progress,
    Telling,
    Transcribed,
    whisper_language,
)
from library.transcription.model_files import load_model
from library.transcription.sound import Samples
from library.transcription.told_progress import replace_tqdm


class WhisperEngine:
    """`model`: a name or a path. `tell`: how far a download is. Raises NoModel."""

    def __init__(self, model: str, folder: Path, tell: Telling) -> None:
        self._progress: Progress = _ignore
        replace_tqdm(self._transcribing, lambda share: tell(0.0, _downloading(model, share)))
        self._model: Any = load_model(model, folder)

    def transcribe(
        self, samples: Samples, language: str | None, prompt: str | None, progress: Progress
    ) -> Transcribed:
        """No ffmpeg is needed: samples are what Whisper would make of a file."""
        self._progress = progress
        heard = whisper.transcribe(
            self._model,
            samples,
            language=self._language(language),
            initial_prompt=prompt or None,
            condition_on_previous_text=False,  # or one loop becomes the rest of the lecture
            word_timestamps=True,
            hallucination_silence_threshold=HALLUCINATION_SECONDS,
            fp16=self._model.device.type == "cuda",
            verbose=False,
        )
        return Transcribed(str(heard["language"]), tuple(_cue(one) for one in heard["segments"]))

    def _transcribing(self, share: float) -> None:
        self._progress(share)

    def _language(self, tag: str | None) -> str | None:
        known = whisper_language(tag)
        return known if known in whisper.tokenizer.LANGUAGES and self._model.is_multilingual else None


def _cue(segment: dict[str, Any]) -> Cue:
    words = tuple(
        Word(float(one["start"]), float(one["end"]), str(one["word"])) for one in segment.get("words", ())
    )
    return Cue(float(segment["start"]), float(segment["end"]), str(segment["text"]), words)


def _downloading(model: str, share: float) -> str:
    return f"downloading the model {model}: {share:.0%}"


def _ignore(_share: float) -> None:
    """Nothing is being transcribed."""
