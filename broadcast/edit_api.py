"""What of a recording is hidden: `GET|PUT /api/v1/recordings/<id>/edit`, with its versions, to be had back.

Blueprint `edits`, in web threads; who may edit stands in `people.routes.RULES`. A version is a file beside
the media (`edit_list_files`), durable before it is answered; row, transcript, search and jobs follow from it
in the same request, or by adoption where this process died in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import g
from flask_babel import gettext as _
from sqlalchemy import select

from broadcast.access_texts import editors_access_text
from broadcast.adoption import adopt_session
from broadcast.event_log import iso_utc
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_api import known_here
from broadcast.replay_view import seconds_shown
from broadcast.services import services
from library import withheld
from library.models import LectureSession
from people.acts import note_alone
from people.models import User
from people.session_cookie import current_user
from recorder import edit_list_files
from recorder.edit_list import EditList
from recorder.edit_list_files import KeptVersion
from recorder.hidden_spans import MAX_SPANS, HiddenKind, HiddenSpan, Unfit, UnfitSpans, cleaned
from recorder.media import VIDEO_CLOCK_RATE, SessionPhase
from recorder.media_log_reader import NotInLog, SessionReader

blueprint = APIBlueprint("edits", __name__, url_prefix="/api/v1", tag="Recordings")

KINDS = [kind.value for kind in HiddenKind]
_ALL_TOLD = 10 * MAX_SPANS  # what a page may send before it is counted


class HiddenSpanOut(Schema):
    start = Float(metadata={"description": "seconds of the lecture's own clock, as ?t= takes them"})
    end = Float()
    kind = String(metadata={"description": "cut, or private: shown to nobody but editors, at once"})


class EditVersionOut(Schema):
    version = Integer()
    made_by = String(metadata={"description": "recorder, healing (of gaps), file (another one) or person"})
    author = String(allow_none=True, metadata={"description": "the person's name"})
    made_at = String(allow_none=True)
    hidden = List(Nested(HiddenSpanOut))


class EditOut(Schema):
    version = Integer()
    seconds = Float(metadata={"description": "of the whole lecture"})
    duration = Float(metadata={"description": "of what is shown"})
    hidden = List(Nested(HiddenSpanOut))
    versions = List(Nested(EditVersionOut), metadata={"description": "newest first"})
    started_at = String(metadata={"description": "zero of the lecture's own clock"})
    hls_url = String(metadata={"description": "the whole lecture as it was sent, for its editors alone"})


class HiddenSpanIn(Schema):
    start = Float(required=True)
    end = Float(required=True)
    kind = String(required=True, validate=OneOf(KINDS))


class EditIn(Schema):
    hidden = List(
        Nested(HiddenSpanIn),
        validate=Length(max=_ALL_TOLD),
        metadata={"description": "all that is hidden from now on"},
    )
    version = Integer(
        validate=Range(1), metadata={"description": "instead: hide what that version did (undo)"}
    )
    base = Integer(metadata={"description": "the version that was edited; 409: there is a newer one"})


@blueprint.get("/recordings/<recording_id>/edit")
@blueprint.output(EditOut)
def get_edit(recording_id: str) -> dict[str, Any]:
    """What is hidden, and all versions of that."""
    with _opened(recording_id) as (row, reader):
        return _told(row, reader)


@blueprint.put("/recordings/<recording_id>/edit")
@blueprint.input(EditIn, location="json")
@blueprint.output(EditOut)
@limiter.limit("120 per minute")
def put_edit(recording_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Hide these spans from now on, as a new version; the log and what was healed stay as they are."""
    if ("hidden" in json_data) == ("version" in json_data):
        detail = _("Give either spans to hide or a version to go back to.")
        raise Problem(422, _("Not accepted"), detail)
    with _opened(recording_id) as (_row, reader):
        try:
            hidden = _wish(reader, json_data)
            if _save(reader, hidden, json_data.get("base")):
                _note(recording_id, hidden, reader.newest_edit())
        except UnfitSpans as error:
            reason, number = error.reason.value, error.number
            raise Problem(422, _("Not accepted"), _unfit(error), reason=reason, span=number) from error
        return _told(_follow(recording_id), reader)


@contextmanager
def _opened(recording_id: str) -> Iterator[tuple[LectureSession, SessionReader]]:
    """Raises Problem: 404, 409 while the lecture runs."""
    row = known_here(recording_id).entry.session
    if row.phase != SessionPhase.ENDED:
        raise Problem(409, _("Not ended"), _("This lecture has not ended yet."))
    try:
        reader = SessionReader(services().settings.session_roots, recording_id)
    except NotInLog as error:
        raise Problem(404, _("Not found"), _("The media of this recording are not here any more.")) from error
    try:
        yield row, reader
    finally:
        reader.close()


def _wish(reader: SessionReader, asked: dict[str, Any]) -> tuple[HiddenSpan, ...]:
    """Raises UnfitSpans, Problem(404)."""
    if "hidden" in asked:
        spans = (HiddenSpan(one["start"], one["end"], HiddenKind(one["kind"])) for one in asked["hidden"])
        return cleaned(spans)
    try:
        return reader.whole_list(asked["version"]).hidden
    except NotInLog as error:
        raise Problem(404, _("Not found"), _("There is no such version of this recording.")) from error


def _note(recording_id: str, hidden: tuple[HiddenSpan, ...], version: int) -> None:
    private = sum(one.kind is HiddenKind.PRIVATE for one in hidden)
    more = {"room": g.room.slug, "version": version, "cut": len(hidden) - private, "private": private}
    note_alone("recording.hidden", organization_id=g.room.organization_id, subject=recording_id, **more)


def _save(reader: SessionReader, hidden: tuple[HiddenSpan, ...], base: int | None) -> bool:
    """Whether there is a new version: not where the newest hides the same. Raises UnfitSpans, Problem."""
    person = current_user()
    newest = reader.whole_list(reader.newest_edit())
    if newest.hidden == hidden and base in (None, newest.version):
        return False

    def edited(newest: EditList | None, version: int) -> EditList:
        whole = newest or reader.whole_list(1)
        if base is not None and base != whole.version:
            detail = _("Somebody else has edited this recording meanwhile. Load the page again to go on.")
            raise Problem(409, _("Not accepted"), detail)
        edits = EditList(version, whole.spans, hidden, person.id if person is not None else None)
        if not seconds_shown(reader.played(edits), reader):
            raise UnfitSpans(Unfit.NOTHING_LEFT)
        return edits

    edit_list_files.save_next(services().settings.session_roots, reader.session_id, edited)
    return True


def _follow(recording_id: str) -> LectureSession:
    """Row, cues and jobs follow the file; what shows something that is private now goes."""
    one = services()
    adopt_session(one.settings, one.database, recording_id)
    one.announce(g.room.id)
    with one.database.reading() as transaction:
        row = transaction.get_one(LectureSession, recording_id)
    one.tell({"kind": "state", "session": recording_id, "room": g.room.id, "version": row.state_version})
    withheld.remove_withheld(one.settings.recordings_folder, one.settings.pictures_folder, row)
    return row


def _told(row: LectureSession, reader: SessionReader) -> dict[str, Any]:
    newest = reader.whole_list(reader.newest_edit())
    token = editors_access_text(services().secret, g.room, row)
    ends = (take.end_pts for take in reader.takes if take.segments)
    return {
        "version": newest.version,
        "seconds": round(max(ends, default=0) / VIDEO_CLOCK_RATE, 3),
        "duration": seconds_shown(reader.played(newest), reader),
        "hidden": [_span(one) for one in newest.hidden],
        "versions": _versions(row, reader),
        "started_at": iso_utc(row.started_at),
        "hls_url": absolute(f"/live/{token}/{row.id}/index.m3u8"),
    }


def _versions(row: LectureSession, reader: SessionReader) -> list[dict[str, Any]]:
    kept = edit_list_files.versions(services().settings.session_roots, row.id)
    names = _names({one.edits.author for one in kept if one.edits.author is not None})
    first = {
        "version": 1,
        "made_by": "recorder",
        "author": None,
        "made_at": iso_utc(row.ended_at) if row.ended_at is not None else None,
        "hidden": [_span(one) for one in reader.whole_list(1).hidden],
    }
    return [*(_version(one, names) for one in kept), first]


def _version(kept: KeptVersion, names: dict[str, str]) -> dict[str, Any]:
    author = kept.edits.author
    by_itself = "healing" if any(span.healed for span in kept.edits.spans) else "file"
    return {
        "version": kept.edits.version,
        "made_by": "person" if author is not None else by_itself,
        "author": names.get(author) if author is not None else None,
        "made_at": iso_utc(kept.made_at),
        "hidden": [_span(one) for one in kept.edits.hidden],
    }


def _names(ids: set[str]) -> dict[str, str]:
    with services().database.reading() as transaction:
        people: Sequence[User] = transaction.scalars(select(User).where(User.id.in_(ids))).all()
    return {one.id: one.display_name for one in people}


def _span(one: HiddenSpan) -> dict[str, Any]:
    return {"start": one.start, "end": one.end, "kind": one.kind.value}


def _unfit(error: UnfitSpans) -> str:
    words: dict[Unfit, str] = {
        Unfit.NO_TIME: _("A moment of the lecture is told in seconds from its beginning."),
        Unfit.BACKWARDS: _("A span ends after it begins."),
        Unfit.TOO_MANY: _("At most %(count)s spans can be hidden.", count=MAX_SPANS),
        Unfit.NOTHING_LEFT: _("Nothing of the recording would be left. To hide all of it, make it private."),
    }
    return words[error.reason]
