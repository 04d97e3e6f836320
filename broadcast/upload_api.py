"""The JSON API of uploads into the library, `/api/v1/library/uploads`: begin, look, try again, give up.

Blueprint `uploads`, in web threads. Uploads are tus 1.0 (`tus.py`): an upload's `…/upload` is its resource.
An upload is its uploader's, their organization's admins' and the operators', as its recording is.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import tus
from broadcast.event_log import iso_utc
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_words import UnfitLanguage, cleaned
from broadcast.room_api import person_here
from broadcast.services import services
from library import uploads
from library.database import utc_now
from library.job_pace import time_left
from library.jobs import Jobs
from library.models import Job, JobState, LectureSession, Upload, UploadState, Visibility
from library.upload_file import create, offset_of, upload_path
from library.uploads import NewRecording, StillBusy, TooManyUploads, UnderWay
from people import doors
from people.accounts import one_line
from people.models import Room, User
from people.rooms import TITLE_LENGTH, uploads_room
from people.session_cookie import current_user
from people.visible_recordings import edited_by

blueprint = APIBlueprint("uploads", __name__, url_prefix="/api/v1/library", tag="Uploads")
log = logging.getLogger(__name__)

# An upload belongs to no room that it could be watched like.
VISIBILITIES = [one.value for one in Visibility if one is not Visibility.ROOM]
Found = tuple[Upload, LectureSession, Job | None]


@blueprint.get("/uploads")
def list_uploads() -> dict[str, Any]:
    """What is on its way into the library of what the asker may edit, the newest first."""
    found = uploads_of(current_user())
    if complete := [upload for upload, _row, _job in found if _is_complete(upload)]:
        for upload in complete:
            _hand_on(upload.id)
        found = uploads_of(current_user())
    return {"uploads": [told(*one) for one in found], "max_bytes": services().settings.upload_bytes}


@blueprint.get("/uploads/<upload_id>")
def get_upload(upload_id: str) -> dict[str, Any]:
    """One of them, also when it has arrived."""
    return told(*_found(upload_id))


@blueprint.post("/uploads")
@limiter.limit("120 per minute")
def begin_upload() -> Response:
    """tus, creation. `Upload-Metadata`: `filename`, and the recording's `title`, `language`, `visibility`; or
    `recording`: the id of one whose media the file takes the place of.
    """
    size = tus.told_upload()
    try:
        with services().database.session() as transaction:
            upload = _begun(transaction, person_here(), size)
            create(_path(upload.id))
    except TooManyUploads as error:
        detail = _("You have too many unfinished uploads. Finish or delete some first.")
        raise tus.problem(409, _("Too many uploads"), detail) from error
    except UnderWay as error:
        detail = _("Another file is on its way to this recording.")
        raise tus.problem(409, _("Under way"), detail) from error
    return tus.created(_as_tus(upload), _upload_url(upload.id))


@blueprint.route("/uploads/<upload_id>/upload", methods=["HEAD"])
def upload_state(upload_id: str) -> Response:
    """tus, core: how much has come."""
    return tus.head(lambda: _as_tus(_found(upload_id)[0]), lambda: _hand_on(upload_id))


@blueprint.patch("/uploads/<upload_id>/upload")
def upload_bytes(upload_id: str) -> Response:
    """tus, core: more of the file, from `Upload-Offset` on."""
    return tus.patch(lambda: _as_tus(_found(upload_id)[0]), lambda: _hand_on(upload_id))


@blueprint.delete("/uploads/<upload_id>/upload")
def end_upload(upload_id: str) -> Response:
    """tus, termination: the upload and what came of it are gone."""
    tus.check_version()
    _remove(upload_id)
    return Response(status=204, headers=tus.headers())


@blueprint.delete("/uploads/<upload_id>")
def delete_upload(upload_id: str) -> Response:
    """Give up one that is not in the library yet; what prepares it is stopped."""
    _remove(upload_id)
    return Response(status=204)


@blueprint.post("/uploads/<upload_id>/retry")
def retry_upload(upload_id: str) -> tuple[dict[str, Any], int]:
    """Try again with the file that is here."""
    _found(upload_id)
    try:
        with services().database.session() as transaction:
            found = uploads.get(transaction, upload_id)
            if found is None:
                raise _no_upload()
            job_id = uploads.retry(found[0], found[2])
    except StillBusy as error:
        raise tus.problem(409, _("Not failed"), _("This upload did not fail.")) from error
    Jobs(services().database).retry(job_id)
    return told(*_found(upload_id)), 202


# What the answers and the library's page are made of


def uploads_of(person: User | None) -> list[Found]:
    """What is on its way of what `person` may edit."""
    with services().database.reading() as transaction:
        return list(uploads.under_way(transaction, edited_by(person)))


def told(upload: Upload, recording: LectureSession, job: Job | None) -> dict[str, Any]:
    """One upload as the API tells it."""
    standing = uploads.standing_of(upload, job)
    left = time_left(job, utc_now()) if job is not None and job.state == JobState.RUNNING else None
    uploading = upload.state == UploadState.UPLOADING
    return {
        "id": upload.id,
        "recording": recording.id,
        "title": recording.title,
        "filename": upload.filename,
        "state": standing.state,
        "reason": standing.reason,
        "progress": standing.progress,
        "remaining_seconds": round(left.total_seconds()) if left is not None else None,
        "bytes": upload.bytes,
        "offset": (offset_of(_path(upload.id)) or 0) if uploading else upload.bytes,
        "upload_url": _upload_url(upload.id) if uploading else None,
        "url": f"/watch/{recording.id}",
        "created_at": iso_utc(upload.created_at),
    }


def _found(upload_id: str) -> Found:
    """Raises Problem(404), also of other people's."""
    with services().database.reading() as transaction:
        found = uploads.get(transaction, upload_id)
        room = transaction.get(Room, found[1].room_id) if found is not None else None
    if found is None or room is None or not doors.may_edit_recording(current_user(), room, found[1]):
        raise _no_upload()
    return found


def _no_upload() -> Problem:
    return tus.problem(404, _("Not found"), _("This upload is not here any more."))


def _begun(transaction: Session, person: User, size: int) -> Upload:
    """Raises Problem, TooManyUploads, UnderWay."""
    filename, replaced = _file_name(), tus.told_metadata("recording")
    if replaced:
        return uploads.begin_replacement(
            transaction,
            _replaceable(transaction, person, replaced),
            owner_id=person.id,
            filename=filename,
            size=size,
            now=utc_now(),
        )
    room = uploads_room(transaction, person.organization_id, person.id)
    return uploads.begin(
        transaction,
        _wanted(person, room, filename),
        owner_id=person.id,
        filename=filename,
        size=size,
        now=utc_now(),
    )


def _replaceable(transaction: Session, person: User, recording_id: str) -> LectureSession:
    """A recording that was uploaded, and has media. Raises Problem(404, 409)."""
    row = transaction.get(LectureSession, recording_id) if recording_id.isprintable() else None
    room = transaction.get(Room, row.room_id) if row is not None else None
    if (
        row is None
        or room is None
        or not doors.may_edit_recording(person, room, row)
        or row.deleted_at is not None
    ):
        raise tus.problem(404, _("Not found"), _("There is no recording at this address."))
    if not room.uploads or not row.bytes:
        raise tus.problem(409, _("Not ready"), _("Only what was uploaded can be replaced by another file."))
    return row


def _wanted(person: User, room: Room, filename: str) -> NewRecording:
    """Raises Problem(422)."""
    title = one_line(tus.told_metadata("title"))[:TITLE_LENGTH]
    visibility = tus.told_metadata("visibility") or Visibility.PRIVATE.value
    if visibility not in VISIBILITIES:
        raise tus.problem(422, _("Not accepted"), "visibility: " + ", ".join(VISIBILITIES))
    try:
        language = cleaned({"language": tus.told_metadata("language")})["language"]
    except UnfitLanguage as error:
        words = _("A language is given by its tag, such as ja, en or zh-Hans.")
        raise tus.problem(422, _("Not accepted"), words) from error
    return NewRecording(
        room_id=room.id,
        organization_id=room.organization_id,
        title=title or one_line(Path(filename).stem)[:TITLE_LENGTH] or _("Film"),
        lecturer=person.display_name,
        language=language,
        visibility=visibility,
    )


def _file_name() -> str:
    """Of the file, without the folders that some browsers tell."""
    return one_line(tus.told_metadata("filename").replace("\\", "/").rpartition("/")[2])


def _is_complete(upload: Upload) -> bool:
    """All of it is here, but the process that received it died before it could say so."""
    return upload.state == UploadState.UPLOADING and offset_of(_path(upload.id)) == upload.bytes


def _hand_on(upload_id: str) -> None:
    """All of it is here: prepare it. Idempotent."""
    with services().database.session() as transaction:
        found = transaction.get(Upload, upload_id)
        if found is not None and found.state == UploadState.UPLOADING:
            uploads.prepare(transaction, found, _path(upload_id))
            log.info("upload %s has come, %d bytes", upload_id, found.bytes)


def _remove(upload_id: str) -> None:
    """Raises Problem(404, 409)."""
    if _found(upload_id)[0].state == UploadState.READY:
        raise tus.problem(409, _("In the library"), _("This upload is a recording of the library now."))
    with services().database.session() as transaction:
        upload = transaction.get(Upload, upload_id)
        job_id = uploads.remove(transaction, upload) if upload is not None else None
    if job_id is not None:
        Jobs(services().database).cancel(job_id)
    settings = services().settings
    _path(upload_id).unlink(missing_ok=True)
    uploads.quarantine_path(settings.quarantine_folder, upload_id).unlink(missing_ok=True)
    shutil.rmtree(uploads.import_folder(settings.sessions_folder, upload_id), ignore_errors=True)


def _path(upload_id: str) -> Path:
    return upload_path(services().settings.uploads_folder, upload_id)


def _as_tus(upload: Upload) -> tus.Upload:
    return tus.Upload(
        _path(upload.id), upload.bytes, upload.state != UploadState.UPLOADING, upload.created_at
    )


def _upload_url(upload_id: str) -> str:
    return absolute(f"/api/v1/library/uploads/{upload_id}/upload")
