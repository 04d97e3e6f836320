"""The pages: front, own rooms, a room, its studio and settings, a recording; and their language.

Blueprint `pages`, in web threads. Pages carry words and places; what moves is fetched by their
scripts from the API and the feed. `install` gives an application all that pages need.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, abort, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from broadcast import (
    admin_pages,
    audit_pages,
    backup_pages,
    design_tokens,
    job_board,
    keeping_pages,
    languages,
    library_pages,
    notice_board,
    notice_views,
    people_pages,
    personal_views,
    room_keeping,
    room_lists,
    room_trash,
    usage_views,
    word_search,
)
from broadcast.event_log import iso_utc
from broadcast.lecture_board import lecture_board
from broadcast.lecture_lists import MAX_SEARCH
from broadcast.list_cursor import Cursor, UnfitCursor, read_cursor
from broadcast.page_strings import STRINGS
from broadcast.player_page import newest_mp4, player_page, room_address
from broadcast.rate_limits import limiter, looks_at_lists
from broadcast.recording_place import DAMAGED, places_of
from library.database import DatabaseUnavailable, utc_now
from library.keeping import TRASH_TIME
from library.models import LectureSession, Visibility
from people import doors
from people.accounts import administers, hosts, one_line
from people.doors import Reason
from people.models import Room, User
from people.passwords import ACCOUNT_PASSWORD_LENGTH
from people.rooms import RoomNotFound, room_of, rooms_of
from people.session_cookie import current_user, people
from people.sign_in_views import safe_next
from people.visits import visit_here

blueprint = Blueprint("pages", __name__)
log = logging.getLogger(__name__)

Answer = str | Response
SPRITE = "vendor/lucide-1.62.0/sprite.svg"


def install(app: Flask) -> None:
    """Languages, what every template may use, and the blueprints. After `people.session_cookie.install`."""
    languages.install(app)
    app.context_processor(_for_every_page)
    app.register_blueprint(blueprint)
    app.register_blueprint(library_pages.blueprint)
    app.register_blueprint(keeping_pages.blueprint)
    app.register_blueprint(people_pages.blueprint)
    app.register_blueprint(backup_pages.blueprint)
    app.register_blueprint(audit_pages.pages)
    app.register_blueprint(usage_views.blueprint)
    app.register_blueprint(notice_views.blueprint)
    app.register_blueprint(personal_views.blueprint)


@blueprint.get("/")
@limiter.limit(looks_at_lists)
def front() -> Answer:
    """`?q=` and `?before=` are what its script does without loading the page again."""
    person, search = current_user(), one_line(request.args.get("q", "")[:MAX_SEARCH])
    board, before = lecture_board(), _place_in_list()
    told = board.tell(board.look(person, search, before), address=str)
    said = _said(person, search)
    page = {"api": "/api/v1/lectures", "search": search, "first": before is None, "told": told, "said": said}
    return render_template(
        "front.html",
        **told,
        said=_in_pieces(said),
        search=search,
        first_page=before is None,
        own_room=_own_room(person),
        page=page,
        strings=STRINGS["front_page.js"](),
    )


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
            kept = room_keeping.kept_in(transaction, found)
        if found.uploads:
            abort(404, _("There is no room at this address."))
    except RoomNotFound:
        abort(404, _("There is no room at this address."))
    except DatabaseUnavailable as error:
        log.warning("the page of room %s goes without the database: %s", slug, error)
        return player_page(slug, None, person, title=slug)
    return player_page(slug, found, person, title=found.title, mp4=mp4, kept=kept.value)


@blueprint.get("/watch/<session_id>")
def watch(session_id: str) -> Answer:
    person = _person()
    with people().database.reading() as transaction:
        session = transaction.get(LectureSession, session_id)
        found = transaction.get(Room, session.room_id) if session is not None else None
        mp4 = newest_mp4(transaction, found, person, session) if found is not None else None
        damaged = places_of(transaction, [session_id]).get(session_id) == DAMAGED
    if session is None or found is None:
        abort(404, _("There is no recording at this address."))
    verdict = doors.may_watch_recording(person, found, session, visit=visit_here(found), now=utc_now())
    if session.phase == "ended" and verdict.reason is Reason.NOT_SHOWN:
        abort(404, _("There is no recording at this address."))
    if found.uploads and not session.bytes:
        return redirect(url_for("library.library"))  # which says how far it is
    if session.phase != "ended":
        kept: dict[str, Any] = {name: request.args[name] for name in ("t", "embed") if name in request.args}
        return redirect(url_for("pages.room", slug=found.slug, **kept))
    shown = verdict or session.visibility == Visibility.ROOM
    title = session.title if shown else found.title
    return player_page(found.slug, found, person, title=title, session=session, mp4=mp4, damaged=damaged)


@blueprint.get("/rooms/<slug>/settings")
def room_settings(slug: str) -> Answer:
    page = {"api": _room_api(slug), "access": g.room.access, "slug": slug, "rooms": url_for("pages.rooms")}
    with people().database.reading() as transaction:
        recordings = room_trash.recordings_of(transaction, g.room)
    return render_template(
        "room_settings.html",
        room=g.room,
        address=room_address(slug),
        recordings=recordings,
        trash_days=TRASH_TIME.days,
        page=page,
        strings=STRINGS["settings_page.js"](),
    )


@blueprint.get("/rooms/<slug>/studio")
def studio(slug: str) -> Answer:
    address = room_address(slug)
    page = {"api": _room_api(slug), "room_url": address, "title": g.room.title}
    return render_template(
        "studio.html", room=g.room, address=address, page=page, strings=STRINGS["studio_page.js"]()
    )


@blueprint.get("/admin/jobs")
def jobs() -> Answer:
    """What is in the lists is drawn by its script, which keeps them new."""
    person = current_user()
    if person is None:
        abort(401)
    with people().database.reading() as transaction:
        told = job_board.board(transaction, job_board.reach(person), None, utc_now(), address=str)
    page = {"api": "/api/v1/jobs", "told": told}
    return render_template("jobs.html", page=page, strings=STRINGS["jobs_page.js"]())


@blueprint.get("/design")
def design() -> Answer:
    """All tokens and components, for those who work on pages; no page links to it."""
    sprite = (Path(current_app.static_folder or "") / SPRITE).read_text(encoding="utf-8")
    return render_template(
        "design.html",
        text_on=design_tokens.TEXT_ON,
        lines_on=design_tokens.LINES_ON,
        spaces=design_tokens.SPACES,
        text_sizes=design_tokens.TEXT_SIZES,
        icons=sorted(re.findall(r'<symbol id="([\w-]+)"', sprite)),
        now=iso_utc(utc_now()),
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


def _place_in_list() -> Cursor | None:
    before = request.args.get("before")
    try:
        return read_cursor(before) if before else None
    except UnfitCursor:
        abort(404, _("The list has no such place."))


def _said(person: User | None, search: str) -> dict[str, Any]:
    """What was said with these words; a page that goes on with something else has none."""
    before = request.args.get("said")
    if not search or "before" in request.args:
        return {"recordings": [], "more": None}
    try:
        return word_search.search(
            people().database, person, search, before=before, spoken_only=True, address=str
        )
    except word_search.UnfitPlace:
        abort(404, _("The list has no such place."))


def _in_pieces(said: dict[str, Any]) -> dict[str, Any]:
    """As the template draws it."""
    recordings = [
        {
            **one,
            "hits": [{**hit, "pieces": word_search.pieces(hit["text"], hit["marks"])} for hit in one["hits"]],
        }
        for one in said["recordings"]
    ]
    return {**said, "recordings": recordings}


def _own_room(person: User | None) -> Room | None:
    """The first room of whoever may host, whose studio stands before all else."""
    if person is None or not hosts(person):
        return None
    with people().database.reading() as transaction:
        return next(iter(rooms_of(transaction, person)), None)


def _host_page(template: str, script: str, page: dict[str, str]) -> str:
    """A page of those who may host in `g.room`, which the rules have loaded."""
    address = room_address(g.room.slug)
    return render_template(template, room=g.room, address=address, page=page, strings=STRINGS[script]())


def _room_api(slug: str) -> str:
    return f"/api/v1/rooms/{quote(slug, safe='')}"


def _for_every_page() -> dict[str, Any]:
    try:
        person = _person()
    except Unauthorized:  # of a program's token: the error that is being told may be another one
        person = None
    return {
        "person": person,
        "person_hosts": person is not None and hosts(person),
        "person_administers": person is not None and administers(person),
        "admin_pages": admin_pages.pages_of(person),
        "language": languages.chosen_language(),
        "language_tag": languages.TAGS[languages.chosen_language()],
        "languages": languages.LANGUAGES,
        "language_tags": languages.TAGS,
        "password_length": ACCOUNT_PASSWORD_LENGTH,
        "server_time": iso_utc(utc_now()),
        "notices_here": lambda: notice_board.notices_here(person),
        "strings_of": lambda script: STRINGS[script](),
        "here": request.full_path.rstrip("?") if request and request.method == "GET" else "/",
    }


def _person() -> User | None:
    """Who reads the page; nobody while the database is away, for its error page must not fail on it too."""
    try:
        return current_user()
    except DatabaseUnavailable:
        return None
