"""The JSON API of chapters: `/api/v1/recordings/<id>/chapters`, and the same as a WebVTT file (`.vtt`).

Blueprint `chapters`, in web threads. Who may watch reads, who may host the room writes. Times are seconds of
the lecture's own clock, as those of transcripts; players put them where their playlist has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, List, Nested, String
from apiflask.validators import Length
from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast.chapter_words import unfit_chapters
from broadcast.download_views import attachment, file_name
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_doors import recording_to_change, recording_to_watch
from broadcast.services import services
from library import chapters, watching
from library.chapter_list import (
    Chapter,
    Unfit,
    UnfitChapters,
    fit_chapters,
    parse_json,
    parse_vtt,
    shown_chapters,
    version_of,
    write_vtt,
)
from library.models import LectureSession
from people import doors
from people.session_cookie import current_user

blueprint = APIBlueprint("chapters", __name__, url_prefix="/api/v1", tag="Recordings")

_PARSERS: Mapping[str, Callable[[bytes], tuple[Chapter, ...]]] = {
    "text/vtt": parse_vtt,
    "application/json": parse_json,
}


class ChapterOut(Schema):
    at = Float(metadata={"description": "seconds of the lecture's own clock"})
    title = String()
    origin = String(metadata={"description": "person, vtt or event"})


class ChaptersOut(Schema):
    chapters = List(Nested(ChapterOut), metadata={"description": "in order of time"})
    version = String(metadata={"description": "names what they say: `base` of who changes them"})
    may_edit = Boolean()
    vtt_url = String()


class ChaptersPutIn(Schema):
    base = String(
        load_default=None,
        validate=Length(max=64),
        metadata={"description": "the version that was changed; 409: there is another one"},
    )


@blueprint.get("/recordings/<session_id>/chapters")
@blueprint.output(ChaptersOut)
def get_chapters(session_id: str) -> dict[str, Any]:
    """The chapters of a recording."""
    row, room = recording_to_watch(session_id)
    may_edit = bool(doors.may_host(current_user(), room))
    return _told(session_id, _chapters_for(row, may_edit=may_edit), may_edit=may_edit)


@blueprint.get("/recordings/<session_id>/chapters.vtt")
def get_file(session_id: str) -> Response:
    """The same as WebVTT, each chapter a cue."""
    row, room = recording_to_watch(session_id)
    found = _chapters_for(row, may_edit=bool(doors.may_host(current_user(), room)))
    response = Response(write_vtt(found, watching.end_of(row)), content_type="text/vtt; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = attachment(f"{file_name(row.title)}.chapters.vtt")
    return response


@blueprint.put("/recordings/<session_id>/chapters")
@blueprint.input(ChaptersPutIn, location="query")
@blueprint.output(ChaptersOut)
@limiter.limit("60 per minute")
def put_chapters(session_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """All of them anew: WebVTT (`text/vtt`) or JSON `{chapters: [{at, title}]}`; none: `[]`."""
    row, _room = recording_to_change(session_id)
    if row.phase != "ended":
        raise Problem(409, _("Not ended"), _("This lecture has not ended yet."))
    given = _given(row)
    with services().database.session() as transaction:
        _must_be_current(transaction, session_id, query_data["base"])
        chapters.save(transaction, session_id, given)
        kept = chapters.chapters_of(transaction, session_id)
    return _told(session_id, kept, may_edit=True)


def _chapters_for(row: LectureSession, *, may_edit: bool) -> tuple[Chapter, ...]:
    """All of them for who may edit them; for others those of which anything is shown."""
    with services().database.reading() as transaction:
        found = chapters.chapters_of(transaction, row.id)
    if may_edit:
        return found
    return shown_chapters(found, watching.shown_spans(row), watching.end_of(row))


def _given(row: LectureSession) -> tuple[Chapter, ...]:
    """What the request's body says. Raises Problem."""
    parse = _PARSERS.get(request.mimetype)
    if parse is None:
        raise Problem(415, _("Not accepted"), _("Chapters are a WebVTT file or JSON."))
    try:
        return fit_chapters(parse(request.get_data()), watching.end_of(row))
    except UnfitChapters as error:
        status = 413 if error.reason is Unfit.TOO_LARGE else 422
        raise Problem(
            status,
            _("Not accepted"),
            unfit_chapters(error),
            reason=error.reason,
            line=error.line,
            chapter=error.number,
        ) from error


def _must_be_current(transaction: Session, session_id: str, base: str | None) -> None:
    """Raises Problem(409)."""
    if not base:
        return
    chapters.lock(transaction, session_id)
    if version_of(chapters.chapters_of(transaction, session_id)) != base:
        detail = _("Somebody else has changed the chapters meanwhile. Load the page again to go on.")
        raise Problem(409, _("Not accepted"), detail)


def _told(session_id: str, found: tuple[Chapter, ...], *, may_edit: bool) -> dict[str, Any]:
    return {
        "chapters": [{"at": one.at, "title": one.title, "origin": one.origin} for one in found],
        "version": version_of(found),
        "may_edit": may_edit,
        "vtt_url": absolute(f"/api/v1/recordings/{session_id}/chapters.vtt"),
    }
