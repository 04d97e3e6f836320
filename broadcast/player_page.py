"""The page of a room or a recording around the player, and the same player alone for other sites' frames.

Called by `pages.py`, in web threads. A page for a frame (`?embed=1`) sets and needs no cookie: browsers give
none to frames of other sites.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast import picture_addresses
from broadcast.content_policy import OWN_FRAMES, content_policy
from broadcast.embed_code import embed_address, embed_code
from broadcast.event_log import iso_utc
from broadcast.module_graph import modules_of
from broadcast.page_strings import STRINGS, chrome_strings, keeping_sentences
from broadcast.poster_views import live_poster_url
from library.database import utc_now
from library.keeping import Kept
from library.models import LectureSession
from people import doors
from people.doors import STRANGER
from people.models import Room, User
from people.session_cookie import people
from people.visits import visit_here


def player_page(
    slug: str,
    room: Room | None,
    person: User | None,
    *,
    title: str,
    session: LectureSession | None = None,
    mp4: str | None = None,
    damaged: bool = False,
    kept: str | None = None,
) -> Response:
    """`room`: None while the database is away; `session`: of a recording's own page; `mp4`: its address;
    `kept`: what becomes of the room's lecture under way, or of the next.

    `damaged`: some of it is lost. `title`: as whoever may read the page may read it.
    """
    embedded = request.args.get("embed") == "1"
    api = f"/api/v1/rooms/{quote(slug, safe='')}"
    address = public_address("pages.watch", session_id=session.id) if session else room_address(slug)
    page = {
        "api": f"{api}?session={quote(session.id)}" if session else api,
        "room_api": api,
        "watch": session is not None,
        "share": {"link": address, "embed": embed_code(embed_address(address), title)},
        "poster": _poster(room, person, session),
        "modules": [url_for("static", filename=name) for name in modules_of("js/room_page.js")],
    }
    held = None
    if session is not None and session.kept == Kept.HELD and session.held_until is not None:
        held = {"until": iso_utc(session.held_until)}
        page |= {"recording_api": f"/api/v1/recordings/{session.id}", "library": url_for("library.library")}
    is_open = room is not None and is_open_to_all(room, session)
    response = make_response(
        render_template(
            "embed.html" if embedded else "room.html",
            slug=slug,
            title=title,
            session=session,
            may_host=room is not None and bool(doors.may_host(person, room)),
            of_a_room=room is None or not room.uploads,
            mp4=mp4,
            damaged=damaged,
            address=address,
            oembed=f"{public_url()}/oembed?{urlencode({'url': address})}" if is_open else None,
            page=page,
            keeping=_keeping(kept),
            held=held,
            strings=STRINGS["room_page.js"](),
            chrome=chrome_strings(),
        )
    )
    frames = people().settings.frame_ancestors if embedded else OWN_FRAMES
    response.headers["Content-Security-Policy"] = content_policy(player=True, frame_ancestors=frames)
    return response


def _keeping(kept: str | None) -> dict[str, str]:
    """As the page says it before any script runs; nothing where nobody knows."""
    if kept is None:
        return {}
    words = keeping_sentences()[f"kept_{kept}"]
    return {"kept": kept, "words": words.replace("{days}", str(people().settings.safety_days))}


def _poster(room: Room | None, person: User | None, session: LectureSession | None) -> str | None:
    """What stands where the picture will: of a recording its poster, for who may watch it."""
    if room is None:
        return None
    if session is None:
        return live_poster_url(room)
    may_watch = doors.may_watch_recording(person, room, session, visit=visit_here(room), now=utc_now())
    return picture_addresses.poster(session) if may_watch else None


def newest_mp4(
    transaction: Session, room: Room, person: User | None, session: LectureSession | None = None
) -> str | None:
    """For readers whose browser runs no scripts: the MP4 of `session`, or of the room's last lecture if it is
    over.
    """
    if session is None:
        query = select(LectureSession).where(LectureSession.room_id == room.id)
        session = transaction.scalar(query.order_by(LectureSession.started_at.desc()).limit(1))
    if session is None or session.phase != "ended" or session.mp4_path is None:
        return None
    may_have = doors.may_download(person, room, session, visit=visit_here(room), now=utc_now())
    return f"/watch/{session.id}/download" if may_have else None


def is_open_to_all(room: Room, session: LectureSession | None) -> bool:
    """Whether a stranger may watch the room, or `session` of it."""
    if session is None or session.phase != "ended":
        return room.is_public
    verdict = doors.may_watch_recording(None, room, session, visit=STRANGER, now=utc_now())
    return bool(verdict) and not room.guarded


def room_address(slug: str) -> str:
    """Absolute: what people share."""
    return public_address("pages.room", slug=slug)


def public_address(endpoint: str, **values: Any) -> str:
    return public_url() + url_for(endpoint, **values)


def public_url() -> str:
    return people().settings.public_url.rstrip("/")
