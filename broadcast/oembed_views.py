"""oEmbed 1.0 (https://oembed.com): a site that is given one of our links asks here how to embed it.

Blueprint `oembed`, in web threads. Only what anyone may watch is told of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flask import Blueprint, Response, json, request
from flask_babel import gettext as _

from broadcast.embed_code import HEIGHT, WIDTH, embed_address, embed_code
from broadcast.player_page import is_open_to_all, public_address, public_url, room_address
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library.models import LectureSession
from people.models import Room
from people.rooms import RoomNotFound, room_of

blueprint = Blueprint("oembed", __name__)

MAX_URL_LENGTH = 2048
MAX_SIZE = 10_000
_PAGE = re.compile(r"/(rooms|watch)/([^/]+)/?")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Embeddable:
    """A page that can be embedded: its address, its title, and whether anybody may watch."""

    address: str
    title: str
    is_open: bool


@blueprint.get("/oembed")
@limiter.limit("600 per minute")
def oembed() -> Response:
    """2.2: `url`, `maxwidth`, `maxheight`, `format`."""
    if request.args.get("format", "json") != "json":
        raise Problem(501, _("Not implemented"), _("Only format=json is given."))
    url = request.args.get("url", "")
    found = _embeddable(url)
    if found is None:
        raise Problem(404, _("Not found"), _("There is no room or recording at this address."))
    if not found.is_open:
        raise Problem(401, _("Not allowed"), _("This room is not open to everybody."))
    width, height = _fitting_size()
    address = embed_address(found.address, _seconds_in(url))
    document: dict[str, Any] = {
        "version": "1.0",
        "type": "video",
        "title": found.title,
        "provider_name": "Kodo",
        "provider_url": public_url(),
        "html": embed_code(address, found.title, width=width, height=height),
        "width": width,
        "height": height,
    }
    response = Response(json.dumps(document), content_type="application/json; charset=utf-8")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _embeddable(url: str) -> Embeddable | None:
    """The room or recording of this installation that `url` leads to."""
    try:
        parts = urlsplit(url if len(url) <= MAX_URL_LENGTH else "")
    except ValueError:
        return None
    own = {urlsplit(services().settings.public_url).netloc, request.host}
    match = _PAGE.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or parts.netloc not in own or match is None:
        return None
    return _room(unquote(match[2])) if match[1] == "rooms" else _recording(unquote(match[2]))


def _room(slug: str) -> Embeddable | None:
    try:
        with services().database.reading() as transaction:
            room = room_of(transaction, slug)
    except RoomNotFound:
        return None
    return Embeddable(room_address(room.slug), room.title, is_open_to_all(room, None))


def _recording(session_id: str) -> Embeddable | None:
    with services().database.reading() as transaction:
        session = transaction.get(LectureSession, session_id)
        room = transaction.get(Room, session.room_id) if session is not None else None
    if session is None or room is None or session.deleted_at is not None:
        return None
    address = public_address("pages.watch", session_id=session.id)
    return Embeddable(address, session.title, is_open_to_all(room, session))


def _seconds_in(url: str) -> str | None:
    """`?t=` of a link at a time goes on into the frame."""
    given = parse_qs(urlsplit(url).query).get("t", [""])[0]
    return given if _SECONDS.fullmatch(given) else None


def _fitting_size() -> tuple[int, int]:
    """16:9 within what the asker has room for."""
    width = min(_size("maxwidth", WIDTH), _size("maxheight", HEIGHT) * 16 // 9)
    return max(1, width), max(1, width * 9 // 16)


def _size(name: str, otherwise: int) -> int:
    given = request.args.get(name)
    if given is None:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,5}", given, re.ASCII) or not 1 <= int(given) <= MAX_SIZE:
        raise Problem(400, _("Not accepted"), _("maxwidth and maxheight are whole numbers of pixels."))
    return min(int(given), otherwise)
