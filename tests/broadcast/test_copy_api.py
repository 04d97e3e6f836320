"""Safety copies by the API: gaps, uploads in pieces, the job that is ordered, what is not theirs to ask."""

from __future__ import annotations

import base64
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broadcast import session_rows
from broadcast.upload_expiry import UploadExpiry
from library import copies
from library.jobs import Jobs
from library.models import Job, LectureSession, SafetyCopy
from people.models import Room
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.upload_browser import TUS, Browser, Reply
from tests.broadcast.web_stage import WebStage

COPY = os.urandom(50_000)
LIMIT = 1 << 20


@pytest.fixture
def stage_settings() -> dict[str, str]:
    return {"KODO_UPLOAD_SIZE": str(LIMIT)}


def lecture(stage: WebStage, *, ended: bool = True) -> str:
    """Four seconds, a slate of four, four seconds; → the lecture's address."""
    writer = SessionWriter(stage.settings.storage.parent, room_id=stage.hall.id)
    for slate in (False, True, False):
        writer.begin_take(slate=slate)
        writer.parts(12)
    if ended:
        writer.end()
    adopt(stage, writer)
    return f"/api/v1/rooms/hall/sessions/{writer.session_id}"


def adopt(stage: WebStage, writer: SessionWriter) -> None:
    with stage.database.session() as session:
        session_rows.upsert(session, stage.log, writer.state, stage.directory.figures(writer.state))


def begin(browser: Browser, address: str, size: int = len(COPY), began_at: str = "1795000000.5") -> Reply:
    metadata = f"began_at {base64.b64encode(began_at.encode()).decode()},filetype dmlkZW8vd2VibQ=="
    told = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
    return browser.send("POST", f"{address}/copies", told)


def uploaded(browser: Browser, address: str) -> str:
    """The id of a whole copy."""
    url = begin(browser, address).headers["Location"]
    assert browser.upload(url, 0, COPY).status == 204
    return url.split("/")[-2]


def order(stage: WebStage, address: str, *ids: str) -> Any:
    return stage.call("POST", f"{address}/complete", {"copies": list(ids)}, user=stage.lecturer)


def test_the_gaps_of_a_lecture(stage: WebStage) -> None:
    address = lecture(stage)
    told = stage.call("GET", f"{address}/gaps", user=stage.lecturer).json
    assert told["gaps"] == [{"start": 4.0, "end": 8.0}]
    assert told["ended"] is True and told["edit_version"] == 1
    assert abs(told["server_time"] - time.time()) < 60
    assert told["healing"] == {"state": None, "progress": None, "message": None}


def test_a_lecture_whose_files_are_gone_has_nothing_to_heal(stage: WebStage) -> None:
    with stage.database.session() as session:
        session.add(
            LectureSession(
                id="s1",
                room_id=stage.hall.id,
                organization_id=stage.hall.organization_id,
                title="t",
                phase="ended",
                started_at=datetime(2026, 11, 24, tzinfo=UTC),
            )
        )
    told = stage.call("GET", "/api/v1/rooms/hall/sessions/s1/gaps", user=stage.lecturer).json
    assert told["gaps"] == []


def test_a_copy_in_pieces_lies_beside_its_session(browser: Browser, stage: WebStage) -> None:
    address = lecture(stage)
    begun = begin(browser, address)
    assert begun.status == 201 and begun.headers["Upload-Offset"] == "0"
    url = begun.headers["Location"]
    folder = stage.settings.sessions_folder / address.split("/")[-1] / "copies"
    assert browser.upload(url, 0, COPY[:20_000]).status == 204
    assert browser.head(url).headers["Upload-Offset"] == "20000"
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    assert browser.upload(url, 20_000, COPY[20_000:]).status == 204
    [whole] = folder.iterdir()
    assert whole.suffix == ".media" and whole.read_bytes() == COPY
    assert browser.head(url).headers["Upload-Offset"] == str(len(COPY))
    if browser.front:  # Flask's client tells no length of nothing
        assert browser.upload(url, len(COPY), b"").status == 204
    with stage.database.reading() as session:
        assert session.query(SafetyCopy).one().began_at == 1795000000.5
    assert browser.send("DELETE", url, TUS).status == 204
    assert list(folder.iterdir()) == [] and browser.head(url).status == 404


def test_a_copy_that_came_whole_before_its_process_died_is_whole(stage: WebStage) -> None:
    browser, address = Browser(stage, front=False), lecture(stage)
    url = begin(browser, address, 3).headers["Location"]
    copy_id = url.split("/")[-2]
    folder = stage.settings.sessions_folder / address.split("/")[-1] / "copies"
    (folder / f"{copy_id}.part").write_bytes(b"abc")
    assert order(stage, address, copy_id).status_code == 409
    assert browser.head(url).headers["Upload-Offset"] == "3"
    assert order(stage, address, copy_id).status_code == 202
    with stage.database.session() as session:  # died between the file's new name and the row
        session.get_one(SafetyCopy, copy_id).state = "uploading"
    assert browser.head(url).headers["Upload-Offset"] == "3"
    with stage.database.reading() as session:
        assert session.get_one(SafetyCopy, copy_id).state == "whole"


@pytest.mark.parametrize("began_at", ["", "soon", "nan", "inf", "-1e300"])
def test_a_copy_that_does_not_say_when_it_began(stage: WebStage, began_at: str) -> None:
    assert begin(Browser(stage, front=False), lecture(stage), began_at=began_at).status == 400


def test_copies_are_bounded(stage: WebStage, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, address = Browser(stage, front=False), lecture(stage)
    assert begin(browser, address, LIMIT + 1).status == 413
    assert begin(browser, address, LIMIT - 10).status == 201
    assert begin(browser, address, 11).status == 409
    monkeypatch.setattr(copies, "MAX_COPIES", 2)
    assert [begin(browser, address, 1).status for _ in range(2)] == [201, 409]
    assert begin(browser, lecture(stage), 1).status == 201


def test_copies_of_other_rooms_and_sessions_are_not_here(stage: WebStage) -> None:
    browser, address, other = Browser(stage, front=False), lecture(stage), lecture(stage)
    copy_id = uploaded(browser, address)
    assert order(stage, other, copy_id).status_code == 409
    assert browser.head(f"{other}/copies/{copy_id}/upload").status == 404
    with stage.database.session() as session:
        session.get_one(LectureSession, address.split("/")[-1]).room_id = foreign_room(session, stage)
    assert browser.head(f"{address}/copies/{copy_id}/upload").status == 404
    assert stage.call("GET", f"{address}/gaps", user=stage.lecturer).status_code == 404
    for odd in ("..", "x" * 200):
        path = f"/api/v1/rooms/hall/sessions/{odd}/gaps"
        assert stage.call("GET", path, user=stage.lecturer).status_code == 404


def foreign_room(session: Any, stage: WebStage) -> str:
    room = Room(organization_id=stage.hall.organization_id, slug="elsewhere", title="E")
    session.add(room)
    session.flush()
    return room.id


def test_the_job_is_ordered_once_and_again_when_it_has_ended(stage: WebStage) -> None:
    browser, address = Browser(stage, front=False), lecture(stage)
    ids = [uploaded(browser, address) for _ in range(2)]
    assert order(stage, address, *ids).json["healing"]["state"] == "waiting"
    assert order(stage, address, ids[0]).status_code == 202
    with stage.database.reading() as session:
        job = session.query(Job).where(Job.kind == "heal").one()
    paths = [Path(one["path"]) for one in job.payload["copies"]]
    assert [path.stem for path in paths] == ids and all(path.read_bytes() == COPY for path in paths)
    with stage.database.session() as session:
        found = session.get_one(Job, job.id)
        found.state, found.progress, found.message = "running", 0.25, "encoding"
    healing = stage.call("GET", f"{address}/gaps", user=stage.lecturer).json["healing"]
    assert healing == {"state": "running", "progress": 0.25, "message": "encoding"}
    assert stage.call("DELETE", f"{address}/complete", user=stage.lecturer).status_code == 204
    assert Jobs(stage.database).get(job.id).state == "cancelled"
    assert order(stage, address, *ids).json["healing"]["state"] == "waiting"
    with stage.database.reading() as session:
        assert session.query(Job).where(Job.kind == "heal").count() == 2


@pytest.mark.parametrize("body", [{}, {"copies": []}, {"copies": "x"}, {"copies": [7]}, []])
def test_orders_that_make_no_sense(stage: WebStage, body: Any) -> None:
    address = lecture(stage)
    assert stage.call("POST", f"{address}/complete", body, user=stage.lecturer).status_code in (400, 422)


def test_a_lecture_under_way_is_not_healed(stage: WebStage) -> None:
    browser, address = Browser(stage, front=False), lecture(stage, ended=False)
    assert stage.call("GET", f"{address}/gaps", user=stage.lecturer).json["ended"] is False
    assert order(stage, address, uploaded(browser, address)).status_code == 409


def test_what_was_never_completed_goes(stage: WebStage) -> None:
    browser, address = Browser(stage, front=False), lecture(stage)
    kept = uploaded(browser, address)
    begin(browser, address)
    folder = stage.settings.sessions_folder / address.split("/")[-1] / "copies"
    (folder / "orphan.part").write_bytes(b"x")
    late = time.time() + stage.settings.upload_seconds + 60
    UploadExpiry(stage.settings, stage.database).step()
    assert len(list(folder.iterdir())) == 3
    UploadExpiry(replace(stage.settings), stage.database, wall=lambda: late).step()
    assert [path.name for path in folder.iterdir()] == [f"{kept}.media"]
    with stage.database.reading() as session:
        assert [copy.id for copy in session.query(SafetyCopy)] == [kept]
