"""`/api/v1/jobs`: heavy work as admins see it: what runs, waits, failed and is done; do again, stop.

Blueprint `jobs`, in web threads. Admins see and change the jobs of their organization, operators all; to
anybody else there are none (`people.routes`). Pages look every few seconds: what is not new is a 304.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from broadcast.job_board import alone, board, reach
from broadcast.list_cursor import CURSOR_LENGTH, Cursor, UnfitCursor, read_cursor
from broadcast.own_address import absolute
from broadcast.private_answer import private_answer
from broadcast.problems import Problem
from broadcast.services import services
from library import job_list
from library.database import utc_now
from library.job_list import Listed
from library.jobs import JobNotFound, Jobs
from library.models import LectureSession
from people.acts import note_alone
from people.session_cookie import current_user

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/v1", tag="Jobs")


class JobOfListOut(Schema):
    id = String()
    kind = String(metadata={"description": "mp4, media, heal, …"})
    subject = String(metadata={"description": "id of what it works on"})
    title = String(allow_none=True, metadata={"description": "of what it works on"})
    url = String(allow_none=True, metadata={"description": "of the recording that it works on"})
    place = String(
        allow_none=True,
        metadata={"description": "where that lies: disk, copied, bucket, damaged; null: not known"},
    )
    lane = String(metadata={"description": "what it queues up with"})
    state = String(metadata={"description": "waiting, running, done, failed, cancelled"})
    progress = Float(metadata={"description": "0 to 1"})
    remaining_seconds = Integer(allow_none=True, metadata={"description": "null: nobody can say"})
    message = String(metadata={"description": "the last that it said"})
    waits_for = String(
        allow_none=True,
        metadata={"description": "retry (it failed), disk, model, later; null: its turn"},
    )
    attempt = Integer()
    max_attempts = Integer()
    error = String(allow_none=True, metadata={"description": "why the newest attempt that failed did"})
    reason = String(
        allow_none=True, metadata={"description": "why it failed or waits now, in the asker's language"}
    )
    log = String(allow_none=True, metadata={"description": "of that one, the last lines; null in lists"})
    has_log = Boolean()
    created_at = String()
    started_at = String(allow_none=True, metadata={"description": "of the newest attempt"})
    not_before = String(metadata={"description": "when a waiting one is due"})
    finished_at = String(allow_none=True)


class JobOut(JobOfListOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class JobsOut(Schema):
    running = List(Nested(JobOfListOut))
    waiting = List(Nested(JobOfListOut), metadata={"description": "in the order in which they are due"})
    failed = List(Nested(JobOfListOut), metadata={"description": "newest first"})
    ended = List(Nested(JobOfListOut), metadata={"description": "done or cancelled, newest first"})
    counts = Dict(
        allow_none=True, metadata={"description": "of running, waiting, failed: lists are cut; first page"}
    )
    more = String(allow_none=True, metadata={"description": "`before` of the next page; null: that was all"})


class JobsIn(Schema):
    before = String(load_default=None, validate=Length(1, CURSOR_LENGTH))


@blueprint.get("/jobs")
@blueprint.input(JobsIn, location="query")
@blueprint.output(JobsOut)
def list_jobs(query_data: dict[str, Any]) -> BaseResponse:
    """All that is open or failed, and what has ended, page by page; with an ETag to ask again by."""
    before = _place(query_data["before"])
    with services().database.reading() as transaction:
        document = board(transaction, _reach(), before, utc_now(), absolute)
    return private_answer(document)


@blueprint.get("/jobs/<job_id>")
@blueprint.output(JobOut)
def get_job(job_id: str) -> dict[str, Any]:
    """One job, with the last lines of its log."""
    return _told(job_id)


@blueprint.post("/jobs/<job_id>/retry")
@blueprint.output(JobOut)
def retry_job(job_id: str) -> dict[str, Any]:
    """Do it again, with new attempts. 409 for one that has not ended."""
    found = _job(job_id)
    try:
        Jobs(services().database).retry(found.job.id)
    except JobNotFound as error:
        raise Problem(409, _("Not possible now"), _("This job has not ended.")) from error
    _note("job.retried", found)
    return _told(job_id)


@blueprint.post("/jobs/<job_id>/cancel")
@blueprint.output(JobOut)
def cancel_job(job_id: str) -> dict[str, Any]:
    """Stop it, also while it runs: it ends within a second. 409 for one that has ended."""
    found = _job(job_id)
    if not Jobs(services().database).cancel(found.job.id):
        raise Problem(409, _("Not possible now"), _("This job has ended already."))
    _note("job.cancelled", found)
    return _told(job_id)


def _job(job_id: str) -> Listed:
    with services().database.reading() as transaction:
        return _found(transaction, job_id)


def _note(action: str, found: Listed) -> None:
    """Of the organization whose recording it works on, else of the asker's reach."""
    organization_id = _reach()
    if organization_id is None and found.session_id is not None:
        with services().database.reading() as transaction:
            row = transaction.get(LectureSession, found.session_id)
        organization_id = row.organization_id if row is not None else None
    job = found.job
    note_alone(action, organization_id=organization_id, subject=job.id, kind=job.kind, of=job.subject)


def _told(job_id: str) -> dict[str, Any]:
    with services().database.reading() as transaction:
        return alone(transaction, _found(transaction, job_id), utc_now(), absolute)


def _found(transaction: Session, job_id: str) -> Listed:
    found = job_list.find(transaction, _reach(), job_id)
    if found is None:
        raise NotFound(_("There is no such job."))
    return found


def _reach() -> str | None:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        raise Unauthorized
    return reach(person)


def _place(before: str | None) -> Cursor | None:
    try:
        return read_cursor(before) if before is not None else None
    except UnfitCursor as error:
        raise Problem(422, _("Not accepted"), _("The list has no such place.")) from error
