"""The lecturer chooses the recording's poster: now, and for pictures that are made later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from broadcast.adoption import adopt_session
from library.models import Job, JobState
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_film_job import worker
from tests.broadcast.test_mp4_job import heal, lecture
from tests.broadcast.test_pictures_job import row
from tests.broadcast.web_stage import WebStage
from tests.installation import wait_for


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def choose(stage: WebStage, session_id: str, at: object) -> int:
    path = f"/api/v1/rooms/hall/sessions/{session_id}/poster"
    return stage.call("PUT", path, {"at": at}, user=stage.lecturer).status_code


def orders(stage: WebStage, session_id: str) -> list[tuple[str, str]]:
    """Kind and state of the jobs for pictures, oldest first."""
    with stage.database.reading() as session:
        query = select(Job).where(Job.subject == session_id, Job.lane == "pictures")
        return [(job.kind, job.state) for job in session.scalars(query.order_by(Job.created_at))]


@pytest.mark.timeout(300)  # three jobs, and the machine may be busy
def test_the_picture_of_a_moment_becomes_the_poster_and_stays_it(stage: WebStage, tmp_path: Path) -> None:
    writer = lecture(stage, tmp_path)
    adopt_session(stage.settings, stage.database, writer.session_id)
    with worker(stage.settings):
        wait_for("pictures", lambda: row(stage, writer.session_id).poster is not None, 100)
        first = row(stage, writer.session_id).poster
        assert choose(stage, writer.session_id, 5.5) == 202
        wait_for("another poster", lambda: row(stage, writer.session_id).poster != first, 100)
        chosen = row(stage, writer.session_id).poster
        heal(stage, writer)
        wait_for("newer pictures", lambda: row(stage, writer.session_id).pictures_version == 2, 100)
    assert row(stage, writer.session_id).poster == chosen
    assert row(stage, writer.session_id).poster_at == 5.5
    address = stage.call("GET", "/api/v1/rooms/hall").json["session"]["poster_url"]
    assert stage.client().get(address).data[:4] == b"RIFF"


def test_before_there_are_pictures_it_waits_for_them(stage: WebStage, tmp_path: Path) -> None:
    writer = lecture(stage, tmp_path)
    adopt_session(stage.settings, stage.database, writer.session_id)
    assert choose(stage, writer.session_id, 1) == 202
    assert orders(stage, writer.session_id) == [
        ("pictures", JobState.CANCELLED),
        ("pictures", JobState.WAITING),
    ]
    assert choose(stage, writer.session_id, None) == 202
    assert row(stage, writer.session_id).poster_at is None


def test_what_is_no_moment_or_no_recording(stage: WebStage, tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    adopt_session(stage.settings, stage.database, writer.session_id)
    assert choose(stage, writer.session_id, 1) == 409  # it is live
    assert choose(stage, "s9", 1) == 404
    for at in (-1, 1e9, "x", [1], True):
        assert choose(stage, writer.session_id, at) == 422, at
