"""The job `transcribe` as the worker runs it: it may be killed, cancelled, and have nothing to work with."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcast import session_rows
from library import transcripts
from library.jobs import Jobs
from library.models import Job
from library.transcript_formats import Word
from library.transcription import orders
from library.worker import Handling, Worker
from tests.broadcast.web_stage import PROJECT, WebStage
from tests.installation import wait_for
from tests.library.transcription.spoken_lecture import SpokenLecture, script
from tests.recorder.lecture_maker import Lecture

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy

SCRIPTED = [sys.executable, "-m", "tests.library.transcription.scripted_engine"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def environment(stage: WebStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the programs of jobs are told → the script's log."""
    for name in [name for name in os.environ if name.startswith("KODO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KODO_STORAGE", str(stage.settings.storage))
    monkeypatch.setenv("KODO_SPILL_FOLDER", str(stage.settings.spill_folder))
    monkeypatch.setenv("SCRIPT_LOG", str(tmp_path / "script.log"))
    monkeypatch.setenv("SCRIPT_GATE", str(tmp_path / "gate"))
    return tmp_path / "script.log"


def adopted(stage: WebStage, lecture: Lecture) -> Job:
    """As adoption makes it → the job of its transcript."""
    state = lecture.writer.state
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, state, stage.directory.figures(state))
        return session.query(Job).where(Job.kind == orders.KIND).one()


def spoken(stage: WebStage, seconds: float = 30, *, ended: bool = True) -> SpokenLecture:
    lecture = SpokenLecture(stage.settings.storage.parent, script(seconds), room_id=stage.hall.id)
    lecture.camera(0, seconds)
    if ended:
        lecture.end(seconds)
    return lecture


@contextmanager
def working(stage: WebStage, command: list[str] | None = None) -> Iterator[Worker]:
    """A worker of the lane `speech`; its programs are `command JOB`."""
    program = command or [sys.executable, str(PROJECT / "app.py"), "job", "run"]
    worker = Worker(
        stage.database,
        {orders.KIND: Handling(lambda job: [*program, job.id])},
        lanes={orders.LANE: 1},
        poll_seconds=0.05,
        heartbeat_seconds=0.1,
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(60)
        assert not thread.is_alive()


def words_of(stage: WebStage, session_id: str) -> list[Word]:
    with stage.database.reading() as transaction:
        row = transcripts.current(transaction, session_id)
        cues = transcripts.cues_of(transaction, row) if row is not None else ()
    return [word for cue in cues for word in cue.words]


def chunks_heard(path: Path) -> list[tuple[int, int]]:
    """Of each chunk that an engine began with: the process, and how many samples."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(pid), int(samples)) for pid, samples in (line.split() for line in lines)]


def through(gate: Path) -> None:
    """Let one chunk pass."""
    gate.write_text("go")


def test_a_killed_job_goes_on_with_its_chunk_and_says_nothing_twice(
    stage: WebStage, environment: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    lecture = spoken(stage)
    job = adopted(stage, lecture)
    jobs = Jobs(stage.database)
    with working(stage, SCRIPTED):
        through(gate)
        wait_for("the second chunk", lambda: len(chunks_heard(environment)) == 2, 60)
        kept = len(words_of(stage, lecture.session_id))
        os.kill(chunks_heard(environment)[1][0], signal.SIGKILL)
        wait_for("the failure", lambda: jobs.get(job.id).state == "waiting", 60)
        assert kept > 5 and len(words_of(stage, lecture.session_id)) == kept
        gate.unlink()
        with stage.database.session() as session:
            session.get_one(Job, job.id).not_before = job.created_at
        wait_for("all of it", lambda: jobs.get(job.id).state == "done", 60)
    heard = chunks_heard(environment)
    assert heard[2][1] == heard[1][1] and heard[2][0] != heard[1][0], "the chunk that was lost comes again"
    assert sum(samples for _, samples in heard) - heard[1][1] <= 31 * 16_000
    words = words_of(stage, lecture.session_id)
    assert [word.text for word in words] == [word.name for word in lecture.words]
    assert max(abs(a.start - b.start) for a, b in zip(words, lecture.words, strict=True)) < 0.05


@pytest.mark.serial
def test_a_job_that_is_cancelled_ends_within_a_second(
    stage: WebStage, environment: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    job = adopted(stage, spoken(stage, 10))
    with working(stage, SCRIPTED):
        wait_for("the first chunk", lambda: len(chunks_heard(environment)) == 1, 60)
        pid = chunks_heard(environment)[0][0]
        began = time.monotonic()
        assert Jobs(stage.database).cancel(job.id)
        wait_for("its end", lambda: not Path(f"/proc/{pid}").exists(), every=0.01)
        assert time.monotonic() - began <= 1.0
    assert words_of(stage, job.subject) == []


def test_a_lecture_is_transcribed_while_it_runs(stage: WebStage, environment: Path) -> None:
    lecture = spoken(stage, 20, ended=False)
    job = adopted(stage, lecture)
    jobs = Jobs(stage.database)
    with stage.database.session() as session:
        session.get_one(Job, job.id).not_before = job.created_at
    with working(stage, SCRIPTED):
        wait_for("what is complete", lambda: jobs.get(job.id).waits_for == "lecture", 60)
        assert len(words_of(stage, job.subject)) > 10
        lecture.end(20)
        adopted(stage, lecture)
        wait_for("the rest", lambda: jobs.get(job.id).state == "done", 60)
    assert [word.text for word in words_of(stage, job.subject)] == [word.name for word in lecture.words]


def test_without_a_model_the_job_waits_and_says_so(
    stage: WebStage, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KODO_WHISPER_MODEL", "/no/such/model.pt")
    job = adopted(stage, spoken(stage, 10))
    jobs = Jobs(stage.database)
    with working(stage):
        wait_for("it to wait", lambda: jobs.get(job.id).waits_for == "model", 60)
    waiting = jobs.get(job.id)
    assert (waiting.state, waiting.error) == ("waiting", None) and waiting.message
    assert waiting.max_attempts - waiting.attempt == 3, "it costs no attempt"


def test_an_installation_that_wants_none_makes_none(
    stage: WebStage, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KODO_TRANSCRIPTION_ENGINE", "none")
    job = adopted(stage, spoken(stage, 10))
    with working(stage):
        wait_for("its end", lambda: Jobs(stage.database).get(job.id).state == "done", 60)
    assert words_of(stage, job.subject) == []
