"""Which engine transcribes here: `KODO_TRANSCRIPTION_ENGINE`. Each is imported only when it is chosen."""

from __future__ import annotations

from pathlib import Path

from library.transcription.engine import Engine, NoModel, Telling


def open_engine(name: str, model: str, folder: Path, tell: Telling) -> Engine:
    """Load it and its model, downloading the model into `folder` on first use. Raises NoModel."""
    try:
        if name == "faster-whisper":
            from library.transcription.faster_whisper_engine import FasterWhisperEngine

            return FasterWhisperEngine(model, folder, tell)
        from library.transcription.whisper_engine import WhisperEngine

        return WhisperEngine(model, folder, tell)
    except ImportError as error:
        raise NoModel(f"{name} is not installed here ({error}): see the README, Transcripts") from error
