"""`/api/v1/recordings`: the catalogue for pages and programs: found, told of, described, thrown away.

Blueprint `recordings`, in web threads. Who may edit stands in `people.routes.RULES`, with the room in
`g.room`; what somebody may watch is judged here. A change of who may watch holds at once in this process, and
within a second or two in the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, g
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import recording_access, session_rows, transcript_api
from broadcast.edit_doors import must, no_recording
from broadcast.lecture_lists import MAX_SEARCH, words_of
from broadcast.lecture_words import DESCRIPTION_LENGTH
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter, looks_at_lists
from broadcast.recording_doors import verdict_on
from broadcast.recording_facts import Known, known_of, tell
from broadcast.recording_words import (
    GLOSSARY_LENGTH,
    LANGUAGE_LENGTH,
    LICENSE_LENGTH,
    MAX_TAGS,
    TAG_LENGTH,
    UnfitGlossary,
    UnfitLanguage,
    UnfitTimes,
    check_times,
    cleaned,
)
from broadcast.services import services
from broadcast.session_api import checked_words
from broadcast.transcript_api import TranscriptBriefOut
from broadcast.watched_facts import WatchedOut
from library import catalogue, object_moves, removals
from library.catalogue import (
    MAX_PAGE_LENGTH,
    PAGE_LENGTH,
    Filter,
    IsHeld,
    NoSeries,
    NotInTrash,
    Sort,
    StillRunning,
)
from library.database import utc_now
from library.jobs import Jobs
from library.keeping import Kept, Removal
from library.list_place import MAX_PLACE_LENGTH, Place, UnfitPlace, read_place
from library.models import JobState, LectureSession, Visibility
from people import doors
from people.accounts import NAME_LENGTH, one_line
from people.acts import note_in_room
from people.models import User
from people.rooms import TITLE_LENGTH
from people.session_cookie import current_user, doors_of
from people.visible_recordings import edited_by, listed_to

blueprint = APIBlueprint("recordings", __name__, url_prefix="/api/v1", tag="Recordings")

VISIBILITIES = [one.value for one in Visibility]
SORTS = [one.value for one in Sort]


class CatalogueEntryOut(Schema):
    id = String(metadata={"description": "of the session"})
    title = String()
    description = String(metadata={"description": "plain text; line breaks count"})
    lecturer = String(metadata={"description": "as it is shown"})
    language = String(allow_none=True, metadata={"description": "BCP 47"})
    series = String(allow_none=True, metadata={"description": "its title"})
    tags = List(String())
    license = String(allow_none=True)
    visibility = String(metadata={"description": ", ".join(VISIBILITIES)})
    publish_at = String(allow_none=True)
    expires_at = String(allow_none=True)
    deleted_at = String(allow_none=True, metadata={"description": "since when it is in the trash"})
    kept = String(metadata={"description": "published, or held: for its room's owner alone"})
    held_until = String(allow_none=True, metadata={"description": "when it goes unless it is claimed"})
    state = String(
        metadata={
            "description": "ready to watch; live, slate; empty (it left nothing); trash; "
            "of an upload: uploading, waiting, checking, preparing, failed, quarantined"
        }
    )
    reason = String(
        allow_none=True, metadata={"description": "of an upload, for who may edit it: why it stands so"}
    )
    progress = Float(allow_none=True, metadata={"description": "of an upload that is prepared, 0 to 1"})
    duration = Float(allow_none=True, metadata={"description": "seconds of the replay"})
    started_at = String()
    url = String(metadata={"description": "of its page"})
    hls_url = String(allow_none=True)
    mp4_url = String(allow_none=True)
    poster_url = String(allow_none=True)
    thumbnail_url = String(allow_none=True, metadata={"description": "the poster for a card"})
    storyboard_url = String(allow_none=True, metadata={"description": "WebVTT over sheets"})
    mp4_state = String(allow_none=True, metadata={"description": "waiting, running, ready or failed"})
    mp4_progress = Float(allow_none=True)
    mp4_error = String(allow_none=True, metadata={"description": "why, for who may edit it"})
    downloads = Boolean(metadata={"description": "whether who may watch it gets its MP4, too"})
    may_edit = Boolean()
    watched = Nested(
        WatchedOut, allow_none=True, metadata={"description": "by the asker; null: nothing of it yet"}
    )
    place = String(
        allow_none=True,
        metadata={"description": "disk, copied, bucket, damaged; null: not known yet, or not told"},
    )


class CatalogueRecordingOut(CatalogueEntryOut):
    """One recording by itself."""

    glossary = List(
        String(),
        allow_none=True,
        metadata={"description": "the words of its series; null for who may not edit it"},
    )

    transcript = Nested(
        TranscriptBriefOut, allow_none=True, metadata={"description": "null for who may not watch"}
    )
    chapters_url = String(allow_none=True, metadata={"description": "null for who may not watch"})


class CatalogueOut(Schema):
    recordings = List(Nested(CatalogueEntryOut))
    more = String(allow_none=True, metadata={"description": "`after` of the next page; null: that was all"})


class CatalogueIn(Schema):
    q = String(
        load_default="",
        validate=Length(max=MAX_SEARCH),
        metadata={"description": "words, each in title, lecturer, series or a tag"},
    )
    sort = String(load_default=Sort.NEWEST.value, validate=OneOf(SORTS))
    after = String(load_default=None, validate=Length(1, MAX_PLACE_LENGTH))
    lecturer = String(load_default=None, validate=Length(max=NAME_LENGTH))
    series = String(load_default=None, validate=Length(max=TITLE_LENGTH))
    tag = String(load_default=None, validate=Length(max=TAG_LENGTH))
    language = String(load_default=None, validate=Length(max=LANGUAGE_LENGTH))
    visibility = String(load_default=None, validate=OneOf(VISIBILITIES))
    limit = Integer(load_default=PAGE_LENGTH, validate=Range(1, MAX_PAGE_LENGTH))
    trash = Boolean(load_default=False, metadata={"description": "what the asker may restore, instead"})


class RecordingPatchIn(Schema):
    title = String(validate=Length(1, TITLE_LENGTH))
    description = String(validate=Length(max=DESCRIPTION_LENGTH))
    lecturer = String(validate=Length(max=NAME_LENGTH))
    language = String(allow_none=True, validate=Length(max=LANGUAGE_LENGTH))
    series = String(allow_none=True, validate=Length(max=TITLE_LENGTH))
    tags = List(String(validate=Length(max=TAG_LENGTH)), validate=Length(max=MAX_TAGS))
    glossary = List(
        String(validate=Length(max=TAG_LENGTH)),
        validate=Length(max=GLOSSARY_LENGTH),
        metadata={
            "description": f"of its series: words that what transcribes it is told of; at most "
            f"{GLOSSARY_LENGTH} characters in all"
        },
    )
    license = String(allow_none=True, validate=Length(max=LICENSE_LENGTH))
    visibility = String(validate=OneOf(VISIBILITIES))
    downloads = Boolean()
    publish_at = AwareDateTime(allow_none=True, metadata={"description": "ISO 8601 with its zone"})
    expires_at = AwareDateTime(allow_none=True, metadata={"description": "ISO 8601 with its zone"})


@blueprint.get("/recordings")
@blueprint.input(CatalogueIn, location="query")
@blueprint.output(CatalogueOut)
@limiter.limit(looks_at_lists)
def list_recordings(query_data: dict[str, Any]) -> dict[str, Any]:
    """What the asker may watch, page by page."""
    person = current_user()
    if query_data["trash"]:
        found, more = trash_of(person), None
    else:
        try:
            place = read_place(query_data["after"]) if query_data["after"] else None
            found, more = page_of(person, query_data, place, length=query_data["limit"])
        except UnfitPlace as error:
            raise Problem(422, _("Not accepted"), _("The list has no such place.")) from error
    told = [tell(known, person, may_watch=_is_let_in(known)) for known in found]
    return {"recordings": told, "more": str(more) if more is not None else None}


def _is_let_in(known: Known) -> bool:
    """What is listed to somebody may be watched by them, where the organization lets them in from here."""
    let_in = bool(doors_of(known.room.organization_id).verdict)
    return let_in and known.entry.session.deleted_at is None


@blueprint.get("/recordings/<recording_id>")
@blueprint.output(CatalogueRecordingOut)
def get_recording(recording_id: str) -> dict[str, Any]:
    """One recording; a lecture under way is told of as its room is watched."""
    person, known = current_user(), known_here(recording_id)
    verdict = verdict_on(person, known.entry.session, known.room)
    if not doors.may_edit_recording(person, known.room, known.entry.session):
        must(verdict, _("You may not watch this recording."))
    return _whole(known, person, may_watch=bool(verdict))


@blueprint.patch("/recordings/<recording_id>")
@blueprint.input(RecordingPatchIn, location="json")
@blueprint.output(CatalogueRecordingOut)
def patch_recording(recording_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of it."""
    try:
        values = cleaned(checked_words(json_data))
    except UnfitLanguage as error:
        words = _("A language is given by its tag, such as ja, en or zh-Hans.")
        raise Problem(422, _("Not accepted"), words) from error
    except UnfitGlossary as error:
        words = _("The words of a series have at most {count} characters together.")
        words = words.replace("{count}", str(GLOSSARY_LENGTH))
        raise Problem(422, _("Not accepted"), words) from error
    if g.room.uploads and values.get("visibility") == Visibility.ROOM:
        raise Problem(
            422, _("Not accepted"), _("An upload belongs to no room that it could be watched like.")
        )
    try:
        with _changing(recording_id) as (transaction, row):
            _check_times(row, values)
            _note_who_may_watch(transaction, row, values)
            catalogue.change(transaction, row, values)
            transaction.flush()
            session_rows.describe(transaction, row)
            _tell_the_room(transaction, row, values)
    except IsHeld as error:
        words = _("This recording is held. Keep it first, then say who may watch it.")
        raise Problem(409, _("Not accepted"), words) from error
    except NoSeries as error:
        words = _("Words belong to a series, and this recording is in none.")
        raise Problem(422, _("Not accepted"), words) from error
    return _told(recording_id)


@blueprint.delete("/recordings/<recording_id>")
def delete_recording(recording_id: str) -> Response:
    """Into the trash: hidden everywhere at once, to be had back for 30 days; what is held, for good."""
    person = current_user()
    try:
        with _changing(recording_id) as (transaction, row):
            for_good = row.kept != Kept.PUBLISHED
            note_in_room(transaction, "recording.deleted", g.room, row.id, for_good=for_good)
            if not for_good:
                catalogue.throw_away(transaction, row, utc_now())
            else:
                by = person.id if person is not None else None
                removals.order(transaction, row, Removal.OWNER, utc_now(), by=by)
    except StillRunning as error:
        raise Problem(409, _("Still running"), _("This lecture is still running. End it first.")) from error
    return Response(status=204)


@blueprint.post("/recordings/<recording_id>/restore")
@blueprint.output(CatalogueRecordingOut)
def restore_recording(recording_id: str) -> dict[str, Any]:
    """Out of the trash again."""
    try:
        with _changing(recording_id) as (transaction, row):
            catalogue.restore(transaction, row, utc_now())
            note_in_room(transaction, "recording.restored", g.room, row.id)
    except NotInTrash as error:
        raise Problem(409, _("Not in the trash"), _("This recording is not in the trash.")) from error
    return _told(recording_id)


@blueprint.post("/recordings/<recording_id>/mp4")
def make_mp4_again(recording_id: str) -> tuple[dict[str, Any], int]:
    """Have an MP4 that failed made once more."""
    job = known_here(recording_id).job
    if job is None or job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise Problem(409, _("Not failed"), _("The MP4 of this recording did not fail."))
    Jobs(services().database).retry(job.id)
    return {"mp4_state": JobState.WAITING.value}, 202


@blueprint.post("/recordings/<recording_id>/home")
def bring_home(recording_id: str) -> tuple[dict[str, Any], int]:
    """Have a recording that was moved into the object store brought back to the disk. 409: it is there."""
    with services().database.session() as transaction:
        if not object_moves.moved_of(transaction, recording_id):
            raise Problem(409, _("Not needed"), _("This recording is on this server's disk."))
        job = object_moves.order_home(transaction, recording_id, utc_now())
    return {"job": job.id}, 202


# What the answers and the pages are made of


def page_of(
    person: User | None, asked: dict[str, Any], place: Place | None, *, length: int = PAGE_LENGTH
) -> tuple[tuple[Known, ...], Place | None]:
    """`asked`: as `CatalogueIn` loads it. Raises UnfitPlace."""
    plain = ("lecturer", "series", "tag", "language", "visibility")
    chosen = Filter(
        words=words_of(asked["q"]), **{name: one_line(asked[name] or "") or None for name in plain}
    )
    with services().database.reading() as transaction:
        found = catalogue.page(
            transaction,
            listed_to(person, utc_now()),
            chosen,
            sort=Sort(asked["sort"]),
            after=place,
            length=length,
        )
        return known_of(transaction, found.entries, person), found.more


def trash_of(person: User | None) -> tuple[Known, ...]:
    """What `person` may restore."""
    with services().database.reading() as transaction:
        return known_of(transaction, catalogue.trash(transaction, edited_by(person), utc_now()))


def known_here(recording_id: str) -> Known:
    """Raises Problem(404)."""
    with services().database.reading() as transaction:
        entry = catalogue.entry_of(transaction, recording_id)
        if entry is None or catalogue.is_gone(entry.session, utc_now()):
            raise no_recording()
        return known_of(transaction, [entry], current_user())[0]


def _told(recording_id: str) -> dict[str, Any]:
    person, known = current_user(), known_here(recording_id)
    return _whole(known, person, may_watch=bool(verdict_on(person, known.entry.session, known.room)))


def _whole(known: Known, person: User | None, *, may_watch: bool) -> dict[str, Any]:
    told = tell(known, person, may_watch=may_watch)
    recording_id = known.entry.session.id
    more = {
        "glossary": list(known.entry.glossary) if told["may_edit"] else None,
        "transcript": transcript_api.in_brief(recording_id) if may_watch else None,
        "chapters_url": absolute(f"/api/v1/recordings/{recording_id}/chapters") if may_watch else None,
    }
    return {**told, **more}


@contextmanager
def _changing(recording_id: str) -> Iterator[tuple[Session, LectureSession]]:
    """The row in a transaction; afterwards who may watch is known everywhere. Raises Problem(404)."""
    with services().database.session() as transaction:
        row = transaction.get(LectureSession, recording_id)
        if row is None or catalogue.is_gone(row, utc_now()):
            raise no_recording()
        before = row.access_epoch
        yield transaction, row
    if row.access_epoch != before:
        recording_access.save(services().settings.session_roots, row)
        services().access_changed(g.room.id)
    services().announce(g.room.id)


def _check_times(row: LectureSession, values: dict[str, Any]) -> None:
    try:
        check_times(values.get("publish_at", row.publish_at), values.get("expires_at", row.expires_at))
    except UnfitTimes as error:
        words = _("A recording is taken back after it is published, not before.")
        raise Problem(422, _("Not accepted"), words) from error


def _note_who_may_watch(transaction: Session, row: LectureSession, values: dict[str, Any]) -> None:
    """In the audit log, of what differs now."""
    changed = {
        name: _noted(values[name])
        for name in ("visibility", "downloads", "publish_at", "expires_at")
        if name in values and values[name] != getattr(row, name)
    }
    if changed:
        before = {"from": row.visibility} if "visibility" in changed else {}
        note_in_room(transaction, "recording.visibility", g.room, row.id, **before, **changed)


def _noted(value: str | bool | datetime | None) -> str | bool | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _tell_the_room(transaction: Session, row: LectureSession, values: dict[str, Any]) -> None:
    """Whoever watches it sees its new title at once."""
    if {"title", "description"} & set(values) and session_rows.is_told_to_the_room(row):
        state = services().directory.states().get(row.id)
        clock = session_rows.clock_ms(state) if state is not None else None
        services().event_log.append(transaction, row.room_id, session_rows.title_event(row, clock))
