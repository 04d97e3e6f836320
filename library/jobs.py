"""The queue of heavy work: a leased table, so that a killed worker's job is taken up by another.

Called from any thread of web (enqueue, cancel, look) and from the worker (lease and after). Every
write of a worker is fenced by owner and attempt: who lost the lease gets LeaseLost and must stop.
Times come from the injected clock; nothing here sleeps or runs by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from library.database import Database, exclusive, utc_now
from library.models import Job, JobState

BACK_OFF_FIRST = timedelta(seconds=10)
BACK_OFF_MOST = timedelta(hours=1)
MAX_ATTEMPTS = 3
_ERROR_LENGTH = 4_000
_MESSAGE_LENGTH = 500
_OPEN_STATES = (JobState.WAITING, JobState.RUNNING)


class LeaseLost(Exception):
    """The job is no longer this worker's: cancelled, or its lease ran out and another took it."""


class JobNotFound(LookupError):
    """No job has this id."""


def back_off(attempt: int) -> timedelta:
    """How long to wait after the failure of attempt 1, 2, 3, …: 10 s, 20 s, 40 s, … up to an hour."""
    doublings: int = 2 ** min(attempt - 1, 20)
    return min(BACK_OFF_FIRST * doublings, BACK_OFF_MOST)


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    subject: str,
    payload: dict[str, Any],
    lane: str,
    max_attempts: int = MAX_ATTEMPTS,
    not_before: datetime | None = None,
) -> Job:
    """Add a job within the caller's transaction, or return the one that has this key already."""
    exclusive(session, f"job:{key}")
    known = session.scalar(select(Job).where(Job.key == key))
    if known is not None:
        return known
    job = Job(
        kind=kind,
        key=key,
        subject=subject,
        payload=payload,
        lane=lane,
        max_attempts=max_attempts,
        not_before=not_before or utc_now(),
    )
    session.add(job)
    session.flush()
    return job


def newest_of(session: Session, kind: str, subject: str) -> Job | None:
    """The job of a kind made last for `subject`."""
    query = select(Job).where(Job.kind == kind, Job.subject == subject)
    return session.scalar(query.order_by(Job.created_at.desc()).limit(1))


class Jobs:
    """The queue as workers and pages see it. A method is one transaction; all raise DatabaseUnavailable."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def lease(self, owner: str, lane: str, kinds: Sequence[str], duration: timedelta) -> Job | None:
        """Take the oldest job of `lane` that is due, or whose lease ran out; None if there is none."""
        now = self._clock()
        with self._database.session() as session:
            while (job := session.scalar(_next_due(lane, kinds, now))) is not None:
                if job.attempt < job.max_attempts:
                    break
                _give_up(job, f"its worker was lost {job.attempt} times", now)
                session.flush()
            else:
                return None
            job.state, job.owner = JobState.RUNNING, owner
            job.attempt += 1
            job.lease_until = now + duration
            job.progress, job.message = 0.0, ""
        return job

    def extend(
        self, job: Job, duration: timedelta, progress: float | None = None, message: str | None = None
    ) -> None:
        """Heartbeat: renew the lease, tell progress (0 to 1). Raises LeaseLost."""
        values: dict[str, Any] = {"lease_until": self._clock() + duration}
        if progress is not None:
            values["progress"] = min(max(progress, 0.0), 1.0)
        if message is not None:
            values["message"] = message[:_MESSAGE_LENGTH]
        self._write(job, values)

    def finish(self, job: Job) -> None:
        """Done. Raises LeaseLost."""
        self._write(job, {"state": JobState.DONE, "progress": 1.0, "error": None, **self._closing()})

    def fail(self, job: Job, error: str) -> None:
        """Try again after a growing wait, or give up after the last attempt. Raises LeaseLost."""
        values: dict[str, Any] = {"error": error[-_ERROR_LENGTH:]}
        if job.attempt >= job.max_attempts:
            values |= {"state": JobState.FAILED, **self._closing()}
        else:
            values |= self._waiting(self._clock() + back_off(job.attempt))
        self._write(job, values)

    def release(self, job: Job) -> None:
        """Give it back unfinished as this worker stops: costs no attempt. Raises LeaseLost."""
        self._write(job, {**self._waiting(self._clock()), "max_attempts": Job.max_attempts + 1})

    def postpone(self, job: Job, wait: timedelta, message: str) -> None:
        """It cannot be done now (a full disk): again after `wait`, costs no attempt. Raises LeaseLost."""
        values = {**self._waiting(self._clock() + wait), "max_attempts": Job.max_attempts + 1}
        self._write(job, {**values, "progress": 0.0, "message": message[:_MESSAGE_LENGTH]})

    def retry(self, name: str | None = None) -> list[Job]:
        """Have ended jobs done again, with new attempts: all that failed, or what `name` is the
        id or the subject of. Raises JobNotFound.
        """
        chosen = (
            (Job.id == name) | (Job.subject == name) if name is not None else Job.state == JobState.FAILED
        )
        with self._database.session() as session:
            jobs = list(session.scalars(select(Job).where(chosen, Job.state.not_in(_OPEN_STATES))))
            for job in jobs:
                job.state, job.not_before = JobState.WAITING, self._clock()
                # The attempt goes on counting: it fences off whoever still works on an older one.
                job.max_attempts = job.attempt + MAX_ATTEMPTS
                job.progress, job.message, job.finished_at = 0.0, "", None
        if name is not None and not jobs:
            raise JobNotFound(f"no ended job is called {name}, nor is one for a session of that name")
        return jobs

    def cancel(self, job_id: str) -> bool:
        """Stop it, running or not; its worker notices at the next heartbeat. False if it had ended."""
        with self._database.session() as session:
            result = session.execute(
                update(Job)
                .where(Job.id == job_id, Job.state.in_(_OPEN_STATES))
                .values(state=JobState.CANCELLED, **self._closing())
                .returning(Job.id)
            )
            return result.first() is not None

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        with self._database.reading() as session:
            job = session.get(Job, job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def _write(self, job: Job, values: dict[str, Any]) -> None:
        with self._database.session() as session:
            result = session.execute(
                update(Job)
                .where(
                    Job.id == job.id,
                    Job.state == JobState.RUNNING,
                    Job.owner == job.owner,
                    Job.attempt == job.attempt,
                )
                .values(**values)
                .returning(Job.id)
            )
            if result.first() is None:
                raise LeaseLost(job.id)

    def _closing(self) -> dict[str, Any]:
        return {"owner": None, "lease_until": None, "finished_at": self._clock()}

    @staticmethod
    def _waiting(not_before: datetime) -> dict[str, Any]:
        return {"state": JobState.WAITING, "owner": None, "lease_until": None, "not_before": not_before}


def _next_due(lane: str, kinds: Sequence[str], now: datetime) -> Select[Job]:
    waiting = and_(Job.state == JobState.WAITING, Job.not_before <= now)
    lost = and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    return (
        select(Job)
        .where(Job.lane == lane, Job.kind.in_(kinds), or_(waiting, lost))
        .order_by(Job.not_before, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # no effect on SQLite, whose writers queue up anyway
    )


def _give_up(job: Job, error: str, now: datetime) -> None:
    job.state, job.error = JobState.FAILED, error
    job.owner = job.lease_until = None
    job.finished_at = now
