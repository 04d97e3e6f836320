"""A lecture's title and description, changed by its lecturer: in the API, in the feed, and for good."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path

import pytest

from broadcast import session_rows
from broadcast.event_feed import EventFeed
from broadcast.event_log import EventRow, NewEvent
from broadcast.session_directory import Figures
from library.models import LectureSession
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage

HALL = "/api/v1/rooms/hall"


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
    assert (status, told) == (
        200,
        {"id": writer.session_id, "title": "行列式 と体積", "description": ""},
    )
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
        first, event = session.query(EventRow).filter_by(room_id=stage.hall.id, kind="title").all()
    assert json.loads(first.payload)["title"] == writer.state.title
    assert event.session_id == writer.session_id
    assert json.loads(event.payload) == {
        "session": writer.session_id,
        "title": "Determinants",
        "description": "",
    }


def test_its_description_alone(stage: WebStage, writer: SessionWriter) -> None:
    path = f"{HALL}/sessions/{writer.session_id}"
    text = "Bring:\r\n\u3000the book\x00\nhttps://example.org/book\n\n"
    told = stage.call("PATCH", path, {"description": text}, user=stage.lecturer).json
    assert told["description"] == "Bring:\n\u3000the book\nhttps://example.org/book"
    session = stage.call("GET", HALL).json["session"]
    assert (session["title"], session["description"]) == (writer.state.title, told["description"])


def test_a_description_that_is_too_long_is_refused(stage: WebStage, writer: SessionWriter) -> None:
    path = f"{HALL}/sessions/{writer.session_id}"
    for text in ("x" * 5_001, None, 7):
        assert stage.call("PATCH", path, {"description": text}, user=stage.lecturer).status_code == 422
    assert stage.call("PATCH", path, {"description": "x" * 5_000}, user=stage.lecturer).status_code == 200


def test_nothing_given_is_no_event(stage: WebStage, writer: SessionWriter) -> None:
    path = f"{HALL}/sessions/{writer.session_id}"
    assert stage.call("PATCH", path, {}, user=stage.lecturer).json["title"] == writer.state.title
    with stage.database.reading() as session:
        assert session.query(EventRow).filter_by(kind="title").count() == 1


def test_the_snapshot_has_title_playback_and_what_comes(stage: WebStage, writer: SessionWriter) -> None:
    rename(stage, writer.session_id, "Determinants")
    film = {"playback": {"kind": "film", "media_id": "m", "position": 2.5}}
    stage.log.append_alone(stage.hall.id, NewEvent("playback", film, writer.session_id, 9_000))
    stage.log.close(stage.hall.id, stage.log.positions([stage.hall.id])[stage.hall.id].open_batch)
    feed = EventFeed(stage.log, stage.hints.append)  # one that looks when it is told to
    asked = feed.request_snapshot(stage.hall.id)
    feed.step()
    answer = asked.result(0) if isinstance(asked, Future) else asked
    state = json.loads(answer.body)["state"]
    assert state["title"] == {"session": writer.session_id, "title": "Determinants", "description": ""}
    assert state["playback"] == {**film["playback"], "session": writer.session_id, "clock": 9_000}
    assert state["scheduled"] is None


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
