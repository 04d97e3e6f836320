"""The picture of a live lecture: who gets it, from which part, and how often it is made."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from broadcast.live_poster import FRESH_SECONDS, LivePosters
from broadcast.playlist_view import Part, PlaylistView, Segment, newest_independent
from people.models import RoomAccess
from people.rooms import change_room, room_of
from tests.broadcast.live_stage import Clock
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage, csrf_token
from tests.recorder.media_maker import make_media, make_parts

POSTER = "/rooms/hall/poster.webp"
KEY, DELTA, LOST = Part(30_000, True), Part(30_000, False), Part(30_000, True, gap=True)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def lecture(stage: WebStage, tmp_path: Path, *, parts: int = 6) -> SessionWriter:
    """A live lecture in the hall with real pictures, of which a part at a time is written."""
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    media = make_media(parts / 3)
    writer.begin_take(parameters=media.parameters)
    for part in make_parts(media):
        writer.log.append(part)
    return writer


def set_access(stage: WebStage, access: RoomAccess) -> None:
    with stage.database.session() as transaction:
        change_room(room_of(transaction, "hall"), access=access, password="sesame")


def view(*segments: tuple[Part, ...], growing: tuple[Part, ...] | None = None) -> PlaylistView:
    told = [Segment(n, 1, 0, 0, 0, 0, len(parts), parts) for n, parts in enumerate(segments)]
    last = Segment(len(told), 1, 0, 0, 0, 0, len(growing), growing) if growing is not None else None
    return PlaylistView(told, last, None, 0.0, 0.334)


def test_the_newest_part_that_begins_with_a_key_frame() -> None:
    assert newest_independent(view((KEY, DELTA), growing=(KEY, DELTA))) == (1, 1, 0)
    assert newest_independent(view((KEY, DELTA), growing=(DELTA,))) == (1, 0, 0), "a GOP over segments"
    assert newest_independent(view((KEY, DELTA, KEY, DELTA))) == (1, 0, 2), "a key frame within a segment"
    assert newest_independent(view((KEY,), growing=(LOST,))) == (1, 0, 0), "what is lost is not there"
    assert newest_independent(view((), ())) is None


def test_everybody_sees_it_in_an_open_room(stage: WebStage, tmp_path: Path) -> None:
    lecture(stage, tmp_path)
    answer = stage.client().get(POSTER)
    assert (answer.status_code, answer.content_type) == (200, "image/webp")
    assert answer.data[8:12] == b"WEBP"
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    page = stage.client().get("/rooms/hall").text
    assert f'poster="{POSTER}"' in page


def test_only_who_may_watch_sees_it(stage: WebStage, tmp_path: Path) -> None:
    lecture(stage, tmp_path)
    set_access(stage, RoomAccess.MEMBERS)
    for client, seen in ((stage.client(), False), (stage.client(stage.member), True)):
        assert is_seen(client) is seen
    assert stage.client().get(POSTER).status_code == 401, "signing in could help"
    assert stage.client(stage.member).get(POSTER).headers["Cache-Control"] == "private, max-age=10"


def test_a_rooms_password_opens_it(stage: WebStage, tmp_path: Path) -> None:
    lecture(stage, tmp_path)
    set_access(stage, RoomAccess.PASSWORD)
    client = stage.client()
    assert not is_seen(client)
    header = {"X-CSRFToken": csrf_token(client)}
    assert (
        client.post("/api/v1/rooms/hall/unlock", json={"password": "sesame"}, headers=header).status_code
        == 204
    )
    assert is_seen(client)


def is_seen(client: FlaskClient) -> bool:
    """The page names the picture if, and only if, it is to be had."""
    named = POSTER in client.get("/rooms/hall").text
    assert client.get(POSTER).status_code in ((200,) if named else (401, 403))
    return named


def test_a_lecture_that_is_over_or_has_no_part_has_none(stage: WebStage, tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    assert stage.client().get(POSTER).status_code == 404, "nothing has come yet"
    writer.end()
    assert stage.client().get(POSTER).status_code == 404
    assert stage.client().get("/rooms/nowhere/poster.webp").status_code == 404


def test_what_cannot_be_decoded_gives_none(stage: WebStage, tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(6)  # of bytes that are no H.264
    assert stage.client().get(POSTER).status_code == 404


def test_it_is_made_once_for_all_who_ask_and_anew_when_it_is_old(stage: WebStage, tmp_path: Path) -> None:
    writer = lecture(stage, tmp_path)
    clock = Clock()
    posters = LivePosters(stage.windows, clock=clock)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: posters.poster(writer.session_id), range(8)))
    assert made[0] is not None
    assert all(one is made[0] for one in made)
    clock.now = FRESH_SECONDS
    again = posters.poster(writer.session_id)
    assert again is not None
    assert again is not made[0]


def test_an_unknown_session_has_none(stage: WebStage) -> None:
    posters = LivePosters(stage.windows)
    assert posters.poster("no-such-session") is None
