"""What an engine is: it hears samples and answers what was said. Two are real; tests have a scripted one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from library.transcript_formats import Cue

if TYPE_CHECKING:
    from library.transcription.sound import Samples

RATE = 16_000  # samples a second
HALLUCINATION_SECONDS = 2.0  # silence around words that make no sense is skipped from this on

Progress = Callable[[float], None]
Telling = Callable[[float, str], None]


class NoModel(Exception):
    """There is nothing to transcribe with now; the message says what is missing, for operators."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """`language`: a BCP 47 tag, None where the engine does not say. Times: seconds of the samples heard."""

    language: str | None
    cues: tuple[Cue, ...]


class Engine(Protocol):
    """Is used by one thread; one call after the other. What it holds goes with the process."""

    def transcribe(
        self, samples: Samples, language: str | None, prompt: str | None, progress: Progress
    ) -> Transcribed:
        """What is said in some minutes of sound. `language`: None has it found out. `prompt`: words that may
        come. `progress`: told shares of the work, 0 to 1.
        """


def whisper_language(tag: str | None) -> str | None:
    """As both Whispers call it: `ja-JP` is `ja`."""
    return tag.split("-")[0].lower() if tag else None
