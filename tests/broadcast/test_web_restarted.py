"""A web process that starts while the database is away: viewers go on, and what was closed stays closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.access import sign
from broadcast.asgi import Message
from library.database import open_database
from library.secret_key import installation_secret
from operation.web_process import build_front
from people.models import RoomAccess
from people.rooms import change_room, room_of
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage

Answers = dict[str, tuple[int, dict[str, str]]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def web_process(stage: WebStage, *paths: str) -> Answers:
    """Start a web process on the stage's storage, ask it, and stop it."""

    async def ask() -> Answers:
        database = open_database(stage.settings.database_url)
        front = build_front(stage.settings, database)
        await front.open()
        try:
            return {path: await _get(front, path) for path in paths}
        finally:
            await front.close()
            database.close()

    return asyncio.run(ask())


async def _get(front, path: str) -> tuple[int, dict[str, str]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000")],
        "scheme": "http",
        "http_version": "1.1",
        "server": ("localhost", 8000),
        "client": ("127.0.0.1", 50_000),
        "root_path": "",
    }
    await front(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers


@pytest.fixture
def lecture(stage: WebStage, tmp_path: Path) -> SessionWriter:
    """One in the hall, which was open when it began."""
    writer = SessionWriter(tmp_path, room_id=stage.hall.id, access="open")
    writer.begin_take()
    writer.parts(8)
    return writer


def close_the_hall(stage: WebStage) -> None:
    with stage.database.session() as transaction:
        change_room(room_of(transaction, "hall"), title=None, access=RoomAccess.MEMBERS, password=None)


def test_viewers_of_an_open_room_go_on(stage: WebStage, lecture: SessionWriter) -> None:
    feed, part = f"/live/open/{stage.hall.id}/events/0", f"/live/open/{lecture.session_id}/source/1/0.0.m4s"
    assert web_process(stage, part)[part][1]["cache-control"] == "public, max-age=31536000, immutable"
    stage.take_database_away()
    answers = web_process(stage, feed, part)
    assert answers[feed][0] == 503 and answers[feed][1]["retry-after"], "ask again, it is not forbidden"
    assert answers[part][0] == 200 and answers[part][1]["cache-control"] == "public, max-age=600"


def test_a_room_closed_in_mid_lecture_stays_closed(stage: WebStage, lecture: SessionWriter) -> None:
    secret = installation_secret(stage.settings.storage)
    before = sign(secret, stage.hall.id, stage.hall.access_epoch, time.time())
    close_the_hall(stage)
    web_process(stage)
    stage.take_database_away()
    feed = f"/live/open/{stage.hall.id}/events/0"
    media = [f"/live/{access}/{lecture.session_id}/source/1/0.0.m4s" for access in ("open", before)]
    answers = web_process(stage, feed, *media)
    assert {path: status for path, (status, _) in answers.items()} == dict.fromkeys([feed, *media], 403)


def test_without_any_knowledge_nothing_is_kept_for_long(stage: WebStage, lecture: SessionWriter) -> None:
    stage.take_database_away()
    feed, part = f"/live/open/{stage.hall.id}/events/0", f"/live/open/{lecture.session_id}/source/1/0.0.m4s"
    answers = web_process(stage, feed, part)
    assert answers[feed][0] == 503 and answers[feed][1]["retry-after"]
    assert answers[part][0] == 200 and answers[part][1]["cache-control"] == "public, max-age=600"
