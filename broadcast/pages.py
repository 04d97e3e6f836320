"""The pages: front, own rooms, a room, its studio and settings, a recording; and their language.

Blueprint `pages`, in web threads. Pages carry words and places; what moves is fetched by their
scripts from the API and the feed. `install` gives an application all that pages need.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcast import languages, room_lists
from broadcast.event_log import iso_utc
from broadcast.page_strings import STRINGS
from broadcast.player_page import newest_mp4, player_page, room_address
from library.database import DatabaseUnavailable, utc_now
from library.models import LectureSession
from people.accounts import hosts
from people.models import Room, User
from people.passwords import ACCOUNT_PASSWORD_LENGTH
from people.rooms import RoomNotFound, room_of, rooms_of
from people.session_cookie import current_user, people
from people.sign_in_views import safe_next

blueprint = Blueprint("pages", __name__)
log = logging.getLogger(__name__)

Answer = str | Response


def install(app: Flask) -> None:
    """Languages, what every template may use, and the blueprint. After `people.session_cookie.install`."""
    languages.install(app)
    app.context_processor(_for_every_page)
    app.register_blueprint(blueprint)


@blueprint.get("/")
def front() -> Answer:
    person = current_user()
    with people().database.reading() as transaction:
        live = room_lists.live_now(transaction, person)
        recent = room_lists.recent_recordings(transaction, person)
        own = rooms_of(transaction, person)[:1] if person is not None and hosts(person) else []
    return render_template("front.html", live=live, recent=recent, own_room=own[0] if own else None)


@blueprint.get("/rooms")
def rooms() -> Answer:
    person = current_user()
    if person is None or not hosts(person):
        return redirect(url_for("pages.front"))
    with people().database.reading() as transaction:
        own = room_lists.with_latest_sessions(transaction, rooms_of(transaction, person))
    addresses = {one.room.slug: room_address(one.room.slug) for one in own}
    page, strings = {"rooms_api": "/api/v1/rooms"}, STRINGS["rooms_page.js"]()
    return render_template("rooms.html", own=own, addresses=addresses, page=page, strings=strings)


@blueprint.get("/rooms/<slug>")
def room(slug: str) -> Answer:
    """The room's page; also while the database is away, for its live picture needs none."""
    person = _person()
    try:
        with people().database.reading() as transaction:
            found = room_of(transaction, slug)
            mp4 = newest_mp4(transaction, found, person)
    except RoomNotFound:
        abort(404, _("There is no room at this address."))
    except DatabaseUnavailable as error:
        log.warning("the page of room %s goes without the database: %s", slug, error)
        return player_page(slug, None, person, title=slug)
    return player_page(slug, found, person, title=found.title, mp4=mp4)


@blueprint.get("/watch/<session_id>")
def watch(session_id: str) -> Answer:
    person = _person()
    with people().database.reading() as transaction:
        session = transaction.get(LectureSession, session_id)
        found = transaction.get(Room, session.room_id) if session is not None else None
        mp4 = newest_mp4(transaction, found, person, session) if found is not None else None
    if session is None or found is None:
        abort(404, _("There is no recording at this address."))
    if session.phase != "ended":
        kept: dict[str, Any] = {name: request.args[name] for name in ("t", "embed") if name in request.args}
        return redirect(url_for("pages.room", slug=found.slug, **kept))
    return player_page(found.slug, found, person, title=session.title, session=session, mp4=mp4)


@blueprint.get("/rooms/<slug>/settings")
def room_settings(slug: str) -> Answer:
    page = {"api": _room_api(slug), "access": g.room.access}
    strings = STRINGS["settings_page.js"]()
    return render_template(
        "room_settings.html", room=g.room, address=room_address(slug), page=page, strings=strings
    )


@blueprint.get("/rooms/<slug>/studio")
def studio(slug: str) -> Answer:
    address = room_address(slug)
    page = {"api": _room_api(slug), "room_url": address}
    return render_template(
        "studio.html", room=g.room, address=address, page=page, strings=STRINGS["studio_page.js"]()
    )


@blueprint.post("/language")
def set_language() -> Answer:
    chosen = request.form.get("language", "")
    if chosen not in languages.LANGUAGES:
        abort(400, _("There is no such language."))
    answer = redirect(safe_next(request.form.get("next") or "/"), 303)
    answer.set_cookie(
        languages.COOKIE,
        chosen,
        max_age=languages.COOKIE_SECONDS,
        secure=people().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _host_page(template: str, script: str, page: dict[str, str]) -> str:
    """A page of those who may host in `g.room`, which the rules have loaded."""
    address = room_address(g.room.slug)
    return render_template(template, room=g.room, address=address, page=page, strings=STRINGS[script]())


def _room_api(slug: str) -> str:
    return f"/api/v1/rooms/{quote(slug, safe='')}"


def _for_every_page() -> dict[str, Any]:
    person = _person()
    return {
        "person": person,
        "person_hosts": person is not None and hosts(person),
        "language": languages.chosen_language(),
        "languages": languages.LANGUAGES,
        "password_length": ACCOUNT_PASSWORD_LENGTH,
        "server_time": iso_utc(utc_now()),
        "here": request.full_path.rstrip("?") if request and request.method == "GET" else "/",
    }


def _person() -> User | None:
    """Who reads the page; nobody while the database is away, for its error page must not fail on it too."""
    try:
        return current_user()
    except DatabaseUnavailable:
        return None
