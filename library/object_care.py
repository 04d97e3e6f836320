"""Orders the jobs that look after the files of recordings: a scan each night, copies after a lecture.

One thread in each web process (`open`, `close`), which looks every LOOK_SECONDS. The first to come orders;
nothing waits in the queue before it is due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from library import object_copies, object_scan
from library.database import Database, DatabaseUnavailable, utc_now

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class ObjectCare:
    """`copies`: whether there is a bucket to copy to."""

    def __init__(self, database: Database, *, copies: bool, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._copies = copies
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin; idempotent."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="object-care", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join()

    def step(self) -> None:
        """Order what is due now. Raises DatabaseUnavailable."""
        now = self._clock()
        object_scan.order(self._database, now)
        if self._copies:
            object_copies.order(self._database, now, object_scan.SETTLED)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.step()
            except DatabaseUnavailable:
                continue  # they wait for the database
            except Exception:
                log.exception("looking after recordings failed, and goes on")
