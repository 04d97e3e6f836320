"""The worker is killed at each kind of job: the job goes on, nothing is done twice, nothing is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broadcast.adoption import adopt_session
from library import removals
from library.database import utc_now
from library.jobs import newest_of
from library.keeping import Removal
from library.models import FilmState, Job, LectureSession
from library.uploads import import_folder
from operation import film_job, healing_job, import_job
from recorder.log_folders import healed_numbers
from tests.broadcast import test_film_job, test_heal_job, test_import_job, test_mp4_job, test_scan_job
from tests.broadcast.web_stage import PROJECT, WebStage
from tests.faults import count
from tests.installation import children, command_line, wait_for
from tests.recorder.film_maker import make_film
from tests.recorder.lecture_maker import write_copy

ROUNDS = count(full=10, small=1)
KILLS = count(full=2, small=1)  # the third attempt is the last

# Jobs give way to whatever else runs: on a busy machine they take minutes.
PATIENCE_SECONDS = 150.0
pytestmark = [pytest.mark.side_by_side, pytest.mark.timeout(400)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@dataclass(frozen=True)
class Case:
    """`half_done`: is there while the job is at work. `check`: what must hold once it is done."""

    job_id: str
    half_done: Path
    check: Callable[[], None]


def mp4(stage: WebStage, folder: Path) -> Case:
    writer = test_mp4_job.lecture(stage, stage.settings.storage.parent)
    adopt_session(stage.settings, stage.database, writer.session_id)
    with stage.database.reading() as session:
        job = newest_of(session, "mp4", writer.session_id)
    assert job is not None

    def check() -> None:
        assert test_mp4_job.mp4s(stage) == [f"{writer.session_id}.mp4"]
        assert test_mp4_job.download(stage, writer, folder) == pytest.approx(4.0, abs=0.2)

    return Case(job.id, stage.settings.recordings_folder / f"{writer.session_id}.mp4.partial", check)


def film(stage: WebStage, folder: Path) -> Case:
    film_id = test_film_job.upload(stage, make_film(folder / "a.mp4", 3).read_bytes())
    with stage.database.reading() as session:
        job = newest_of(session, "media", film_id)
    assert job is not None

    def check() -> None:
        row = test_film_job.film_of(stage, film_id)
        assert (row.state, row.reason) == (FilmState.READY, None)
        assert row.seconds == pytest.approx(3, abs=0.1)
        assert [path.name for path in stage.settings.media_folder.iterdir()] == [f"{film_id}.mkv"]
        assert list(stage.settings.uploads_folder.iterdir()) == []

    return Case(job.id, stage.settings.media_folder / f"{film_id}.mkv.partial", check)


def heal(stage: WebStage, folder: Path) -> Case:
    lecture = test_heal_job.lecture_with_a_gap(stage)
    job_id = test_heal_job.ordered(stage, lecture, write_copy(folder / "copy.mkv", 1, 11).read_bytes())
    kept = lecture.roots[0] / lecture.session_id

    def check() -> None:
        assert job_of(stage, job_id).message == "healed"
        assert len(healed_numbers(kept)) == 1
        assert [path.name for path in (kept / "edits").iterdir()] == ["0002.json"]
        assert not (kept / ".healing").exists()
        with stage.database.reading() as session:
            assert session.get_one(LectureSession, lecture.session_id).edit_version == 2

    return Case(job_id, kept / ".healing", check)


def upload(stage: WebStage, folder: Path) -> Case:
    made = test_import_job.uploaded(stage, make_film(folder / "a.mp4", 3).read_bytes())
    with stage.database.reading() as session:
        job = newest_of(session, "import", made.session_id)
    assert job is not None

    def check() -> None:
        test_import_job.check_recording(stage, made, 3.0)
        assert [path.name for path in stage.settings.sessions_folder.glob(".import-*")] == []
        assert list(stage.settings.uploads_folder.iterdir()) == []

    return Case(job.id, import_folder(stage.settings.sessions_folder, made.id), check)


class Moment:
    """True from so many seconds on, counted from when it is asked first."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, 0.0

    def __call__(self) -> bool:
        self._until = self._until or time.monotonic() + self._seconds
        return time.monotonic() >= self._until


CASES = {"mp4": mp4, "film": film, "heal": heal, "import": upload}


@pytest.mark.timeout(200 + 200 * ROUNDS)
@pytest.mark.parametrize(
    "kind", ["mp4", "import", *(pytest.param(one, marks=pytest.mark.full) for one in ("film", "heal"))]
)
def test_a_job_goes_on_after_its_worker_was_killed(stage: WebStage, tmp_path: Path, kind: str) -> None:
    moments = random.Random(kind)
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        kill_and_let_go_on(stage, CASES[kind](stage, folder), moments)


def kill_and_let_go_on(stage: WebStage, case: Case, moments: random.Random) -> None:
    kill_at_work(stage, case.job_id, case.half_done.exists)
    for _ in range(KILLS - 1):
        after = moments.uniform(0, 1)
        kill_at_work(stage, case.job_id, Moment(after))
    with test_film_job.worker(stage.settings):
        wait_for("the job", lambda: has_ended(stage, case.job_id), PATIENCE_SECONDS)
    job = job_of(stage, case.job_id)
    assert (job.state, job.error) == ("done", None)
    assert job.attempt <= KILLS + 1
    case.check()


def test_a_film_that_was_ready_before_its_worker_was_killed_stays_so(stage: WebStage, tmp_path: Path) -> None:
    """Between the row and the end of the job: the upload is gone, and the job is done again."""
    case = film(stage, tmp_path)
    for _ in range(2):
        result = run_alone(stage, case.job_id)
        film_job.done(stage.settings, stage.database, job_of(stage, case.job_id), result)
    case.check()


def test_a_recording_that_was_in_its_place_before_its_worker_was_killed_is_told(
    stage: WebStage, tmp_path: Path
) -> None:
    """Between the files and their row, and between the row and the end of the job."""
    case = upload(stage, tmp_path)
    run_alone(stage, case.job_id)
    for _ in range(2):
        result = run_alone(stage, case.job_id)
        import_job.done(stage.settings, stage.database, job_of(stage, case.job_id), result)
    case.check()


def test_what_was_healed_before_its_worker_was_killed_is_told(stage: WebStage, tmp_path: Path) -> None:
    """Between the files and their row: there is nothing left to heal for the attempt that follows."""
    case = heal(stage, tmp_path)
    run_alone(stage, case.job_id)
    result = run_alone(stage, case.job_id)
    healing_job.done(stage.settings, stage.database, job_of(stage, case.job_id), result)
    case.check()


def test_a_removal_goes_on_after_its_worker_was_killed(stage: WebStage, tmp_path: Path) -> None:
    recording = test_scan_job.ended_lecture(stage, tmp_path).parts[-3]
    folder = stage.settings.sessions_folder / recording
    many = folder / "copies"
    many.mkdir()
    for number in range(20_000):  # so that there is a middle to be killed in
        (many / f"{number}.media").touch()
    with stage.database.session() as session:
        row = session.get_one(LectureSession, recording)
        removals.order(session, row, Removal.OWNER, utc_now(), after=timedelta(0))
        (job_id,) = session.scalars(select(Job.id).where(Job.kind == removals.KIND))
    renamed = folder.with_name(f".removed-{recording}")
    kill_at_work(stage, job_id, renamed.exists)
    assert not folder.exists(), "gone for all others from the first moment on"
    with test_film_job.worker(stage.settings):
        wait_for("the job", lambda: has_ended(stage, job_id), PATIENCE_SECONDS)
    assert (job_of(stage, job_id).state, renamed.exists()) == ("done", False)
    with stage.database.reading() as session:
        assert session.get_one(LectureSession, recording).removed_at is not None


def kill_at_work(stage: WebStage, job_id: str, now: Callable[[], bool]) -> None:
    """A worker does the job, and is killed at a moment of it; then its lease runs out."""
    if has_ended(stage, job_id):
        return
    process = subprocess.Popen([sys.executable, str(PROJECT / "app.py"), "worker"], env=environment(stage))
    try:
        wait_for(
            "the job to begin",
            lambda: programs(process.pid, job_id) or has_ended(stage, job_id),
            every=0.005,
        )
        wait_for("the moment", lambda: now() or has_ended(stage, job_id), PATIENCE_SECONDS, every=0.005)
        mine = children(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    wait_for("what it ran to end", lambda: not any(command_line(pid) for pid in mine), every=0.01)
    with stage.database.session() as session:
        job = session.get_one(Job, job_id)
        if job.state == "running":
            job.lease_until = utc_now() - timedelta(seconds=1)  # half a minute later


def run_alone(stage: WebStage, job_id: str) -> dict[str, Any]:
    """The job's program does all that it does → its result, which no worker hears of."""
    command = [sys.executable, str(PROJECT / "app.py"), "job", "run", job_id]
    done = subprocess.run(
        command, env=environment(stage), stdout=subprocess.PIPE, check=True, timeout=PATIENCE_SECONDS
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["result"]
    return result


def environment(stage: WebStage) -> dict[str, str]:
    return {**os.environ, "KODO_STORAGE": str(stage.settings.storage), "KODO_DISK_FLOOR": "16M"}


def programs(worker: int, job_id: str) -> list[int]:
    return [pid for pid in children(worker) if job_id in command_line(pid)]


def job_of(stage: WebStage, job_id: str) -> Job:
    with stage.database.reading() as session:
        return session.get_one(Job, job_id)


def has_ended(stage: WebStage, job_id: str) -> bool:
    return job_of(stage, job_id).finished_at is not None
