"""Which recordings leave the disk, for the bucket has a verified copy of them: the rule, and what it is told.

The rule is `to_move`, pure. The job `move` carries it out (`operation.move_jobs`), one file after the other;
the job `home` brings a recording back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session, aliased

from library import jobs, object_catalogue
from library.disk_store import NAME as DISK
from library.jobs import OPEN_STATES
from library.models import Film, Job, JobWait, LectureSession, MediaObject, ObjectState

KIND = "move"
HOME_KIND = "home"
LANE = "objects"
HOME_LANE = "home"  # somebody waits for it: not behind a night's scan
IN_USE = timedelta(hours=1)  # played, or ended, since then: it stays in any case
MOVED_KINDS = (object_catalogue.TAKE, object_catalogue.MP4)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ended recording whose files have copies. `bytes`: what its move would free.

    `used_at`: when it ended, or was played or brought home last. `busy`: a job works on it, or is to.
    """

    session_id: str
    bytes: int
    used_at: datetime
    busy: bool


def to_move(
    candidates: Iterable[Candidate], now: datetime, keep: timedelta | None, missing_bytes: int
) -> list[Candidate]:
    """Those that were not used for `keep` (None: that alone moves nothing), and then, as long as the disk
    lacks `missing_bytes`, the others; the longest unused first.
    """
    free_to_go = [one for one in candidates if not one.busy and now - one.used_at >= IN_USE and one.bytes > 0]
    chosen: list[Candidate] = []
    freed = 0
    for one in sorted(free_to_go, key=lambda one: (one.used_at, one.session_id)):
        unused = keep is not None and now - one.used_at >= keep
        if not unused and freed >= missing_bytes:
            continue
        chosen.append(one)
        freed += one.bytes
    return chosen


@dataclass(frozen=True, slots=True)
class Movable:
    """A session whose files all have whole copies: `ended_at`, and the rows of what is on the disk."""

    session_id: str
    ended_at: datetime
    busy: bool
    files: tuple[MediaObject, ...]


def movable(session: Session, target: str, ended_before: datetime) -> list[Movable]:
    """What could be moved into `target`, as the catalogue knows it."""
    copy = aliased(MediaObject)
    same = and_(copy.store == target, copy.key == MediaObject.key, copy.sha256 == MediaObject.sha256)
    query = (
        select(MediaObject, copy.state, LectureSession.id, LectureSession.ended_at)
        .join(LectureSession, LectureSession.id == MediaObject.session_id)
        .outerjoin(copy, same)
        .where(
            MediaObject.store == DISK,
            MediaObject.moved_at.is_(None),
            MediaObject.kind.in_(MOVED_KINDS),
            LectureSession.ended_at < ended_before,
        )
    )
    found: dict[str, list[MediaObject]] = {}
    ended: dict[str, datetime] = {}
    unfit: set[str] = set()
    for row, copied, session_id, ended_at in session.execute(query):
        found.setdefault(session_id, []).append(row)
        ended[session_id] = ended_at or ended_before
        if copied != ObjectState.WHOLE or row.state != ObjectState.WHOLE:
            unfit.add(session_id)
    busy = at_work(session)
    return [
        Movable(one, ended[one], one in busy, tuple(sorted(rows, key=lambda row: row.key)))
        for one, rows in sorted(found.items())
        if one not in unfit
    ]


def at_work(session: Session) -> set[str]:
    """Sessions that a job works on, or is to soon: their own, and those of films that are made of them. What
    waits for a model of speech may wait for ever.
    """
    soon = Job.state.in_(OPEN_STATES) & func.coalesce(Job.waits_for != JobWait.MODEL, true())
    own = select(Job.subject).where(soon, Job.kind != HOME_KIND)
    films = select(Film.session_id).join(Job, Job.subject == Film.id).where(soon)
    return {*session.scalars(own), *(one for one in session.scalars(films) if one is not None)}


def moved_of(session: Session, session_id: str | None = None) -> Sequence[MediaObject]:
    """The rows of files of a recording (None: of any) that the disk has given up, by key."""
    query = select(MediaObject).where(
        MediaObject.store == DISK, MediaObject.session_id.is_not(None), MediaObject.moved_at.is_not(None)
    )
    if session_id is not None:
        query = query.where(MediaObject.session_id == session_id)
    return session.scalars(query.order_by(MediaObject.key)).all()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a recording is: `moved` and `copied` files of `files`; `damaged`: named by a check, in any place
    that counts.
    """

    files: int
    copied: int
    moved: int
    damaged: int


def whereabouts(session: Session, session_ids: Iterable[str]) -> dict[str, Whereabouts]:
    """Of those recordings that the catalogue knows; damage counts where no other place has the file."""
    copy = aliased(MediaObject)
    query = (
        select(
            MediaObject.session_id,
            func.count(MediaObject.id.distinct()),
            func.count(MediaObject.id.distinct()).filter(copy.state == ObjectState.WHOLE),
            func.count(MediaObject.id.distinct()).filter(MediaObject.moved_at.is_not(None)),
            func.count(MediaObject.id.distinct()).filter(_lost(copy)),
        )
        .outerjoin(
            copy,
            and_(
                copy.session_id == MediaObject.session_id,  # which has an index
                copy.key == MediaObject.key,
                copy.store != DISK,
            ),
        )
        .where(
            MediaObject.store == DISK,
            MediaObject.kind.in_(MOVED_KINDS),
            MediaObject.session_id.in_(list(session_ids)),
        )
        .group_by(MediaObject.session_id)
    )
    return {str(one): Whereabouts(*counts) for one, *counts in session.execute(query)}


def _lost(copy: type[MediaObject]) -> ColumnElement[bool]:
    here = (MediaObject.state == ObjectState.WHOLE) & MediaObject.moved_at.is_(None)
    return ~here & func.coalesce(copy.state != ObjectState.WHOLE, True)


def order(session: Session, name: str, session_ids: Sequence[str] | None = None) -> Job:
    """The job that moves what the settings tell, or (not None) these; the same name is the same job."""
    payload = {"sessions": list(session_ids)} if session_ids is not None else {}
    return jobs.enqueue(
        session, kind=KIND, key=f"{KIND}:{name}", subject="objects", payload=payload, lane=LANE
    )


def order_home(session: Session, session_id: str, now: datetime) -> Job:
    """Bring a recording back to the disk; while that is on order it is the same job."""
    newest = jobs.newest_of(session, HOME_KIND, session_id)
    if newest is not None and newest.state in OPEN_STATES:
        return newest
    key = f"{HOME_KIND}:{session_id}:{now.timestamp():.3f}"
    return jobs.enqueue(session, kind=HOME_KIND, key=key, subject=session_id, payload={}, lane=HOME_LANE)
