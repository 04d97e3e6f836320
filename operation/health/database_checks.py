"""Looks at the database, the queue of jobs, the last backup that was proven, and the signs of an intrusion.

Called in a thread of the watching process; each finds something, also when the database is away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from library.database import Database, DatabaseUnavailable
from library.health_state import Finding, State
from library.models import AvailabilityDay, Job, JobState
from people import intrusion_signs
from people.intrusion_signs import Alarm as Intrusion

WAITED_LONG = timedelta(minutes=15)
LOST_LEASE = timedelta(minutes=5)
FAILED_WITHIN = timedelta(hours=1)
MANY_FAILED = 3
BACKUP_KINDS = ("backup", "backup-check")

Days = Mapping[str, Mapping[str, tuple[float, float, float]]]


def database_check(database: Database, days: Days) -> Finding:
    """Whether it answers and takes what is written: the sums of availability."""
    try:
        with database.reading() as transaction:
            transaction.execute(select(Job.id).limit(1)).first()
    except DatabaseUnavailable as error:
        return Finding("database", State.BAD, "away", {"error": str(error)[:200]})
    try:
        with database.session() as transaction:
            _keep_days(transaction, days)
    except DatabaseUnavailable as error:
        return Finding("database", State.BAD, "not_written", {"error": str(error)[:200]})
    return Finding("database", State.GOOD)


def _keep_days(transaction: Session, days: Days) -> None:
    rows = [
        {"day": day, "probe": check, "good": good, "bad": bad, "skipped": skipped}
        for day, checks in days.items()
        for check, (good, bad, skipped) in checks.items()
    ]
    if not rows:
        return
    dialect = postgresql if transaction.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(AvailabilityDay)
    newer = {name: insert.excluded[name] for name in ("good", "bad", "skipped")}
    transaction.execute(insert.on_conflict_do_update(index_elements=["day", "probe"], set_=newer), rows)


def jobs_check(database: Database, now: datetime) -> Finding:
    """Bad: something is due and nobody does it, a worker has left one lying, or several failed of late."""
    due = (Job.state == JobState.WAITING, Job.not_before <= now)
    busy = select(Job.lane).where(Job.state == JobState.RUNNING, Job.lease_until >= now)
    lost = (Job.state == JobState.RUNNING, Job.lease_until < now - LOST_LEASE)
    failed = (Job.state == JobState.FAILED, Job.finished_at >= now - FAILED_WITHIN)
    try:
        with database.reading() as transaction:
            oldest = transaction.scalar(select(func.min(Job.not_before)).where(*due, Job.lane.not_in(busy)))
            waiting = transaction.scalar(select(func.count()).select_from(Job).where(*due)) or 0
            lying = transaction.scalar(select(func.count()).select_from(Job).where(*lost)) or 0
            failures = transaction.scalar(select(func.count()).select_from(Job).where(*failed)) or 0
    except DatabaseUnavailable:
        return Finding("jobs", State.SKIPPED, "database")
    waited = (now - oldest).total_seconds() if oldest is not None else 0.0
    figures = {"waiting": waiting, "waited_seconds": round(waited), "failed": failures}
    if lying or waited > WAITED_LONG.total_seconds():
        return Finding("jobs", State.BAD, "waiting", figures)
    if failures >= MANY_FAILED:
        return Finding("jobs", State.BAD, "failing", figures)
    return Finding("jobs", State.GOOD, figures=figures)


def backup_check(database: Database, now: datetime) -> Finding:
    """When a backup was made and proven last, by its jobs. What is wrong with backups their jobs raise alarms
    of themselves (`backup.*`); this is what pages and metrics show.
    """
    last = select(Job.kind, func.max(Job.finished_at)).where(
        Job.kind.in_(BACKUP_KINDS), Job.state == JobState.DONE
    )
    try:
        with database.reading() as transaction:
            found: dict[str, datetime] = {
                kind: at for kind, at in transaction.execute(last.group_by(Job.kind)).all() if at is not None
            }
    except DatabaseUnavailable:
        return Finding("backup", State.SKIPPED, "database")
    if not found:
        return Finding("backup", State.SKIPPED, "none")
    figures: dict[str, str | int | float | bool | None] = {
        kind.replace("-", "_"): at.isoformat() for kind, at in found.items()
    }
    figures["age_seconds"] = round((now - max(found.values())).total_seconds())
    return Finding("backup", State.GOOD, figures=figures)


def intrusions(database: Database, now: datetime) -> Iterable[Intrusion] | None:
    """The signs that are alarms now; None while the database is away."""
    try:
        with database.reading() as transaction:
            return intrusion_signs.alarms(intrusion_signs.recent(transaction, now))
    except DatabaseUnavailable:
        return None
