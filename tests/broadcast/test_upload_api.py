"""Uploads into the library by the API: tus with words of the recording, lists, doors, giving up, expiry."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from broadcast.upload_expiry import UploadExpiry
from library import uploads
from library.models import Job, LectureSession, Upload, UploadState
from people.command_line import add_user
from people.models import Role, Room, User
from tests.broadcast.upload_browser import PIECE, TUS, Browser, Reply
from tests.broadcast.web_stage import PASSWORD, WebStage

UPLOADS = "/api/v1/library/uploads"
CONTENT = os.urandom(150_000)


def begin(browser: Browser, size: int = len(CONTENT), **words: str) -> Reply:
    told = {"filename": "講義 1.mp4", **words}
    pairs = [f"{name} {base64.b64encode(word.encode()).decode()}" for name, word in told.items()]
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
    return browser.send("POST", UPLOADS, headers)


def send(browser: Browser, url: str, offset: int, body: bytes) -> Reply:
    return browser.send("PATCH", url, {**TUS, **PIECE, "Upload-Offset": str(offset)}, body)


def listed(stage: WebStage, user: User | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.call("GET", UPLOADS, user=user or stage.lecturer).json["uploads"]
    return found


def recording(stage: WebStage, one: Mapping[str, Any]) -> LectureSession:
    with stage.database.reading() as session:
        return session.get_one(LectureSession, one["recording"])


def part(stage: WebStage, upload_id: str) -> Path:
    return stage.settings.uploads_folder / f"{upload_id}.part"


def test_an_upload_in_pieces_waits_to_be_prepared(browser: Browser, stage: WebStage) -> None:
    begun = begin(browser, title="固有値", language="ja", visibility="public")
    assert begun.status == 201
    url, half = begun.headers["Location"], len(CONTENT) // 2
    assert send(browser, url, 0, CONTENT[:half]).status == 204
    (one,) = listed(stage)
    assert (one["state"], one["offset"], one["bytes"], one["upload_url"]) == (
        "uploading", half, len(CONTENT), url,
    )  # fmt: skip
    row = recording(stage, one)
    assert (row.title, row.language, row.visibility, row.lecturer) == ("固有値", "ja", "public", "lecturer")
    told = stage.call("GET", f"/api/v1/recordings/{row.id}", user=stage.lecturer).json
    assert (told["state"], told["hls_url"], told["visibility"]) == ("uploading", None, "public")
    assert browser.head(url).headers["Upload-Offset"] == str(half)
    assert send(browser, url, half, CONTENT[half:]).status == 204
    (one,) = listed(stage)
    assert (one["state"], one["upload_url"]) == ("waiting", None)
    assert part(stage, one["id"]).read_bytes() == CONTENT
    with stage.database.reading() as session:
        job = session.query(Job).where(Job.kind == "import").one()
    assert job.subject == row.id and job.payload["source"] == str(part(stage, one["id"]))
    assert stage.client().get(f"/watch/{row.id}").location == "/library", "it has nothing to show yet"
    assert stage.call("GET", "/api/v1/recordings").json["recordings"] == []


def test_it_is_private_and_called_as_its_file_unless_told_otherwise(
    browser: Browser, stage: WebStage
) -> None:
    begin(browser, filename="C:\\films\\" + "長" * 300 + ".mov")
    (one,) = listed(stage)
    row = recording(stage, one)
    assert (row.title, row.visibility, row.language) == ("長" * 200, "private", None)
    assert one["filename"] == "長" * uploads.MAX_FILENAME


@pytest.mark.parametrize("words", [{"visibility": "room"}, {"visibility": "all"}, {"language": "日本語"}])
def test_words_that_make_no_sense(stage: WebStage, words: dict[str, str]) -> None:
    assert begin(Browser(stage, front=False), **words).status == 422
    assert listed(stage) == []


def test_a_person_has_so_many_unfinished_uploads_and_no_more(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    for _ in range(uploads.MAX_UPLOADING):
        assert begin(browser).status == 201
    assert begin(browser).status == 409
    assert begin(browser, size=0).status == 400


def people(stage: WebStage) -> dict[str, User | None]:
    made = {
        name: add_user(stage.database, name, role, PASSWORD)
        for name, role in (("colleague", Role.LECTURER), ("admin", Role.ADMIN))
    }
    return {**made, "member": stage.member, "nobody": None}


def test_others_know_nothing_of_it_but_admins(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    begin(browser)
    (one,) = listed(stage)
    address = f"{UPLOADS}/{one['id']}"
    seen = {}
    for name, person in people(stage).items():
        answers = (
            stage.call("GET", address, user=person).status_code,
            stage.call("POST", f"{address}/retry", {}, user=person).status_code,
            stage.call("GET", f"/api/v1/recordings/{one['recording']}", user=person).status_code,
        )
        seen[name] = answers
        if name == "colleague":
            assert listed(stage, person) == []
            assert stage.call("DELETE", address, user=person).status_code == 404
        if name == "admin":
            assert [each["id"] for each in listed(stage, person)] == [one["id"]]
    assert seen == {
        "colleague": (404, 404, 404),
        "admin": (200, 409, 200),
        "member": (403, 403, 404),
        "nobody": (401, 401, 404),
    }


def test_the_room_behind_it_is_no_room(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    begin(browser)
    with stage.database.reading() as session:
        room = session.query(Room).where(Room.uploads).one()
    for path in (f"/rooms/{room.slug}", f"/rooms/{room.slug}/studio", f"/rooms/{room.slug}/settings"):
        assert stage.client(stage.lecturer).get(path).status_code == 404
    api = f"/api/v1/rooms/{room.slug}"
    assert stage.call("POST", f"{api}/publish-token", {}, user=stage.lecturer).status_code == 403
    assert stage.call("POST", f"{api}/stream-keys", {"label": "x"}, user=stage.lecturer).status_code == 404
    assert stage.call("PATCH", api, {"access": "open"}, user=stage.lecturer).status_code == 404
    assert room.slug not in stage.client(stage.lecturer).get("/rooms").text
    (one,) = listed(stage)
    page = stage.client(stage.lecturer).get(f"/watch/{one['recording']}/edit").text
    assert 'value="private" checked' in page and 'value="room"' not in page
    patched = stage.call(
        "PATCH", f"/api/v1/recordings/{one['recording']}", {"visibility": "room"}, user=stage.lecturer
    )
    assert patched.status_code == 422


@pytest.mark.parametrize("way", ["tus", "list"])
def test_it_can_be_given_up(browser: Browser, stage: WebStage, way: str) -> None:
    url = begin(browser).headers["Location"]
    send(browser, url, 0, CONTENT[:1000])
    (one,) = listed(stage)
    address = url if way == "tus" else f"{UPLOADS}/{one['id']}"
    assert browser.send("DELETE", address, TUS).status == 204
    assert listed(stage) == [] and not part(stage, one["id"]).exists()
    assert send(browser, url, 1000, CONTENT[1000:]).status == 404
    with stage.database.reading() as session:
        assert session.query(LectureSession).all() == []


def test_one_in_the_library_is_not_given_up(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    begin(browser)
    (one,) = listed(stage)
    with stage.database.session() as session:
        session.get_one(Upload, one["id"]).state = UploadState.READY
    address = f"{UPLOADS}/{one['id']}"
    assert listed(stage) == []
    assert stage.call("GET", address, user=stage.lecturer).json["state"] == "ready"
    assert stage.call("DELETE", address, user=stage.lecturer).status_code == 409


def test_what_was_complete_when_its_process_died_is_handed_on_at_the_next_look(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    begin(browser)
    (one,) = listed(stage)
    part(stage, one["id"]).write_bytes(CONTENT)
    assert listed(stage)[0]["state"] == "waiting"


def test_what_was_never_completed_goes_and_the_rest_stays(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    begin(browser, title="stale")
    url = begin(browser, title="whole").headers["Location"]
    send(browser, url, 0, CONTENT)
    now = recording(stage, listed(stage)[0]).started_at.timestamp() + stage.settings.upload_seconds + 60
    UploadExpiry(stage.settings, stage.database, wall=lambda: now).step()
    (left,) = listed(stage)
    assert (left["title"], left["state"]) == ("whole", "waiting")
    assert [path.stem for path in stage.settings.uploads_folder.iterdir()] == [left["id"]]


def test_the_file_of_one_that_failed_is_kept_for_a_week(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    send(browser, begin(browser).headers["Location"], 0, CONTENT)
    (one,) = listed(stage)
    with stage.database.session() as session:
        session.get_one(Upload, one["id"]).state = UploadState.FAILED
    began = recording(stage, one).started_at.timestamp()
    for days, there in ((6.9, True), (7.1, False)):
        now = began + days * 86_400
        UploadExpiry(stage.settings, stage.database, wall=lambda now=now: now).step()
        assert part(stage, one["id"]).exists() is there
    assert listed(stage)[0]["state"] == "failed"


def test_the_librarys_page_offers_it_to_who_may(stage: WebStage) -> None:
    begin(Browser(stage, front=False), title="行列式")
    page = stage.client(stage.lecturer).get("/library").text
    assert 'id="upload-open"' in page
    data = json.loads(page.split('id="page">')[1].split("</script>")[0])
    assert [one["title"] for one in data["uploads"]["told"]] == ["行列式"]
    for person in (None, stage.member):
        assert "upload-open" not in stage.client(person).get("/library").text
    assert "upload-dialog" not in stage.client(stage.lecturer).get("/library?trash=1").text
