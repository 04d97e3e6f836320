"""When a recording is transcribed: the job `transcribe`, ordered with its session and hurried at its end.

Called within the caller's transaction by adoption, and by the job itself. One job sees to a session: while
the lecture runs it does what is complete and waits for more. How far it is stands in the job's own row and
changes in the transaction that keeps the cues: after a crash the next attempt goes on there, and nothing is
there twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library import jobs, transcripts
from library.database import Database, new_id, utc_now
from library.job_words import MESSAGE_LENGTH, fit
from library.models import Job, JobState, JobWait, LectureSession, Series
from library.transcript_formats import Cue
from library.transcription.engine import RATE

KIND = "transcribe"
LANE = "speech"
WAITS_FOR_LECTURE = "lecture"
FIRST_LOOK = timedelta(minutes=10)  # before that no chunk is complete
MODEL_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Done:
    """What a job has done so far.

    `position`: where its next chunk begins, in samples of the session's clock. `version`: of the transcript
    that it writes; None before the first words.
    """

    position: int = 0
    version: int | None = None
    language: str | None = None
    prompt: str | None = None

    @property
    def seconds(self) -> float:
        """How much of the session's clock is done."""
        return self.position / RATE


def order(session: Session, session_id: str, *, ended: bool) -> Job:
    """Have it transcribed; idempotent. `ended`: no more sound comes, so it is not waited for."""
    now = utc_now()
    not_before = now if ended else now + FIRST_LOOK
    job = jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{session_id}",
        subject=session_id,
        payload=asdict(Done()),
        lane=LANE,
        not_before=not_before,
    )
    if ended and job.state == JobState.WAITING and job.waits_for in (None, WAITS_FOR_LECTURE):
        job.not_before = min(job.not_before, now)
    return job


def order_again(
    session: Session,
    session_id: str,
    *,
    language: str | None = None,
    prompt: str | None = None,
    name: str | None = None,
) -> Job:
    """From the beginning, into a version of its own; the job under way, if there is one. The same `name` is
    the same order.
    """
    known = jobs.newest_of(session, KIND, session_id)
    if known is not None and known.state in jobs.OPEN_STATES:
        return known
    return jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{session_id}:{name or new_id()}",
        subject=session_id,
        payload=asdict(Done(language=language, prompt=prompt)),
        lane=LANE,
    )


def done_of(job: Job) -> Done:
    """As the job's row tells it."""
    known = job.payload
    return Done(
        position=max(0, int(known.get("position") or 0)),
        version=known.get("version"),
        language=known.get("language"),
        prompt=known.get("prompt"),
    )


def given(database: Database, job: Job, done: Done) -> tuple[str | None, str | None]:
    """(language, prompt) for the next chunk: what was ordered or detected, else what the catalogue says now
    of the recording and of its series.
    """
    with database.reading() as transaction:
        row = transaction.get(LectureSession, job.subject)
        known = row.series_id if row is not None else None
        series = transaction.get(Series, known) if known is not None else None
    language = done.language or (row.language if row is not None else None)
    words = series.glossary.splitlines() if series is not None else ()
    return language, done.prompt or ", ".join(words) or None


def keep_chunk(database: Database, job: Job, done: Done, cues: list[Cue]) -> Done:
    """Keep the cues of the chunk that ends at `done.position`, and that it is done → what is done now.

    Raises LeaseLost where the job is no longer this process's, NotGrowing and LookupError where the recording
    or its transcript is gone.
    """
    with database.session() as transaction:
        row = _held(transaction, job)
        version = done.version
        if cues:
            if transaction.get(LectureSession, job.subject) is None:
                raise LookupError(f"session {job.subject}")
            if version is None:
                version = transcripts.begin(transaction, job.subject, done.language)
            transcripts.append(transaction, job.subject, version, cues, language=done.language)
        now_done = Done(done.position, version, done.language, done.prompt)
        row.payload = asdict(now_done)
        # Who gets a chunk further has not failed, however often its process is killed.
        row.max_attempts = row.attempt + jobs.MAX_ATTEMPTS
    return now_done


def complete(database: Database, job: Job, done: Done) -> None:
    """No chunk follows. Idempotent. Raises LeaseLost."""
    with database.session() as transaction:
        _held(transaction, job)
        if done.version is not None:
            transcripts.finish(transaction, job.subject, done.version)


def hold_back(database: Database, message: str, now: datetime) -> None:
    """There is no model: all that wait, wait for it, so that one of them finds out when there is one."""
    waiting = update(Job).where(Job.kind == KIND, Job.state == JobState.WAITING)
    later = now + MODEL_WAIT
    with database.session() as transaction:
        transaction.execute(
            waiting.where(Job.not_before < later).values(
                not_before=later, waits_for=JobWait.MODEL, message=fit(message)[:MESSAGE_LENGTH]
            )
        )


def _held(transaction: Session, job: Job) -> Job:
    """The job's row, locked, while this attempt holds it."""
    held = select(Job).where(Job.id == job.id, Job.state == JobState.RUNNING, Job.attempt == job.attempt)
    row = transaction.scalar(held.with_for_update())
    if row is None:
        raise jobs.LeaseLost(job.id)
    return row
