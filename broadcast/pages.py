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
from broadcast.page_strings import STRINGS
from library.database import DatabaseUnavailable
from library.models import LectureSession
from people import doors
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
    addresses = {one.room.slug: _room_address(one.room.slug) for one in own}
    page, strings = {"rooms_api": "/api/v1/rooms"}, STRINGS["rooms_page.js"]()
    return render_template("rooms.html", own=own, addresses=addresses, page=page, strings=strings)


@blueprint.get("/rooms/<slug>")
def room(slug: str) -> Answer:
    """The room's page; also while the database is away, for its live picture needs none."""
    try:
        with people().database.reading() as transaction:
            found: Room | None = room_of(transaction, slug)
    except RoomNotFound:
        abort(404, _("There is no room at this address."))
    except DatabaseUnavailable as error:
        log.warning("the page of room %s goes without the database: %s", slug, error)
        found = None
    return _player_page(slug, found, title=found.title if found else slug)


@blueprint.get("/watch/<session_id>")
def watch(session_id: str) -> Answer:
    with people().database.reading() as transaction:
        session = transaction.get(LectureSession, session_id)
        found = transaction.get(Room, session.room_id) if session is not None else None
    if session is None or found is None:
        abort(404, _("There is no recording at this address."))
    if session.phase != "ended":
        return redirect(url_for("pages.room", slug=found.slug))
    return _player_page(found.slug, found, title=session.title, session=session)


@blueprint.get("/rooms/<slug>/settings")
def room_settings(slug: str) -> Answer:
    page = {"api": _room_api(slug), "access": g.room.access}
    strings = STRINGS["settings_page.js"]()
    return render_template(
        "room_settings.html", room=g.room, address=_room_address(slug), page=page, strings=strings
    )


@blueprint.get("/rooms/<slug>/studio")
def studio(slug: str) -> Answer:
    address = _room_address(slug)
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
    address = _room_address(g.room.slug)
    return render_template(template, room=g.room, address=address, page=page, strings=STRINGS[script]())


def _player_page(slug: str, found: Room | None, *, title: str, session: LectureSession | None = None) -> str:
    api = _room_api(slug)
    page = {
        "api": f"{api}?session={quote(session.id)}" if session else api,
        "room_api": api,
        "watch": session is not None,
    }
    may_host = found is not None and bool(doors.may_host(_person(), found))
    return render_template(
        "room.html",
        slug=slug,
        title=title,
        session=session,
        may_host=may_host,
        page=page,
        strings=STRINGS["room_page.js"](),
    )


def _room_api(slug: str) -> str:
    return f"/api/v1/rooms/{quote(slug, safe='')}"


def _room_address(slug: str) -> str:
    """Absolute: what people share."""
    return people().settings.public_url.rstrip("/") + url_for("pages.room", slug=slug)


def _for_every_page() -> dict[str, Any]:
    person = _person()
    return {
        "person": person,
        "person_hosts": person is not None and hosts(person),
        "language": languages.chosen_language(),
        "languages": languages.LANGUAGES,
        "password_length": ACCOUNT_PASSWORD_LENGTH,
        "here": request.full_path.rstrip("?") if request and request.method == "GET" else "/",
    }


def _person() -> User | None:
    """Who reads the page; nobody while the database is away, for its error page must not fail on it too."""
    try:
        return current_user()
    except DatabaseUnavailable:
        return None
