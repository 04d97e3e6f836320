"""The JSON API of films, `/api/v1/rooms/…/media` and `…/playback`: upload, list, delete, and the chair's
controls.

Blueprint `media`, in web threads. Uploads are tus 1.0 (`tus.py`): a film's `…/upload` is its resource.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import uuid_utils
from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, g, request
from flask_babel import gettext as _
from sqlalchemy import or_, select

from broadcast import tus
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.room_api import must_be_its_lecturer, person_here, room_here
from broadcast.services import services
from library import films, recordings
from library.database import DatabaseUnavailable
from library.jobs import Jobs
from library.keeping import Kept
from library.models import Film, FilmState, Job, LectureSession
from library.upload_file import create, offset_of, upload_path
from people import doors
from people.accounts import one_line
from people.models import Room, User
from people.session_cookie import current_user
from recorder.far_media import whole_size

blueprint = APIBlueprint("media", __name__, url_prefix="/api/v1", tag="Media")
log = logging.getLogger(__name__)

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
            if recording is None or room is None or not _may_take(person, room, recording):
                raise Problem(404, _("Not found"), _("There is no recording at this address."))
            mp4 = recordings.mp4_file(services().settings.recordings_folder, recording)
            if mp4 is None or whole_size(mp4) == 0:
                raise Problem(409, _("Not ready"), _("The MP4 of this recording is still being made."))
            film = films.add_recording(transaction, g.room.id, person.id, recording, mp4)
    except films.TooManyFilms as error:
        raise _too_many() from error
    return _film_out(slug, film, None), 201


def _may_take(person: User, room: Room, recording: LectureSession) -> bool:
    there = recording.deleted_at is None and recording.kept == Kept.PUBLISHED
    return there and bool(doors.may_host(person, room))


def _json_body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("session"), str):
        detail = "Name a recording, or begin an upload by the tus protocol."
        raise Problem(422, _("Not accepted"), detail)
    return {"session": body["session"][:64]}


def _recordings() -> list[dict[str, Any]]:
    """Of this room and the person's own, also what they have uploaded to the library; the newest first."""
    own = select(Room.id).where(Room.owner_id == person_here().id, Room.deleted_at.is_(None))
    with services().database.reading() as transaction:
        rows = (
            transaction.query(LectureSession)
            .where(or_(LectureSession.room_id == g.room.id, LectureSession.room_id.in_(own)))
            .where(LectureSession.mp4_path.is_not(None))
            .where(LectureSession.deleted_at.is_(None), LectureSession.kept == Kept.PUBLISHED)
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
        raise Problem(404, _("Not found"), _("This room has no such film."), headers=tus.headers())
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
    return Problem(409, _("Too many films"), detail, headers=tus.headers())


# Uploads


@blueprint.route("/uploads", methods=["OPTIONS"])
def upload_options() -> Response:
    """tus: what this server can do."""
    return tus.options()


@blueprint.route("/rooms/<slug>/media/<film_id>/upload", methods=["HEAD"])
def upload_state(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """tus, core: how much has come."""
    return tus.head(lambda: _upload(_uploading(film_id)), lambda: _hand_on(_film(film_id)))


@blueprint.patch("/rooms/<slug>/media/<film_id>/upload")
def upload_bytes(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """tus, core: more of the film, from `Upload-Offset` on."""
    return tus.patch(lambda: _upload(_uploading(film_id)), lambda: _hand_on(_film(film_id)))


@blueprint.delete("/rooms/<slug>/media/<film_id>/upload")
def end_upload(slug: str, film_id: str) -> Response:  # noqa: ARG001
    """tus, termination: the upload and what came of it are gone."""
    tus.check_version()
    _remove(_uploading(film_id))
    return Response(status=204, headers=tus.headers())


def _begin_upload(slug: str) -> Response:
    size = tus.told_upload()
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
    return tus.created(_upload(film), _upload_url(slug, film))


def _title() -> str:
    """The file's name without its ending."""
    name = tus.told_metadata("filename")
    return one_line(Path(name.replace("\\", "/")).stem)[: films.MAX_TITLE] or _("Film")


def _uploading(film_id: str) -> Film:
    film = _film(film_id)
    if film.session_id is not None:
        raise tus.problem(404, _("Not found"), _("This room has no such film."))
    return film


def _upload(film: Film) -> tus.Upload:
    return tus.Upload(_upload_path(film), film.bytes, film.state != FilmState.UPLOADING, film.created_at)


def _hand_on(film: Film) -> None:
    """All of it is here: prepare it. Idempotent."""
    with services().database.session() as transaction:
        found = films.in_room(transaction, film.room_id, film.id)
        if found is not None and found.state == FilmState.UPLOADING:
            films.prepare(transaction, found, str(_upload_path(film)))
            log.info("film %s has come, %d bytes", film.id, film.bytes)


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
