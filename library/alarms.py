"""Alarms: trouble that named people are to know of, as rows. Whoever sees trouble raises it here.

Called within the caller's transaction from jobs, web threads and the watching process (`app.py watch`), which
tells the people named and alone writes `told_at` and `recovery_told_at`. Raising what is open already, and
clearing what is not, changes nothing; so both may be called after each look. `alarm_states` has the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from library.alarm_states import Alarm, Details, cleared, raised
from library.database import exclusive, new_id, utc_now
from library.models import AlarmRow

KIND_LENGTH = 50
SUBJECT_LENGTH = 200
_FIELDS = tuple(field.name for field in fields(Alarm))


def raise_alarm(
    transaction: Session,
    kind: str,
    subject: str = "",
    *,
    details: Details | None = None,
    organization_id: str | None = None,
    now: datetime | None = None,
) -> Alarm:
    """There is this trouble; the people named are told within a minute, once, until it was cleared.

    `kind`: dotted words that pages have a sentence for (`backup.failed`); `subject`: of several such troubles
    which one, an id. `details`: small values that the message names, nothing secret.
    """
    exclusive(transaction, "alarms")
    fresh = Alarm(
        id=new_id(),
        kind=kind[:KIND_LENGTH],
        subject=subject[:SUBJECT_LENGTH],
        organization_id=organization_id,
        details=dict(details or {}),
        since=now or utc_now(),
    )
    alarm = raised(newest(transaction, fresh.kind, fresh.subject), fresh)
    save(transaction, alarm)
    return alarm


def clear_alarm(
    transaction: Session, kind: str, subject: str = "", *, now: datetime | None = None
) -> Alarm | None:
    """There is no such trouble now; the people who were told hear so. → the alarm, None: there was none."""
    exclusive(transaction, "alarms")
    alarm = newest(transaction, kind[:KIND_LENGTH], subject[:SUBJECT_LENGTH])
    if alarm is None or not alarm.is_open:
        return None
    alarm = cleared(alarm, now or utc_now())
    save(transaction, alarm)
    return alarm


def newest(transaction: Session, kind: str, subject: str) -> Alarm | None:
    """The open one of its kind and subject, else the last."""
    query = select(AlarmRow).where(AlarmRow.kind == kind, AlarmRow.subject == subject)
    row = transaction.scalar(
        query.order_by(AlarmRow.recovered_at.is_not(None), AlarmRow.since.desc()).limit(1)
    )
    return as_alarm(row) if row is not None else None


def save(transaction: Session, alarm: Alarm) -> None:
    """Write it, new or not."""
    transaction.merge(AlarmRow(**{name: getattr(alarm, name) for name in _FIELDS}))
    transaction.flush()


def unfinished(transaction: Session) -> Sequence[Alarm]:
    """What is open, or of which something is still to be told; oldest first."""
    wanted = (
        AlarmRow.recovered_at.is_(None) | AlarmRow.told_at.is_(None) | AlarmRow.recovery_told_at.is_(None)
    )
    return _alarms(transaction, (wanted,), ascending=True)


def latest(transaction: Session, organization_id: str | None, limit: int = 50) -> Sequence[Alarm]:
    """The newest ones: of the installation (None), or of one organization alone."""
    mine = AlarmRow.organization_id == organization_id
    return _alarms(transaction, () if organization_id is None else (mine,), limit=limit)


def forget_before(transaction: Session, before: datetime) -> None:
    """Remove what was over before that."""
    transaction.execute(delete(AlarmRow).where(AlarmRow.recovered_at < before))


def as_alarm(row: AlarmRow) -> Alarm:
    return Alarm(**{name: getattr(row, name) for name in _FIELDS})


def _alarms(
    transaction: Session,
    conditions: Iterable[ColumnElement[bool]],
    *,
    ascending: bool = False,
    limit: int | None = None,
) -> Sequence[Alarm]:
    order = (AlarmRow.since, AlarmRow.id) if ascending else (AlarmRow.since.desc(), AlarmRow.id.desc())
    query = select(AlarmRow).where(*conditions).order_by(*order).limit(limit)
    return [as_alarm(row) for row in transaction.scalars(query)]
