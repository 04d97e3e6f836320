"""Addresses of a recording's pictures: what is sent, for how long it is kept, and where it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.adoption import adopt_session
from library.models import LectureSession
from library.pictures import folder_of
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_process import ask_web_process
from tests.broadcast.web_stage import WebStage

FILES = {
    "poster.webp": ("image/webp", b"a poster"),
    "thumbnail.webp": ("image/webp", b"a small one"),
    "storyboard.vtt": ("text/vtt; charset=utf-8", b"WEBVTT\n"),
    "storyboard-0.webp": ("image/webp", b"a sheet"),
    "loudness.json": ("application/json", b"{}"),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def recording(stage: WebStage, tmp_path: Path) -> str:
    """A lecture that is over, with pictures → its id."""
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(8)
    writer.end()
    adopt_session(stage.settings, stage.database, writer.session_id)
    put_pictures(stage, writer.session_id, 1)
    return writer.session_id


def put_pictures(stage: WebStage, session_id: str, version: int) -> None:
    folder = folder_of(stage.settings.pictures_folder, session_id, version)
    folder.mkdir(parents=True)
    for name, (_, content) in FILES.items():
        (folder / name).write_bytes(content)
    change(stage, session_id, pictures_version=version, poster="abc")


def change(stage: WebStage, session_id: str, **fields: object) -> None:
    with stage.database.session() as session:
        row = session.get_one(LectureSession, session_id)
        for name, value in fields.items():
            setattr(row, name, value)


def told(stage: WebStage) -> dict[str, str | None]:
    session = stage.call("GET", "/api/v1/rooms/hall").json["session"]
    return {name: session[name] for name in ("poster_url", "thumbnail_url", "storyboard_url", "loudness_url")}


@pytest.mark.parametrize("name", FILES)
def test_each_is_sent_as_what_it_is(stage: WebStage, recording: str, name: str) -> None:
    answer = stage.client().get(f"/watch/{recording}/{name}")
    assert (answer.status_code, answer.content_type, answer.data) == (200, *FILES[name])
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("visibility", "stranger", "member"),
    [("public", 200, 200), ("organization", 401, 200), ("private", 404, 404)],
)
def test_only_who_may_watch_gets_them(
    stage: WebStage, recording: str, visibility: str, stranger: int, member: int
) -> None:
    change(stage, recording, visibility=visibility)
    for person, status in ((None, stranger), (stage.member, member), (stage.lecturer, 200)):
        assert stage.client(person).get(f"/watch/{recording}/poster.webp").status_code == status, person


def test_what_is_named_is_kept_and_anything_else_asked_about(stage: WebStage, recording: str) -> None:
    client = stage.client()
    for path in ("poster.webp?v=abc", "thumbnail.webp?v=abc", "storyboard.vtt?v=1", "loudness.json?v=1"):
        answer = client.get(f"/watch/{recording}/{path}")
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable", path
    for path in ("poster.webp?v=old", "poster.webp?v=", "storyboard.vtt?v=2", "storyboard-0.webp"):
        answer = client.get(f"/watch/{recording}/{path}")
        assert answer.headers["Cache-Control"] == "private, no-cache", path
        again = client.get(f"/watch/{recording}/{path}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path


def test_the_front_sends_it_with_its_tag(stage: WebStage, recording: str) -> None:
    path = f"/watch/{recording}/storyboard-0.webp"
    named = stage.client().get(path, environ_overrides={"kodo.front": True})
    folder = folder_of(stage.settings.pictures_folder, recording, 1)
    assert named.headers["X-Kodo-Send-File"].encode("latin-1").decode() == str(folder / "storyboard-0.webp")
    reply = ask_web_process(stage, path)[path]
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"a sheet", "image/webp")
    assert reply.headers["etag"] == named.headers["ETag"]
    assert reply.headers["cache-control"] == "private, no-cache"


def test_their_addresses_are_told(stage: WebStage, recording: str) -> None:
    base = f"http://localhost/watch/{recording}"
    assert told(stage) == {
        "poster_url": f"{base}/poster.webp?v=abc",
        "thumbnail_url": f"{base}/thumbnail.webp?v=abc",
        "storyboard_url": f"{base}/storyboard.vtt?v=1",
        "loudness_url": f"{base}/loudness.json?v=1",
    }
    listed = stage.call("GET", "/api/v1/lectures").json["recordings"][0]
    assert listed["poster_url"] == f"{base}/poster.webp?v=abc"
    assert listed["thumbnail_url"] == f"{base}/thumbnail.webp?v=abc"
    page = stage.client().get("/").text
    assert f'<img src="/watch/{recording}/thumbnail.webp?v=abc" alt="" width="640" height="360"' in page


def test_those_of_an_older_version_are_no_storyboard_of_the_newer(stage: WebStage, recording: str) -> None:
    change(stage, recording, edit_version=2)
    addresses = told(stage)
    assert addresses["poster_url"] is not None
    assert addresses["storyboard_url"] is None and addresses["loudness_url"] is None
    put_pictures(stage, recording, 2)
    assert str(told(stage)["storyboard_url"]).endswith("/storyboard.vtt?v=2")


def test_none_were_made_or_none_was_fit(stage: WebStage, recording: str) -> None:
    change(stage, recording, poster=None)
    assert told(stage)["poster_url"] is None and told(stage)["storyboard_url"] is not None
    assert "<img" not in stage.client().get("/").text
    assert stage.call("GET", "/api/v1/rooms/hall").json["session"]["pictures_state"] == "ready"
    change(stage, recording, pictures_version=None)
    assert stage.call("GET", "/api/v1/rooms/hall").json["session"]["pictures_state"] == "waiting"
    assert set(told(stage).values()) == {None}
    for name in FILES:
        assert stage.client().get(f"/watch/{recording}/{name}").status_code == 404


@pytest.mark.parametrize("name", ["storyboard-7.webp", "storyboard--1.webp", "storyboard-x.webp", "x.webp"])
def test_no_such_picture(stage: WebStage, recording: str, name: str) -> None:
    assert stage.client().get(f"/watch/{recording}/{name}").status_code == 404


@pytest.mark.parametrize("session_id", ["s2", "..", "%2e%2e%2fkodo.db"])
def test_no_such_recording(stage: WebStage, session_id: str) -> None:
    assert stage.client().get(f"/watch/{session_id}/poster.webp").status_code == 404
