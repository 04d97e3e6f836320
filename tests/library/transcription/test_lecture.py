"""A lecture is transcribed chunk by chunk: each word once and at its time, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from library import catalogue, transcripts
from library.database import Database, utc_now
from library.jobs import Jobs, LeaseLost
from library.models import Job, JobState, LectureSession
from library.transcript_formats import Cue, Word
from library.transcription import orders
from library.transcription.engine import RATE, NoModel, Progress, Transcribed
from library.transcription.lecture import Bounds, Lecture
from library.transcription.sound import Samples
from library.worker import LEASE
from recorder.log_sound import LogSound
from recorder.media_log_reader import SessionReader
from tests.library.archive_rows import make_recording, make_room
from tests.library.transcription.noises import babble, hiss, silence
from tests.library.transcription.scripted_engine import BOUNDS, ScriptedEngine
from tests.library.transcription.spoken_lecture import SpokenLecture, script


class Recorded:
    """Sound that is all there, or grows. `seconds` and `ended` as of the last look."""

    def __init__(self, samples: Samples, *, ended: bool = True) -> None:
        self.samples, self.will_end = samples, ended
        self.ended, self.seconds = False, 0.0
        self.refresh()

    def refresh(self) -> None:
        self.ended, self.seconds = self.will_end, len(self.samples) / RATE

    def blocks(self, start: int) -> Iterator[bytes]:
        for at in range(start, len(self.samples), 10_000):
            yield self.samples[at : at + 10_000].tobytes()


class Teller:
    """An engine that says the same about whatever it hears, in the first second of it."""

    def __init__(self, *cues: Cue, language: str | None = "en") -> None:
        self.cues = cues or (Cue(0.5, 1.5, "Word", (Word(0.5, 1.5, " Word"),)),)
        self.language = language
        self.asked: list[tuple[str | None, str | None]] = []

    def transcribe(
        self, samples: Samples, language: str | None, prompt: str | None, progress: Progress
    ) -> Transcribed:
        self.asked.append((language, prompt))
        progress(0.5)
        return Transcribed(self.language, self.cues)


def ignore(_share: float, _message: str) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def recording(database: Database) -> str:
    return make_recording(database, make_room(database))


def ordered(database: Database, recording: str) -> None:
    with database.session() as transaction:
        orders.order(transaction, recording, ended=True)


def leased(database: Database) -> Job:
    job = Jobs(database).lease("worker", orders.LANE, [orders.KIND], LEASE)
    assert job is not None
    return job


def lecture_of(
    database: Database, job: Job, sound: object, engine: object, tell: Callable[[float, str], None] = ignore
) -> Lecture:
    return Lecture(database, job, sound, lambda: engine, tell, bounds=BOUNDS)  # type: ignore[arg-type, return-value]


def cues_of(database: Database, recording: str) -> list[Cue]:
    with database.reading() as transaction:
        row = transcripts.current(transaction, recording)
        return list(transcripts.cues_of(transaction, row)) if row is not None else []


def test_the_catalogues_language_and_the_words_of_the_series_are_told_to_the_engine(
    database: Database, recording: str
) -> None:
    ordered(database, recording)
    with database.session() as transaction:
        values = {"language": "ja", "series": "線形代数", "glossary": ("固有値", "Cayley–Hamilton")}
        catalogue.change(transaction, transaction.get_one(LectureSession, recording), values)
    engine = Teller(language="ja")
    lecture_of(database, leased(database), Recorded(babble(20)), engine).transcribe()
    assert set(engine.asked) == {("ja", "固有値, Cayley–Hamilton")} and len(engine.asked) > 1


def test_what_was_ordered_or_detected_comes_before_the_catalogue(database: Database, recording: str) -> None:
    with database.session() as transaction:
        catalogue.change(transaction, transaction.get_one(LectureSession, recording), {"language": "ja"})
        orders.order_again(transaction, recording, language="zh", prompt="矩阵")
    engine = Teller(language="zh")
    lecture_of(database, leased(database), Recorded(babble(20)), engine).transcribe()
    assert set(engine.asked) == {("zh", "矩阵")}


def test_words_are_at_their_times_across_takes_and_gaps(sqlite_database: Database, tmp_path: Path) -> None:
    words = script(40)
    spoken = SpokenLecture(tmp_path, words)
    spoken.camera(0, 9)
    spoken.slate(9, 14)
    spoken.camera(14, 21)
    spoken.camera(24, 40)
    spoken.end(40)
    recording = make_recording(sqlite_database, make_room(sqlite_database))
    ordered(sqlite_database, recording)
    reader = SessionReader(spoken.roots, spoken.session_id)
    engine = ScriptedEngine()
    assert lecture_of(sqlite_database, leased(sqlite_database), LogSound(reader), engine).transcribe()
    reader.close()
    assert len(engine.heard) >= 5 and sum(engine.heard) < 38 * RATE
    cues = cues_of(sqlite_database, recording)
    heard = [word for cue in cues for word in cue.words]
    taken = [w for w in words if any(a <= w.start and w.end <= b for a, b in ((0, 9), (14, 21), (24, 40)))]
    assert len(taken) > 40
    found = [min(heard, key=lambda one: abs(one.start - word.start)) for word in taken]
    assert [one.text for one in found] == [word.name for word in taken]
    assert max(abs(one.start - word.start) for one, word in zip(found, taken, strict=True)) < 0.05
    assert max(abs(one.end - word.end) for one, word in zip(found, taken, strict=True)) < 0.05
    assert len(heard) <= len(taken) + 4, "words that a take's end cut in two, and no more"
    assert all(cue.start <= cue.words[0].start and cue.words[-1].end <= cue.end for cue in cues)


def test_what_nobody_said_is_never_heard(database: Database, recording: str) -> None:
    ordered(database, recording)

    def refuse() -> Teller:
        raise NoModel("it must not be needed")

    sound = Recorded(np.concatenate([silence(15), hiss(15)]))
    lecture = Lecture(database, leased(database), sound, refuse, ignore, bounds=BOUNDS)  # type: ignore[arg-type, return-value]
    assert lecture.transcribe() and lecture.done.position == 30 * RATE
    assert cues_of(database, recording) == [] and lecture.done.version is None


def test_who_takes_over_goes_on_with_the_chunk_that_was_lost(database: Database, recording: str) -> None:
    class Dying(Teller):
        def transcribe(self, *values: object) -> Transcribed:
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().transcribe(*values)  # type: ignore[arg-type]

    ordered(database, recording)
    sound = Recorded(babble(30))
    with pytest.raises(KeyboardInterrupt):
        lecture_of(database, leased(database), sound, Dying()).transcribe()
    before = cues_of(database, recording)
    assert len(before) == 2
    with database.session() as transaction:
        transaction.query(Job).one().lease_until = utc_now()
    engine = Teller(language="ja")
    assert lecture_of(database, leased(database), sound, engine).transcribe()
    cues = cues_of(database, recording)
    assert cues[:2] == before and len(cues) == 2 + len(engine.asked)
    assert engine.asked[0] == ("en", None), "the language of a lecture is found out once"
    assert all(one.end <= after.start for one, after in pairwise(cues))


def test_who_lost_the_job_writes_no_more(database: Database, recording: str) -> None:
    ordered(database, recording)
    job = leased(database)
    sound = Recorded(babble(30))

    class Slow(Teller):
        def transcribe(self, *values: object) -> Transcribed:
            if len(self.asked) == 1:
                assert Jobs(database).cancel(job.id)
            return super().transcribe(*values)  # type: ignore[arg-type]

    with pytest.raises(LeaseLost):
        lecture_of(database, job, sound, Slow()).transcribe()
    assert len(cues_of(database, recording)) == 1


def test_a_lecture_that_runs_gives_what_is_complete_and_ends_complete(
    database: Database, recording: str
) -> None:
    ordered(database, recording)
    sound = Recorded(babble(30)[: 19 * RATE], ended=False)
    lecture = lecture_of(database, leased(database), sound, Teller())
    assert not lecture.transcribe()
    assert 11 * RATE < lecture.done.position <= 16 * RATE
    assert lecture.seconds_to_next_chunk == pytest.approx(lecture.done.position / RATE + 8 - 19)
    with database.reading() as transaction:
        row = transcripts.current(transaction, recording)
        assert row is not None and not row.complete
    sound.samples, sound.will_end = babble(30), True
    assert lecture.transcribe() and lecture.done.position == 30 * RATE
    with database.reading() as transaction:
        row = transcripts.current(transaction, recording)
        assert row is not None and row.complete


def test_an_engines_garbage_does_no_harm(database: Database, recording: str) -> None:
    ordered(database, recording)
    nan = float("nan")
    engine = Teller(
        Cue(nan, 1, "x"),
        Cue(-9, 9_999, "loop " * 3_000, ()),
        Cue(1, 0.5, "\x00\ud800 back", (Word(nan, nan, " nothing"), Word(0.9, 0.1, " back"))),
        language="not a language!" * 9,
    )
    lecture = lecture_of(database, leased(database), Recorded(babble(10)), engine)
    assert lecture.transcribe()
    assert {cue.text for cue in cues_of(database, recording)} <= {"loop", "back", "loop back", "back loop"}
    assert cues_of(database, recording)


def test_language_and_prompt_are_those_that_were_ordered(database: Database, recording: str) -> None:
    with database.session() as transaction:
        orders.order_again(transaction, recording, language="ja", prompt="固有値")
    engine = Teller(language="ja")
    assert lecture_of(database, leased(database), Recorded(babble(10)), engine).transcribe()
    assert set(engine.asked) == {("ja", "固有値")}


def test_progress_rises_and_says_how_long(database: Database, recording: str) -> None:
    ordered(database, recording)
    told: list[tuple[float, str]] = []
    now = iter(range(0, 100_000, 60))
    lecture = Lecture(
        database,
        leased(database),
        Recorded(babble(30)),  # type: ignore[arg-type]
        Teller,
        lambda share, words: told.append((share, words)),
        bounds=Bounds(4 * RATE, 8 * RATE),
        clock=lambda: float(next(now)),
    )
    assert lecture.transcribe()
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert told[0][1] == "" and any("min left" in words for _, words in told)


def test_a_job_is_ordered_once_and_hurried_when_the_lecture_ends(database: Database, recording: str) -> None:
    with database.session() as transaction:
        job = orders.order(transaction, recording, ended=False)
        assert job.not_before > utc_now()
        assert orders.order(transaction, recording, ended=False).id == job.id
    assert Jobs(database).lease("worker", orders.LANE, [orders.KIND], LEASE) is None
    ordered(database, recording)
    held = leased(database)
    Jobs(database).postpone(held, orders.MODEL_WAIT, "the lecture goes on", orders.WAITS_FOR_LECTURE)
    ordered(database, recording)
    assert leased(database).id == held.id == job.id


def test_without_a_model_all_wait_and_one_finds_out(database: Database, recording: str) -> None:
    ordered(database, recording)
    other = make_recording(database, make_room(database, "other"))
    ordered(database, other)
    first = leased(database)
    orders.hold_back(database, "no model here", utc_now())
    assert Jobs(database).lease("worker", orders.LANE, [orders.KIND], LEASE) is None
    with database.reading() as session:
        waiting = session.query(Job).where(Job.state == JobState.WAITING).one()
    assert (waiting.waits_for, waiting.message) == ("model", "no model here") and waiting.id != first.id
    with database.session() as transaction:
        assert orders.order_again(transaction, other).id == waiting.id


def test_a_recording_that_is_gone_takes_no_words(sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        orders.order(transaction, "no-such-session", ended=True)
    lecture = lecture_of(sqlite_database, leased(sqlite_database), Recorded(babble(10)), Teller())
    with pytest.raises(LookupError):
        lecture.transcribe()
