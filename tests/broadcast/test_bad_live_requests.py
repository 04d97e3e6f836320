"""Bad requests for live media and events, to the whole application: clear answers, the lecture goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from broadcast.access import TOKEN_LIFE_SECONDS, sign
from people.models import Room, RoomAccess
from people.rooms import change_room
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import SECRET, WebStage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    stage = WebStage(tmp_path_factory.mktemp("bad"))
    with stage.database.session() as session:
        change_room(session.get_one(Room, stage.hall.id), access=RoomAccess.MEMBERS)
    stage.book.refresh()
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def lecture(stage: WebStage) -> SessionWriter:
    """Under way in a room for members: segment 0 is complete, two parts of segment 1 are there."""
    writer = SessionWriter(stage.settings.storage.parent, room_id=stage.hall.id, access="members")
    writer.begin_take()
    writer.parts(8)
    return writer


def token(stage: WebStage, *, secret: bytes = SECRET, room: str = "", epoch: int = 2, age: float = 0) -> str:
    return sign(secret, room or stage.hall.id, epoch, time.time() - age)


def get(stage: WebStage, path: str) -> TestResponse:
    return stage.app.test_client(use_cookies=False).get(path)


def is_clear(answer: TestResponse, status: int) -> bool:
    """A problem document with a word to people; it tells caches how long it holds."""
    return (
        (answer.status_code, answer.content_type) == (status, "application/problem+json")
        and answer.json["status"] == status
        and len(answer.json["title"]) > 3
        and "Cache-Control" in answer.headers
    )


def goes_on(stage: WebStage, lecture: SessionWriter) -> bool:
    answer = get(stage, f"/live/{token(stage)}/{lecture.session_id}/source/1/0.m4s")
    return answer.status_code == 200 and len(answer.data) > 1_000


@pytest.mark.parametrize(
    "query",
    [
        "_HLS_msn=-1",
        "_HLS_msn=-9223372036854775809",
        "_HLS_msn=99999",
        "_HLS_msn=" + "9" * 300,
        "_HLS_msn=one",
        "_HLS_msn=",
        "_HLS_msn=NaN",
        "_HLS_msn=1e3",
        "_HLS_part=0",
        "_HLS_part=-1",
        "_HLS_msn=1&_HLS_part=99999",
        "_HLS_msn=1&_HLS_part=half",
    ],
)
@pytest.mark.parametrize("name", ["media", "window"])
def test_blocking_directives(stage: WebStage, lecture: SessionWriter, name: str, query: str) -> None:
    path = f"/live/{token(stage)}/{lecture.session_id}/source/{name}.m3u8?{query}"
    assert is_clear(get(stage, path), 400)
    assert goes_on(stage, lecture)


@pytest.mark.parametrize(
    "tail",
    [
        "source/9/init.mp4",
        "source/0/init.mp4",
        "source/9/0.m4s",
        "source/1/99.m4s",
        "source/1/0.99.m4s",
        "source/1/-1.m4s",
        "source/1/one.m4s",
        "source/1/0.m4s.m4s",
        "camera/media.m3u8",
        "replay-1.m3u8",
        "session.json",
        "source/1/..%2f..%2fsession.json",
    ],
)
def test_unknown_takes_segments_and_parts(stage: WebStage, lecture: SessionWriter, tail: str) -> None:
    assert is_clear(get(stage, f"/live/{token(stage)}/{lecture.session_id}/{tail}"), 404)
    assert goes_on(stage, lecture)


@pytest.mark.parametrize(
    "session_id",
    ["nothing", "0190163d-8694-739b-aea5-966c26f8ad91", "..", "%2e%2e", "%00", "x" * 200, "講義"],
)
def test_unknown_sessions(stage: WebStage, session_id: str) -> None:
    assert get(stage, f"/live/{token(stage)}/{session_id}/index.m3u8").status_code in (404, 308)


@pytest.mark.parametrize("batch", ["99", "-1", "abc", "9" * 40, "0.5", ""])
def test_unknown_batches(stage: WebStage, lecture: SessionWriter, batch: str) -> None:
    answer = get(stage, f"/live/{token(stage)}/{stage.hall.id}/events/{batch}")
    assert is_clear(answer, 400 if batch == "99" else 404)
    assert goes_on(stage, lecture)


def test_events_of_an_unknown_room(stage: WebStage) -> None:
    for path in ("/live/open/nowhere/events/0", "/live/open/nowhere/events/snapshot"):
        assert get(stage, path).status_code in (403, 404)


def forged(stage: WebStage) -> Iterator[str]:
    """By another installation, and with each of its parts changed."""
    yield token(stage, secret=b"x" * 32)
    version, room, epoch, expires, mac = token(stage).split(".")
    yield ".".join((version, room, "3", expires, mac))
    yield ".".join((version, room, epoch, str(int(expires) + 1), mac))
    yield ".".join(("v2", room, epoch, expires, mac))
    yield ".".join((version, room, epoch, expires, mac[:-1] + ("A" if mac[-1] != "A" else "E")))
    yield ".".join((version, room, epoch, expires))
    yield "v1...."
    yield "x" * 5_000


def test_forged_access(stage: WebStage, lecture: SessionWriter) -> None:
    for access in forged(stage):
        for place in (f"{lecture.session_id}/index.m3u8", f"{stage.hall.id}/events/snapshot"):
            answer = get(stage, f"/live/{access}/{place}")
            assert answer.status_code in ((403,) if len(access) < 500 else (403, 414)), access[:200]
            assert answer.content_type == "application/problem+json"
    assert goes_on(stage, lecture)


@pytest.mark.parametrize("kind", ["foreign", "expired", "withdrawn", "open"])
def test_access_that_does_not_count(stage: WebStage, lecture: SessionWriter, kind: str) -> None:
    access = {
        "foreign": token(stage, room="another-room"),
        "expired": token(stage, age=TOKEN_LIFE_SECONDS + 3_601),
        "withdrawn": token(stage, epoch=1),
        "open": "open",
    }[kind]
    for tail in ("index.m3u8", "source/media.m3u8", "source/1/init.mp4", "source/1/0.m4s"):
        answer = get(stage, f"/live/{access}/{lecture.session_id}/{tail}")
        assert is_clear(answer, 403), tail
        assert answer.headers["Cache-Control"] == "no-store", "the room may be opened the next moment"
    for tail in ("events/snapshot", "events/0"):
        assert is_clear(get(stage, f"/live/{access}/{stage.hall.id}/{tail}"), 403), tail


def test_nothing_of_the_disk_is_told(stage: WebStage, lecture: SessionWriter) -> None:
    folder = str(Path(stage.settings.storage))
    for tail in ("source/9/init.mp4", "source/media.m3u8?_HLS_msn=x", "session.json"):
        assert folder not in get(stage, f"/live/{token(stage)}/{lecture.session_id}/{tail}").text
