"""The scan as the worker runs it, and `app.py objects verify`: damage is named by both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.adoption import adopt_session
from library import object_scan
from library.database import utc_now
from library.models import Job, JobState, MediaObject
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_film_job import worker
from tests.broadcast.web_stage import PROJECT, WebStage, stage_environment
from tests.installation import wait_for


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def ended_lecture(stage: WebStage, folder: Path) -> Path:
    """Adopted, without its MP4 → the media of its take."""
    writer = SessionWriter(folder, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    writer.end()
    adopt_session(stage.settings, stage.database, writer.session_id)
    with stage.database.session() as session:
        session.query(Job).delete()
    return stage.settings.sessions_folder / writer.session_id / "take-0001" / "program.mp4"


def scan_job(stage: WebStage) -> Job:
    object_scan.order(stage.database, utc_now())
    (job,) = jobs(stage).values()
    return job


def jobs(stage: WebStage) -> dict[str, Job]:
    with stage.database.reading() as session:
        return {job.id: job for job in session.query(Job)}


def verify(folder: Path) -> tuple[int, dict[str, object], str]:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "app.py"), "objects", "verify", "--json"],
        env=stage_environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.timeout(300)  # four processes, and the machine may be busy
def test_damage_is_named_in_the_job_and_by_the_command(stage: WebStage, tmp_path: Path) -> None:
    media = ended_lecture(stage, tmp_path)
    key = media.relative_to(stage.settings.storage).as_posix()
    code, told, _ = verify(tmp_path)
    assert code == 0
    assert told == {"taken_up": 2, "checked": 0, "bytes": 0, "elsewhere": 0, "mended": [], "damaged": []}

    content = bytearray(media.read_bytes())
    content[len(content) // 2] ^= 1
    media.write_bytes(content)
    with stage.database.session() as session:  # it is due
        for row in session.query(MediaObject):
            row.verified_at -= 2 * object_scan.RECHECK
    ordered = scan_job(stage).id
    with worker(stage.settings):
        wait_for("the scan", lambda: jobs(stage)[ordered].state == JobState.DONE, 100)
    assert jobs(stage)[ordered].message == f"2 checked, 1 damaged: {key}"

    code, told, err = verify(tmp_path)
    damaged = {"key": key, "store": "disk", "session": media.parts[-3], "reason": "content"}
    assert (code, told["damaged"], told["checked"]) == (1, [damaged], 2)
    assert err == f"app.py: 2 checked, 1 damaged: {key}\n"
