"""A lecture's title, changed by its lecturer: in the API, in the feed, and for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast import session_rows
from broadcast.event_log import EventRow
from broadcast.session_directory import Figures
from library.models import LectureSession
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage

HALL = "/api/v1/rooms/hall"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def writer(stage: WebStage, tmp_path: Path) -> SessionWriter:
    """A live session of the hall, known to the database."""
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    adopt(stage, writer)
    return writer


def adopt(stage: WebStage, writer: SessionWriter) -> None:
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, Figures(100, None, False))


def rename(stage: WebStage, session_id: str, title: object) -> tuple[int, dict[str, object]]:
    path = f"{HALL}/sessions/{session_id}"
    answer = stage.call("PATCH", path, {"title": title}, user=stage.lecturer)
    return answer.status_code, answer.json


def test_the_new_title_is_told_and_stays(stage: WebStage, writer: SessionWriter) -> None:
    status, told = rename(stage, writer.session_id, "  行列式\nと体積 ")
    assert (status, told) == (200, {"id": writer.session_id, "title": "行列式 と体積"})
    assert stage.call("GET", HALL).json["session"]["title"] == "行列式 と体積"
    writer.change()
    adopt(stage, writer)
    with stage.database.reading() as session:
        row = session.get(LectureSession, writer.session_id)
        assert row is not None
        assert row.title == "行列式 と体積"
        assert row.state_version == writer.state.version


def test_those_who_watch_hear_of_it(stage: WebStage, writer: SessionWriter) -> None:
    rename(stage, writer.session_id, "Determinants")
    with stage.database.reading() as session:
        event = session.query(EventRow).filter_by(room_id=stage.hall.id, kind="title").one()
    assert event.session_id == writer.session_id
    assert json.loads(event.payload) == {"session": writer.session_id, "title": "Determinants"}


@pytest.mark.parametrize("title", ["", " \n ", "x" * 201, 7, None])
def test_a_title_that_is_none_is_refused(stage: WebStage, writer: SessionWriter, title: object) -> None:
    before = stage.call("GET", HALL).json["session"]["title"]
    status, problem = rename(stage, writer.session_id, title)
    assert status == 422, problem
    assert stage.call("GET", HALL).json["session"]["title"] == before


def test_only_lectures_of_the_room(stage: WebStage, writer: SessionWriter, tmp_path: Path) -> None:
    other = SessionWriter(tmp_path, room_id="elsewhere")
    adopt(stage, other)
    for session_id in (other.session_id, "nothing", "x" * 500):
        assert rename(stage, session_id, "Mine now")[0] == 404
