"""`app.py library add`: a file on its way into the library, exit codes, nothing left of what cannot come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from library.database import Database, open_database
from library.models import Job, LectureSession, Upload
from people.models import Room
from tests.installation import Installation
from tests.skeleton.test_app import app

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    made.add_lecturer("sato")
    return made


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "第1回 行列式.mp4"
    path.write_bytes(b"x" * 3_000_000)
    return path


def opened(installation: Installation) -> Database:
    return open_database(f"sqlite:///{installation.storage / 'kodo.db'}")


def test_it_returns_at_once_with_the_recordings_id(installation: Installation, film: Path) -> None:
    words = ("--title", "Determinants", "--lang", "JA", "--visibility", "public", "--json")
    recording = json.loads(installation.run("library", "add", str(film), *words))["recording"]
    with opened(installation).reading() as session:
        row = session.get_one(LectureSession, recording)
        upload, job = session.query(Upload).one(), session.query(Job).one()
        room = session.get_one(Room, row.room_id)
    assert (row.title, row.language, row.visibility) == ("Determinants", "ja", "public")
    assert (job.kind, job.subject, job.state) == ("import", recording, "waiting")
    assert (room.uploads, room.owner_id) == (True, None)
    assert (upload.filename, upload.bytes) == (film.name, 3_000_000)
    assert Path(job.payload["source"]).read_bytes() == film.read_bytes()


def test_it_is_private_somebodys_and_called_as_its_file(installation: Installation, film: Path) -> None:
    recording = installation.run("library", "add", str(film), "--owner", "sato").strip()
    with opened(installation).reading() as session:
        row = session.get_one(LectureSession, recording)
        assert session.get_one(Room, row.room_id).owner_id is not None
    assert (row.title, row.visibility, row.lecturer) == ("第1回 行列式", "private", "sato")
    assert installation.run("room", "list") == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing.mp4"],
        ["FILE", "--lang", "日本語"],
        ["FILE", "--visibility", "room"],
        ["FILE", "--title", " "],
        [],
    ],
)
def test_wrong_use(installation: Installation, film: Path, arguments: list[str]) -> None:
    given = [str(film) if one == "FILE" else one for one in arguments]
    code, out, err = app(installation, "library", "add", *given)
    assert (code, out) == (2, "") and err


def test_what_cannot_come_leaves_nothing(installation: Installation, film: Path) -> None:
    code, _, err = app(installation, "library", "add", str(film), KODO_DISK_FLOOR="1000T")
    assert code == 1 and "too little disk" in err
    code, _, err = app(installation, "library", "add", str(film), "--owner", "nobody")
    assert code == 1 and "nobody" in err
    (installation.storage / "uploads").rmdir()
    (installation.storage / "uploads").touch()
    code, _, err = app(installation, "library", "add", str(film))
    assert code == 1 and "cannot be copied" in err and "Traceback" not in err
    with opened(installation).reading() as session:
        assert session.query(LectureSession).count() == 0
