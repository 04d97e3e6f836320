"""Orders the jobs that look after the files of recordings: a scan each night, copies after a lecture.

One thread in each web process (`open`, `close`), which looks once a minute. The first to come orders;
nothing waits in the queue before it is due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from library import object_copies, object_scan
from library.database import Database, utc_now
from library.regular_look import RegularLook

log = logging.getLogger(__name__)


class ObjectCare(RegularLook):
    """`copies`: whether there is a bucket to copy to."""

    def __init__(self, database: Database, *, copies: bool, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__("object-care", log, "looking after recordings failed, and goes on")
        self._database = database
        self._copies = copies
        self._clock = clock

    def step(self) -> None:
        """Order what is due now. Raises DatabaseUnavailable."""
        now = self._clock()
        object_scan.order(self._database, now)
        if self._copies:
            object_copies.order(self._database, now, object_scan.SETTLED)
