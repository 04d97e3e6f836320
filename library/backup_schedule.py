"""When backups and their proofs are due, and ordering them: one of each a day, made up for after downtime.

`BackupCare` is one thread in each web process (`open`, `close`), which looks once a minute; the first to come
orders. Clocks may be wrong: what counts is whether something was ordered between the last time of day that
backups begin at and now, so a clock that ran ahead and was set right costs no day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from library import backup_records, jobs
from library.database import Database, exclusive, utc_now
from library.jobs import OPEN_STATES
from library.models import Job
from library.regular_look import RegularLook

KIND = "backup"
CHECK_KIND = "backup-check"
RESTORE_KIND = "restore"
LANE = "backup"  # a backup and what reads it through take turns
RESTORE_LANE = "restore"
SUBJECT = "backups"
LATE_AFTER = timedelta(hours=30)  # without a successful one: a day, and time for a long one

log = logging.getLogger(__name__)


def last_due(now: datetime, at: time) -> datetime:
    """The newest moment, not after `now`, that a daily backup was to begin at, by this machine's zone."""
    today = now.astimezone().date()
    due = datetime.combine(today, at).astimezone()
    return due if due <= now else datetime.combine(today - timedelta(days=1), at).astimezone()


def next_due(now: datetime, at: time) -> datetime:
    """The first moment after `now`."""
    day = last_due(now, at).date() + timedelta(days=1)
    return datetime.combine(day, at).astimezone()


def is_late(newest: datetime | None, first_ordered: datetime | None, now: datetime) -> bool:
    """Whether the newest successful backup, or the first that was ever asked for, is too long ago."""
    since = newest or first_ordered
    return since is not None and now - since > LATE_AFTER


def order_backup(session: Session, now: datetime, *, reason: str, key: str | None = None) -> Job:
    """Have a backup made; by hand unless there is a `key`."""
    return _order(session, KIND, key or f"{KIND}:{reason}:{now.isoformat()}", {"reason": reason}, now)


def order_check(
    session: Session, now: datetime, how: str, *, generation: str | None = None, key: str | None = None
) -> Job:
    """`how`: proof (a sample is restored and played), verify (all is read) or drill (all is restored).

    `generation`: None leaves the choice to the job.
    """
    payload = {"how": how, "generation": generation}
    return _order(session, CHECK_KIND, key or f"{CHECK_KIND}:{how}:{now.isoformat()}", payload, now)


def order_restore(
    session: Session,
    now: datetime,
    generation: str,
    *,
    recording: str | None = None,
    to: str | None = None,
    room: str | None = None,
    slug: str | None = None,
    owner: str | None = None,
) -> Job:
    """One recording back into this installation, one room (by its address then; `slug`: its address from now
    on, `owner`: the user ID of whose it is then, where they are not as they were), or everything `to` a new
    folder.
    """
    payload = {"generation": generation, "recording": recording, "to": to}
    if room is not None:
        payload |= {"room": room, "slug": slug, "owner": owner}
    what = sha256(repr(sorted(payload.items())).encode()).hexdigest()  # they may be longer than a key
    key = f"{RESTORE_KIND}:{what}:{now.isoformat()}"
    return _order(session, RESTORE_KIND, key, payload, now, lane=RESTORE_LANE)


def open_job(session: Session, kind: str) -> Job | None:
    """One of a kind that waits or runs."""
    query = select(Job).where(Job.kind == kind, Job.state.in_(OPEN_STATES))
    return session.scalar(query.order_by(Job.created_at).limit(1))


class BackupCare(RegularLook):
    """`at`: the time of day; None: there are no backups. `tell_late`: called each time with whether backups
    are late, for the alarm.
    """

    def __init__(
        self,
        database: Database,
        at: time | None,
        *,
        tell_late: Callable[[Session, bool], None] = lambda _session, _late: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__("backup-care", log, "looking after backups failed, and goes on")
        self._database = database
        self._at = at
        self._tell_late = tell_late
        self._clock = clock

    def step(self) -> None:
        """Order what is due now. Raises DatabaseUnavailable."""
        if self._at is None:
            return
        now = self._clock()
        due = last_due(now, self._at)
        with self._database.reading() as session:
            wanted = _wanted(session, due, now)
            late = is_late(backup_records.newest_at(session, now), first_ordered(session), now)
        with self._database.session() as session:
            exclusive(session, "backup-care")
            if wanted == KIND and _wanted(session, due, now) == KIND:
                order_backup(session, now, reason="daily", key=_free_key(session, KIND, due))
            elif wanted == CHECK_KIND and _wanted(session, due, now) == CHECK_KIND:
                order_check(session, now, "proof", key=_free_key(session, CHECK_KIND, due))
            self._tell_late(session, late)


def _wanted(session: Session, due: datetime, now: datetime) -> str | None:
    """A backup first, then a proof, also where today's backup has failed; nothing beside one that is open."""
    if open_job(session, KIND) is not None:
        return None
    if not _ordered_since(session, KIND, due, now):
        return KIND
    if backup_records.newest_at(session, now) is None or open_job(session, CHECK_KIND) is not None:
        return None
    return CHECK_KIND if not _ordered_since(session, CHECK_KIND, due, now) else None


def _ordered_since(session: Session, kind: str, due: datetime, now: datetime) -> bool:
    query = select(Job.id).where(Job.kind == kind, Job.created_at >= due, Job.created_at <= now)
    return session.scalar(query.limit(1)) is not None


def first_ordered(session: Session) -> datetime | None:
    """When the oldest backup that is remembered was asked for."""
    return session.scalar(select(Job.created_at).where(Job.kind == KIND).order_by(Job.created_at).limit(1))


def _free_key(session: Session, kind: str, due: datetime) -> str:
    """The day's; where a clock that ran ahead has used it, the next one of that day."""
    day = f"{kind}:{due.date().isoformat()}"
    count = 1
    key = day
    while session.scalar(select(Job.id).where(Job.key == key)) is not None:
        count += 1
        key = f"{day}:{count}"
    return key


def _order(
    session: Session, kind: str, key: str, payload: dict[str, str | None], now: datetime, lane: str = LANE
) -> Job:
    job = jobs.enqueue(
        session, kind=kind, key=key, subject=SUBJECT, payload=payload, lane=lane, not_before=now
    )
    job.created_at = now
    return job
