"""A recording that lives in a real bucket, in real Chromium: plays, waits while that is away, goes on."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from library import object_copies
from library.models import LectureSession
from library.s3_store import S3Place
from people.models import Room
from tests.end_to_end.archive import database_of
from tests.end_to_end.lecturer import PASSWORD
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.library.test_store_job import environment
from tests.network.cut_relay import CutRelay
from tests.recorder.lecture_maker import Lecture
from tests.s3_server import S3Server, s3_place, s3_server  # noqa: F401

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow, pytest.mark.timeout(300)]
SECONDS = 10


@pytest.fixture
def relay(s3_server: S3Server) -> Iterator[CutRelay]:
    with CutRelay(s3_server.port) as relay:
        yield relay


@pytest.fixture
def installation(tmp_path: Path, s3_place: S3Place, relay: CutRelay) -> Iterator[Installation]:
    bucket = environment(tmp_path, s3_place, KODO_S3_ENDPOINT=f"http://127.0.0.1:{relay.port}")
    names = ("KODO_OBJECTS", "KODO_S3_ENDPOINT", "KODO_S3_REGION", "KODO_S3_ACCESS_KEY", "KODO_S3_SECRET_KEY")
    one = Installation(tmp_path, **{name: bucket[name] for name in names})
    try:
        one.start()
        yield one
    finally:
        one.stop()


def moved_recording(installation: Installation) -> tuple[str, str]:
    """A lecture of `yamada` that has ended and left the disk → its id, the SHA-256 of its MP4."""
    installation.add_lecturer("yamada", PASSWORD)
    installation.add_room("hall", "yamada")
    database = database_of(installation)
    with database.reading() as transaction:
        room_id = transaction.scalars(select(Room.id)).one()
    lecture = Lecture(installation.folder, room_id=room_id)
    lecture.camera(0, SECONDS)
    lecture.end(SECONDS)
    installation.wait_for_recording(lecture.session_id)  # while it was live one job was ordered, not all
    installation.run("jobs", "wait", lecture.session_id, "--timeout", "90")
    with database.session() as transaction:
        object_copies.enqueue(transaction, "test")
        path = transaction.get_one(LectureSession, lecture.session_id).mp4_path
    installation.run("jobs", "wait", "--timeout", "90")
    digest = hashlib.sha256(Path(str(path)).read_bytes()).hexdigest()
    installation.run("objects", "move", lecture.session_id)
    installation.run("jobs", "wait", "--timeout", "90")
    database.close()
    assert not Path(str(path)).exists()
    return lecture.session_id, digest


def test_it_plays_from_there_and_outlasts_the_buckets_absence(
    installation: Installation, browser: Browser, relay: CutRelay
) -> None:
    recording, digest = moved_recording(installation)
    relay.cut_after(down=0, up=0)
    viewer = Viewer(browser)
    viewer.open(f"{installation.url}/watch/{recording}")
    viewer.wait("video.readyState >= 2")
    viewer.page.evaluate("() => void document.querySelector('video').play()")
    viewer.wait("video.currentTime > 0.5 && diary.frames > 0")  # its beginning is on the disk
    viewer.wait("!document.querySelector('#trouble').hidden")
    relay.mend()
    viewer.wait("document.querySelector('#trouble').hidden")
    viewer.seek(SECONDS - 2.5)
    viewer.wait(f"video.ended || video.currentTime > {SECONDS - 1}")
    with urllib.request.urlopen(f"{installation.url}/watch/{recording}/download", timeout=60) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == digest
    viewer.close()
