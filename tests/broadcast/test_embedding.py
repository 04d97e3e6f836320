"""The player in other sites' frames, and oEmbed: who may frame it, what it says, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from broadcast.embed_code import embed_address, embed_code
from library.database import utc_now
from library.models import LectureSession
from people.command_line import add_room
from people.models import Room, RoomAccess
from people.rooms import change_room
from tests.broadcast.web_stage import WebStage

LMS = "https://lms.example.ac.jp"
PUBLIC = "http://localhost:8000"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    stage = WebStage(tmp_path_factory.mktemp("embed"), KODO_FRAME_ANCESTORS=f"'self' {LMS}")
    add_room(stage.database, "members", "lecturer")
    with stage.database.session() as session:
        members = session.query(Room).filter(Room.slug == "members").one()
        change_room(members, access=RoomAccess.MEMBERS)
        for identity, room in (("past", stage.hall), ("closed", members)):
            session.add(recording(identity, room))
    yield stage
    stage.close()


def recording(identity: str, room: Room) -> LectureSession:
    now = utc_now()
    return LectureSession(
        id=identity,
        room_id=room.id,
        organization_id=room.organization_id,
        title="行列 & <式>",
        phase="ended",
        started_at=now,
        ended_at=now,
        bytes=1,
    )


def policy(answer: TestResponse) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return {part.split(" ", 1)[0]: part.split(" ", 1)[1] for part in parts}


@pytest.mark.parametrize("path", ["/rooms/hall", "/watch/past"])
def test_only_the_player_alone_may_be_framed(stage: WebStage, path: str) -> None:
    client = stage.client()
    assert policy(client.get(f"{path}?embed=1"))["frame-ancestors"] == f"'self' {LMS}"
    for other in (path, f"{path}?embed=0", f"{path}?embed", "/", "/sign-in"):
        assert policy(client.get(other))["frame-ancestors"] == "'self'", other


def test_the_players_styles_are_named_by_hash(stage: WebStage) -> None:
    told = policy(stage.client().get("/rooms/hall"))
    assert told["style-src"].startswith("'self' 'sha256-")
    assert "unsafe" not in str(told)
    assert policy(stage.client().get("/"))["style-src"] == "'self'"


def test_a_frame_needs_no_cookie_to_watch_and_to_be_counted(stage: WebStage) -> None:
    client = stage.app.test_client(use_cookies=False)
    page = client.get("/rooms/hall?embed=1")
    assert (page.status_code, page.headers.get("Set-Cookie")) == (200, None)
    assert client.get("/api/v1/rooms/hall").json["may_watch"] is True
    assert client.post("/api/v1/rooms/hall/beacon", json={"viewer": "framed-viewer"}).status_code == 204


def test_a_frame_has_the_player_and_nothing_around_it(stage: WebStage) -> None:
    page = stage.client().get("/rooms/hall?embed=1").text
    assert 'id="stage"' in page and f'href="{PUBLIC}/rooms/hall"' in page
    assert "<nav" not in page and "<form id=" not in page and "csrf" not in page


# oEmbed


def ask(stage: WebStage, url: str, **more: str) -> TestResponse:
    return stage.client().get("/oembed", query_string={"url": url, **more})


def answer(stage: WebStage, url: str, **more: str) -> dict[str, Any]:
    given = ask(stage, url, **more)
    assert given.status_code == 200, given.text
    document: dict[str, Any] = given.json
    return document


def source(document: dict[str, Any]) -> str:
    match = re.search(r'src="([^"]+)"', document["html"])
    assert match is not None
    return unescape(match[1])


def test_a_room_and_a_recording(stage: WebStage) -> None:
    room = answer(stage, f"{PUBLIC}/rooms/hall")
    assert {"version": "1.0", "type": "video", "width": 960, "height": 540}.items() <= room.items()
    assert (room["title"], room["provider_name"]) == ("講堂 Hall", "Kodo")
    assert source(room) == f"{PUBLIC}/rooms/hall?embed=1"
    past = answer(stage, f"{PUBLIC}/watch/past?t=90")
    assert source(past) == f"{PUBLIC}/watch/past?embed=1&t=90"
    assert "<式>" not in past["html"] and past["title"] == "行列 & <式>"


def test_the_page_leads_to_it(stage: WebStage) -> None:
    page = stage.client().get("/watch/past").text
    match = re.search(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)"', page)
    assert match is not None
    address = unescape(match[1])
    assert address == f"{PUBLIC}/oembed?url={quote(PUBLIC + '/watch/past', safe='')}"
    assert stage.client().get(address.removeprefix(PUBLIC)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"maxwidth": "480"}, (480, 270)),
        ({"maxheight": "90"}, (160, 90)),
        ({"maxwidth": "5000", "maxheight": "5000"}, (960, 540)),
        ({"maxwidth": "1"}, (1, 1)),
    ],
)
def test_it_fits_into_what_is_there(stage: WebStage, asked: dict[str, str], size: tuple[int, int]) -> None:
    document = answer(stage, f"{PUBLIC}/rooms/hall", **asked)
    assert (document["width"], document["height"]) == size


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("", 404),
        ("x", 404),
        ("http://[", 404),
        (f"{PUBLIC}/", 404),
        (f"{PUBLIC}/rooms/nobody", 404),
        (f"{PUBLIC}/rooms/hall/studio", 404),
        (f"{PUBLIC}/watch/none", 404),
        ("https://elsewhere.example/rooms/hall", 404),
        ("javascript://localhost:8000/rooms/hall", 404),
        (f"{PUBLIC}/rooms/" + "x" * 3000, 404),
        (f"{PUBLIC}/rooms/members", 401),
        (f"{PUBLIC}/watch/closed", 401),
    ],
)
def test_what_cannot_be_embedded(stage: WebStage, url: str, status: int) -> None:
    given = ask(stage, url)
    assert (given.status_code, given.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"format": "xml"}, 501),
        ({"maxwidth": "0"}, 400),
        ({"maxwidth": "-1"}, 400),
        ({"maxheight": "１２"}, 400),
        ({"maxheight": "9" * 40}, 400),
    ],
)
def test_what_is_asked_wrongly(stage: WebStage, more: dict[str, str], status: int) -> None:
    given = ask(stage, f"{PUBLIC}/rooms/hall", **more)
    assert (given.status_code, given.content_type) == (status, "application/problem+json")


def test_a_title_breaks_out_of_no_attribute() -> None:
    code = embed_code(embed_address("https://h.example/rooms/a"), '"><script>alert(1)</script>')
    assert "<script>" not in code and code.count('"') % 2 == 0


def test_without_the_setting_only_own_pages_frame_it(tmp_path: Path) -> None:
    stage = WebStage(tmp_path)
    try:
        assert policy(stage.client().get("/rooms/hall?embed=1"))["frame-ancestors"] == "'self'"
    finally:
        stage.close()
