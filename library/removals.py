"""Removing recordings for good: ordered within the caller's transaction, carried out by the job `remove`.

From the order on a recording is there for nobody. The job (`operation/removal_job.py`) removes its files,
then calls `forget` and `is_removed`; each may be done again after a crash. What is left is the session's row:
when the lecture was, who or which rule removed it, why, when; no word of what it was about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from library import catalogue, jobs, object_catalogue, search_index, transcripts
from library.database import Base, Database
from library.keeping import TRASH_TIME, Removal, removal_due
from library.models import (
    ChapterRow,
    Film,
    Job,
    JobState,
    LectureSession,
    MediaObject,
    SafetyCopy,
    Tag,
    Upload,
    WatchedRow,
)

KIND = "remove"
LANE = "removal"
QUIET_TIME = timedelta(seconds=10)  # until the processes of cancelled jobs have ended
AGAIN_AFTER = timedelta(hours=1)  # what failed is tried again for as long as it takes
MOST_AT_ONCE = 100

# Of the tables that refer to sessions: what is deleted with a recording; what is kept, for it is not of it.
CONTENT: tuple[type[Base], ...] = (Tag, SafetyCopy, Upload, ChapterRow, WatchedRow)
_NOTHING_SAID: Mapping[str, Any] = {
    "title": "",
    "description": "",
    "lecturer": "",
    "language": None,
    "license": None,
    "series_id": None,
    "words": "",
    "poster": None,
    "poster_at": None,
    "pictures_version": None,
    "mp4_path": None,
    "mp4_bytes": None,
    "seconds": 0.0,
    "shown": None,
    "hidden_spans": [],
    "bytes": 0,
    "held_until": None,
}


def order(
    transaction: Session,
    row: LectureSession,
    why: Removal,
    now: datetime,
    *,
    by: str | None = None,
    after: timedelta = QUIET_TIME,
) -> None:
    """From now on it is nobody's, and `after` that its files go; idempotent. `by`: a user's id.

    Raises StillRunning.
    """
    if row.phase != "ended":
        raise catalogue.StillRunning(row.id)
    if row.removal is not None:
        return
    row.removal, row.removal_by = why.value, by
    row.deleted_at = row.deleted_at or now
    row.access_epoch = catalogue.next_access_epoch(transaction)
    jobs.cancel_all(transaction, row.id)
    jobs.enqueue(
        transaction,
        kind=KIND,
        key=f"{KIND}:{row.id}",
        subject=row.id,
        payload={},
        lane=LANE,
        not_before=now + after,
    )


def order_due(transaction: Session, now: datetime) -> Sequence[LectureSession]:
    """Order what the rules say is due → which; at most MOST_AT_ONCE of each kind. What belongs to a room that
    is in the trash goes with it, at the latest.
    """
    held = select(LectureSession).where(LectureSession.held_until <= now, LectureSession.removal.is_(None))
    trash = select(LectureSession).where(
        LectureSession.removal.is_(None), LectureSession.deleted_at <= now - TRASH_TIME
    )
    due = []
    for query in (held.order_by(LectureSession.held_until), trash.order_by(LectureSession.deleted_at)):
        for row in transaction.scalars(query.limit(MOST_AT_ONCE)):
            if (why := removal_due(row, now)) is not None:
                order(transaction, row, why, now)
                due.append(row)
    for row in transaction.scalars(_of_deleted_rooms(now).limit(MOST_AT_ONCE)):
        order(transaction, row, Removal.TRASH, now)
        due.append(row)
    return due


def _of_deleted_rooms(now: datetime) -> Select[LectureSession]:
    rooms = Base.metadata.tables["rooms"]
    gone = select(rooms.c.id).where(rooms.c.deleted_at <= now - TRASH_TIME)
    query = select(LectureSession).where(LectureSession.removal.is_(None), LectureSession.room_id.in_(gone))
    return query.where(LectureSession.phase == "ended").order_by(LectureSession.id)


def failed_before(transaction: Session, now: datetime) -> Sequence[Job]:
    """Removals that failed or were called off, and are to be tried again: what was promised is done."""
    ended = (JobState.FAILED, JobState.CANCELLED)
    query = select(Job).where(Job.kind == KIND, Job.state.in_(ended))
    return transaction.scalars(query.where(Job.finished_at <= now - AGAIN_AFTER)).all()


def others_at_work(transaction: Session, session_id: str, now: datetime) -> bool:
    """Whether another job's process may still write files of the session; what is open is cancelled."""
    others = select(Job).where(Job.subject == session_id, Job.kind != KIND)
    running = transaction.scalars(others.where(Job.state == JobState.RUNNING)).all()
    jobs.cancel_all(transaction, session_id, but=KIND)
    stopped = others.where(Job.state == JobState.CANCELLED, Job.finished_at > now - QUIET_TIME)
    stopped = stopped.where(Job.started_at.is_not(None))
    return bool(running) or transaction.scalar(stopped.limit(1)) is not None


def uploads_of(transaction: Session, session_id: str) -> Sequence[str]:
    """Ids of the uploads that it was made of, or is to be."""
    return transaction.scalars(select(Upload.id).where(Upload.session_id == session_id)).all()


def keys_in(transaction: Session, session_id: str, store: str) -> set[str]:
    """Under which keys the catalogue knows objects of the session in a store."""
    return {row.key for row in object_catalogue.of_sessions(transaction, store, [session_id])}


def forget(transaction: Session, session_id: str) -> None:
    """All that was said in it and of it; idempotent. Films that somebody made of it are works of their own,
    and go the way of films.
    """
    transcripts.remove(transaction, session_id)
    search_index.remove(transaction, session_id)
    for table in CONTENT:
        transaction.execute(delete(table).where(table.__table__.c.session_id == session_id))
    transaction.execute(update(Film).where(Film.session_id == session_id).values(session_id=None))
    transaction.execute(delete(Job).where(Job.subject == session_id, Job.kind != KIND))
    row = transaction.get(LectureSession, session_id)
    if row is not None:
        for name, nothing in _NOTHING_SAID.items():
            setattr(row, name, nothing)


def is_removed(database: Database, session_id: str, stores: Sequence[str], now: datetime) -> None:
    """Its files are gone from these stores; idempotent. What others hold of it is left over there, and goes
    when they are set again. Raises DatabaseUnavailable.
    """
    with database.session() as transaction:
        forget(transaction, session_id)
        of_it = MediaObject.session_id == session_id
        transaction.execute(delete(MediaObject).where(of_it, MediaObject.store.in_(stores)))
        transaction.execute(update(MediaObject).where(of_it).values(session_id=None))
        row = transaction.get(LectureSession, session_id)
        if row is not None and row.removed_at is None:
            row.removed_at = now
