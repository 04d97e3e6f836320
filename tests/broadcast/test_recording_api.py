"""`/api/v1/recordings` over a real database and real logs: found, changed, thrown away; by programs, too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broadcast import session_rows
from broadcast.event_log import EventRow
from library import jobs, recordings
from library.models import Job, JobState, LectureSession
from people.command_line import add_room, add_token, add_user, list_tokens, remove_token
from people.models import Role, Room, User
from people.rooms import RoomAccess, change_room
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage

API = "/api/v1/recordings"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    stage.book.refresh()
    yield stage
    stage.close()


@pytest.fixture
def recorded(stage: WebStage, tmp_path: Path) -> str:
    return record(stage, tmp_path, stage.hall)


def record(stage: WebStage, folder: Path, room: Room, *, ended: bool = True) -> str:
    """A lecture of the room: four seconds of it."""
    writer = SessionWriter(folder, room_id=room.id, access=room.access)
    writer.begin_take()
    writer.parts(12)
    now = time.time()
    if ended:
        writer.end()
        writer.change(started_at=now - 9, ended_at=now)
    else:
        writer.change(started_at=now - 9)
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, stage.directory.figures(writer.state))
    return writer.session_id


def get(stage: WebStage, recording: str, user: User | None = None) -> Any:
    return stage.call("GET", f"{API}/{recording}", user=user).json


def patch(stage: WebStage, recording: str, **change: Any) -> TestResponse:
    return stage.call("PATCH", f"{API}/{recording}", change, user=stage.lecturer)


def listed(stage: WebStage, query: str = "", user: User | None = None) -> list[str]:
    answer = stage.call("GET", f"{API}?{query}", user=user)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json["recordings"]]


def reads(stage: WebStage, url: str | None) -> int:
    """What a player gets there: no cookie, no token but the address's own."""
    assert url is not None
    status: int = stage.app.test_client().get(url.removeprefix("http://localhost")).status_code
    return status


# What is told


def test_a_lecture_that_has_ended_is_a_recording_at_once(stage: WebStage, recorded: str) -> None:
    told = get(stage, recorded)
    assert (told["title"], told["lecturer"], told["state"]) == ("Lecture", "lecturer", "ready")
    assert told["duration"] == 4.0
    assert (told["visibility"], told["language"], told["series"], told["tags"]) == ("room", None, None, [])
    assert told["url"].endswith(f"/watch/{recorded}")
    assert (told["mp4_url"], told["mp4_state"], told["may_edit"]) == (None, "waiting", False)
    assert reads(stage, told["hls_url"]) == 200
    assert listed(stage) == [recorded]


def test_a_lecture_under_way_is_told_of_but_not_listed(stage: WebStage, tmp_path: Path) -> None:
    live = record(stage, tmp_path, stage.hall, ended=False)
    told = get(stage, live)
    assert (told["state"], told["duration"]) == ("live", None)
    assert told["hls_url"].endswith("/index.m3u8") and reads(stage, told["hls_url"]) == 200
    assert listed(stage) == []
    patch(stage, live, visibility="private")
    assert get(stage, live)["hls_url"] is not None, "the visibility is its recording's"
    answer = stage.call("DELETE", f"{API}/{live}", user=stage.lecturer)
    assert (answer.status_code, answer.json["title"]) == (409, "Still running")


def test_unknown_ones(stage: WebStage) -> None:
    for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore"), ("POST", "/mp4")):
        answer = stage.call(method, f"{API}/nothing{tail}", {}, user=stage.lecturer)
        assert answer.status_code == 404, method
        assert answer.content_type == "application/problem+json"


def test_pages_go_on_where_the_last_one_ended(stage: WebStage, tmp_path: Path) -> None:
    made = [record(stage, tmp_path, stage.hall) for _ in range(5)]
    found, after = [], ""
    while True:
        answer = stage.call("GET", f"{API}?limit=2&sort=oldest{after}").json
        found.append([one["id"] for one in answer["recordings"]])
        if answer["more"] is None:
            break
        after = f"&after={answer['more']}"
    assert [len(page) for page in found] == [2, 2, 1]
    assert [one for page in found for one in page] == made


@pytest.mark.parametrize(
    "query", ["sort=size", "after=x", "limit=0", "limit=101", "visibility=all", "q=" + "x" * 101]
)
def test_questions_that_make_no_sense(stage: WebStage, recorded: str, query: str) -> None:
    answer = stage.call("GET", f"{API}?{query}")
    assert answer.status_code == 422 and answer.content_type == "application/problem+json"


# Changes


def test_what_is_said_is_told_and_found(stage: WebStage, recorded: str) -> None:
    said = {
        "title": " 行列式 ",
        "description": "第3章\r\n",
        "lecturer": "山田\u3000花子",
        "language": "JA",
        "series": "線形代数学",
        "tags": ["数学", " 数学 ", "", "Week 3", "week 3"],
        "license": "CC BY 4.0",
        "visibility": "public",
        "publish_at": "2026-01-02T09:00:00+09:00",
        "expires_at": "2099-01-01T00:00:00Z",
    }
    answer = patch(stage, recorded, **said)
    assert answer.status_code == 200, answer.text
    told = get(stage, recorded)
    assert {name: told[name] for name in said} == {
        **said,
        "title": "行列式",
        "description": "第3章",
        "lecturer": "山田 花子",
        "language": "ja",
        "tags": ["Week 3", "数学"],
        "publish_at": "2026-01-02T00:00:00.000Z",
        "expires_at": "2099-01-01T00:00:00.000Z",
    }
    for query in (
        "q=行列式 花子",
        "q=week",
        "lecturer=山田 花子",
        "series=線形代数学",
        "tag=数学",
        "language=ja",
    ):
        assert listed(stage, query) == [recorded], query
    for query in ("q=幾何", "lecturer=山田", "series=線形", "tag=数", "language=en"):
        assert listed(stage, query) == [], query
    patch(stage, recorded, series=None, language=None, license="", tags=[], publish_at=None)
    told = get(stage, recorded)
    assert [told[name] for name in ("series", "language", "license", "tags", "publish_at")] == [
        None, None, None, [], None,
    ]  # fmt: skip
    assert told["title"] == "行列式"


def test_the_words_of_a_series_are_its_recordings_own(stage: WebStage, recorded: str, tmp_path: Path) -> None:
    other = record(stage, tmp_path, stage.hall)
    assert patch(stage, recorded, glossary=["固有値"]).status_code == 422, "it is in no series"
    patch(stage, recorded, series="線形代数", glossary=["固有値", " 固有値 ", "Cayley–Hamilton", ""])
    patch(stage, other, series="線形代数")
    for one in (recorded, other):
        assert get(stage, one, stage.lecturer)["glossary"] == ["固有値", "Cayley–Hamilton"]
        assert get(stage, one, stage.member)["glossary"] is None
    assert patch(stage, other, title="行列", glossary=["長" * 50] * 3).status_code == 200
    assert get(stage, recorded, stage.lecturer)["glossary"] == ["長" * 50]
    for unfit in (["x" * 51], [f"{number:050}" for number in range(11)], ["x"] * 501):
        assert patch(stage, recorded, glossary=unfit).status_code == 422
    patch(stage, other, series="幾何")
    assert get(stage, other, stage.lecturer)["glossary"] == []


@pytest.mark.parametrize("query", ["q=%00", "tag=%00", "series=%00&q=%F0%9F%8E%93", "language=%00"])
def test_what_nobody_can_see_is_no_question(stage: WebStage, recorded: str, query: str) -> None:
    assert listed(stage, query) == ([] if "%F0" in query else [recorded])
    assert stage.call("GET", f"{API}/%00").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "\u200b \n"},
        {"title": "x" * 201},
        {"description": "x" * 5001},
        {"language": "Japanese!"},
        {"language": "j"},
        {"visibility": "secret"},
        {"tags": "a"},
        {"tags": ["x" * 51]},
        {"tags": ["x"] * 31},
        {"publish_at": "tomorrow"},
        {"publish_at": "2026-01-01T00:00:00"},
        {"publish_at": "2026-01-02T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z"},
        {"started_at": "2026-01-01T00:00:00Z"},
        {"deleted_at": None},
    ],
)
def test_what_does_not_fit_changes_nothing(stage: WebStage, recorded: str, change: dict[str, Any]) -> None:
    before = get(stage, recorded)
    answer = patch(stage, recorded, **change)
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert get(stage, recorded) == before


def test_a_time_that_does_not_fit_the_other_that_was_said_before(stage: WebStage, recorded: str) -> None:
    assert patch(stage, recorded, expires_at="2026-01-01T00:00:00Z").status_code == 200
    assert patch(stage, recorded, publish_at="2026-01-02T00:00:00Z").status_code == 422


def test_a_new_title_is_told_to_whoever_watches(stage: WebStage, recorded: str) -> None:
    patch(stage, recorded, title="New")
    patch(stage, recorded, title="Not for all", visibility="private")
    with stage.database.reading() as session:
        events = session.query(EventRow).filter_by(room_id=stage.hall.id, kind="title").all()
    assert [json.loads(event.payload)["title"] for event in events] == ["Lecture", "New"]


def test_a_file_that_is_not_offered_is_its_editors_alone(stage: WebStage, recorded: str) -> None:
    with stage.database.session() as session:
        session.get_one(LectureSession, recorded).mp4_path = __file__
    download, room = f"/watch/{recorded}/download", f"/api/v1/rooms/hall?session={recorded}"

    def offered(user: User | None) -> set[object]:
        told, of_room = get(stage, recorded, user), stage.call("GET", room, user=user).json["session"]
        page = stage.client(user).get(f"/watch/{recorded}").text
        return {
            told["mp4_url"] is not None,
            told["mp4_state"] == "ready",
            of_room["mp4_url"] is not None,
            of_room["mp4_state"] == "ready",
            f'href="{download}"' in page,
            stage.client(user).get(download).status_code == 200,
        }

    assert get(stage, recorded)["downloads"] is True
    assert offered(None) == offered(stage.member) == {True}
    assert patch(stage, recorded, downloads=False).json["downloads"] is False
    assert offered(None) == offered(stage.member) == {False}
    assert offered(stage.lecturer) == {True}
    answer = stage.client(stage.member).get(download)
    assert answer.status_code == 403
    assert reads(stage, get(stage, recorded)["hls_url"]) == 200, "it is watched all the same"
    patch(stage, recorded, downloads=True)
    assert offered(stage.member) == {True}


# Who may


def test_a_private_recording_is_to_be_found_nowhere(stage: WebStage, recorded: str) -> None:
    url = get(stage, recorded)["hls_url"]
    with stage.database.session() as session:
        session.get_one(LectureSession, recorded).mp4_path = __file__
    patch(stage, recorded, title="Secret title", visibility="private")
    assert stage.hints[-1] == {"kind": "access", "room": stage.hall.id}
    addresses = (
        "/",
        "/rooms/hall",
        "/api/v1/rooms/hall",
        "/api/v1/lectures",
        "/api/v1/lectures?q=secret",
        API,
        f"{API}?q=secret",
        f"{API}/{recorded}",
        f"/api/v1/rooms/hall?session={recorded}",
        f"/watch/{recorded}",
        f"/watch/{recorded}?embed=1",
        f"/watch/{recorded}/download",
        f"/oembed?url=http://localhost:8000/watch/{recorded}",
    )
    for user in (None, stage.member):
        for address in addresses:
            answer = stage.client(user).get(address)
            assert "Secret title" not in answer.text and "replay-1.m3u8" not in answer.text, address
            if recorded in address:
                assert answer.status_code in (401, 404), address
        assert stage.client(user).get("/api/v1/rooms/hall").json["session"] is None
    assert reads(stage, url) == 403
    own = get(stage, recorded, stage.lecturer)
    assert (own["title"], own["may_edit"]) == ("Secret title", True)
    assert reads(stage, own["hls_url"]) == 200
    assert listed(stage, "", stage.lecturer) == [recorded]
    room = stage.call("GET", "/api/v1/rooms/hall", user=stage.lecturer).json
    assert reads(stage, room["session"]["hls_url"]) == 200
    assert stage.client(stage.lecturer).get(f"/watch/{recorded}/download").status_code == 200


def test_an_older_recording_is_the_rooms_where_the_last_one_is_private(
    stage: WebStage, recorded: str, tmp_path: Path
) -> None:
    first, last = sorted([recorded, record(stage, tmp_path, stage.hall)])  # ids ascend in time
    assert stage.call("GET", "/api/v1/rooms/hall").json["session"]["id"] == last
    patch(stage, last, visibility="private")
    assert stage.call("GET", "/api/v1/rooms/hall").json["session"]["id"] == first
    assert stage.call("GET", "/api/v1/rooms/hall", user=stage.lecturer).json["session"]["id"] == last


def test_for_the_organization(stage: WebStage, recorded: str) -> None:
    patch(stage, recorded, visibility="organization")
    assert stage.call("GET", f"{API}/{recorded}").status_code == 401
    assert listed(stage) == [] and listed(stage, "", stage.member) == [recorded]
    assert reads(stage, get(stage, recorded, stage.member)["hls_url"]) == 200
    address = f"/api/v1/rooms/hall?session={recorded}"
    stranger, member = (stage.call("GET", address, user=user).json for user in (None, stage.member))
    assert (stranger["may_watch"], stranger["access"]) == (False, "members")
    assert stranger["session"]["title"] is stranger["session"]["hls_url"] is None
    assert member["may_watch"] and reads(stage, member["session"]["hls_url"]) == 200
    assert stage.client().get(f"/watch/{recorded}").status_code == 200, "the page with its door"


def test_unlisted_ones_are_had_by_their_address(stage: WebStage, recorded: str) -> None:
    patch(stage, recorded, visibility="unlisted")
    assert listed(stage) == [] == listed(stage, "", stage.member)
    assert reads(stage, get(stage, recorded)["hls_url"]) == 200
    assert stage.client().get(f"/oembed?url=http://localhost:8000/watch/{recorded}").status_code == 200


def test_a_public_recording_of_a_room_for_members(stage: WebStage, tmp_path: Path) -> None:
    room = add_room(stage.database, "inside", "lecturer")
    with stage.database.session() as session:
        room = session.get_one(Room, room.id)
        change_room(room, access=RoomAccess.MEMBERS)
    stage.book.refresh()
    recorded = record(stage, tmp_path, room)
    assert listed(stage) == [] and stage.call("GET", f"{API}/{recorded}").status_code == 401
    patch(stage, recorded, visibility="public")
    assert listed(stage) == [recorded]
    told = stage.call("GET", f"/api/v1/rooms/inside?session={recorded}").json
    assert told["may_watch"] and reads(stage, told["session"]["hls_url"]) == 200
    assert stage.call("GET", "/api/v1/rooms/inside").json["may_watch"] is False
    assert f"/watch/{recorded}" in stage.client().get("/").text


def test_before_and_after_its_time(stage: WebStage, recorded: str) -> None:
    def in_hours(hours: int) -> str:
        return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()

    url = get(stage, recorded)["hls_url"]
    for change in ({"publish_at": in_hours(1)}, {"publish_at": None, "expires_at": in_hours(-1)}):
        patch(stage, recorded, **change)
        assert stage.call("GET", f"{API}/{recorded}").status_code == 404
        assert (listed(stage), reads(stage, url)) == ([], 403)
        assert reads(stage, get(stage, recorded, stage.lecturer)["hls_url"]) == 200
    patch(stage, recorded, publish_at=in_hours(-2), expires_at=in_hours(2))
    assert (listed(stage), reads(stage, url)) == ([recorded], 200)


def test_the_trash_hides_it_from_everybody_until_it_is_restored(stage: WebStage, recorded: str) -> None:
    url = get(stage, recorded)["hls_url"]
    assert stage.call("DELETE", f"{API}/{recorded}", user=stage.lecturer).status_code == 204
    for user in (None, stage.lecturer):
        assert listed(stage, "", user) == []
        assert stage.client(user).get(f"/watch/{recorded}").status_code == 404
        assert stage.call("GET", "/api/v1/rooms/hall", user=user).json["session"] is None
    assert reads(stage, url) == 403
    told = get(stage, recorded, stage.lecturer)
    assert (told["state"], told["hls_url"]) == ("trash", None)
    assert listed(stage, "trash=1", stage.lecturer) == [recorded]
    assert listed(stage, "trash=1") == [] == listed(stage, "trash=1", stage.member)
    restored = stage.call("POST", f"{API}/{recorded}/restore", user=stage.lecturer)
    assert (restored.status_code, restored.json["state"]) == (200, "ready")
    assert (listed(stage), reads(stage, url)) == ([recorded], 200)
    assert stage.call("POST", f"{API}/{recorded}/restore", user=stage.lecturer).status_code == 409


def test_after_thirty_days_it_is_gone(stage: WebStage, recorded: str) -> None:
    stage.call("DELETE", f"{API}/{recorded}", user=stage.lecturer)
    with stage.database.session() as session:
        session.get_one(LectureSession, recorded).deleted_at = datetime.now(UTC) - timedelta(days=30)
    assert listed(stage, "trash=1", stage.lecturer) == []
    for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        answer = stage.call(method, f"{API}/{recorded}{tail}", {}, user=stage.lecturer)
        assert answer.status_code == 404, method


# The MP4


def test_why_an_mp4_failed_is_told_to_who_can_have_it_made_again(stage: WebStage, recorded: str) -> None:
    with stage.database.session() as session:
        job = jobs.newest_of(session, recordings.KIND, recorded)
        assert job is not None
        job.state, job.error = JobState.FAILED.value, "Traceback …\n  File x\nThe disk is full\n"
    told = get(stage, recorded)
    assert (told["mp4_state"], told["mp4_error"]) == ("failed", None)
    assert get(stage, recorded, stage.lecturer)["mp4_error"] == "The disk is full"
    assert stage.call("POST", f"{API}/{recorded}/mp4", user=stage.lecturer).status_code == 202
    with stage.database.reading() as session:
        assert session.get_one(Job, job.id).state == JobState.WAITING
    assert stage.call("POST", f"{API}/{recorded}/mp4", user=stage.lecturer).status_code == 409


# A program


def ask(stage: WebStage, method: str, path: str, token: str, body: Any = None, **more: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return stage.app.test_client().open(path, method=method, json=body, headers=headers, **more)


@pytest.fixture
def token(stage: WebStage) -> str:
    return add_token(stage.database, "lecturer", "test")


def test_a_program_edits_without_a_page(stage: WebStage, recorded: str, token: str) -> None:
    answer = ask(stage, "PATCH", f"{API}/{recorded}", token, {"title": "By a program"})
    assert (answer.status_code, answer.json["title"]) == (200, "By a program")
    assert "Set-Cookie" not in answer.headers
    assert ask(stage, "DELETE", f"{API}/{recorded}", token).status_code == 204
    assert ask(stage, "POST", f"{API}/{recorded}/restore", token).status_code == 200


def test_it_may_what_its_person_may(stage: WebStage, recorded: str, token: str) -> None:
    patch(stage, recorded, visibility="private")
    members = add_token(stage.database, "member", "test")
    assert ask(stage, "GET", f"{API}/{recorded}", token).json["hls_url"] is not None
    assert ask(stage, "GET", f"{API}/{recorded}", members).status_code == 404
    assert ask(stage, "PATCH", f"{API}/{recorded}", members, {"title": "x"}).status_code == 403


@pytest.mark.parametrize("text", ["", "x", "kodoapi_" + "x" * 43, "kodo_" + "x" * 43])
@pytest.mark.parametrize("path", [API, "/api/v1/rooms/hall", "/", "/rooms", "/metrics"])
def test_a_token_that_opens_nothing_is_no_stranger(stage: WebStage, text: str, path: str) -> None:
    answer = ask(stage, "GET", path, text)
    if path == "/metrics":  # this machine needs none
        return
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_removed(stage: WebStage, recorded: str, token: str) -> None:
    remove_token(stage.database, list_tokens(stage.database)[0].id)
    assert ask(stage, "GET", f"{API}/{recorded}", token).status_code == 401


def test_cookies_beside_a_token_do_not_count(stage: WebStage, recorded: str, token: str) -> None:
    """Else whoever has a token of their own could use another's cookie without a page's token."""
    patch(stage, recorded, visibility="private")
    client = stage.client(stage.lecturer)
    members = add_token(stage.database, "member", "test")
    for bearer, status in ((members, 403), ("", 401), ("x", 401)):
        headers = {"Authorization": f"Bearer {bearer}"}
        answer = client.patch(f"{API}/{recorded}", json={"title": "x"}, headers=headers)
        assert answer.status_code == status
    assert client.get(f"{API}/{recorded}", headers={"Authorization": f"Bearer {members}"}).status_code == 404
    assert get(stage, recorded, stage.lecturer)["title"] == "Lecture"


def test_without_a_token_a_page_is_needed(stage: WebStage, recorded: str) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "bearerx y"}):
        answer = stage.client(stage.lecturer).patch(f"{API}/{recorded}", json={"title": "x"}, headers=headers)
        assert (answer.status_code, "CSRF" in answer.text) == (400, True)


def test_an_operators_token_everywhere(stage: WebStage, recorded: str) -> None:
    add_user(stage.database, "root", Role.OPERATOR, "correct horse battery")
    token = add_token(stage.database, "root", "monitoring")
    afar = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    assert ask(stage, "GET", "/metrics", token, **afar).status_code == 200
    patch(stage, recorded, visibility="private")
    assert ask(stage, "GET", f"{API}?q=lecture", token).json["recordings"][0]["id"] == recorded
