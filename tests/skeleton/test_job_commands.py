"""`app.py job`: an MP4 that the disk has no room for is put back, and what was given up is done again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from library.database import Database, open_database
from library.jobs import Jobs, enqueue
from library.migration import migrate
from library.models import Job
from operation.job_output import DISK_SECONDS
from tests.broadcast.session_writer import SessionWriter
from tests.installation import Installation
from tests.skeleton.test_app import app

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def database(installation: Installation) -> Database:
    url = f"sqlite:///{installation.storage / 'kodo.db'}"
    migrate(url)
    return open_database(url)


@pytest.fixture
def job(database: Database, tmp_path: Path) -> Job:
    """The MP4 of a lecture that has ended."""
    writer = SessionWriter(tmp_path)
    writer.begin_take()
    writer.parts(8)
    writer.end()
    with database.session() as session:
        return enqueue(session, kind="mp4", key="mp4:1", subject=writer.session_id, payload={}, lane="export")


def test_a_disk_without_room_puts_the_job_back(installation: Installation, job: Job) -> None:
    code, out, _ = app(installation, "job", "run", job.id, KODO_DISK_FLOOR="1000T")
    said = json.loads(out.splitlines()[-1])
    assert (code, said["postpone"]) == (0, DISK_SECONDS)
    assert "kept for lectures" in said["message"]
    assert list((installation.storage / "recordings").iterdir()) == []


def test_what_was_given_up_is_done_again(installation: Installation, database: Database, job: Job) -> None:
    assert installation.run("jobs", "retry") == ""
    with database.session() as session:
        session.get_one(Job, job.id).state = "failed"
    assert installation.run("job", "retry") == f"{job.id}\tmp4\t{job.subject}\n", "as it was called once"
    assert Jobs(database).get(job.id).state == "waiting"
    code, _, err = app(installation, "jobs", "retry", job.subject)
    assert code == 1
    assert err.startswith(f"app.py: no ended job is called {job.subject}")


def test_jobs_are_listed_waited_for_and_cancelled(
    installation: Installation, database: Database, job: Job
) -> None:
    (told,) = json.loads(installation.run("jobs", "list", "--json", "--state", "waiting"))
    assert (told["id"], told["kind"], told["subject"], told["state"]) == (
        job.id,
        "mp4",
        job.subject,
        "waiting",
    )
    assert told["created_at"].endswith("Z") and told["remaining_seconds"] is None
    code, _, err = app(installation, "jobs", "wait", job.subject, "--timeout", "0.1")
    assert (code, err) == (1, f"app.py: the time is over and mp4 {job.id} (waiting) is not done\n")
    assert installation.run("jobs", "cancel", job.id) == f"{job.id}\tmp4\t{job.subject}\n"
    assert Jobs(database).get(job.id).state == "cancelled"
