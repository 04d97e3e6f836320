"""Looks for recordings that are to be removed for good: what was held for long enough, what lay in the trash,
by itself or with its room.

One thread in each web process (`open`, `close`), which looks once a minute. What cannot be undone waits for a
wall clock that has gone on for a day without a jump (`library.keeping`): one that is set a year ahead
removes nothing until somebody had a day to set it right.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from library import removals
from library.database import Database, exclusive, utc_now
from library.jobs import Jobs
from library.keeping import Reading, read_on
from library.models import ClockReading
from library.regular_look import RegularLook

log = logging.getLogger(__name__)

_ONLY_ROW = 1


class RemovalCare(RegularLook):
    """`clock`: the wall clock; `rooms`: called with it to empty the rooms whose time in the trash is over."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = utc_now,
        rooms: Callable[[datetime], None] = lambda _now: None,
    ) -> None:
        super().__init__("removal-care", log, "looking for what is to be removed failed, and goes on")
        self._database = database
        self._clock = clock
        self._rooms = rooms

    def step(self) -> None:
        """Order what is due. Raises DatabaseUnavailable, OSError."""
        now = self._clock()
        with self._database.session() as transaction:
            is_trusted = _read_clock(transaction, now).is_trusted
            due = removals.order_due(transaction, now) if is_trusted else ()
        for row in due:
            log.info("recording %s goes: %s", row.id, row.removal)
        with self._database.reading() as transaction:
            failed = removals.failed_before(transaction, now)
        for job in failed:
            Jobs(self._database, clock=self._clock).retry(job.id)
        if is_trusted:
            self._rooms(now)


def _read_clock(transaction: Session, now: datetime) -> Reading:
    """One reading, which all web processes go on from."""
    exclusive(transaction, "clock-reading")
    row = transaction.get(ClockReading, _ONLY_ROW)
    last = Reading(row.at, timedelta(seconds=row.steady)) if row is not None else None
    reading = read_on(last, now)
    if last is not None and reading.steady < last.steady:
        log.warning("the clock jumped from %s to %s: for a day nothing is removed for good", last.at, now)
    if row is None:
        row = ClockReading(id=_ONLY_ROW, at=now, steady=0.0)
        transaction.add(row)
    row.at, row.steady = reading.at, reading.steady.total_seconds()
    return reading
