"""The MP4 as a download: whose it is, its name in any script, ranges, and how the front gets to send it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from broadcast.download_views import attachment, file_name
from library.models import LectureSession
from people.models import RoomAccess
from people.rooms import change_room, room_of
from tests.broadcast.web_process import ask_web_process
from tests.broadcast.web_stage import WebStage

CONTENT = bytes(range(256)) * 40
DOWNLOAD = "/watch/s1/download"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path / "講義の保管庫")
    mp4 = stage.settings.storage / "recordings" / "s1.mp4"
    mp4.parent.mkdir()
    mp4.write_bytes(CONTENT)
    with stage.database.session() as session:
        session.add(
            LectureSession(
                id="s1",
                room_id=stage.hall.id,
                organization_id=stage.hall.organization_id,
                title="線形代数/第1回",
                phase="ended",
                started_at=datetime(2026, 11, 24, 1, 2, tzinfo=UTC),
                mp4_path=str(mp4),
            )
        )
    yield stage
    stage.close()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server stands in Tokyo."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_whole_file_with_its_name(stage: WebStage) -> None:
    answer = stage.client().get(DOWNLOAD)
    assert (answer.status_code, answer.content_type) == (200, "video/mp4")
    assert answer.data == CONTENT
    name = answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == "線形代数 第1回 2026-11-24.mp4"


def test_ranges_and_conditions(stage: WebStage) -> None:
    client = stage.client()
    whole = client.get(DOWNLOAD)
    part = client.get(DOWNLOAD, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, CONTENT[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"
    again = client.get(DOWNLOAD, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    beyond = client.get(DOWNLOAD, headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


def test_the_front_is_told_to_send_it(stage: WebStage) -> None:
    answer = stage.client().get(DOWNLOAD, environ_overrides={"kodo.front": True})
    named = answer.headers["X-Kodo-Send-File"].encode("latin-1").decode()
    assert named == str(stage.settings.storage / "recordings" / "s1.mp4")
    assert answer.data == b""
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_front_sends_it_from_a_folder_with_any_name(stage: WebStage) -> None:
    reply = ask_web_process(stage, DOWNLOAD)[DOWNLOAD]
    assert (reply.status, reply.headers["content-type"]) == (200, "video/mp4")
    assert reply.body == CONTENT


def test_its_date_is_that_of_the_servers_zone(stage: WebStage, tokyo: None) -> None:
    with stage.database.session() as session:
        row = session.get_one(LectureSession, "s1")
        row.started_at = datetime(2026, 11, 23, 23, 50, tzinfo=UTC)
    assert "2026-11-24.mp4" in stage.client().get(DOWNLOAD).headers["Content-Disposition"]


def test_no_caller_can_name_a_file(stage: WebStage) -> None:
    answer = stage.client().get(DOWNLOAD, headers={"X-Kodo-Send-File": "/etc/passwd", "kodo.front": "1"})
    assert answer.data == CONTENT


@pytest.mark.parametrize("session_id", ["s2", "..", "%2e%2e%2fkodo.db"])
def test_no_such_recording(stage: WebStage, session_id: str) -> None:
    assert stage.client().get(f"/watch/{session_id}/download").status_code == 404


def test_a_file_that_is_gone(stage: WebStage) -> None:
    (stage.settings.storage / "recordings" / "s1.mp4").unlink()
    answer = stage.client().get(DOWNLOAD)
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_the_doors(stage: WebStage) -> None:
    with stage.database.session() as session:
        change_room(room_of(session, "hall"), access=RoomAccess.MEMBERS)
    away = stage.client().get(DOWNLOAD)
    assert (away.status_code, away.location) == (302, "/sign-in?next=%2Fwatch%2Fs1%2Fdownload")
    assert stage.client(stage.member).get(DOWNLOAD).status_code == 200
    with stage.database.session() as session:
        change_room(room_of(session, "hall"), access=RoomAccess.PASSWORD, password="sesame")
    locked = stage.client(stage.member).get(DOWNLOAD)
    assert (locked.status_code, locked.location) == (302, "/rooms/hall")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Algebra I", "Algebra I"),
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j"),
        ("line\r\nSet-Cookie: x", "line Set-Cookie x"),
        ("../../etc/passwd", "etc passwd"),
        ("...", "recording"),
        ("", "recording"),
        ("講" * 300, "講" * 100),
    ],
)
def test_a_title_as_a_file_name(title: str, name: str) -> None:
    assert file_name(title) == name


def test_a_name_in_a_header_is_ascii_and_whole() -> None:
    header = attachment('講堂 "x" — 2026.mp4')
    assert header.isascii()
    assert unquote(header.partition("filename*=UTF-8''")[2]) == '講堂 "x" — 2026.mp4'
    assert header.count('"') == 2
