"""The JSON API of films, `/api/v1/rooms/…/media` and `…/playback`: upload, list, delete, and the chair's
controls.

Blueprint `media`, in web threads. Uploads are tus 1.0 (core, creation, checksum, termination, expiration): a
film's `…/upload` is its resource. Behind the front the bytes of a PATCH go past Flask
(`upload_receiver.py`); under any other server they are written here.
"""

from __future__ import annotations

import base64
import binascii
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import uuid_utils
from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, g, request
from flask_babel import gettext as _

from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.room_api import must_be_its_lecturer, person_here, room_here
from broadcast.services import services
from broadcast.session_rows import utc
from broadcast.upload_receiver import CHECKSUMS, UPLOAD_KEY, Begin, Order, Outcome, order_header, write_here
from library import films
from library.database import DatabaseUnavailable
from library.jobs import Jobs
from library.models import Film, FilmState, Job, LectureSession
from library.upload_file import create, has_room, last_written, offset_of, upload_path
from people import doors
from people.accounts import one_line
from people.models import Room
from people.rooms import rooms_of
from people.session_cookie import current_user

blueprint = APIBlueprint("media", __name__, url_prefix="/api/v1", tag="Media")
log = logging.getLogger(__name__)

TUS_VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
OFFSET_TYPE = "application/offset+octet-stream"
MAX_METADATA = 8_000
MAX_LISTED_RECORDINGS = 50
ACTIONS = ("play", "pause", "resume", "seek", "stop", "voice", "camera")
MAX_POSITION = 100 * 3600.0


class PlaybackIn(Schema):
    request_id = String(load_default=None, validate=Length(8, 64))
    action = String(required=True, validate=OneOf(ACTIONS))
    media_id = String(load_default=None, validate=Length(1, 64))
    position = Float(load_default=None, validate=Range(0, MAX_POSITION))
    voice_over = Boolean(load_default=None)
    url = String(load_default=None, validate=Length(1, 500), metadata={"description": "rtsp:// of a camera"})


class RecordingIn(Schema):
    session = String(required=True, validate=Length(1, 64))


def lift_limit() -> None:
    """An upload's body may be as large as the film; nothing here takes it into memory."""
    if request.method == "PATCH" and request.path.endswith("/upload"):
        request.max_content_length = None


# Films


@blueprint.get("/rooms/<slug>/media")
def list_media(slug: str) -> dict[str, Any]:
    """The room's films, the newest first, and the recordings that could become one."""
    found = _films()
    if complete := [film for film, _job in found if _is_complete(film)]:
        for film in complete:
            _hand_on(film)
        found = _films()
    return {
        "media": [_film_out(slug, film, job) for film, job in found],
        "recordings": _recordings(),
        "max_bytes": services().settings.upload_bytes,
        "cameras": bool(services().settings.camera_networks),
    }


@blueprint.post("/rooms/<slug>/media")
@limiter.limit("120 per minute")
def add_media(slug: str) -> Any:
    """With `Tus-Resumable`: begin an upload (tus, creation). With JSON `{session}`: take a recording."""
    if "Tus-Resumable" in request.headers:
        return _begin_upload(slug)
    return _take_recording(slug)


@blueprint.delete("/rooms/<slug>/media/<film_id>")
def delete_media(slug: str, film_id: str) -> Response:
    """Remove a film; what prepares it is stopped. Not while it is played."""
    film = _film(film_id)
    state = services().directory.live_state(slug)
    if state is not None and state.playback is not None and state.playback.media_id == film.id:
        raise Problem(409, _("In use"), _("This film is being played. Stop it first."))
    _remove(film)
    return Response(status=204)


def _films() -> list[tuple[Film, Job | None]]:
    with services().database.reading() as transaction:
        return films.of_room(transaction, g.room.id)


def _is_complete(film: Film) -> bool:
    """All of an upload is here, but the process that received it died before it could say so."""
    return film.state == FilmState.UPLOADING and offset_of(_upload_path(film)) == film.bytes


def _take_recording(slug: str) -> tuple[dict[str, Any], int]:
    wanted = RecordingIn().load(_json_body())["session"]
    person = person_here()
    try:
        with services().database.session() as transaction:
            recording = transaction.get(LectureSession, wanted)
            room = transaction.get(Room, recording.room_id) if recording is not None else None
            if recording is None or room is None or not doors.may_host(person, room):
                raise Problem(404, _("Not found"), _("There is no recording at this address."))
            if recording.mp4_path is None or not Path(recording.mp4_path).is_file():
                raise Problem(409, _("Not ready"), _("The MP4 of this recording is still being made."))
            film = films.add_recording(transaction, g.room.id, person.id, recording)
    except films.TooManyFilms as error:
        raise _too_many() from error
    return _film_out(slug, film, None), 201


def _json_body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("session"), str):
        detail = "Name a recording, or begin an upload by the tus protocol."
        raise Problem(422, _("Not accepted"), detail)
    return {"session": body["session"][:64]}


def _recordings() -> list[dict[str, Any]]:
    """Of the person's own rooms and this one, the newest first."""
    with services().database.reading() as transaction:
        rooms = {g.room.id, *(room.id for room in rooms_of(transaction, person_here()))}
        rows = (
            transaction.query(LectureSession)
            .where(LectureSession.room_id.in_(rooms), LectureSession.mp4_path.is_not(None))
            .order_by(LectureSession.started_at.desc())
            .limit(MAX_LISTED_RECORDINGS)
            .all()
        )
    return [{"session": row.id, "title": row.title, "started_at": row.started_at.isoformat()} for row in rows]


def _film_out(slug: str, film: Film, job: Job | None) -> dict[str, Any]:
    state, reason = films.state_of(film, job)
    uploading = state is FilmState.UPLOADING
    return {
        "id": film.id,
        "title": film.title,
        "state": state.value,
        "reason": reason,
        "progress": job.progress if job is not None and state is FilmState.PREPARING else None,
        "bytes": film.bytes,
        "offset": (offset_of(_upload_path(film)) or 0) if uploading else film.bytes,
        "upload_url": _upload_url(slug, film) if uploading else None,
        "seconds": film.seconds,
        "width": film.width,
        "height": film.height,
        "cut": film.cut,
        "session": film.session_id,
        "created_at": film.created_at.isoformat(),
    }


def _film(film_id: str) -> Film:
    with services().database.reading() as transaction:
        film = films.in_room(transaction, g.room.id, film_id)
    if film is None:
        raise Problem(404, _("Not found"), _("This room has no such film."), headers=_tus())
    return film


def _remove(film: Film) -> None:
    with services().database.session() as transaction:
        found = films.in_room(transaction, film.room_id, film.id)
        job_id = films.remove(transaction, found) if found is not None else None
    if job_id is not None:
        Jobs(services().database).cancel(job_id)
    _upload_path(film).unlink(missing_ok=True)
    (services().settings.media_folder / f"{film.id}.mkv").unlink(missing_ok=True)


def _upload_path(film: Film) -> Path:
    return upload_path(services().settings.uploads_folder, film.id)


def _upload_url(slug: str, film: Film) -> str:
    return absolute(f"/api/v1/rooms/{slug}/media/{film.id}/upload")


def _too_many() -> Problem:
    detail = _("This room has too many films or unfinished uploads. Delete some first.")
    return Problem(409, _("Too many films"), detail, headers=_tus())


# Uploads: tus 1.0.0


@blueprint.route("/uploads", methods=["OPTIONS"])
def upload_options() -> Response:
    """tus: what this server can do."""
    headers = {
        **_tus(),
        "Tus-Version": TUS_VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(services().settings.upload_bytes),
    }
    return Response(status=204, headers=headers)


@blueprint.route("/rooms/<slug>/media/<film_id>/upload", methods=["HEAD"])
def upload_state(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """Tus core: how much has come. A complete upload is handed on, should that have been cut off."""
    _check_version()
    film = _uploading(film_id)
    offset = _standing(film)
    if offset == film.bytes:
        _hand_on(film)
    return _state_answer(film, offset, 200)


@blueprint.patch("/rooms/<slug>/media/<film_id>/upload")
def upload_bytes(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """Tus core: more of the film, from `Upload-Offset` on."""
    told = request.environ.get(UPLOAD_KEY)
    if isinstance(told, Outcome):
        return _received(_uploading(film_id), told)
    _check_version()
    film = _uploading(film_id)
    length = told.length if isinstance(told, Begin) else request.content_length
    order = _order(film, length)
    if isinstance(told, Begin):
        return Response(status=204, headers={"X-Kodo-Receive-File": order_header(order)})
    return _received(film, write_here(order, request.stream))


@blueprint.delete("/rooms/<slug>/media/<film_id>/upload")
def end_upload(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """tus, termination: the upload and what came of it are gone."""
    _check_version()
    _remove(_uploading(film_id))
    return Response(status=204, headers=_tus())


def _begin_upload(slug: str) -> Response:
    _check_version()
    size = _upload_length()
    settings = services().settings
    settings.uploads_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not has_room(settings.uploads_folder, size, settings.disk_floor_bytes):
        raise _tus_problem(507, _("Disk full"), _("Too little disk is free for this film."))
    try:
        with services().database.session() as transaction:
            film = films.add(
                transaction,
                room_id=g.room.id,
                organization_id=g.room.organization_id,
                owner_id=person_here().id,
                title=_title(),
                size=size,
            )
            create(_upload_path(film))
    except films.TooManyFilms as error:
        raise _too_many() from error
    answer = _state_answer(film, 0, 201)
    answer.headers["Location"] = _upload_url(slug, film)
    return answer


def _upload_length() -> int:
    text = request.headers.get("Upload-Length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _tus_problem(400, "Malformed", "Upload-Length must be the film's size in bytes.")
    if int(text) > services().settings.upload_bytes:
        raise _tus_problem(413, _("Too large"), _("This film is larger than may be uploaded here."))
    if int(text) == 0:
        raise _tus_problem(400, _("Empty"), _("This file is empty."))
    return int(text)


def _title() -> str:
    """The file's name without its ending, from `Upload-Metadata` (key, space, base64; comma)."""
    text = request.headers.get("Upload-Metadata", "")[:MAX_METADATA]
    pairs = dict(part.strip().partition(" ")[::2] for part in text.split(","))
    try:
        name = base64.b64decode(pairs.get("filename", ""), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _tus_problem(400, "Malformed", "Upload-Metadata cannot be read.") from error
    return one_line(Path(name.replace("\\", "/")).stem)[: films.MAX_TITLE] or _("Film")


def _uploading(film_id: str) -> Film:
    film = _film(film_id)
    if film.session_id is not None:
        raise _tus_problem(404, _("Not found"), _("This room has no such film."))
    return film


def _standing(film: Film) -> int:
    """How much of it has come: all, once it is handed on."""
    if film.state != FilmState.UPLOADING:
        return film.bytes
    offset = offset_of(_upload_path(film))
    if offset is None:
        raise _tus_problem(404, _("Not found"), _("This upload is not here any more."))
    return offset


def _order(film: Film, length: int | None) -> Order:
    """What a PATCH may do. Raises Problem."""
    if request.mimetype != OFFSET_TYPE:
        raise _tus_problem(415, "Wrong type", f"Content-Type: {OFFSET_TYPE}")
    if length is None:
        raise _tus_problem(411, "Length required", "An upload must tell its Content-Length.")
    offset = request.headers.get("Upload-Offset", "")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 20):
        raise _tus_problem(400, "Malformed", "Upload-Offset must be a number.")
    standing = _standing(film)
    if int(offset) != standing:
        raise _problem_of(Outcome(standing, "offset"))
    if standing + length > film.bytes:
        raise _problem_of(Outcome(standing, "too_much"))
    floor = services().settings.disk_floor_bytes
    return Order(_upload_path(film), standing, length, floor, _checksum())


def _checksum() -> tuple[str, bytes] | None:
    """tus, checksum: `Upload-Checksum: sha1 <base64>`."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _space, encoded = text.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise _tus_problem(400, "Malformed", "Upload-Checksum cannot be read.") from error
    if algorithm not in CHECKSUMS or not digest:
        raise _tus_problem(400, "Malformed", "Upload-Checksum cannot be read.")
    return algorithm, digest


def _received(film: Film, outcome: Outcome) -> Response:
    if outcome.problem is not None:
        raise _problem_of(outcome)
    if outcome.offset == film.bytes:
        _hand_on(film)
    return _state_answer(film, outcome.offset, 204)


def _hand_on(film: Film) -> None:
    """All of it is here: prepare it. Idempotent."""
    with services().database.session() as transaction:
        found = films.in_room(transaction, film.room_id, film.id)
        if found is not None and found.state == FilmState.UPLOADING:
            films.prepare(transaction, found, str(_upload_path(film)))
            log.info("film %s has come, %d bytes", film.id, film.bytes)


def _state_answer(film: Film, offset: int, status: int) -> Response:
    touched = max(film.created_at, utc(last_written(_upload_path(film)) or 0.0))
    expires = touched + timedelta(seconds=services().settings.upload_seconds)
    headers = {
        **_tus(),
        "Upload-Offset": str(offset),
        "Upload-Length": str(film.bytes),
        "Upload-Expires": expires.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Cache-Control": "no-store",
    }
    return Response(status=status, headers=headers)


def _problem_of(outcome: Outcome) -> Problem:
    """RFC 9457 for what kept an upload from going on; 460 is tus' own."""
    problems = {
        "offset": (409, "The upload stands elsewhere than this request goes on from."),
        "too_much": (413, "More came than the film's size."),
        "locked": (423, "Another request is writing this upload."),
        "gone": (404, _("This upload is not here any more.")),
        "no_room": (507, _("Too little disk is free for this film.")),
        "silent": (408, "Nothing came for a while. Go on from where the upload stands."),
        "busy": (503, _("Too many uploads come at this moment. Please try again.")),
        "checksum": (460, "What came is not what was sent. It was thrown away."),
    }
    status, detail = problems[outcome.problem or ""]
    problem = _tus_problem(status, _("Upload stopped"), detail)
    problem.headers["Upload-Offset"] = str(outcome.offset)
    if status in (423, 503):
        problem.headers["Retry-After"] = "2"
    return problem


def _check_version() -> None:
    if request.headers.get("Tus-Resumable") != TUS_VERSION:
        problem = _tus_problem(412, "Another version", f"Tus-Resumable: {TUS_VERSION}")
        problem.headers["Tus-Version"] = TUS_VERSION
        raise problem


def _tus_problem(status: int, title: str, detail: str) -> Problem:
    return Problem(status, title, detail, headers=_tus())


def _tus() -> dict[str, str]:
    return {"Tus-Resumable": TUS_VERSION}


# Playing


@blueprint.post("/rooms/<slug>/playback")
@blueprint.input(PlaybackIn, location="json")
@limiter.limit("600 per minute")
def control_playback(slug: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Play a film in the room's live session, pause, resume, seek, stop; show a network camera."""
    try:
        room = room_here(slug)
        if not doors.may_host(current_user(), room):
            person_here()  # 401 for who is not signed in
            raise Problem(403, _("Not allowed"), _("You may not hold lectures in this room."))
        title = _title_to_play(room, json_data)
    except DatabaseUnavailable:
        # What is played can be stopped without it; what is to be played cannot be looked up.
        if json_data["action"] == "play":
            raise
        must_be_its_lecturer(slug)
        title = ""
    wish = {**json_data, "title": title, "request_id": json_data["request_id"] or str(uuid_utils.uuid7())}
    return services().recorder.control_playback(slug, wish)


def _title_to_play(room: Room, wish: dict[str, Any]) -> str:
    if wish["action"] != "play":
        return ""
    with services().database.reading() as transaction:
        film = films.in_room(transaction, room.id, wish["media_id"] or "")
    if film is None:
        raise Problem(404, _("Not found"), _("This room has no such film."))
    if film.state != FilmState.READY:
        raise Problem(409, _("Not ready"), _("This film is not ready yet."))
    return film.title
