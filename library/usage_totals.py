"""What usage adds up to, by day, week and month: what pages and tables show without reading visits.

`UsageCare` is a thread of each web process (`open`, `close`) that adds up the periods which visits may still
come to, and removes visits that are older than a year. One process does it for all: whoever finds it done
lately goes on. The totals name nobody and stay.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, insert, select, text
from sqlalchemy.orm import Session

from library import usage
from library.database import Database, exclusive, utc_now
from library.keeping import Reading
from library.models import ClockReading, Device, LectureSession, Upload, UsageTotal, Visit
from library.regular_look import RegularLook
from library.usage_periods import Period, Span, back_from

log = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(days=1)  # a visit that began in a period may go on for so long
# Not more often than adding up takes a hundredth of the time.
REST_FACTOR = 100
REMOVED_PIECES = 100  # in one look
LATELY = timedelta(seconds=30)
ALL = ""
_NOTHING: Mapping[str, Any] = {
    "organization_id": ALL,
    "room_id": ALL,
    **dict.fromkeys(
        ("lectures", "visits", "viewers", "seconds", "stalled", "smooth", "phones", "tablets", "desktops"), 0
    ),
    "latency_ms": None,
    "kbps": None,
}

_PERIODS_BACK = {Span.DAY: 35, Span.WEEK: 6, Span.MONTH: 3}  # an outage of the whole of these is no more


class UsageCare(RegularLook):
    """`zone` None: the server's own. `clock`: the wall clock."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = utc_now, zone: tzinfo | None = None
    ) -> None:
        super().__init__("usage-care", log, "adding up usage failed, and goes on")
        self._database = database
        self._clock = clock
        self._zone = zone
        self._rests_until = float("-inf")

    def step(self) -> None:
        """Add up what is due, remove what is too old. Raises DatabaseUnavailable."""
        now, began = self._clock(), time.monotonic()
        if began >= self._rests_until:
            add_up(self._database, now, self._zone)
            took = time.monotonic() - began
            self._rests_until = began + REST_FACTOR * took
        if _clock_is_trusted(self._database, now):
            removed = usage.remove_older(self._database, now - usage.KEPT, most_pieces=REMOVED_PIECES)
            if removed:
                log.info("%d visits were older than a year and are removed", removed)


def add_up(
    database: Database,
    now: datetime,
    zone: tzinfo | None = None,
    back: Mapping[Span, int] = _PERIODS_BACK,
) -> list[Period]:
    """Add up the periods that are not settled → which. Raises DatabaseUnavailable."""
    today = now.astimezone(zone).date()
    done = []
    for span, count in back.items():
        for period in back_from(span, today, count):
            if _is_due(database, period, now, zone):
                _add_up(database, period, now, zone)
                done.append(period)
    return done


def totals(
    transaction: Session, organization_id: str | None, periods: Sequence[Period]
) -> dict[date, UsageTotal]:
    """Of all rooms together, by the first day of each period. `organization_id` None: of the installation."""
    query = select(UsageTotal).where(
        UsageTotal.span == periods[0].span,
        UsageTotal.first.in_([one.first.isoformat() for one in periods]),
        UsageTotal.organization_id == (organization_id or ALL),
        UsageTotal.room_id == ALL,
    )
    return {date.fromisoformat(row.first): row for row in transaction.scalars(query)}


def rooms(transaction: Session, organization_id: str | None, period: Period) -> Sequence[UsageTotal]:
    """Of each room in which something was watched, the most watched first."""
    query = select(UsageTotal).where(
        UsageTotal.span == period.span,
        UsageTotal.first == period.first.isoformat(),
        UsageTotal.room_id != ALL,
    )
    if organization_id is not None:
        query = query.where(UsageTotal.organization_id == organization_id)
    return transaction.scalars(query.order_by(UsageTotal.seconds.desc(), UsageTotal.room_id)).all()


def _is_due(database: Database, period: Period, now: datetime, zone: tzinfo | None) -> bool:
    """Whether visits may have come to it since it was added up, and no process has just done so."""
    begin, end = period.bounds(zone)
    with database.reading() as transaction:
        row = transaction.get(UsageTotal, (period.span.value, period.first.isoformat(), ALL, ALL))
        if row is None:
            return begin <= now and _has_something(transaction, begin, end)
    return row.added_up_at <= end + SETTLED_AFTER and not now - LATELY < row.added_up_at <= now


def _has_something(transaction: Session, begin: datetime, end: datetime) -> bool:
    held = select(LectureSession.id).where(_held(begin, end))
    visited = select(Visit.id).where(_within(begin, end))
    return any(transaction.scalar(query.limit(1)) is not None for query in (visited, held))


def _within(begin: datetime, end: datetime) -> ColumnElement[bool]:
    return (Visit.started_at >= begin) & (Visit.started_at < end)


def _add_up(database: Database, period: Period, now: datetime, zone: tzinfo | None) -> None:
    """Read for as long as it takes, written at once."""
    begin, end = period.bounds(zone)
    with database.reading() as transaction:
        _take_your_time(transaction)
        rows = {
            (row["organization_id"], row["room_id"]): row
            for by in ((Visit.organization_id, Visit.room_id), (Visit.organization_id,), ())
            for row in _sums(transaction, begin, end, *by)
        }
        for key, count in _lectures(transaction, begin, end).items():
            rows.setdefault(key, {**_NOTHING, "organization_id": key[0], "room_id": key[1]})["lectures"] = (
                count
            )
    names = {"span": period.span.value, "first": period.first.isoformat(), "added_up_at": now}
    with database.session() as transaction:
        exclusive(transaction, f"usage:{period.span}:{period.first}")
        old = delete(UsageTotal).where(UsageTotal.span == names["span"], UsageTotal.first == names["first"])
        transaction.execute(old)
        transaction.execute(insert(UsageTotal), [{**row, **names} for row in rows.values()])


def _take_your_time(transaction: Session) -> None:
    """Half a million visits of a month take PostgreSQL longer than a page may."""
    if transaction.get_bind().dialect.name == "postgresql":
        transaction.execute(text("SET LOCAL statement_timeout = '2min'"))


def _sums(transaction: Session, begin: datetime, end: datetime, *by: Any) -> Iterable[dict[str, Any]]:
    names = [column.key for column in by]
    viewer = func.coalesce(Visit.user_id, Visit.viewer)
    figures = {
        "visits": func.count(),
        "viewers": func.count(viewer.distinct()),
        "seconds": func.coalesce(func.sum(Visit.seconds), 0),
        "stalled": func.coalesce(func.sum(Visit.stalled), 0),
        "smooth": _count_if(Visit.stalled * 100 <= Visit.seconds),
        "phones": _count_if(Visit.device == Device.PHONE),
        "tablets": _count_if(Visit.device == Device.TABLET),
        "desktops": _count_if(Visit.device == Device.DESKTOP),
        "latency_ms": func.avg(Visit.latency_ms),
        "kbps": func.avg(Visit.kbps),
    }
    chosen = [*by, *(value.label(name) for name, value in figures.items())]
    for row in transaction.execute(select(*chosen).where(_within(begin, end)).group_by(*by)):
        told = row._asdict()
        means = {n: None if told[n] is None else round(told[n]) for n in ("latency_ms", "kbps")}
        yield {**_NOTHING, **{n: told[n] for n in (*names, *figures)}, **means}


def _count_if(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _lectures(transaction: Session, begin: datetime, end: datetime) -> dict[tuple[str, str], int]:
    """How many were held: in each room, in each organization, in all."""
    held = select(LectureSession.organization_id, LectureSession.room_id, func.count())
    grouped = held.where(_held(begin, end)).group_by(LectureSession.organization_id, LectureSession.room_id)
    counts: dict[tuple[str, str], int] = {(ALL, ALL): 0}
    for organization, room, count in transaction.execute(grouped):
        for key in ((organization, room), (organization, ALL), (ALL, ALL)):
            counts[key] = counts.get(key, 0) + count
    return counts


def _held(begin: datetime, end: datetime) -> ColumnElement[bool]:
    """Lectures that began then; what was uploaded was none."""
    uploaded = select(Upload.session_id)
    within = (LectureSession.started_at >= begin) & (LectureSession.started_at < end)
    return within & LectureSession.id.not_in(uploaded)


def _clock_is_trusted(database: Database, now: datetime) -> bool:
    """Nothing is removed for good by a clock that was just set (`library.removal_care` reads it)."""
    with database.reading() as transaction:
        row = transaction.scalar(select(ClockReading).limit(1))
    return row is not None and Reading(row.at, timedelta(seconds=row.steady)).is_trusted and row.at <= now
