"""A lecture transcribed chunk by chunk: sound in, cues kept, one chunk in memory at a time.

Called in the job's own process (`operation/transcription_job.py`). It may be killed at any moment: what was
kept is kept, and the next attempt begins with the chunk that this one was in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from library.database import Database
from library.models import Job
from library.transcript_formats import Cue, UnfitTranscript, Word, check_language
from library.transcription import orders
from library.transcription.chunks import LONGEST, SHORTEST, Chunk, chunks
from library.transcription.cue_cleaning import clean
from library.transcription.engine import RATE, Engine, Telling, Transcribed
from library.transcription.gated_sound import GatedSound
from library.transcription.speech_gate import speech

Clock = Callable[[], float]
_NOTHING = Transcribed(None, ())


class LectureSound(Protocol):
    """The sound of a session; `recorder.log_sound.LogSound` is one."""

    @property
    def ended(self) -> bool: ...
    @property
    def seconds(self) -> float: ...
    def refresh(self) -> None: ...
    def blocks(self, start: int) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many samples a chunk may have."""

    shortest: int = SHORTEST
    longest: int = LONGEST


class Lecture:
    """`open_engine`: called when there is something to hear. `tell`: share of all that there is, words."""

    def __init__(
        self,
        database: Database,
        job: Job,
        sound: LectureSound,
        open_engine: Callable[[], Engine],
        tell: Telling,
        *,
        bounds: Bounds = Bounds(),
        clock: Clock = time.monotonic,
    ) -> None:
        self._database = database
        self._job = job
        self._sound = sound
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._tell = tell
        self._bounds = bounds
        self._clock = clock
        self._pace = _Pace(clock)
        self.done = orders.done_of(job)

    def transcribe(self) -> bool:
        """Do what can be done now; whether that is all of it.

        Raises NoModel, LeaseLost, LookupError (the recording is gone), and what the engine raises.
        """
        while True:
            self._sound.refresh()
            ended, before = self._sound.ended, self.done.position
            for chunk in self._chunks(ended=ended):
                self._do(chunk)
            if ended:
                orders.complete(self._database, self._job, self.done)
                return True
            if self.done.position == before:
                return False

    @property
    def seconds_to_next_chunk(self) -> float:
        """How much more must be recorded before another chunk can be complete."""
        return max(0.0, (self.done.position + self._bounds.longest) / RATE - self._sound.seconds)

    def _chunks(self, *, ended: bool) -> Iterator[Chunk]:
        start, bounds = self.done.position, self._bounds
        return chunks(
            self._sound.blocks(start), start, ended=ended, shortest=bounds.shortest, longest=bounds.longest
        )

    def _do(self, chunk: Chunk) -> None:
        heard, cues = self._hear(chunk)
        language = self.done.language or (_known(heard.language) if cues else None)
        done = replace(self.done, position=chunk.end, language=language)
        self.done = orders.keep_chunk(self._database, self._job, done, cues)
        self._tell_progress(chunk.end / RATE)

    def _hear(self, chunk: Chunk) -> tuple[Transcribed, list[Cue]]:
        gated = GatedSound(chunk.samples, speech(chunk.samples))
        if not len(gated.samples):
            return _NOTHING, []
        begin, seconds = chunk.start / RATE, len(chunk.samples) / RATE
        language, prompt = orders.given(self._database, self._job, self.done)
        heard = self._opened().transcribe(
            gated.samples,
            language,
            prompt,
            lambda share: self._tell_progress(begin + share * seconds),
        )
        placed = [_placed(cue, gated, begin) for cue in heard.cues]
        return heard, clean(placed, begin, chunk.end / RATE, heard.language or language)

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._open_engine()
            self._pace = _Pace(self._clock)
        return self._engine

    def _tell_progress(self, seconds: float) -> None:
        total = max(self._sound.seconds, seconds)
        share = seconds / total if total else 1.0
        self._tell(share, self._pace.words(share))


def _placed(cue: Cue, gated: GatedSound, begin: float) -> Cue:
    """On the session's clock."""
    words = tuple(
        Word(begin + gated.start_at(word.start), begin + gated.end_at(word.end), word.text)
        for word in cue.words
    )
    return Cue(begin + gated.start_at(cue.start), begin + gated.end_at(cue.end), cue.text, words)


def _known(language: str | None) -> str | None:
    """What an engine calls a language, if that is a tag at all."""
    try:
        return check_language(language)
    except UnfitTranscript:
        return None


class _Pace:
    """How long it will still take, measured from the first share that was told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def words(self, share: float) -> str:
        now = self._clock()
        at, begun = self._first = self._first or (now, share)
        if share - begun < 0.01 or now - at < 1:
            return ""
        minutes = (now - at) * (1 - share) / (share - begun) / 60
        return f"{minutes:.0f} min left" if minutes >= 1 else "less than a minute left"
