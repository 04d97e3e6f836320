"""A web process that starts while the database is away: viewers go on, and what was closed stays closed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broadcast.access import sign
from library.secret_key import installation_secret
from people.models import RoomAccess
from people.rooms import change_room, room_of
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_process import ask_web_process
from tests.broadcast.web_stage import WebStage


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
    assert (
        ask_web_process(stage, part)[part].headers["cache-control"] == "public, max-age=31536000, immutable"
    )
    stage.take_database_away()
    answers = ask_web_process(stage, feed, part)
    assert answers[feed].status == 503 and answers[feed].headers["retry-after"], (
        "ask again, it is not forbidden"
    )
    assert answers[part].status == 200 and answers[part].headers["cache-control"] == "public, max-age=600"


def test_a_room_closed_in_mid_lecture_stays_closed(stage: WebStage, lecture: SessionWriter) -> None:
    secret = installation_secret(stage.settings.storage)
    before = sign(secret, stage.hall.id, stage.hall.access_epoch, time.time())
    close_the_hall(stage)
    ask_web_process(stage)
    stage.take_database_away()
    feed = f"/live/open/{stage.hall.id}/events/0"
    media = [f"/live/{access}/{lecture.session_id}/source/1/0.0.m4s" for access in ("open", before)]
    answers = ask_web_process(stage, feed, *media)
    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys([feed, *media], 403)


def test_without_any_knowledge_nothing_is_kept_for_long(stage: WebStage, lecture: SessionWriter) -> None:
    stage.take_database_away()
    feed, part = f"/live/open/{stage.hall.id}/events/0", f"/live/open/{lecture.session_id}/source/1/0.0.m4s"
    answers = ask_web_process(stage, feed, part)
    assert answers[feed].status == 503 and answers[feed].headers["retry-after"]
    assert answers[part].status == 200 and answers[part].headers["cache-control"] == "public, max-age=600"
