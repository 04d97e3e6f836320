"""Orders the jobs that look after the files of recordings: a scan each night, copies after a lecture, moves
where the disk is nearly full.

One thread in each web process (`open`, `close`), which looks once a minute. The first to come orders;
nothing waits in the queue before it is due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from library import object_copies, object_moves, object_scan
from library.database import Database, utc_now
from library.regular_look import RegularLook

log = logging.getLogger(__name__)


class ObjectCare(RegularLook):
    """`copies`: whether there is a bucket to copy to. `disk_is_low`: whether recordings must make room."""

    def __init__(
        self,
        database: Database,
        *,
        copies: bool,
        disk_is_low: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__("object-care", log, "looking after recordings failed, and goes on")
        self._database = database
        self._copies = copies
        self._disk_is_low = disk_is_low
        self._clock = clock

    def step(self) -> None:
        """Order what is due now. Raises DatabaseUnavailable."""
        now = self._clock()
        object_scan.order(self._database, now)
        if self._copies:
            object_copies.order(self._database, now, object_scan.SETTLED)
        if self._copies and self._disk_is_low():
            self._order_moves(now)

    def _order_moves(self, now: datetime) -> None:
        """Once an hour at most: what could be moved was, and the rest is in use."""
        with self._database.session() as session:
            object_moves.order(session, f"{now:%Y-%m-%dT%H}")
