"""The pages of the catalogue: the library, the trash, and what is said of one recording.

Blueprint `library`, in web threads. The library is a form that asks with GET, so that any state of it has an
address and works without scripts; its script only saves a click and tells how far MP4s are.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, render_template, request, url_for
from flask_babel import gettext as _

from broadcast import picture_addresses, recording_place, upload_api
from broadcast.lecture_lists import MAX_SEARCH
from broadcast.page_strings import STRINGS
from broadcast.rate_limits import limiter, looks_at_lists
from broadcast.recording_api import VISIBILITIES, known_here, page_of, trash_of
from broadcast.recording_facts import Known, tell
from broadcast.room_api import deleted_rooms
from library import catalogue
from library.catalogue import Sort
from library.keeping import TRASH_TIME
from library.list_place import Place, UnfitPlace, read_place
from people.accounts import hosts, one_line
from people.models import Room, User
from people.session_cookie import current_user, people

blueprint = Blueprint("library", __name__)

# As each is called by those who speak it.
LANGUAGES = {
    "ja": "日本語",
    "en": "English",
    "zh": "中文",
    "ko": "한국어",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
}
LICENSES = ("CC BY 4.0", "CC BY-SA 4.0", "CC BY-NC 4.0", "CC BY-NC-ND 4.0", "CC0 1.0")
CHIPS = ("lecturer", "series", "tag")
VIEWS = ("grid", "list")
UPLOADS_API = "/api/v1/library/uploads"


@blueprint.get("/library")
@limiter.limit(looks_at_lists)
def library() -> str:
    """`?q=`, filters, `?sort=`, `?after=`, `?view=list`; `?trash=1`: what the reader may restore."""
    person, asked = current_user(), _asked()
    in_trash = bool(request.args.get("trash")) and person is not None and hosts(person)
    more: Place | None = None
    if in_trash:
        found = trash_of(person)
    else:
        try:
            found, more = page_of(person, asked, _place())
        except UnfitPlace:
            abort(404, _("The list has no such place."))
    return render_template(
        "library.html",
        recordings=[_told(known, person) for known in found],
        more=_address(asked, after=str(more)) if more is not None else None,
        asked=asked,
        chips=[(name, asked[name], _address({**asked, name: ""})) for name in CHIPS if asked[name]],
        filtered=any(asked[name] for name in (*CHIPS, "q", "language", "visibility")),
        grid_url=_address({**asked, "view": "grid"}),
        list_url=_address({**asked, "view": "list"}),
        lecture_languages=LANGUAGES,
        visibilities=visibility_words(),
        in_trash=in_trash,
        deleted_rooms=deleted_rooms(person) if in_trash and person is not None else [],
        trash_days=TRASH_TIME.days,
        page={
            "api": "/api/v1/recordings",
            "rooms_api": "/api/v1/rooms",
            "library": url_for("library.library"),
            "uploads": _uploads(person) if not in_trash else None,
        },
        strings=STRINGS["library_page.js"](),
    )


@blueprint.get("/watch/<recording_id>/edit")
def edit(recording_id: str) -> str:
    """What is said of a recording, for who may edit it."""
    known = known_here(recording_id)
    with people().database.reading() as transaction:
        series = catalogue.series_titles(transaction, g.room.organization_id)
    return render_template(
        "recording.html",
        one=_told(known, current_user()),
        place_words=recording_place.words_of(known.place),
        series=series,
        glossary=known.entry.glossary,
        lecture_languages=LANGUAGES,
        licenses=LICENSES,
        visibilities=_visibilities_of(g.room),
        trash_days=TRASH_TIME.days,
        page={
            "api": f"/api/v1/recordings/{recording_id}",
            "library": url_for("library.library"),
            "replace": UPLOADS_API if g.room.uploads and known.entry.session.bytes else None,
            "recording": recording_id,
        },
        strings=STRINGS["recording_form.js"](),
    )


def _uploads(person: User | None) -> dict[str, Any] | None:
    """For who may upload: what is on its way, drawn by the script, which keeps it new."""
    if person is None or not hosts(person):
        return None
    told = [upload_api.told(*one) for one in upload_api.uploads_of(person)]
    most = people().settings.upload_bytes
    return {"api": UPLOADS_API, "told": told, "max_bytes": most}


def visibility_words() -> dict[str, tuple[str, str, str]]:
    """Of each visibility: what it is called, who may watch then, and its icon."""
    words = {
        "room": (_("As its room"), _("Whoever may watch the room may watch it."), "door-open"),
        "private": (_("Private"), _("Only those who may edit it."), "lock"),
        "unlisted": (_("Unlisted"), _("Everybody who has the link. It is in no list."), "link"),
        "organization": (_("Organization"), _("Everybody who has an account here."), "users"),
        "public": (_("Public"), _("Everybody. It is in the library."), "globe"),
    }
    return {name: words[name] for name in VISIBILITIES}


def _visibilities_of(room: Room) -> dict[str, tuple[str, str, str]]:
    """What a recording of `room` can be; an upload belongs to no room that it could be watched like."""
    return {
        name: words for name, words in visibility_words().items() if not (room.uploads and name == "room")
    }


def _asked() -> dict[str, Any]:
    """The form's fields, cleaned; what makes no sense is not there."""
    given = {
        name: one_line(request.args.get(name, ""))[:200]
        for name in ("lecturer", "series", "tag", "language", "visibility", "sort", "view")
    }
    given["q"] = one_line(request.args.get("q", "")[:MAX_SEARCH])
    given["sort"] = given["sort"] if given["sort"] in list(Sort) else Sort.NEWEST.value
    given["view"] = given["view"] if given["view"] in VIEWS else VIEWS[0]
    if given["visibility"] not in VISIBILITIES:
        given["visibility"] = ""
    return given


def _address(asked: dict[str, Any], **more: str) -> str:
    """The library with these fields; those that say nothing are left out."""
    plain = {"sort": Sort.NEWEST.value, "view": VIEWS[0]}
    values = {name: value for name, value in asked.items() if value and plain.get(name) != value}
    return url_for("library.library", **{**values, **more})


def _place() -> Place | None:
    after = request.args.get("after")
    return read_place(after) if after else None


def _told(known: Known, person: User | None) -> dict[str, Any]:
    """As the API tells it to pages, which come by any of our names."""
    row = known.entry.session
    own = {
        "url": f"/watch/{row.id}",
        "seconds": round(row.seconds),
        "thumbnail_url": picture_addresses.thumbnail(row) if row.deleted_at is None else None,
    }
    return {**tell(known, person, may_watch=False), **own}
