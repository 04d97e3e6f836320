"""The thread that speaks to the database for the watching process: it alone waits when a database hangs.

Owned by the watching process: `open`, `wake` after each look. What is asked for while it hangs is done once,
when the database answers again; looks are taken and alarms told meanwhile. A daemon: it keeps no process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from library import alarms
from library.database import Database, DatabaseUnavailable, utc_now
from operation.health.database_checks import intrusions
from operation.health.watcher import Watcher

ROWS_KEPT = timedelta(days=400)  # alarms that are over
TIDIED_EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


class Exchanger:
    """Brings signs of an intrusion to the watcher, and alarms to and from the database; removes old ones."""

    def __init__(self, watcher: Watcher, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._watcher, self._database, self._clock = watcher, database, clock
        self._asked = threading.Event()
        self._tidied_at: datetime | None = None

    def open(self) -> None:
        threading.Thread(target=self._run, name="exchange", daemon=True).start()

    def wake(self) -> None:
        """Never waits."""
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self.exchange()
            except Exception:
                log.exception("the exchange with the database failed, and goes on")

    def exchange(self) -> None:
        """Once. May hang."""
        signs = intrusions(self._database, self._clock())
        if signs is not None:
            self._watcher.take_intrusions(signs)
        self._watcher.exchange(self._database)
        self._tidy()

    def _tidy(self) -> None:
        """Once a day, and after a start."""
        now = self._clock()
        if self._tidied_at is not None and timedelta(0) <= now - self._tidied_at < TIDIED_EVERY:
            return
        try:
            with self._database.session() as transaction:
                alarms.forget_before(transaction, now - ROWS_KEPT)
        except DatabaseUnavailable:
            return
        self._tidied_at = now
