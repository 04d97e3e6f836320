"""How far the transcript of a recording is, in plain words, and having it made again: API, in web threads.

What was transcribed is told by `transcript_api.py`; this is the work on it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, Integer, String
from apiflask.validators import Length
from flask_babel import gettext as _

from broadcast.job_reasons import reason_of
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_doors import recording_to_change, recording_to_watch
from broadcast.services import services
from library import transcripts
from library.database import utc_now
from library.job_pace import time_left
from library.jobs import OPEN_STATES, Jobs, newest_of
from library.models import Job, JobState, JobWait, LectureSession
from library.transcript_formats import LANGUAGE_LENGTH, UnfitTranscript, check_language
from library.transcription import orders
from people import doors
from people.session_cookie import current_user

blueprint = APIBlueprint("transcription", __name__, url_prefix="/api/v1", tag="Transcripts")

_LONGEST_REASON = 300
_PROMPT_LENGTH = 500


class WorkOut(Schema):
    state = String(
        metadata={"description": "none, waiting, running, done, failed or cancelled"}, required=True
    )
    waits_for = String(allow_none=True, metadata={"description": "model, lecture, retry or later"})
    progress = Float(metadata={"description": "0 to 1, of the recording"})
    seconds_left = Integer(allow_none=True)
    words = String(allow_none=True, metadata={"description": "what to tell people, in their language"})
    reason = String(allow_none=True, metadata={"description": "why it failed or waits; for hosts"})
    has_transcript = Boolean(metadata={"description": "whether there is something to read already"})
    may_repeat = Boolean(metadata={"description": "whether the asker may have it made (again)"})


class AgainIn(Schema):
    language = String(load_default=None, validate=Length(max=LANGUAGE_LENGTH))
    prompt = String(
        load_default=None,
        validate=Length(max=_PROMPT_LENGTH),
        metadata={"description": "words that come in the lecture"},
    )


@blueprint.get("/recordings/<session_id>/transcription")
@blueprint.output(WorkOut)
def get_work(session_id: str) -> dict[str, Any]:
    """How far the engine is with a recording."""
    row, room = recording_to_watch(session_id)
    return _told(row, may_host=bool(doors.may_host(current_user(), room)))


@blueprint.post("/recordings/<session_id>/transcription")
@blueprint.input(AgainIn)
@blueprint.output(WorkOut, status_code=202)
@limiter.limit("30 per hour")
def repeat(session_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Have it made again: what failed goes on where it was; what was done is made anew, beside what there is.

    What a person corrected stays what is shown.
    """
    row, _room = recording_to_change(session_id)
    try:
        language = check_language(json_data["language"])
    except UnfitTranscript as error:
        raise Problem(422, _("Not accepted"), _("This is no language's tag.")) from error
    database = services().database
    with database.session() as transaction:
        job = newest_of(transaction, orders.KIND, session_id)
        anew = job is None or job.state == JobState.DONE or language or json_data["prompt"]
        if anew:
            orders.order_again(transaction, session_id, language=language, prompt=json_data["prompt"])
    if job is not None and not anew and job.state in (JobState.FAILED, JobState.CANCELLED):
        Jobs(database).retry(job.id)
    return _told(row, may_host=True)


def _told(row: LectureSession, *, may_host: bool) -> dict[str, Any]:
    with services().database.reading() as transaction:
        job = newest_of(transaction, orders.KIND, row.id)
        known = transcripts.current(transaction, row.id)
        wanted = row.ended_at is not None and (known is None or not known.complete)
    left = time_left(job, utc_now()) if job is not None and job.state == JobState.RUNNING else None
    reason = reason_of(job) if job is not None else None
    return {
        "state": job.state if job is not None else "none",
        "waits_for": job.waits_for if job is not None and job.state == JobState.WAITING else None,
        "progress": _share(job, row) if job is not None else 0.0,
        "seconds_left": round(left.total_seconds()) if left is not None else None,
        "words": _words(job, _share(job, row), left) if job is not None and wanted else None,
        "reason": reason[-_LONGEST_REASON:] if may_host and reason else None,
        "has_transcript": known is not None,
        "may_repeat": may_host and row.ended_at is not None and (job is None or job.state not in OPEN_STATES),
    }


def _share(job: Job, row: LectureSession) -> float:
    """Of the whole recording: a job that waits tells of no progress."""
    if job.state == JobState.DONE:
        return 1.0
    until = row.ended_at or utc_now()
    seconds = max((until - row.started_at).total_seconds(), 1.0)
    kept = orders.done_of(job).seconds / seconds
    return round(min(max(kept, job.progress if job.state == JobState.RUNNING else 0.0), 1.0), 3)


def _words(job: Job, share: float, left: timedelta | None) -> str | None:
    percent = round(share * 100)
    if job.state == JobState.RUNNING:
        if left is None:
            return str(_("Transcript: %(percent)s %%", percent=percent))
        minutes = max(1, round(left.total_seconds() / 60))
        return str(_("Transcript: %(percent)s %% · %(minutes)s min left", percent=percent, minutes=minutes))
    if job.state == JobState.WAITING:
        if job.waits_for == JobWait.MODEL:
            return str(_("The transcript waits: there is no speech model here yet."))
        return str(_("The transcript waits for its turn."))
    if job.state == JobState.FAILED:
        return str(_("The transcript could not be made."))
    return str(_("The transcript was stopped.")) if job.state == JobState.CANCELLED else None
