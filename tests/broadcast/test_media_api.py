"""Films by the API: tus uploads by Flask alone and by the front, lists, recordings, deleting, expiry."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import io
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast import upload_receiver
from broadcast.upload_expiry import UploadExpiry
from library import films
from library.jobs import Jobs
from library.models import Film, FilmState, Job, LectureSession
from recorder.session_state import PlaybackState
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.upload_browser import FILM, MEDIA, PIECE, TUS, Browser
from tests.broadcast.web_stage import WebStage

LIMIT = 64 << 20


@pytest.fixture
def stage_settings() -> dict[str, str]:
    return {"KODO_UPLOAD_SIZE": str(LIMIT)}


def part(stage: WebStage, film_id: str) -> Path:
    return stage.settings.uploads_folder / f"{film_id}.part"


def test_an_upload_in_pieces_becomes_a_film_to_prepare(browser: Browser, stage: WebStage) -> None:
    begun = browser.begin()
    assert begun.status == 201 and begun.headers["Upload-Offset"] == "0"
    url = begun.headers["Location"]
    half = len(FILM) // 2
    one = browser.upload(url, 0, FILM[:half])
    assert (one.status, one.headers["Upload-Offset"]) == (204, str(half))
    assert "Upload-Expires" in one.headers and one.headers["Tus-Resumable"] == "1.0.0"
    assert browser.head(url).headers["Upload-Offset"] == str(half)
    (listed,) = browser.list()
    assert (listed["state"], listed["offset"], listed["title"]) == ("uploading", half, "講義 1")
    assert listed["upload_url"] == url
    assert browser.upload(url, half, FILM[half:]).status == 204
    (listed,) = browser.list()
    assert listed["state"] == "preparing" and listed["upload_url"] is None
    assert part(stage, listed["id"]).read_bytes() == FILM
    with stage.database.reading() as session:
        job = session.query(Job).where(Job.subject == listed["id"]).one()
    assert job.payload == {"source": str(part(stage, listed["id"]))}
    assert browser.head(url).headers["Upload-Offset"] == str(len(FILM))


def test_a_piece_again_or_too_far_ahead_is_refused_and_told_where_to_go_on(browser: Browser) -> None:
    url = browser.begin().headers["Location"]
    browser.upload(url, 0, FILM[:1000])
    for offset in (0, 999, 1001):
        answer = browser.upload(url, offset, FILM[1000:2000])
        assert answer.status == 409 and answer.headers["Upload-Offset"] == "1000"
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_more_than_was_told_is_refused(browser: Browser) -> None:
    url = browser.begin(1000).headers["Location"]
    assert browser.upload(url, 0, FILM[:1001]).status == 413
    assert browser.head(url).headers["Upload-Offset"] == "0"


def test_checksums(browser: Browser) -> None:
    url = browser.begin().headers["Location"]
    good = "sha1 " + base64.b64encode(hashlib.sha1(FILM[:500]).digest()).decode()
    assert browser.upload(url, 0, FILM[:500], **{"Upload-Checksum": good}).status == 204
    wrong = browser.upload(url, 500, FILM[500:900], **{"Upload-Checksum": good})
    assert wrong.status == 460 and browser.head(url).headers["Upload-Offset"] == "500"
    for bad in ("md5 AAAA", "sha1", "sha1 !!!"):
        assert browser.upload(url, 500, b"x", **{"Upload-Checksum": bad}).status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "many"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "0"}, 400),
        ({"Upload-Length": str(LIMIT + 1)}, 413),
        ({"Upload-Length": "9" * 40}, 400),
        ({"Upload-Metadata": "filename %%%"}, 400),
        ({"Tus-Resumable": "0.2.2"}, 412),
    ],
)
def test_uploads_that_cannot_begin(browser: Browser, headers: dict[str, str], status: int) -> None:
    answer = browser.begin(**headers)
    assert answer.status == status and "Tus-Resumable" in answer.headers
    assert browser.list() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "video/mp4"}, 415),
        ({"Upload-Offset": "x"}, 400),
        ({"Tus-Resumable": "2.0.0"}, 412),
        ({"X-CSRFToken": "forged"}, 400),
    ],
)
def test_pieces_that_make_no_sense(browser: Browser, headers: dict[str, str], status: int) -> None:
    url = browser.begin().headers["Location"]
    assert browser.upload(url, 0, b"abc", **headers).status == status
    assert browser.head(url).headers["Upload-Offset"] == "0"


def test_a_piece_without_a_length_is_refused(stage: WebStage) -> None:
    browser = Browser(stage, front=True)
    url = browser.begin().headers["Location"].removeprefix("http://localhost")
    headers = {**TUS, "X-CSRFToken": browser.token, "Upload-Offset": "0", **PIECE}
    chunked = {**headers, "Content-Length": "", "Transfer-Encoding": "chunked"}
    assert asyncio.run(browser._by_front("PATCH", url, chunked, [b"x"])).status == 411
    no_number = {**headers, "Content-Length": "x"}
    assert asyncio.run(browser._by_front("PATCH", url, no_number, [b"x"])).status == 400
    assert browser.head(url).headers["Upload-Offset"] == "0"


def test_an_unknown_upload(browser: Browser) -> None:
    url = f"{MEDIA}/0193-unknown/upload"
    assert browser.head(url).status == 404
    assert browser.upload(url, 0, b"abc").status == 404
    assert browser.send("DELETE", url, TUS).status == 404


def test_an_upload_can_be_given_up(browser: Browser, stage: WebStage) -> None:
    url = browser.begin().headers["Location"]
    browser.upload(url, 0, FILM[:1000])
    (film,) = browser.list()
    assert browser.send("DELETE", url, TUS).status == 204
    assert browser.list() == [] and not part(stage, film["id"]).exists()
    assert browser.upload(url, 1000, FILM[1000:]).status == 404


def test_only_one_writes_at_a_time(browser: Browser, stage: WebStage) -> None:
    url = browser.begin().headers["Location"]
    (film,) = browser.list()
    with open(part(stage, film["id"]), "ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        answer = browser.upload(url, 0, b"abc")
        assert answer.status == 423 and answer.headers["Retry-After"] == "2"
    assert browser.upload(url, 0, b"abc").status == 204


def test_a_client_that_leaves_has_lost_nothing(stage: WebStage) -> None:
    browser = Browser(stage, front=True)
    url = browser.begin(10_000_000).headers["Location"].removeprefix("http://localhost")
    body = os.urandom(3_000_000)
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    headers = {**TUS, "X-CSRFToken": browser.token, "Upload-Offset": "0", "Content-Length": "10000000",
               "Content-Type": "application/offset+octet-stream"}  # fmt: skip
    left = asyncio.run(browser._by_front("PATCH", url, headers, pieces, then="leaves"))
    assert left.status == 0
    assert browser.head(url).headers["Upload-Offset"] == "3000000"
    (film,) = browser.list()
    assert part(stage, film["id"]).read_bytes() == body


def test_a_client_that_falls_silent_is_let_go(stage: WebStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_receiver, "IDLE_SECONDS", 0.2)
    browser = Browser(stage, front=True)
    url = browser.begin(1000).headers["Location"].removeprefix("http://localhost")
    headers = {**TUS, "X-CSRFToken": browser.token, "Upload-Offset": "0", "Content-Length": "1000", **PIECE}
    answer = asyncio.run(browser._by_front("PATCH", url, headers, [b"x" * 400], then="silence"))
    assert answer.status == 408 and answer.headers["Upload-Offset"] == "400"
    assert browser.upload(url, 400, b"y" * 600).status == 204


def test_the_disks_floor_is_kept(tmp_path: Path) -> None:
    stage = WebStage(tmp_path, KODO_DISK_FLOOR="1000T")
    for front in (False, True):
        assert Browser(stage, front=front).begin().status == 507
    stage.close()


def test_a_disk_that_fills_up_in_between(browser: Browser, stage: WebStage) -> None:
    url = browser.begin().headers["Location"]
    (film,) = browser.list()
    order = upload_receiver.Order(part(stage, film["id"]), 0, 3, 1 << 60, None)
    assert upload_receiver.write_here(order, io.BytesIO(b"abc")).problem == "no_room"
    assert browser.upload(url, 0, b"abc").status == 204


def test_a_room_has_so_many_unfinished_uploads_and_no_more(browser: Browser) -> None:
    for _ in range(films.MAX_UPLOADING):
        assert browser.begin().status == 201
    assert browser.begin().status == 409


def test_what_the_server_can_do(browser: Browser) -> None:
    answer = browser.send("OPTIONS", "/api/v1/uploads")
    assert answer.status == 204 and answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(LIMIT)
    assert "checksum" in answer.headers["Tus-Extension"]


def add_recording(stage: WebStage, room_id: str, *, mp4: bool = True) -> str:
    path = stage.settings.storage / "recordings" / "s1.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"film")
    with stage.database.session() as session:
        session.add(
            LectureSession(
                id="s1",
                room_id=room_id,
                organization_id=stage.hall.organization_id,
                title="線形代数",
                phase="ended",
                started_at=datetime(2026, 11, 24, 1, 2, tzinfo=UTC),
                mp4_path=str(path) if mp4 else None,
                mp4_bytes=4,
            )
        )
    return str(path)


def test_a_recording_becomes_a_film_once(stage: WebStage) -> None:
    path = add_recording(stage, stage.hall.id)
    listed = stage.call("GET", MEDIA, user=stage.lecturer).json
    assert [one["session"] for one in listed["recordings"]] == ["s1"]
    first = stage.call("POST", MEDIA, {"session": "s1"}, user=stage.lecturer)
    again = stage.call("POST", MEDIA, {"session": "s1"}, user=stage.lecturer)
    assert first.status_code == again.status_code == 201 and first.json["id"] == again.json["id"]
    assert first.json["state"] == "preparing" and first.json["title"] == "線形代数"
    with stage.database.reading() as session:
        assert session.query(Job).where(Job.kind == "media").one().payload == {"source": path}


def test_a_recording_that_is_not_there_or_not_ready(stage: WebStage) -> None:
    assert stage.call("POST", MEDIA, {"session": "s1"}, user=stage.lecturer).status_code == 404
    add_recording(stage, stage.hall.id, mp4=False)
    assert stage.call("POST", MEDIA, {"session": "s1"}, user=stage.lecturer).status_code == 409
    for body in ({}, {"session": 7}, [], "x"):
        assert stage.call("POST", MEDIA, body, user=stage.lecturer).status_code == 422


def test_what_the_job_says_is_told(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    url = browser.begin(3).headers["Location"]
    browser.upload(url, 0, b"abc")
    (film,) = browser.list()
    with stage.database.session() as session:
        job = session.query(Job).where(Job.subject == film["id"]).one()
        job.state, job.progress = "running", 0.25
    assert browser.list()[0]["progress"] == 0.25
    refused = {"refused": "no_picture"}
    assert films.is_prepared(stage.database, film["id"], refused)
    assert [(f["state"], f["reason"]) for f in browser.list()] == [("failed", "no_picture")]
    made = {"seconds": 6.0, "width": 640, "height": 360, "bytes": 1, "cut": True}
    for said in (made, refused):  # a later attempt finds its upload gone: the film is there
        assert films.is_prepared(stage.database, film["id"], said)
        (ready,) = browser.list()
        assert (ready["state"], ready["seconds"], ready["cut"]) == ("ready", 6.0, True)
    assert not films.is_prepared(stage.database, "gone", made)


def test_a_job_that_was_given_up_is_a_failed_film(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    browser.upload(browser.begin(3).headers["Location"], 0, b"abc")
    with stage.database.session() as session:
        session.query(Job).one().state = "failed"
    assert [(f["state"], f["reason"]) for f in browser.list()] == [("failed", "given_up")]


def test_deleting_stops_the_job_and_takes_the_files(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    browser.upload(browser.begin(3).headers["Location"], 0, b"abc")
    (film,) = browser.list()
    ready = stage.settings.media_folder / f"{film['id']}.mkv"
    ready.parent.mkdir()
    ready.write_bytes(b"film")
    assert browser.send("DELETE", f"{MEDIA}/{film['id']}").status == 204
    assert browser.list() == [] and not ready.exists() and not part(stage, film["id"]).exists()
    with stage.database.reading() as session:
        job = session.query(Job).one()
    assert Jobs(stage.database).get(job.id).state == "cancelled"
    assert browser.send("DELETE", f"{MEDIA}/{film['id']}").status == 404


def test_a_complete_upload_is_handed_on_though_its_process_died(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    browser.begin(3)
    (film,) = browser.list()
    part(stage, film["id"]).write_bytes(b"ab")
    assert browser.list()[0]["state"] == "uploading"
    part(stage, film["id"]).write_bytes(b"abc")
    assert browser.list()[0]["state"] == "preparing"
    assert browser.list()[0]["state"] == "preparing"


def test_a_film_being_played_is_not_deleted(stage: WebStage, tmp_path: Path) -> None:
    browser = Browser(stage, front=False)
    browser.begin()
    (film,) = browser.list()
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    playing = PlaybackState(film["id"], "A film", True, 0.0, 60.0, False, 1.0)
    writer.state = replace(writer.state, version=2, playback=playing)
    writer.save()
    assert browser.send("DELETE", f"{MEDIA}/{film['id']}").status == 409
    writer.state = replace(writer.state, version=3, playback=None)
    writer.save()
    deadline = time.monotonic() + 60  # the directory looks at files ten times a second
    while browser.send("DELETE", f"{MEDIA}/{film['id']}").status != 204:
        assert time.monotonic() < deadline


def test_unfinished_uploads_expire(stage: WebStage) -> None:
    browser = Browser(stage, front=False)
    browser.upload(browser.begin().headers["Location"], 0, b"abc")
    browser.upload(browser.begin(3).headers["Location"], 0, b"abc")  # complete: it stays
    orphan = part(stage, "orphan")
    orphan.write_bytes(b"x")
    now = [datetime.now(UTC).timestamp()]
    expiry = UploadExpiry(stage.settings, stage.database, wall=lambda: now[0])
    expiry.step()
    assert len(browser.list()) == 2 and orphan.exists()
    now[0] += stage.settings.upload_seconds + 5
    expiry.step()
    (left,) = browser.list()
    assert left["state"] == "preparing" and part(stage, left["id"]).exists()
    assert sorted(path.stem for path in stage.settings.uploads_folder.iterdir()) == [left["id"]]


def test_its_thread_ends(stage: WebStage) -> None:
    expiry = UploadExpiry(stage.settings, stage.database)
    expiry.open()
    expiry.open()
    expiry.close()
    expiry.close()


def test_what_is_not_ready_is_not_played(stage: WebStage) -> None:
    with stage.database.session() as session:
        film = Film(
            room_id=stage.hall.id, organization_id=stage.hall.organization_id, title="t", bytes=3,
            state=FilmState.PREPARING,
        )  # fmt: skip
        session.add(film)
        session.flush()
        film_id = film.id
    path = "/api/v1/rooms/hall/playback"
    play = {"action": "play", "media_id": film_id}
    assert stage.call("POST", path, play, user=stage.lecturer).status_code == 409
    assert stage.call("POST", path, {**play, "media_id": "x"}, user=stage.lecturer).status_code == 404
    # No recorder runs here: what would be carried out meets none.
    assert stage.call("POST", path, {"action": "stop"}, user=stage.lecturer).status_code == 503
    for bad in (
        {},
        {"action": "dance"},
        {"action": "seek", "position": -1},
        {"action": "seek", "position": 1e9},
    ):
        assert stage.call("POST", path, bad, user=stage.lecturer).status_code == 422
    assert stage.call("POST", path, play, user=stage.member).status_code == 403
    assert stage.call("POST", path, play).status_code == 401


def test_cameras_are_offered_where_they_are_allowed(tmp_path: Path) -> None:
    stage = WebStage(tmp_path, KODO_CAMERA_NETWORKS="192.168.20.0/24, fd00::/8")
    assert stage.call("GET", MEDIA, user=stage.lecturer).json["cameras"] is True
    path = "/api/v1/rooms/hall/playback"
    camera = {"action": "camera", "url": "rtsp://192.168.20.7/1"}
    assert stage.call("POST", path, camera, user=stage.lecturer).status_code == 503  # no recorder runs here
    assert stage.call("POST", path, {**camera, "url": "x" * 501}, user=stage.lecturer).status_code == 422
    assert stage.call("POST", path, camera, user=stage.member).status_code == 403
    stage.close()
