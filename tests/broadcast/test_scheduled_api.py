"""Lectures to be held: planned over the API, told on pages and feed, taken up by a session."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broadcast import session_rows, whip_views
from broadcast.event_log import EventRow, iso_utc
from broadcast.lecture_schedule import MAX_AHEAD
from broadcast.session_directory import Figures
from library.database import utc_now
from library.models import LectureSession, ScheduledLecture
from people.command_line import add_room
from people.tokens import PublishToken, issue_publish_token
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import SECRET, WebStage

HALL = "/api/v1/rooms/hall"
HOUR = timedelta(hours=1)


def plan(stage: WebStage, title: str = "Determinants", after: timedelta = HOUR, **more: Any) -> TestResponse:
    body = {"title": title, "starts_at": iso_utc(utc_now() + after), "minutes": 90, **more}
    return stage.call("POST", f"{HALL}/scheduled", body, user=stage.lecturer)


def listed(stage: WebStage) -> list[str]:
    found = stage.call("GET", f"{HALL}/scheduled", user=stage.lecturer).json["scheduled"]
    return [one["title"] for one in found]


def told(stage: WebStage) -> list[str | None]:
    """The titles that the feed's `scheduled` events tell as next."""
    with stage.database.reading() as session:
        rows = session.query(EventRow).filter_by(kind="scheduled").order_by(EventRow.seq).all()
    plans = [json.loads(row.payload)["scheduled"] for row in rows]
    return [one and one["title"] for one in plans]


def adopt(stage: WebStage, writer: SessionWriter) -> None:
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, Figures(100, None, False))


def live_session(stage: WebStage, folder: Path) -> SessionWriter:
    writer = SessionWriter(folder, room_id=stage.hall.id)
    writer.change(started_at=time.time())
    adopt(stage, writer)
    return writer


def row_of(stage: WebStage, session_id: str) -> LectureSession:
    with stage.database.reading() as session:
        return session.get_one(LectureSession, session_id)


def test_planned_changed_and_cancelled(stage: WebStage) -> None:
    answer = plan(stage, " Later\n", 3 * HOUR, description="Bring\r\nthe book")
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["title"], made["description"], made["minutes"]) == ("Later", "Bring\nthe book", 90)
    plan(stage, "Sooner", 2 * HOUR)
    assert listed(stage) == ["Sooner", "Later"]
    path = f"{HALL}/scheduled/{made['id']}"
    change = {"starts_at": iso_utc(utc_now() + HOUR), "title": "First"}
    changed = stage.call("PATCH", path, change, user=stage.lecturer).json
    assert changed == {**made, **change, "starts_at": changed["starts_at"]}
    assert listed(stage) == ["First", "Sooner"]
    assert stage.call("DELETE", path, user=stage.lecturer).status_code == 204
    assert listed(stage) == ["Sooner"]
    assert stage.call("DELETE", path, user=stage.lecturer).status_code == 404
    assert stage.call("PATCH", path, {}, user=stage.lecturer).status_code == 404
    assert told(stage) == ["Later", "Sooner", "First", "Sooner"]


def test_a_start_is_a_moment_in_whatever_zone_it_is_told(stage: WebStage) -> None:
    starts_at = (utc_now() + 30 * HOUR).replace(microsecond=0)
    there = starts_at.astimezone().replace(tzinfo=None)
    answer = plan(stage, starts_at=starts_at.astimezone().isoformat())
    assert datetime.fromisoformat(answer.json["starts_at"]) == starts_at
    assert answer.json["starts_at"].endswith("Z")
    assert plan(stage, starts_at=there.isoformat()).status_code == 422, "a time without a zone is no moment"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": None},
        {"description": "x" * 5_001},
        {"minutes": 0},
        {"minutes": 24 * 60 + 1},
        {"minutes": "long"},
        {"minutes": 1.5},
        {"starts_at": "soon"},
        {"starts_at": "2020-01-01T00:00:00Z"},
        {"starts_at": "2120-01-01T00:00:00Z"},
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": "9999-12-31T23:59:59-14:00"},
        {"starts_at": None},
    ],
)
def test_what_does_not_fit_is_refused(stage: WebStage, wrong: dict[str, Any]) -> None:
    made = plan(stage).json
    assert plan(stage, **wrong).status_code == 422
    path = f"{HALL}/scheduled/{made['id']}"
    assert stage.call("PATCH", path, wrong, user=stage.lecturer).status_code == 422
    assert stage.call("GET", f"{HALL}/scheduled", user=stage.lecturer).json["scheduled"] == [made]


def test_one_that_is_late_can_still_be_renamed(stage: WebStage) -> None:
    made = plan(stage).json
    move(stage, made["id"], -HOUR)
    path = f"{HALL}/scheduled/{made['id']}"
    starts_at = stage.call("GET", HALL).json["scheduled"]["starts_at"]
    body = {"title": "Late", "starts_at": starts_at}
    assert stage.call("PATCH", path, body, user=stage.lecturer).status_code == 200
    move(stage, made["id"], -3 * HOUR)
    assert stage.call("PATCH", path, body, user=stage.lecturer).status_code == 404
    assert listed(stage) == []


def move(stage: WebStage, plan_id: str, by: timedelta) -> None:
    with stage.database.session() as session:
        session.get_one(ScheduledLecture, plan_id).starts_at = utc_now().replace(microsecond=0) + by


def test_a_room_has_so_many_ahead(stage: WebStage) -> None:
    at = utc_now() + HOUR
    with stage.database.session() as session:
        for _ in range(MAX_AHEAD):
            session.add(ScheduledLecture(room_id=stage.hall.id, title="One", starts_at=at, minutes=1))
        session.add(ScheduledLecture(room_id=stage.hall.id, title="Past", starts_at=at - 9 * HOUR, minutes=1))
    assert plan(stage).status_code == 409
    one = stage.call("GET", f"{HALL}/scheduled", user=stage.lecturer).json["scheduled"][0]
    stage.call("DELETE", f"{HALL}/scheduled/{one['id']}", user=stage.lecturer)
    assert plan(stage).status_code == 201


def test_plans_of_another_room_are_none_here(stage: WebStage) -> None:
    add_room(stage.database, "other", "lecturer")
    made = plan(stage).json
    path = f"/api/v1/rooms/other/scheduled/{made['id']}"
    for method in ("PATCH", "DELETE"):
        assert stage.call(method, path, {}, user=stage.lecturer).status_code == 404
    assert listed(stage) == ["Determinants"]


def test_the_room_tells_what_is_next_and_its_lecturer_what_is_due(stage: WebStage) -> None:
    late, soon = plan(stage, "Late").json, plan(stage, "Soon", timedelta(minutes=10)).json
    move(stage, late["id"], -HOUR)
    for user, due in ((None, None), (stage.member, None), (stage.lecturer, soon)):
        room = stage.call("GET", HALL, user=user).json
        assert (room["scheduled"]["title"], room["due"]) == ("Late", due)
    stage.call("PATCH", HALL, {"access": "members"}, user=stage.lecturer)
    assert stage.call("GET", HALL).json["scheduled"] is None


def test_the_front_page_tells_it_to_who_may_watch(stage: WebStage) -> None:
    made = plan(stage).json
    coming = stage.call("GET", "/api/v1/lectures").json["scheduled"]
    assert coming == [
        {
            **{name: made[name] for name in ("id", "title", "starts_at", "minutes")},
            "lecturer": "lecturer",
            "url": "http://localhost/rooms/hall",
        }
    ]
    assert "Determinants" in stage.client().get("/").text
    assert stage.call("GET", "/api/v1/lectures?q=determ").json["scheduled"] == coming
    assert stage.call("GET", "/api/v1/lectures?q=other").json["scheduled"] == []
    stage.call("PATCH", HALL, {"access": "password", "password": "sesame"}, user=stage.lecturer)
    for user, titles in ((stage.member, []), (stage.lecturer, ["Determinants"])):
        found = stage.call("GET", "/api/v1/lectures?q=d", user=user).json["scheduled"]
        assert [one["title"] for one in found] == titles


def test_a_session_takes_up_the_nearest_plan(stage: WebStage, tmp_path: Path) -> None:
    plan(stage, "Next week", 7 * 24 * HOUR)
    plan(stage, "Soon", timedelta(minutes=20), description="About it")
    writer = live_session(stage, tmp_path)
    row = row_of(stage, writer.session_id)
    assert (row.title, row.description) == ("Soon", "About it")
    assert listed(stage) == ["Next week"]
    assert told(stage)[-1] == "Next week"
    session = stage.call("GET", HALL).json["session"]
    assert (session["title"], session["description"]) == ("Soon", "About it")
    writer.change()
    adopt(stage, writer)
    assert told(stage)[-1] == "Next week" and len(told(stage)) == 3, "taken up once"
    again = live_session(stage, tmp_path)
    assert row_of(stage, again.session_id).title == again.state.title


def test_a_session_too_early_takes_nothing_up(stage: WebStage, tmp_path: Path) -> None:
    plan(stage, "In an hour")
    writer = live_session(stage, tmp_path)
    assert row_of(stage, writer.session_id).title == writer.state.title
    assert listed(stage) == ["In an hour"]


def test_the_recorder_gets_the_plans_title(stage: WebStage) -> None:
    wish = PublishToken(stage.lecturer.id, stage.hall.id, takeover=False)
    for bearer in (stage.stream_key()[1], issue_publish_token(SECRET, wish)[0]):
        with stage.app.test_request_context():
            assert whip_views._publish_command("hall", bearer, "v=0")["title"] == "講堂 Hall"
    plan(stage, "Soon", timedelta(minutes=20))
    for bearer in (stage.stream_key()[1], issue_publish_token(SECRET, wish)[0]):
        with stage.app.test_request_context():
            command = whip_views._publish_command("hall", bearer, "v=0")
        assert command["title"] == "Soon" and "description" not in command


def test_times_are_kept_in_utc(stage: WebStage) -> None:
    june = datetime(utc_now().year + 1, 6, 1, tzinfo=UTC)
    made = plan(stage, starts_at=f"{june.year}-06-01T09:00:00+09:00").json
    assert made["starts_at"] == f"{june.year}-06-01T00:00:00.000Z"
    with stage.database.reading() as session:
        assert session.get_one(ScheduledLecture, made["id"]).starts_at == june
