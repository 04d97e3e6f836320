"""The JSON API of rooms: what it tells whom, what it changes, and what it says to bad input."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broadcast import session_rows
from broadcast.access import check
from library.jobs import enqueue
from library.models import LectureSession
from people.models import Room, User
from people.rooms import change_room, room_of
from people.stream_keys import KEYS_PER_ROOM
from people.tokens import read_publish_token
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.media import RecordingState, SessionPhase
from recorder.session_state import CredentialRecord, PlaybackState
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import SECRET, WebStage, csrf_token

HALL = "/api/v1/rooms/hall"


@pytest.fixture
def writer(stage: WebStage, tmp_path: Path) -> SessionWriter:
    """A live session of the hall with a few parts."""
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    return writer


def set_access(stage: WebStage, access: str, password: str | None = None) -> None:
    from people.models import RoomAccess

    with stage.database.session() as session:
        change_room(room_of(session, "hall"), access=RoomAccess(access), password=password)


def hall(stage: WebStage, user: User | None = None, query: str = "") -> dict[str, Any]:
    answer = stage.call("GET", HALL + query, user=user)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json
    return document


def adopt(stage: WebStage, writer: SessionWriter) -> None:
    with stage.database.session() as session:
        figures = stage.directory.figures(writer.state)
        session_rows.upsert(session, stage.log, writer.state, figures)


# GET


def test_a_room_where_nothing_was_held(stage: WebStage) -> None:
    room = hall(stage)
    base = f"http://localhost/live/open/{stage.hall.id}/events"
    assert room == {
        "slug": "hall",
        "title": "講堂 Hall",
        "access": "open",
        "may_watch": True,
        "refusal": None,
        "may_host": False,
        "live_base": "/live/open",
        "feed": {"snapshot_url": f"{base}/snapshot", "batch_url": f"{base}/{{k}}"},
        "beacon_url": "http://localhost/api/v1/rooms/hall/beacon",
        "beacon_seconds": 30.0,
        "session": None,
        "playback": None,
        "scheduled": None,
        "due": None,
        "keeping": {"kept": "published", "days": 7, "may_choose": False},
    }


def test_a_live_session(stage: WebStage, writer: SessionWriter) -> None:
    session = hall(stage)["session"]
    live = f"http://localhost/live/open/{writer.session_id}/index.m3u8"
    assert (session["id"], session["state"]) == (writer.session_id, "live")
    assert (session["hls_url"], session["live_url"]) == (live, live)
    assert session["started_at"].startswith("20")
    assert datetime.fromisoformat(session["started_at"]).tzinfo is not None
    assert (session["ended_at"], session["mp4_url"], session["mp4_state"]) == (None, None, None)
    assert session["recorder_epoch"] == "epoch-1"
    assert session["recording"]["state"] == "ok"
    assert session["recording"]["bytes"] > 0
    assert datetime.fromisoformat(session["recording"]["last_part_at"]) <= datetime.now(UTC)


@pytest.mark.serial
def test_a_full_disk_is_told_within_two_seconds(stage: WebStage, writer: SessionWriter) -> None:
    hall(stage)
    writer.change(recording=RecordingState.SPILLING)
    deadline = time.monotonic() + 2
    while hall(stage)["session"]["recording"]["state"] != "spilling":
        assert time.monotonic() < deadline


def test_an_ended_session_is_its_replay(stage: WebStage, writer: SessionWriter) -> None:
    writer.end()
    session = hall(stage)["session"]
    base = f"http://localhost/live/open/{writer.session_id}"
    assert session["state"] == "ended"
    assert session["hls_url"] == f"{base}/replay-1.m3u8"
    assert session["live_url"] == f"{base}/index.m3u8"
    assert session["ended_at"] is not None
    assert session["replay_version"] == 1


def test_a_newer_version_of_the_replay_is_told_at_once(stage: WebStage, writer: SessionWriter) -> None:
    writer.end()
    hall(stage)
    edits = EditList(2, (Span(1, 0, 0),))
    edit_list_files.save(stage.settings.sessions_folder, writer.session_id, edits)
    session = hall(stage)["session"]
    assert session["replay_version"] == 2
    assert session["hls_url"] == f"http://localhost/live/open/{writer.session_id}/replay-2.m3u8"


def test_the_mp4_from_waiting_to_ready(stage: WebStage, writer: SessionWriter) -> None:
    writer.end()
    assert hall(stage)["session"]["mp4_state"] is None
    adopt(stage, writer)
    assert hall(stage)["session"]["mp4_state"] == "waiting"
    with stage.database.session() as session:
        session.get_one(LectureSession, writer.session_id).mp4_path = "/x.mp4"
    told = hall(stage)["session"]
    assert (told["mp4_state"], told["mp4_progress"]) == ("ready", 1.0)
    assert told["mp4_url"] == f"http://localhost/watch/{writer.session_id}/download"


def test_a_failed_mp4(stage: WebStage, writer: SessionWriter) -> None:
    writer.end()
    with stage.database.session() as session:
        job = enqueue(session, kind="mp4", key="k", subject=writer.session_id, payload={}, lane="export")
        job.state = "cancelled"
    assert hall(stage)["session"]["mp4_state"] == "failed"


def test_another_session_of_the_room_by_its_id(
    stage: WebStage, writer: SessionWriter, tmp_path: Path
) -> None:
    writer.end()
    later = SessionWriter(tmp_path, room_id=stage.hall.id)
    foreign = SessionWriter(tmp_path, room_id="another-room")
    assert hall(stage)["session"]["id"] == later.session_id
    assert hall(stage, query=f"?session={writer.session_id}")["session"]["id"] == writer.session_id
    for unknown in (foreign.session_id, "nothing", "../../etc/passwd", ""):
        assert stage.call("GET", f"{HALL}?session={unknown}").status_code == 404


def test_who_may_not_watch_gets_no_address(stage: WebStage, writer: SessionWriter) -> None:
    set_access(stage, "members")
    room = hall(stage)
    assert (room["may_watch"], room["live_base"], room["feed"]) == (False, None, None)
    session = room["session"]
    assert (session["hls_url"], session["live_url"], session["mp4_url"]) == (None, None, None)
    assert session["state"] == "live"


def test_members_share_one_token(stage: WebStage, writer: SessionWriter) -> None:
    set_access(stage, "members")
    bases = {hall(stage, user)["live_base"] for user in (stage.member, stage.lecturer)}
    assert len(bases) == 1
    claim = check(SECRET, bases.pop().removeprefix("/live/"))
    assert (claim.room_id, claim.epoch) == (stage.hall.id, 2)


def test_the_lecturer_may_host(stage: WebStage) -> None:
    assert hall(stage, stage.lecturer)["may_host"] is True
    assert hall(stage, stage.member)["may_host"] is False


@pytest.mark.parametrize("slug", ["nowhere", "HALL", "x" * 500, "講堂", "..%2f..%2fetc"])
def test_no_such_room(stage: WebStage, slug: str) -> None:
    answer = stage.call("GET", f"/api/v1/rooms/{slug}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_addresses_begin_with_the_name_that_the_client_used(stage: WebStage, writer: SessionWriter) -> None:
    client = stage.client()
    for base in ("http://127.0.0.1:8000", "http://localhost:8000"):
        answer = client.get(HALL, base_url=base)
        assert answer.json["session"]["hls_url"].startswith(f"{base}/live/open/")


def test_behind_an_edge_the_public_address_is_told(tmp_path: Path) -> None:
    stage = WebStage(tmp_path, KODO_PUBLIC_URL="https://kodo.example")
    try:
        answer = stage.client().get(HALL, base_url="http://kodo.example")
        assert answer.json["beacon_url"].startswith("https://kodo.example/")
    finally:
        stage.close()


@pytest.mark.serial
def test_get_is_quick(stage: WebStage, writer: SessionWriter) -> None:
    client = stage.client()
    took: dict[str, list[float]] = {HALL: [], "/healthz": []}
    for _ in range(30):
        for address, times in took.items():
            started = time.process_time()
            client.get(address)
            times.append(time.process_time() - started)
    room, nothing = (statistics.median(times) for times in took.values())
    # Beside an answer that does nothing, so that a slow machine is no failure: 7 times as much CPU, seen.
    assert room / nothing < 15


# While the database is away


def test_a_live_open_room_is_told_of_without_the_database(stage: WebStage, writer: SessionWriter) -> None:
    stage.take_database_away()
    try:
        for user in (None, stage.member):
            room = hall(stage, user)
            assert room["session"]["id"] == writer.session_id
            assert room["session"]["hls_url"].endswith("/index.m3u8")
            assert room["feed"]["snapshot_url"].endswith(f"/{stage.hall.id}/events/snapshot")
        assert stage.call("GET", "/api/v1/rooms/other").status_code == 503
    finally:
        stage.bring_database_back()


def test_a_closed_room_is_not(stage: WebStage, tmp_path: Path) -> None:
    SessionWriter(tmp_path, room_id=stage.hall.id, access="members")
    stage.take_database_away()
    try:
        answer = stage.call("GET", HALL)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        stage.bring_database_back()


def test_the_studio_gets_tokens_without_the_database(stage: WebStage, writer: SessionWriter) -> None:
    client = stage.client(stage.lecturer)
    token = csrf_token(client)
    stage.take_database_away()
    try:
        answer = client.post(f"{HALL}/publish-token", json={}, headers={"X-CSRFToken": token})
        assert answer.status_code == 201
        assert read_publish_token(SECRET, answer.json["token"]).person_id == stage.lecturer.id
        stranger = stage.client()
        assert stranger.post(f"{HALL}/publish-token", json={}).status_code == 400  # no page, no token
    finally:
        stage.bring_database_back()


def test_only_the_sessions_own_lecturer_ends_it_without_the_database(
    stage: WebStage, writer: SessionWriter
) -> None:
    stage.app.config["WTF_CSRF_ENABLED"] = False
    studio = CredentialRecord(f"studio:{stage.lecturer.id}", "studio", None)
    writer.change(credentials=(studio,))
    stage.take_database_away()
    try:
        own = stage.client(stage.lecturer).post(f"{HALL}/end")
        assert own.json["detail"] == "The recorder is starting again."  # it was asked, and there is none here
        for other in (stage.client(stage.member), stage.client()):
            assert "database" in other.post(f"{HALL}/end").json["detail"]
    finally:
        stage.bring_database_back()


# Rooms


def test_a_lecturer_makes_a_room(stage: WebStage) -> None:
    body = {"title": "線形代数", "slug": "algebra", "access": "password", "password": "sesame"}
    answer = stage.call("POST", "/api/v1/rooms", body, user=stage.lecturer)
    assert (answer.status_code, answer.json["slug"], answer.json["access"]) == (201, "algebra", "password")
    assert answer.json["may_host"] is True
    assert stage.call("GET", "/api/v1/rooms/algebra").json["may_watch"] is False


def test_a_room_without_a_slug_gets_one(stage: WebStage) -> None:
    answer = stage.call("POST", "/api/v1/rooms", {"title": "Algebra II"}, user=stage.lecturer)
    assert answer.status_code == 201
    assert answer.json["slug"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x", "slug": "hall"}, 409),
        ({"title": "x", "slug": "No Slug"}, 422),
        ({"title": ""}, 422),
        ({"title": "x" * 201}, 422),
        ({"title": "x", "access": "secret"}, 422),
        ({"title": "x", "access": "password"}, 422),
        ({"title": 7}, 422),
        ({}, 422),
        ([], 422),
        ("text", 422),
    ],
)
def test_a_room_that_cannot_be(stage: WebStage, body: Any, status: int) -> None:
    answer = stage.call("POST", "/api/v1/rooms", body, user=stage.lecturer)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"title": "x", "slug": "hall"}, "このアドレス"),
        ({"title": "x", "slug": "No Slug"}, "64"),
        ({"title": "x", "slug": "0190163d-8694-739b-aea5-966c26f8ad91"}, "ID"),
        ({"title": " "}, "200"),
        ({"title": "x", "access": "password"}, "パスワード"),
        ({"title": "x", "access": "password", "password": "abc"}, "4文字"),
    ],
)
def test_what_cannot_be_is_told_in_the_readers_language(
    stage: WebStage, body: dict[str, str], word: str
) -> None:
    client = stage.client(stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client), "Accept-Language": "ja"}
    answer = client.post("/api/v1/rooms", json=body, headers=headers)
    assert answer.status_code in (409, 422)
    assert word in answer.json["detail"]


def test_a_room_with_too_many_keys_says_so_in_the_readers_language(stage: WebStage) -> None:
    for _ in range(KEYS_PER_ROOM):
        stage.stream_key()
    client = stage.client(stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client), "Accept-Language": "ja"}
    answer = client.post(f"{HALL}/stream-keys", json={}, headers=headers)
    assert (answer.status_code, answer.json["detail"][:7]) == (409, "ストリームキー")


def test_a_body_that_is_no_json(stage: WebStage) -> None:
    client = stage.client(stage.lecturer)
    headers = {"X-CSRFToken": csrf_token(client), "Content-Type": "application/json"}
    assert client.post("/api/v1/rooms", data="{", headers=headers).status_code == 400


def test_a_viewer_makes_none(stage: WebStage) -> None:
    assert stage.call("POST", "/api/v1/rooms", {"title": "x"}, user=stage.member).status_code == 403
    assert stage.call("POST", "/api/v1/rooms", {"title": "x"}).status_code == 401


def test_changed_access_makes_old_addresses_void_and_is_passed_on(stage: WebStage) -> None:
    before = stage.call("PATCH", HALL, {"access": "members"}, user=stage.lecturer)
    after = stage.call("PATCH", HALL, {"access": "password", "password": "sesame"}, user=stage.lecturer)
    assert before.json["live_base"] != after.json["live_base"]
    assert stage.hints == [{"kind": "access", "room": stage.hall.id}] * 2
    title = stage.call("PATCH", HALL, {"title": "New"}, user=stage.lecturer)
    assert (title.json["title"], title.json["live_base"]) == ("New", after.json["live_base"])
    assert len(stage.hints) == 2


# Going live


def test_a_publish_token(stage: WebStage) -> None:
    answer = stage.call("POST", f"{HALL}/publish-token", {"takeover": True}, user=stage.lecturer)
    assert answer.status_code == 201
    token = read_publish_token(SECRET, answer.json["token"])
    assert (token.person_id, token.room_id, token.takeover) == (stage.lecturer.id, stage.hall.id, True)
    assert answer.json["whip_url"] == "http://localhost/whip/hall"
    assert datetime.fromisoformat(answer.json["expires_at"]) > datetime.now(UTC)


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("member", 403)])
def test_no_publish_token(stage: WebStage, who: str | None, status: int) -> None:
    user = stage.member if who else None
    assert stage.call("POST", f"{HALL}/publish-token", {}, user=user).status_code == status


def test_ending_while_the_recorder_is_away(stage: WebStage) -> None:
    answer = stage.call("POST", f"{HALL}/end", user=stage.lecturer)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_stream_keys(stage: WebStage) -> None:
    made = stage.call("POST", f"{HALL}/stream-keys", {"label": "OBS in room 3"}, user=stage.lecturer)
    assert made.status_code == 201
    assert made.json["stream_key"].startswith("kodo_")
    assert made.json["whip_url"] == "http://localhost/whip/hall"
    listed = stage.call("GET", f"{HALL}/stream-keys", user=stage.lecturer).json["stream_keys"]
    assert [key["label"] for key in listed] == ["OBS in room 3"]
    assert made.json["stream_key"] not in str(listed)
    other = stage.call("DELETE", f"{HALL}/stream-keys/nothing", user=stage.lecturer)
    assert other.status_code == 404


def test_a_key_is_revoked_though_the_recorder_is_away(stage: WebStage) -> None:
    made = stage.call("POST", f"{HALL}/stream-keys", {}, user=stage.lecturer).json
    answer = stage.call("DELETE", f"{HALL}/stream-keys/{made['id']}", user=stage.lecturer)
    assert answer.status_code == 204
    assert stage.call("GET", f"{HALL}/stream-keys", user=stage.lecturer).json["stream_keys"] == []


# Doors


def unlock(stage: WebStage, password: Any) -> TestResponse:
    return stage.call("POST", f"{HALL}/unlock", {"password": password})


def test_the_password_opens_the_room(stage: WebStage, writer: SessionWriter) -> None:
    set_access(stage, "password", "sesame")
    assert hall(stage)["may_watch"] is False
    client = stage.client()
    headers = {"X-CSRFToken": csrf_token(client)}
    assert client.post(f"{HALL}/unlock", json={"password": "sesame"}, headers=headers).status_code == 204
    room = client.get(HALL).json
    assert room["may_watch"] is True
    assert room["session"]["hls_url"].startswith("http://localhost/live/v1.")
    set_access(stage, "password", "another")
    assert client.get(HALL).json["may_watch"] is False


@pytest.mark.parametrize("password", ["wrong", "", "x" * 10_000, None, 7])
def test_another_password_does_not(stage: WebStage, password: Any) -> None:
    set_access(stage, "password", "sesame")
    assert unlock(stage, password).status_code in (403, 422)


@pytest.mark.usefixtures("long_minute")
def test_guessing_the_password_is_slowed_down(stage: WebStage) -> None:
    set_access(stage, "password", "sesame")
    client = stage.client()
    headers = {"X-CSRFToken": csrf_token(client)}

    def guess(password: str) -> int:
        return client.post(f"{HALL}/unlock", json={"password": password}, headers=headers).status_code

    assert [guess(f"guess {n}") for n in range(12)] == [403] * 10 + [429] * 2
    assert unlock(stage, "sesame").status_code == 204, "the others at this address come in"


# Beacons


def test_beacons_are_counted_and_passed_on(stage: WebStage) -> None:
    for viewer in ("viewer-one", "viewer-two", "viewer-one"):
        assert stage.call("POST", f"{HALL}/beacon", {"viewer": viewer}).status_code == 204
    assert stage.viewers.count(stage.hall.id) == 2
    assert stage.hints[0] == {"kind": "beacon", "room": stage.hall.id, "viewer": "viewer-one"}


@pytest.mark.parametrize("viewer", ["", "x" * 65, None, 7])
def test_a_beacon_of_nobody(stage: WebStage, viewer: Any) -> None:
    assert stage.call("POST", f"{HALL}/beacon", {"viewer": viewer}).status_code == 422


def test_who_may_not_watch_is_not_counted(stage: WebStage) -> None:
    set_access(stage, "members")
    assert stage.call("POST", f"{HALL}/beacon", {"viewer": "viewer-one"}).status_code == 403


def test_a_slate_is_told(stage: WebStage, writer: SessionWriter) -> None:
    writer.change(phase=SessionPhase.SLATE)
    wait_for(lambda: hall(stage)["session"]["state"] == "slate")


def test_a_room_row_that_was_made_again_keeps_its_session(stage: WebStage, writer: SessionWriter) -> None:
    """Adoption makes rooms again under their old id, and the API finds the session by it."""
    with stage.database.session() as session:
        session.get_one(Room, stage.hall.id).slug = "moved"
    assert stage.call("GET", "/api/v1/rooms/moved").json["session"]["id"] == writer.session_id


def test_what_is_played_is_told_to_who_may_watch(stage: WebStage, writer: SessionWriter) -> None:
    assert hall(stage)["playback"] is None
    paused = PlaybackState("m1", "A film", True, 12.5, 60.0, False, 1.0)
    writer.state = replace(writer.state, version=writer.state.version + 1, playback=paused)
    writer.save()
    told = wait_for(lambda: hall(stage)["playback"])
    assert told == {
        "kind": "film",
        "media_id": "m1",
        "title": "A film",
        "state": "paused",
        "position": 12.5,
        "duration": 60.0,
        "voice_over": False,
    }
    set_access(stage, "members")
    assert hall(stage)["playback"] is None


def wait_for(look: Callable[[], Any]) -> Any:
    """The directory looks at files ten times a second."""
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
    return found
