"""The live addresses under Flask alone: the same answers as the front's, held in threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broadcast.event_feed import EventFeed
from broadcast.event_log import EventLog
from broadcast.live_views import live_blueprint
from library.database import Database
from tests.broadcast.live_stage import LiveStage


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.parts(8)
    return stage


@pytest.fixture
def client(stage: LiveStage, sqlite_database: Database) -> Iterator[FlaskClient]:
    feed = EventFeed(EventLog(sqlite_database), lambda hint: None)
    app = Flask(__name__)
    app.register_blueprint(live_blueprint(stage.answers, feed))
    feed.open()
    yield app.test_client()
    feed.close()


TAILS = [
    "index.m3u8",
    "window.m3u8",
    "source/media.m3u8",
    "source/window.m3u8?_HLS_skip=YES",
    "source/media.m3u8?_HLS_msn=0&_HLS_part=3",
    "source/media.m3u8?_HLS_part=3",
    "source/media.m3u8?_HLS_msn=99",
    "source/1/init.mp4",
    "source/1/0.m4s",
    "source/1/0.2.m4s",
    "source/1/0.9.m4s",
    "nothing",
]


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("tail", TAILS)
def test_flask_answers_as_the_front_does(
    stage: LiveStage, client: FlaskClient, tail: str, gzip: bool
) -> None:
    path, _, query = tail.partition("?")
    expected = stage.get(path, query, gzip=gzip)
    headers = {"Accept-Encoding": "gzip"} if gzip else {}
    answer = client.get(f"/live/open/{stage.writer.session_id}/{tail}", headers=headers)
    assert answer.status_code == expected.status and answer.data == expected.body
    told = {name.lower(): value for name, value in answer.headers.items()}
    assert told == {name.decode(): value.decode() for name, value in expected.headers}


def test_head_options_and_what_is_not_allowed(stage: LiveStage, client: FlaskClient) -> None:
    path = f"/live/open/{stage.writer.session_id}/source/media.m3u8"
    whole, head = client.get(path), client.head(path)
    assert head.status_code == 200 and head.data == b""
    assert head.headers["Content-Length"] == str(len(whole.data))
    assert client.options(path).status_code == 204
    assert client.post(path).status_code == client.delete(path).status_code == 405


def test_a_held_request_waits_in_its_thread(stage: LiveStage, client: FlaskClient) -> None:
    """Nobody hints here: the thread itself sees that the part has come."""
    base = f"/live/open/{stage.writer.session_id}/source"
    client.get(f"{base}/media.m3u8")
    begun = threading.Barrier(3)

    def get(tail: str) -> int:
        begun.wait(60)
        return client.application.test_client().get(f"{base}/{tail}").status_code

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(get, tail) for tail in ("media.m3u8?_HLS_msn=1&_HLS_part=2", "1/1.2.m4s")]
        begun.wait(60)
        stage.writer.part()
        assert [future.result(60) for future in waiting] == [200, 200]


def test_a_thread_that_waits_in_vain_is_let_go(stage: LiveStage, client: FlaskClient) -> None:
    base = f"/live/open/{stage.writer.session_id}/source"
    client.get(f"{base}/media.m3u8")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, f"{base}/1/1.2.m4s")
        window = stage.windows.open(stage.writer.session_id)
        while not len(window.holds) and not waiting.done():
            threading.Event().wait(0.01)
        stage.clock.now += 18.1
        assert waiting.result(60).status_code == 503


def test_events_need_access(stage: LiveStage, client: FlaskClient) -> None:
    assert client.get("/live/open/room-1/events/snapshot").status_code == 404
    assert client.get("/live/open/room-2/events/0").status_code == 403
    assert client.get("/live/v1.a.b.c/room-1/events/0").status_code == 403
