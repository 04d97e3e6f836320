"""The queue of heavy work: a leased table, so that a killed worker's job is taken up by another.

Called from any thread of web (enqueue, cancel, look) and from the worker (lease and after). Every
write of a worker is fenced by owner and attempt: who lost the lease gets LeaseLost and must stop.
Times come from the injected clock; nothing here sleeps or runs by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from library.database import Database, exclusive, utc_now
from library.job_words import MESSAGE_LENGTH, fit
from library.models import Job, JobState, JobWait

BACK_OFF_FIRST = timedelta(seconds=10)
BACK_OFF_MOST = timedelta(hours=1)
MAX_ATTEMPTS = 3
KEPT = timedelta(days=30)  # an ended job, once a later one of its kind works on the same
REMOVED_AT_ONCE = 500
_ERROR_LENGTH = 4_000
OPEN_STATES = (JobState.WAITING, JobState.RUNNING)


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


def cancel_others(session: Session, job: Job) -> None:
    """What waits to be done for the same subject is made needless by `job`."""
    others = update(Job).where(
        Job.kind == job.kind,
        Job.subject == job.subject,
        Job.state == JobState.WAITING,
        Job.key != job.key,
    )
    session.execute(others.values(state=JobState.CANCELLED, finished_at=utc_now()))


def cancel_all(session: Session, subject: str, *, but: str | None = None) -> None:
    """Whatever waits or runs for a subject stops, jobs of the kind `but` excepted."""
    chosen = update(Job).where(Job.subject == subject, Job.state.in_(OPEN_STATES))
    if but is not None:
        chosen = chosen.where(Job.kind != but)
    ended = {"owner": None, "lease_until": None, "waits_for": None, "finished_at": utc_now()}
    session.execute(chosen.values(state=JobState.CANCELLED, **ended))


def take_up_again(job: Job, now: datetime) -> None:
    """A job that has ended, in an open transaction, is to be done, with new attempts."""
    job.state, job.not_before = JobState.WAITING, now
    # The attempt goes on counting: it fences off whoever still works on an older one.
    job.max_attempts = job.attempt + MAX_ATTEMPTS
    job.progress, job.message, job.waits_for, job.finished_at = 0.0, "", None, None


def newest_of(session: Session, kind: str, subject: str) -> Job | None:
    """The job of a kind made last for `subject`."""
    query = select(Job).where(Job.kind == kind, Job.subject == subject)
    return session.scalar(query.order_by(Job.created_at.desc()).limit(1))


class Jobs:
    """The queue as workers and pages see it. A method is one transaction; all raise DatabaseUnavailable."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def due(self, kinds: Sequence[str]) -> set[str]:
        """The lanes that have something to lease: a look that keeps no writer waiting."""
        with self._database.reading() as session:
            return set(session.scalars(select(Job.lane).where(_is_due(kinds, self._clock())).distinct()))

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
            job.progress, job.message, job.waits_for = 0.0, "", None
            job.started_at, job.paced_at = now, None
        return job

    def extend(
        self, job: Job, duration: timedelta, progress: float | None = None, message: str | None = None
    ) -> None:
        """Heartbeat: renew the lease, tell progress (0 to 1). Raises LeaseLost."""
        now = self._clock()
        values: dict[str, Any] = {"lease_until": now + duration}
        if progress is not None:
            values["progress"] = min(max(progress, 0.0), 1.0)
            if job.paced_at is None:
                job.paced_at, job.paced_from = now, values["progress"]
            values |= {"paced_at": job.paced_at, "paced_from": job.paced_from}
        if message is not None:
            values["message"] = fit(message)[:MESSAGE_LENGTH]
        self._write(job, values)

    def still_held(self, owner: str) -> set[tuple[str, int]]:
        """Which jobs, at which attempt, are this worker's now: what was cancelled or taken over is none."""
        query = select(Job.id, Job.attempt).where(Job.state == JobState.RUNNING, Job.owner == owner)
        with self._database.reading() as session:
            return {(job_id, attempt) for job_id, attempt in session.execute(query)}

    def finish(self, job: Job) -> None:
        """Done. Raises LeaseLost."""
        done = {"state": JobState.DONE, "progress": 1.0, "error": None, "log": None}
        self._write(job, done | self._closing())

    def fail(self, job: Job, error: str, log: str = "") -> None:
        """Try again after a growing wait, or give up after the last attempt. `log`: its last lines, which
        are kept with it. Raises LeaseLost.
        """
        values: dict[str, Any] = {"error": fit(error)[-_ERROR_LENGTH:], "log": fit(log) or None}
        if job.attempt >= job.max_attempts:
            values |= {"state": JobState.FAILED, **self._closing()}
        else:
            values |= self._waiting(self._clock() + back_off(job.attempt), JobWait.RETRY)
        self._write(job, values)

    def release(self, job: Job) -> None:
        """Give it back unfinished as this worker stops: it keeps its place, and it costs no attempt.

        Raises LeaseLost.
        """
        self._write(job, {**self._waiting(job.not_before), "max_attempts": Job.max_attempts + 1})

    def postpone(
        self, job: Job, wait: timedelta, message: str, waits_for: str | None = JobWait.LATER
    ) -> None:
        """It cannot be done now (a full disk): again after `wait`, costs no attempt. Raises LeaseLost."""
        values = self._waiting(self._clock() + wait, waits_for) | {"max_attempts": Job.max_attempts + 1}
        self._write(job, {**values, "progress": 0.0, "message": fit(message)[:MESSAGE_LENGTH]})

    def retry(self, name: str | None = None) -> list[Job]:
        """Have ended jobs done again, with new attempts: all that failed, or what `name` is the
        id or the subject of. Raises JobNotFound.
        """
        chosen = (
            (Job.id == name) | (Job.subject == name) if name is not None else Job.state == JobState.FAILED
        )
        with self._database.session() as session:
            jobs = list(session.scalars(select(Job).where(chosen, Job.state.not_in(OPEN_STATES))))
            for job in jobs:
                take_up_again(job, self._clock())
        if name is not None and not jobs:
            raise JobNotFound(f"no ended job is called {name}, nor is one for a session of that name")
        return jobs

    def cancel(self, job_id: str) -> bool:
        """Stop it, running or not; its worker notices within a second. False if it had ended."""
        return bool(self._cancel(Job.id == job_id))

    def cancel_named(self, name: str) -> list[Job]:
        """Stop what `name` is the id or the subject of. Raises JobNotFound."""
        jobs = self._cancel((Job.id == name) | (Job.subject == name))
        if not jobs:
            raise JobNotFound(f"no job that waits or runs is called {name}, nor is one for a session of it")
        return jobs

    def _cancel(self, chosen: ColumnElement[bool]) -> list[Job]:
        values = {"state": JobState.CANCELLED, "waits_for": None, **self._closing()}
        with self._database.session() as session:
            stopped = update(Job).where(chosen, Job.state.in_(OPEN_STATES)).values(**values).returning(Job)
            return list(session.scalars(stopped))

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        with self._database.reading() as session:
            job = session.get(Job, job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def clean_up(self) -> int:
        """Remove jobs that ended long ago and were followed by another of their kind for the same → how many.

        At most REMOVED_AT_ONCE. The last job of a kind stays, however old: pages tell its subject's state by
        it, and its key says that the work is not to be done again.
        """
        later = aliased(Job)
        followed = exists().where(
            later.kind == Job.kind, later.subject == Job.subject, later.created_at > Job.created_at
        )
        old = and_(Job.finished_at < self._clock() - KEPT, Job.state.not_in(OPEN_STATES))
        with self._database.reading() as session:  # it may look long, and keeps nobody from writing
            found = list(session.scalars(select(Job.id).where(old, followed).limit(REMOVED_AT_ONCE)))
        if found:
            with self._database.session() as session:
                session.execute(delete(Job).where(Job.id.in_(found), old))
        return len(found)

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
    def _waiting(not_before: datetime, waits_for: str | None = None) -> dict[str, Any]:
        values = {"state": JobState.WAITING, "owner": None, "lease_until": None, "not_before": not_before}
        return {**values, "waits_for": waits_for}


def _is_due(kinds: Sequence[str], now: datetime) -> ColumnElement[bool]:
    waiting = and_(Job.state == JobState.WAITING, Job.not_before <= now)
    lost = and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    return and_(Job.kind.in_(kinds), or_(waiting, lost))


def _next_due(lane: str, kinds: Sequence[str], now: datetime) -> Select[Job]:
    return (
        select(Job)
        .where(Job.lane == lane, _is_due(kinds, now))
        .order_by(Job.not_before, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # no effect on SQLite, whose writers queue up anyway
    )


def _give_up(job: Job, error: str, now: datetime) -> None:
    job.state, job.error = JobState.FAILED, error
    job.owner = job.lease_until = None
    job.finished_at = now
