"""Jobs as people look at them: with what they work on, those of one organization or all. Queries in the
caller's transaction.

`organization_id` None: of the whole installation. A job belongs to the organization whose session or film it
works on; one that works on neither is the installation's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import Select, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from library.job_pace import time_left
from library.keeping import Kept
from library.models import Film, Job, JobState, LectureSession

MAX_RUNNING = 100
MAX_WAITING = 50
MAX_FAILED = 50
PAGE_LENGTH = 25
COUNTED = (JobState.RUNNING, JobState.WAITING, JobState.FAILED)

Place = tuple[datetime, str]
Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class Listed:
    """A job, the title of what it works on, and the session whose recording that is, where there are any."""

    job: Job
    title: str | None
    session_id: str | None


def running(transaction: Session, organization_id: str | None) -> tuple[Listed, ...]:
    """The longest running first."""
    query = _jobs(organization_id).where(Job.state == JobState.RUNNING)
    return _listed(transaction, query.order_by(Job.started_at, Job.id), MAX_RUNNING)


def waiting(transaction: Session, organization_id: str | None) -> tuple[Listed, ...]:
    """In the order in which they become due."""
    query = _jobs(organization_id).where(Job.state == JobState.WAITING)
    return _listed(transaction, query.order_by(Job.not_before, Job.id), MAX_WAITING)


def failed(transaction: Session, organization_id: str | None) -> tuple[Listed, ...]:
    """The newest first."""
    query = _jobs(organization_id).where(Job.state == JobState.FAILED)
    return _listed(transaction, query.order_by(Job.finished_at.desc(), Job.id.desc()), MAX_FAILED)


def ended(
    transaction: Session, organization_id: str | None, before: Place | None = None
) -> tuple[tuple[Listed, ...], Place | None]:
    """A page of what was done or cancelled, the newest first, and where the next one begins."""
    found: list[Listed] = []
    for state in (JobState.DONE, JobState.CANCELLED):  # each is read along the index; both at once are sorted
        query = _jobs(organization_id).where(Job.state == state, Job.finished_at.is_not(None))
        if before is not None:
            query = query.where(tuple_(Job.finished_at, Job.id) < before)
        query = query.order_by(Job.finished_at.desc(), Job.id.desc())
        found += _listed(transaction, query, PAGE_LENGTH + 1)
    page = tuple(sorted(found, key=_ended_at, reverse=True)[:PAGE_LENGTH])
    return page, _ended_at(page[-1]) if len(found) > PAGE_LENGTH else None


def counts(transaction: Session, organization_id: str | None) -> dict[str, int]:
    """How many there are of each state that people wait for or worry about."""
    query = select(Job.state, func.count()).where(Job.state.in_(COUNTED)).group_by(Job.state)
    query = _of(organization_id, query)
    return dict.fromkeys(map(str, COUNTED), 0) | {str(state): n for state, n in transaction.execute(query)}


def find(transaction: Session, organization_id: str | None, job_id: str) -> Listed | None:
    """The job, if it is the organization's."""
    found = _listed(transaction, _jobs(organization_id).where(Job.id == job_id), 1)
    return found[0] if found else None


def newest(transaction: Session, states: Sequence[str], most: int) -> list[Job]:
    """The jobs of any, or of these, states that were made last; the newest first."""
    query = select(Job).where(Job.state.in_(states)) if states else select(Job)
    return list(transaction.scalars(query.order_by(Job.id.desc()).limit(most)))  # ids rise with time


def named(transaction: Session, names: Iterable[str]) -> list[Job]:
    """The jobs with these ids, and the newest of each kind that works on a subject of such a name."""
    asked = list(names)
    later = aliased(Job)
    followed = select(later.id).where(
        later.kind == Job.kind, later.subject == Job.subject, later.created_at > Job.created_at
    )
    chosen = or_(Job.id.in_(asked), and_(Job.subject.in_(asked), ~followed.exists()))
    return list(transaction.scalars(select(Job).where(chosen).order_by(Job.created_at, Job.id)))


def told(job: Job, now: datetime) -> dict[str, Any]:
    """As command line and API tell it; times are aware, `remaining_seconds` whole."""
    left = time_left(job, now) if job.state == JobState.RUNNING else None
    return {
        "id": job.id,
        "kind": job.kind,
        "subject": job.subject,
        "lane": job.lane,
        "state": str(job.state),
        "progress": round(job.progress, 3),
        "remaining_seconds": round(left.total_seconds()) if left is not None else None,
        "message": job.message,
        "waits_for": job.waits_for,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "error": job.error,
        "log": job.log,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "not_before": job.not_before,
        "finished_at": job.finished_at,
    }


def _ended_at(one: Listed) -> Place:
    return one.job.finished_at or one.job.created_at, one.job.id


def _jobs(organization_id: str | None) -> Select[Job, str, str]:
    # Whoever looks after jobs need not know what a recording is about that is held, or was removed.
    shown = and_(LectureSession.kept == Kept.PUBLISHED, LectureSession.removal.is_(None))
    title = func.coalesce(case((shown, LectureSession.title)), Film.title)
    session_id = func.coalesce(case((shown, LectureSession.id)), Film.session_id)
    return _of(organization_id, select(Job, title, session_id))


def _of(organization_id: str | None, query: Select[*Columns]) -> Select[*Columns]:
    """With what the jobs work on, and those of the organization only."""
    query = query.outerjoin(LectureSession, LectureSession.id == Job.subject)
    query = query.outerjoin(Film, Film.id == Job.subject)
    if organization_id is None:
        return query
    organization = func.coalesce(LectureSession.organization_id, Film.organization_id)
    return query.where(organization == organization_id)


def _listed(transaction: Session, query: Select[Job, str, str], most: int) -> tuple[Listed, ...]:
    return tuple(Listed(*row) for row in transaction.execute(query.limit(most)))
