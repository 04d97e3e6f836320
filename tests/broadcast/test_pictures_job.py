"""Pictures as the worker makes them: beside the MP4, anew for a newer version; damage is a failed job."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from broadcast.adoption import adopt_session
from library.models import Job, JobState, LectureSession
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_film_job import worker
from tests.broadcast.test_mp4_job import heal, lecture
from tests.broadcast.web_stage import PROJECT, WebStage
from tests.installation import wait_for


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def row(stage: WebStage, session_id: str) -> LectureSession:
    with stage.database.reading() as session:
        return session.get_one(LectureSession, session_id)


def job(stage: WebStage, session_id: str) -> Job:
    with stage.database.reading() as session:
        query = select(Job).where(Job.kind == "pictures", Job.subject == session_id)
        return session.scalars(query.order_by(Job.created_at.desc())).first() or pytest.fail("no job")


def unreadable(stage: WebStage, folder: Path) -> SessionWriter:
    """A lecture whose pictures are none."""
    writer = SessionWriter(folder, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    writer.end()
    return writer


def folders(stage: WebStage, session_id: str) -> list[str]:
    return sorted(path.name for path in (stage.settings.pictures_folder / session_id).iterdir())


@pytest.mark.timeout(300)  # several jobs, and the machine may be busy
def test_they_come_by_themselves_and_anew_with_a_newer_version(stage: WebStage, tmp_path: Path) -> None:
    bad, good = unreadable(stage, tmp_path), lecture(stage, tmp_path)
    for writer in (bad, good):
        adopt_session(stage.settings, stage.database, writer.session_id)
    with worker(stage.settings):
        wait_for("pictures", lambda: row(stage, good.session_id).pictures_version == 1, 100)
        first = row(stage, good.session_id).poster
        heal(stage, good)
        wait_for("newer pictures", lambda: row(stage, good.session_id).pictures_version == 2, 100)
        wait_for("the old ones to go", lambda: folders(stage, good.session_id) == ["v2"], 60)
        wait_for("a reason", lambda: job(stage, bad.session_id).error is not None, 60)
    assert first is not None and row(stage, good.session_id).poster is not None
    assert "none of 2 key frames can be decoded" in (job(stage, bad.session_id).error or "")
    assert row(stage, bad.session_id).pictures_version is None


@pytest.mark.timeout(300)
def test_a_job_that_was_killed_is_made_whole_by_the_next(stage: WebStage, tmp_path: Path) -> None:
    """By SIGKILL anywhere: what it left is neither shown nor in the way."""
    writer = lecture(stage, tmp_path)
    adopt_session(stage.settings, stage.database, writer.session_id)
    folder = stage.settings.pictures_folder / writer.session_id
    command = [sys.executable, str(PROJECT / "app.py"), "job", "run", job(stage, writer.session_id).id]
    environment = {**os.environ, "KODO_STORAGE": str(stage.settings.storage), "KODO_DISK_FLOOR": "16M"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    wait_for("the job to be at work", folder.is_dir, 60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    with worker(stage.settings):
        wait_for("pictures", lambda: row(stage, writer.session_id).pictures_version == 1, 100)
    assert folders(stage, writer.session_id) == ["v1"]
    assert job(stage, writer.session_id).state == JobState.DONE
