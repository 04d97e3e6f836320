"""The JSON API of safety copies, `/api/v1/rooms/…/sessions/…/gaps`, `…/copies` and `…/complete`.

What a recording misses, the upload of what the studio kept of it (tus, `tus.py`), and the job that heals the
one with the other. Blueprint `copies`, in web threads; for who may host in the room.
"""

from __future__ import annotations

import logging
import math
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import List, String
from apiflask.validators import Length
from flask import Response, g
from flask_babel import gettext as _

from broadcast import tus
from broadcast.edit_doors import must_change
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library import copies
from library.jobs import Jobs, newest_of
from library.models import CopyState, Job, LectureSession, SafetyCopy
from library.upload_file import create
from recorder import edit_list_files
from recorder.gaps import Gap
from recorder.log_folders import is_session_id
from recorder.media import VIDEO_CLOCK_RATE, SessionPhase
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.session_gaps import gaps_of_session

blueprint = APIBlueprint("copies", __name__, url_prefix="/api/v1", tag="Safety copies")
log = logging.getLogger(__name__)

MAX_REMEMBERED = 64
TERM_SECONDS = 10.0


class CompleteIn(Schema):
    copies = List(String(validate=Length(1, 64)), required=True, validate=Length(1, copies.MAX_COPIES))


@blueprint.get("/rooms/<slug>/sessions/<session_id>/gaps")
def get_gaps(slug: str, session_id: str) -> dict[str, Any]:  # noqa: ARG001
    """What the recording misses, and how its healing does. A copy's `began_at` counts as `server_time`."""
    row = _session(session_id)
    roots = services().settings.session_roots
    edit_version = edit_list_files.newest(roots, session_id)
    term = int(time.monotonic() / TERM_SECONDS)
    gaps = _gaps_of(roots, session_id, (row.phase, edit_version, term))
    return {
        "ended": row.phase == SessionPhase.ENDED,
        "started_at": row.started_at.timestamp(),
        "server_time": time.time(),
        "gaps": [_gap_out(gap) for gap in gaps],
        "edit_version": edit_version,
        "healing": _healing_of(session_id),
    }


@blueprint.post("/rooms/<slug>/sessions/<session_id>/copies")
@limiter.limit("1200 per minute")
def add_copy(slug: str, session_id: str) -> Response:
    """tus, creation. `Upload-Metadata` tells `began_at`: unix seconds, as `server_time` counts them."""
    tus.check_version()
    row = _session(session_id)
    settings = services().settings
    size = tus.told_length(settings.upload_bytes)
    began_at = _told_began_at()
    tus.check_room(settings.sessions_folder, size)
    try:
        with services().database.session() as transaction:
            copy = copies.add(
                transaction, row.id, began_at=began_at, size=size, max_bytes=settings.upload_bytes
            )
            create(copies.growing_path(settings.sessions_folder, copy))
    except copies.TooManyCopies as error:
        detail = _("There are too many copies of this lecture, or they are too large.")
        raise tus.problem(409, _("Too many copies"), detail) from error
    return tus.created(_upload(copy), _upload_url(slug, copy))


@blueprint.route("/rooms/<slug>/sessions/<session_id>/copies/<copy_id>/upload", methods=["HEAD"])
def copy_state(slug: str, session_id: str, copy_id: str) -> Response:  # noqa: ARG001
    """tus, core: how much has come."""
    return tus.head(lambda: _upload(_copy(session_id, copy_id)), lambda: _hand_on(session_id, copy_id))


@blueprint.patch("/rooms/<slug>/sessions/<session_id>/copies/<copy_id>/upload")
def copy_bytes(slug: str, session_id: str, copy_id: str) -> Response:  # noqa: ARG001
    """tus, core: more of the copy, from `Upload-Offset` on."""
    return tus.patch(lambda: _upload(_copy(session_id, copy_id)), lambda: _hand_on(session_id, copy_id))


@blueprint.delete("/rooms/<slug>/sessions/<session_id>/copies/<copy_id>/upload")
def remove_copy(slug: str, session_id: str, copy_id: str) -> Response:  # noqa: ARG001
    """tus, termination: the copy is gone, whole or not."""
    tus.check_version()
    copy = _copy(session_id, copy_id)
    with services().database.session() as transaction:
        copies.remove(transaction, copy, services().settings.sessions_folder)
    return Response(status=204, headers=tus.headers())


@blueprint.post("/rooms/<slug>/sessions/<session_id>/complete")
@blueprint.input(CompleteIn, location="json")
def complete(slug: str, session_id: str, json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:  # noqa: ARG001
    """Heal the recording with these copies. Asked again while that is under way: the same job."""
    row = _session(session_id)
    if row.phase != SessionPhase.ENDED:
        raise Problem(409, _("Not ended"), _("This lecture has not ended yet."))
    folder = services().settings.sessions_folder
    try:
        with services().database.session() as transaction:
            copies.order_healing(transaction, row.id, json_data["copies"], folder)
    except copies.UnknownCopy as error:
        raise Problem(409, _("Not ready"), _("A copy of this lecture has not come whole.")) from error
    return {"healing": _healing_of(session_id)}, 202


@blueprint.delete("/rooms/<slug>/sessions/<session_id>/complete")
def cancel_completion(slug: str, session_id: str) -> Response:  # noqa: ARG001
    """Stop healing. What was healed before stays."""
    row = _session(session_id)
    job = _newest_job(row.id)
    if job is not None:
        Jobs(services().database).cancel(job.id)
    return Response(status=204)


def _session(session_id: str) -> LectureSession:
    """A lecture of the room. Raises Problem(404)."""
    row = None
    if is_session_id(session_id):
        with services().database.reading() as transaction:
            row = transaction.get(LectureSession, session_id)
    if row is None or row.room_id != g.room.id:
        raise Problem(404, _("Not found"), _("There is no recording at this address."), headers=tus.headers())
    must_change(row, g.room)
    return row


@lru_cache(maxsize=MAX_REMEMBERED)
def _gaps_of(roots: tuple[Path, ...], session_id: str, as_of: tuple[str, int, int]) -> list[Gap]:
    """None of a lecture whose log is gone: nothing can be healed.

    Half a second's work for a long lecture, so it is remembered by `as_of`: phase, version of the edit list,
    and a term of TERM_SECONDS.
    """
    del as_of
    try:
        reader = SessionReader(roots, session_id)
    except NotInLog:
        return []
    try:
        return gaps_of_session(reader)
    except NotInLog:
        return []
    finally:
        reader.close()


def _gap_out(gap: Gap) -> dict[str, float | None]:
    end = round(gap.end / VIDEO_CLOCK_RATE, 3) if gap.end is not None else None
    return {"start": round(gap.start / VIDEO_CLOCK_RATE, 3), "end": end}


def _healing_of(session_id: str) -> dict[str, Any]:
    """`message`: a word: `healed`, `no_match` (the copies cover no gap), or why they are of no use."""
    job = _newest_job(session_id)
    if job is None:
        return {"state": None, "progress": None, "message": None}
    return {"state": job.state, "progress": job.progress, "message": job.message or None}


def _newest_job(session_id: str) -> Job | None:
    with services().database.reading() as transaction:
        return newest_of(transaction, copies.KIND, session_id)


def _told_began_at() -> float:
    text = tus.told_metadata("began_at")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and abs(seconds) < 1e11):
        raise tus.problem(400, "Malformed", "Upload-Metadata must tell began_at in unix seconds.")
    return seconds


def _copy(session_id: str, copy_id: str) -> SafetyCopy:
    row = _session(session_id)
    with services().database.reading() as transaction:
        copy = copies.of_session(transaction, row.id, copy_id)
    if copy is None:
        raise tus.problem(404, _("Not found"), _("This upload is not here any more."))
    return copy


def _upload(copy: SafetyCopy) -> tus.Upload:
    folder = services().settings.sessions_folder
    whole = copies.whole_path(folder, copy)
    if copy.state == CopyState.WHOLE or whole.exists():
        return tus.Upload(whole, copy.bytes, True, copy.created_at)
    return tus.Upload(copies.growing_path(folder, copy), copy.bytes, False, copy.created_at)


def _upload_url(slug: str, copy: SafetyCopy) -> str:
    return absolute(f"/api/v1/rooms/{slug}/sessions/{copy.session_id}/copies/{copy.id}/upload")


def _hand_on(session_id: str, copy_id: str) -> None:
    """All of it is here. Idempotent."""
    with services().database.session() as transaction:
        copy = copies.of_session(transaction, session_id, copy_id)
        if copy is not None and copy.state == CopyState.UPLOADING:
            copies.has_come(transaction, copy, services().settings.sessions_folder)
            log.info("copy %s of session %s has come, %d bytes", copy.id, session_id, copy.bytes)
