"""The JSON API of rooms, `/api/v1/rooms/…`: their state, going live, ending, unlocking, beacons.

Blueprint `api`, in web threads; APIFlask makes the OpenAPI description of it. Who may use what stands
in `people.routes.RULES`; who may watch is judged here, for an answer without media addresses is still one.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, g, request, session
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import (
    access,
    lecture_schedule,
    picture_addresses,
    recording_access,
    room_keeping,
    room_trash,
    watched_facts,
)
from broadcast.access_texts import recording_access_text, room_access_text
from broadcast.edit_doors import no_recording
from broadcast.keeping_api import KeepingOut
from broadcast.lecture_schedule import plan_payload
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.scheduled_api import PlanOut
from broadcast.services import services
from broadcast.session_directory import SessionSummary
from broadcast.session_rows import playback_payload
from broadcast.watched_facts import WatchedOfPageOut
from library import chapters, pictures, transcripts
from library.database import DatabaseUnavailable, utc_now
from library.jobs import newest_of
from library.keeping import TRASH_TIME, Kept
from library.models import Job, LectureSession
from library.usage import Heard, Quality, device_of
from people import doors
from people import rooms as room_rules
from people.acts import note_in_room, saw
from people.audit import Detail
from people.doors import Reason, Verdict
from people.entry_words import kept_out_words
from people.error_words import UnfitRoom, room_error
from people.intrusion_signs import Sign
from people.models import Room, RoomAccess, User
from people.passwords import UnfitPassword
from people.request_address import client_address
from people.session_cookie import browser_id, current_user, is_kept_out, people
from people.tokens import PublishToken, issue_publish_token, issue_unlock, unlock_cookie_name
from people.visits import visit_here

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Rooms")


UNFIT = (
    room_rules.UnfitSlug,
    room_rules.SlugTaken,
    room_rules.UnfitTitle,
    room_rules.RoomPasswordMissing,
    UnfitPassword,
)
_FOR_MEMBERS = (Reason.SIGN_IN, Reason.DEACTIVATED, Reason.NOT_MEMBER)
PICTURE_URLS = ("poster_url", "thumbnail_url", "storyboard_url", "loudness_url")
WATCHED_URLS = ("mp4_url", "transcript_url", "chapters_url", *PICTURE_URLS)  # null for who may not watch
MOST_SECONDS = 7 * 24 * 3600  # that a page tells of itself
ACCESS_MODES = [mode.value for mode in RoomAccess]


class RecordingOut(Schema):
    state = String(metadata={"description": "ok, spilling (the disk is full) or losing"})
    bytes = Integer()
    last_part_at = String(allow_none=True)


class SessionOut(Schema):
    id = String()
    title = String(allow_none=True, metadata={"description": "of this lecture; null for who may not watch"})
    description = String(allow_none=True, metadata={"description": "plain text; null for who may not watch"})
    state = String(metadata={"description": "live, slate or ended"})
    replay_version = Integer(metadata={"description": "of the edit list; hls_url of an ended session has it"})
    hls_url = String(allow_none=True)
    live_url = String(allow_none=True)
    started_at = String()
    ended_at = String(allow_none=True)
    mp4_url = String(allow_none=True)
    mp4_state = String(allow_none=True)
    mp4_progress = Float(allow_none=True)
    poster_url = String(allow_none=True, metadata={"description": "WebP, 1280 wide at most"})
    thumbnail_url = String(allow_none=True, metadata={"description": "the poster, 640 wide at most"})
    storyboard_url = String(allow_none=True, metadata={"description": "WebVTT over sheets of small pictures"})
    loudness_url = String(allow_none=True, metadata={"description": "JSON: dB of each step of the replay"})
    pictures_state = String(
        allow_none=True, metadata={"description": "of storyboard and loudness, as mp4_state"}
    )
    transcript_url = String(
        allow_none=True, metadata={"description": "of the API; null while there is no transcript"}
    )
    chapters_url = String(allow_none=True, metadata={"description": "of the API; null without chapters"})
    watched = Nested(
        WatchedOfPageOut, allow_none=True, metadata={"description": "of an ended one, for who is signed in"}
    )
    recorder_epoch = String(allow_none=True)
    recording = Nested(RecordingOut)
    off_record = Boolean(metadata={"description": "what is said now is not for the recording"})
    kept = String(metadata={"description": "published, held (for the room's owner alone) or none"})
    held_until = String(allow_none=True, metadata={"description": "of one that is held: when it goes"})


class FeedOut(Schema):
    snapshot_url = String()
    batch_url = String(metadata={"description": "{k} stands for the batch's number"})


class PlaybackOut(Schema):
    kind = String(metadata={"description": "film or camera"})
    media_id = String()
    title = String()
    state = String(metadata={"description": "playing or paused"})
    position = Float(metadata={"description": "media seconds, as of now"})
    duration = Float()
    voice_over = Boolean()


class RoomOut(Schema):
    slug = String()
    title = String()
    access = String()
    may_watch = Boolean()
    refusal = String(
        allow_none=True,
        metadata={
            "description": "why not: sign_in, deactivated, not_member, password, invited (only who is "
            "invited) or kept_out (the organization's entry rules)"
        },
    )
    may_host = Boolean()
    live_base = String(allow_none=True)
    feed = Nested(FeedOut, allow_none=True)
    beacon_url = String()
    beacon_seconds = Float()
    session = Nested(SessionOut, allow_none=True, metadata={"description": "the live, else the latest"})
    playback = Nested(PlaybackOut, allow_none=True, metadata={"description": "the film being played"})
    scheduled = Nested(PlanOut, allow_none=True, metadata={"description": "the next lecture to be held"})
    due = Nested(PlanOut, allow_none=True, metadata={"description": "for hosts: taken up by going live now"})
    keeping = Nested(
        KeepingOut,
        allow_none=True,
        metadata={
            "description": "what becomes of the lecture under way, else of the next; null: unknown now"
        },
    )


class DeletedRoomOut(Schema):
    slug = String(metadata={"description": "stays its own"})
    title = String()
    deleted_at = String()
    restorable_until = String()
    recordings = Integer(metadata={"description": "that come back with it"})


class DeletedRoomsOut(Schema):
    rooms = List(Nested(DeletedRoomOut))


class RoomIn(Schema):
    slug = String(load_default=None, validate=Length(1, 64))
    title = String(required=True, validate=Length(1, 200))
    access = String(load_default="open", validate=OneOf(ACCESS_MODES))
    password = String(load_default=None, validate=Length(max=200))


class RoomPatchIn(Schema):
    title = String(load_default=None, validate=Length(1, 200))
    access = String(load_default=None, validate=OneOf(ACCESS_MODES))
    password = String(load_default=None, validate=Length(max=200))


class OffRecordIn(Schema):
    off_record = Boolean(required=True)


class OffRecordOut(Schema):
    off_record = Boolean()


class UnlockIn(Schema):
    password = String(required=True, validate=Length(1, 200))


class BeaconIn(Schema):
    viewer = String(required=True, validate=Length(8, 64), metadata={"description": "random, of the tab"})
    page = String(
        load_default=None, validate=Length(8, 64), metadata={"description": "random, of the page's own life"}
    )
    session = String(load_default=None, validate=Length(1, 64), metadata={"description": "what is played"})
    replay = Boolean(load_default=False, metadata={"description": "it has ended: counted as no viewer now"})
    seconds = Integer(load_default=0, validate=Range(0, MOST_SECONDS), metadata={"description": "played"})
    stalled = Integer(
        load_default=0, validate=Range(0, MOST_SECONDS), metadata={"description": "seconds without media"}
    )
    stalls = Integer(load_default=0, validate=Range(0, 100_000))
    height = Integer(load_default=None, validate=Range(1, 10_000), metadata={"description": "of the picture"})
    kbps = Integer(load_default=None, validate=Range(1, 1_000_000))
    latency_ms = Integer(
        load_default=None, validate=Range(0, 1000 * MOST_SECONDS), metadata={"description": "behind live"}
    )


class PublishTokenIn(Schema):
    takeover = Boolean(load_default=False)
    session = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 64),
        metadata={
            "description": "a studio that reconnects by itself: the session it goes on with, if it goes on"
        },
    )
    publication = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 64),
        metadata={"description": "its last publication: no other one is displaced while a picture arrives"},
    )


@blueprint.get("/rooms/<slug>")
@blueprint.output(RoomOut)
def get_room(slug: str) -> dict[str, Any]:
    """A room and its live, else its latest session. `?session=` names another session of the room."""
    try:
        room, person = room_here(slug), current_user()
    except DatabaseUnavailable:
        return _room_without_database(slug)
    verdict = doors.may_watch(person, room, visit_here(room))
    may_host = bool(doors.may_host(person, room))
    with services().database.reading() as transaction:
        found = _session_of(transaction, room, person)
        row = transaction.get(LectureSession, found.id) if found else None
        facts = _facts_of_row(transaction, room, found, row, person) if found else {}
        plans = _plans_of(transaction, room.id, may_watch=bool(verdict), may_host=may_host)
        days = services().settings.safety_days
        keeping = room_keeping.told(transaction, room, days, may_host=may_host)
    of_session = _may_watch_session(person, room, row, verdict)
    room_token = _access_of(room) if verdict else None
    token = _access_of_session(room, row) if of_session else None
    # What only the organization may watch is behind the same door as a room for members.
    mode = RoomAccess.MEMBERS.value if of_session.reason in _FOR_MEMBERS else room.access
    return {
        **_room_facts(room.slug, room.title, mode, room.id, room_token),
        "may_watch": bool(of_session),
        "refusal": None if of_session else of_session.reason.value,
        "may_host": may_host,
        "session": _session_out(found, token, facts) if found else None,
        "playback": _playback_of(slug) if verdict else None,
        **plans,
        "keeping": keeping,
    }


@blueprint.post("/rooms")
@blueprint.input(RoomIn, location="json")
@blueprint.output(RoomOut, status_code=201)
def add_room(json_data: dict[str, Any]) -> dict[str, Any]:
    """One more room of the signed-in person."""
    person = person_here()
    try:
        with services().database.session() as transaction:
            slug = json_data["slug"] or room_rules.free_slug(transaction, json_data["title"])
            room = room_rules.create_room(
                transaction,
                slug=slug,
                title=json_data["title"],
                owner=person,
                access=RoomAccess(json_data["access"]),
                password=json_data["password"],
            )
            note_in_room(transaction, "room.created", room, access=room.access)
    except UNFIT as error:
        raise _unfit(error) from error
    services().access.wake()
    return {**_own_room(room), "session": None, "playback": None}


@blueprint.patch("/rooms/<slug>")
@blueprint.input(RoomPatchIn, location="json")
@blueprint.output(RoomOut)
def patch_room(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Change title, access or password. Changed access makes every media address of before void."""
    mode = json_data["access"]
    try:
        with services().database.session() as transaction:
            room = room_rules.room_of(transaction, slug)
            before = room.access
            raised = room_rules.change_room(
                room,
                title=json_data["title"],
                access=RoomAccess(mode) if mode else None,
                password=json_data["password"],
            )
            _note_change(transaction, room, before, json_data, raised=raised)
    except room_rules.RoomNotFound as error:
        raise _no_room() from error
    except UNFIT as error:
        raise _unfit(error) from error
    if raised:
        services().access_changed(room.id)
    return {**_own_room(room), "session": None, "playback": None}


@blueprint.delete("/rooms/<slug>")
def delete_room(slug: str) -> Response:
    """Into the trash, with all that was recorded in it: nobody enters, finds or sends to it from then on. To
    be had back for 30 days.
    """
    try:
        if services().directory.live_state(slug) is not None:
            raise room_trash.RoomIsLive(slug)
        room_trash.must_be_over(services().recorder, g.room)
        with services().database.session() as transaction:
            room = room_trash.throw_away(transaction, g.room.id, utc_now())
            note_in_room(transaction, "room.deleted", room)
    except room_trash.RoomIsLive as error:
        words = _("A lecture is under way in this room. End it first.")
        raise Problem(409, _("Still running"), words) from error
    except room_rules.RoomNotFound as error:
        raise _no_room() from error
    services().access_changed(room.id)
    return Response(status=204)


@blueprint.post("/rooms/<slug>/restore")
@blueprint.output(RoomOut)
def restore_room(slug: str) -> dict[str, Any]:  # noqa: ARG001
    """Out of the trash again, with its recordings, keys and links."""
    try:
        with services().database.session() as transaction:
            room = transaction.get_one(Room, g.room.id)
            room_rules.bring_back(room, utc_now())
            note_in_room(transaction, "room.restored", room)
    except room_rules.NotInTrash as error:
        raise Problem(409, _("Not in the trash"), _("This room is not in the trash.")) from error
    services().access_changed(room.id)
    return {**_own_room(room), "session": None, "playback": None}


@blueprint.get("/deleted-rooms")
@blueprint.output(DeletedRoomsOut)
def list_deleted_rooms() -> dict[str, Any]:
    """What the asker may take out of the trash, the last thrown away first."""
    return {"rooms": deleted_rooms(person_here())}


def deleted_rooms(person: User) -> list[dict[str, Any]]:
    """As the API and the page of the trash tell them."""
    with services().database.reading() as transaction:
        found = room_trash.in_trash(transaction, person, utc_now())
    return [
        {
            "slug": one.room.slug,
            "title": one.room.title,
            "deleted_at": _iso(one.deleted_at.timestamp()),
            "restorable_until": _iso((one.deleted_at + TRASH_TIME).timestamp()),
            "recordings": one.recordings,
        }
        for one in found
    ]


def _note_change(
    transaction: Session, room: Room, before: str, asked: dict[str, Any], *, raised: bool
) -> None:
    if asked["title"] is not None:
        note_in_room(transaction, "room.title", room)
    if raised:
        change: dict[str, Detail] = {
            "from": before,
            "to": room.access,
            "new_password": asked["password"] is not None and room.access == RoomAccess.PASSWORD,
        }
        note_in_room(transaction, "room.access", room, **change)


@blueprint.post("/rooms/<slug>/publish-token")
@blueprint.input(PublishTokenIn, location="json")
def make_publish_token(slug: str, json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A short-lived bearer with which the studio publishes by WHIP."""
    try:
        room, person = room_here(slug), person_here()
        if room.uploads or not doors.may_host(person, room):
            raise Problem(403, _("Not allowed"), _("You may not hold lectures in this room."))
        wish = _wish(person.id, room.id, json_data)
    except DatabaseUnavailable:
        wish = _wish_without_database(slug, json_data)
    token, expires = issue_publish_token(services().secret, wish)
    answer = {"token": token, "whip_url": absolute(f"/whip/{slug}"), "expires_at": _iso(expires)}
    return answer, 201


@blueprint.post("/rooms/<slug>/end")
def end_session(slug: str) -> dict[str, Any]:
    """End the room's session: the recording plays at once."""
    try:
        room, person = room_here(slug), person_here()
        if not doors.may_host(person, room):
            raise Problem(403, _("Not allowed"), _("You may not hold lectures in this room."))
    except DatabaseUnavailable:
        must_be_its_lecturer(slug)
    return services().recorder.end_session(slug, by="lecturer")


@blueprint.put("/rooms/<slug>/off-record")
@blueprint.input(OffRecordIn, location="json")
@blueprint.output(OffRecordOut)
@limiter.limit("120 per minute")
def hold_off_record(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """From now on what is said is heard by who watches, and is not for the recording; or is again."""
    try:
        room, person = room_here(slug), person_here()
        if not doors.may_host(person, room):
            raise Problem(403, _("Not allowed"), _("You may not hold lectures in this room."))
    except DatabaseUnavailable:
        must_be_its_lecturer(slug)
    return services().recorder.hold_off_record(slug, json_data["off_record"])


@blueprint.post("/rooms/<slug>/unlock")
@blueprint.input(UnlockIn, location="json")
@limiter.limit("6000 per minute")
def unlock(slug: str, json_data: dict[str, Any]) -> Response:
    """Give the room's password; the cookie that comes back opens it."""
    room = room_here(slug)
    address, browser = client_address(), browser_id()
    throttle = people().room_throttle
    if not room_rules.unlock(throttle, room, json_data["password"], address=address, browser=browser):
        saw(Sign.ROOM_PASSWORD, room.id)
        raise Problem(403, _("Wrong password"), _("That is not the password of this room."))
    answer = Response(status=204)
    answer.set_cookie(
        unlock_cookie_name(room),
        issue_unlock(services().secret, room),
        secure=services().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@blueprint.post("/rooms/<slug>/beacon")
@blueprint.input(BeaconIn, location="json")
@limiter.limit("6000 per minute")
def beacon(slug: str, json_data: dict[str, Any]) -> Response:
    """A page watches: counted for two beacon intervals, and a visit in the usage history."""
    room, person = room_here(slug), current_user()
    played = _played_in(room, json_data["session"])
    if not _may_play(person, room, played):
        raise Problem(403, _("Not allowed"), _("You may not watch this room."))
    if not json_data["replay"]:
        services().viewers.beacon(room.id, json_data["viewer"])
    services().usage.note(_heard(room, person, played, json_data))
    return Response(status=204)


def _played_in(room: Room, session_id: str | None) -> LectureSession | None:
    """The room's session that a page plays; None for what the database does not know (yet), or another's."""
    if session_id is None or not session_id.isprintable():
        return None
    with services().database.reading() as transaction:
        row = transaction.get(LectureSession, session_id)
    return row if row is not None and row.room_id == room.id else None


def _may_play(person: User | None, room: Room, played: LectureSession | None) -> bool:
    """As the page was let in: to the room, or to a recording that others may watch than its room."""
    if doors.may_watch(person, room, visit_here(room)):
        return True
    return played is not None and played.phase == "ended" and bool(_verdict_on(person, room, played))


def _heard(room: Room, person: User | None, played: LectureSession | None, told: dict[str, Any]) -> Heard:
    now = utc_now()
    return Heard(
        organization_id=room.organization_id,
        room_id=room.id,
        session_id=played.id if played is not None else None,
        user_id=person.id if person is not None else None,
        viewer=told["viewer"],
        page=told["page"] or told["viewer"],
        live=not told["replay"],
        device=device_of(request.user_agent.string),
        started_at=now,
        ended_at=now,
        quality=Quality(**{one.name: told[one.name] for one in fields(Quality)}),
    )


# What the answers are made of


def room_here(slug: str) -> Room:
    """Raises Problem(404)."""
    try:
        with services().database.reading() as transaction:
            return room_rules.room_of(transaction, slug)
    except room_rules.RoomNotFound as error:
        raise _no_room() from error


def _no_room() -> Problem:
    return Problem(404, _("Not found"), _("There is no room at this address."))


def _unfit(error: UnfitRoom) -> Problem:
    status = 409 if isinstance(error, room_rules.SlugTaken) else 422
    return Problem(status, _("Not accepted"), room_error(error))


def person_here() -> User:
    """Who is signed in. Raises Problem(401)."""
    person = current_user()
    if person is None and is_kept_out():
        raise Problem(403, _("Not allowed"), kept_out_words())
    if person is None:
        raise Problem(401, _("Sign in"), _("Sign in to do this."))
    return person


def _access_of(room: Room) -> str:
    return room_access_text(services().secret, room)


def _access_of_session(room: Room, row: LectureSession | None) -> str:
    """A lecture under way is watched as its room is, and so is one that the database does not know yet."""
    if row is None or row.phase != "ended":
        return _access_of(room)
    return recording_access_text(services().secret, room, row)


def _may_watch_session(
    person: User | None, room: Room, row: LectureSession | None, of_room: Verdict
) -> Verdict:
    """Raises Problem(404) for a recording that nobody needs to know of."""
    if "session" not in request.args or row is None or row.phase != "ended":
        return of_room
    verdict = _verdict_on(person, room, row)
    if verdict.reason is Reason.NOT_SHOWN:
        raise no_recording()
    return verdict


def _verdict_on(person: User | None, room: Room, row: LectureSession) -> Verdict:
    return doors.may_watch_recording(person, room, row, visit=visit_here(room), now=utc_now())


def _own_room(room: Room) -> dict[str, Any]:
    facts = _room_facts(room.slug, room.title, room.access, room.id, _access_of(room))
    return {**facts, "may_watch": True, "refusal": None, "may_host": True}


def _room_facts(slug: str, title: str, mode: str, room_id: str, token: str | None) -> dict[str, Any]:
    feed = None
    if token is not None:
        base = absolute(f"/live/{token}/{room_id}/events")
        feed = {"snapshot_url": f"{base}/snapshot", "batch_url": f"{base}/{{k}}"}
    return {
        "slug": slug,
        "title": title,
        "access": mode,
        "live_base": f"/live/{token}" if token is not None else None,
        "feed": feed,
        "beacon_url": absolute(f"/api/v1/rooms/{slug}/beacon"),
        "beacon_seconds": services().settings.beacon_seconds,
    }


def _session_of(transaction: Session, room: Room, person: User | None) -> SessionSummary | None:
    """The session that is asked for; of the room's own, the latest that is not hidden from `person`."""
    wanted = request.args.get("session")
    directory = services().directory
    if wanted is None:
        return directory.current(
            room.id, room.slug, hidden=lambda one: _is_hidden(transaction, room, person, one)
        )
    found = directory.by_id(wanted)
    if found is None or found.room_id != room.id:
        raise no_recording()
    return found


def _is_hidden(transaction: Session, room: Room, person: User | None, session_id: str) -> bool:
    """Of most recordings nobody has said anything: then the database need not be asked."""
    if services().access.recording(session_id, None) is None:
        return False
    row = transaction.get(LectureSession, session_id)
    return row is not None and row.phase == "ended" and not _verdict_on(person, room, row)


def _session_out(found: SessionSummary, token: str | None, of_row: dict[str, Any]) -> dict[str, Any]:
    live = absolute(f"/live/{token}/{found.id}/index.m3u8") if token is not None else None
    replay = (
        live.replace("index.m3u8", f"replay-{found.replay_version}.m3u8")
        if live and found.has_replay
        else None
    )
    return {
        "id": found.id,
        "state": found.phase.value,
        "replay_version": found.replay_version,
        "hls_url": replay if found.phase.value == "ended" else live,
        "live_url": live,
        "started_at": _iso(found.started_at),
        "ended_at": _iso(found.ended_at) if found.ended_at is not None else None,
        "recorder_epoch": found.recorder_epoch,
        "recording": {
            "state": found.recording.value,
            "bytes": found.bytes,
            "last_part_at": _iso(found.last_part_at) if found.last_part_at is not None else None,
        },
        "off_record": found.off_record,
        **of_row,
        "title": of_row["title"] if token is not None else None,
        "description": of_row["description"] if token is not None else None,
        **{name: of_row[name] if token is not None else None for name in (*WATCHED_URLS, "watched")},
    }


def _playback_of(slug: str) -> dict[str, Any] | None:
    state = services().directory.live_state(slug)
    return playback_payload(state) if state is not None else None


def _plans_of(transaction: Session, room_id: str, *, may_watch: bool, may_host: bool) -> dict[str, Any]:
    now = utc_now()
    following = lecture_schedule.next_of(transaction, room_id, now) if may_watch else None
    due = lecture_schedule.due(transaction, room_id, now) if may_host and following is not None else None
    return {"scheduled": plan_payload(following), "due": plan_payload(due)}


def _facts_of_row(
    transaction: Session,
    room: Room,
    found: SessionSummary,
    row: LectureSession | None,
    person: User | None,
) -> dict[str, Any]:
    """What only the database knows: the title as its lecturer left it, the MP4, how far `person` is."""
    job = newest_of(transaction, "mp4", found.id) if found.phase.value == "ended" else None
    facts = _without_row(found)
    if row is not None:
        facts |= {"title": row.title, "description": row.description, **_pictures_of(row)}
        held_until = _iso(row.held_until.timestamp()) if row.held_until is not None else None
        facts |= {"kept": row.kept, "held_until": held_until}
        facts["pictures_state"] = _pictures_state(transaction, row)
        facts["watched"] = watched_facts.of_page(transaction, person, row)
        if chapters.has_any(transaction, row.id):
            facts["chapters_url"] = absolute(f"/api/v1/recordings/{row.id}/chapters")
        if transcripts.current(transaction, row.id) is not None:
            facts["transcript_url"] = absolute(f"/api/v1/recordings/{row.id}/transcript")
    is_offered = row is None or row.downloads or bool(doors.may_edit_recording(person, room, row))
    if found.phase.value != "ended" or not is_offered:
        return facts
    if row is not None and row.mp4_path is not None:
        ready = {
            "mp4_url": absolute(f"/watch/{found.id}/download"),
            "mp4_state": "ready",
            "mp4_progress": 1.0,
        }
        return {**facts, **ready}
    return {**facts, "mp4_state": _job_word(job), "mp4_progress": job.progress if job else None}


def _without_row(found: SessionSummary) -> dict[str, Any]:
    mp4 = {"mp4_url": None, "mp4_state": None, "mp4_progress": None}
    kept = {"kept": Kept.PUBLISHED.value, "held_until": None}
    told = dict.fromkeys((*WATCHED_URLS, "pictures_state", "watched"))
    return {"title": found.title, "description": "", **told, **mp4, **kept}


def _pictures_of(row: LectureSession) -> dict[str, str | None]:
    addresses = (
        picture_addresses.poster(row),
        picture_addresses.thumbnail(row),
        picture_addresses.storyboard(row),
        picture_addresses.loudness(row),
    )
    told = (absolute(address) if address is not None else None for address in addresses)
    return dict(zip(PICTURE_URLS, told, strict=True))


def _pictures_state(transaction: Session, row: LectureSession) -> str | None:
    if picture_addresses.storyboard(row) is not None:
        return "ready"
    return _job_word(newest_of(transaction, pictures.KIND, row.id)) if row.phase == "ended" else None


def _job_word(job: Job | None) -> str | None:
    return None if job is None else {"done": "ready", "cancelled": "failed"}.get(job.state, job.state)


def _room_without_database(slug: str) -> dict[str, Any]:
    """A live room that is still open to all can be told of from its session's own file."""
    found = services().directory.current(None, slug)
    if found is None or not services().access.is_open(found.room_id, found.access) or _is_restricted(found):
        raise DatabaseUnavailable(f"room {slug} cannot be looked up")
    return {
        **_room_facts(slug, found.title, access.OPEN, found.room_id, access.OPEN),
        "may_watch": True,
        "refusal": None,
        "may_host": False,
        "session": _session_out(found, access.OPEN, _without_row(found)),
        "playback": _playback_of(slug),
        "scheduled": None,
        "due": None,
        "keeping": None,
    }


def _is_restricted(found: SessionSummary) -> bool:
    """Whether its editors have said who may watch its recording, as far as is known without the database."""
    if found.phase.value != "ended":
        return False
    recorded = recording_access.load(services().settings.session_roots, found.id)
    return services().access.recording(found.id, recorded) is not None


def _wish(person_id: str, room_id: str, asked: dict[str, Any]) -> PublishToken:
    return PublishToken(person_id, room_id, asked["takeover"], asked["session"], asked["publication"])


def _wish_without_database(slug: str, asked: dict[str, Any]) -> PublishToken:
    """The signed cookie still tells who it is; the recorder lets in whoever published in the live session."""
    person_id = session.get("user")
    found = services().directory.current(None, slug)
    if not isinstance(person_id, str) or found is None:
        raise DatabaseUnavailable(f"room {slug} cannot be looked up")
    return _wish(person_id, found.room_id, asked)


def must_be_its_lecturer(slug: str) -> None:
    """Without the database: who published in the live session from the studio may end it."""
    state = services().directory.live_state(slug)
    credential_id = f"studio:{session.get('user')}"
    if state is None or all(known.id != credential_id for known in state.credentials):
        raise DatabaseUnavailable(f"room {slug} cannot be looked up")


def _iso(unix_seconds: float) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds")
