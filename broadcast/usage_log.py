"""Visits as beacons tell them, on their way into the usage history: off the path of requests.

One per web process. `note` only remembers, in bounded memory; once a minute a thread (`open` to `close`,
which writes what is left) puts all of it into the table, in pieces short enough that nobody waits for them.
"""

from __future__ import annotations

import logging
import threading
from itertools import islice

from library import usage
from library.database import Database, DatabaseUnavailable
from library.regular_look import RegularLook
from library.usage import Heard

log = logging.getLogger(__name__)

MAX_REMEMBERED = 50_000


class UsageLog(RegularLook):
    def __init__(self, database: Database) -> None:
        super().__init__("usage-log", log, "visits could not be written, and are kept for the next time")
        self._database = database
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self._forgotten = 0

    def note(self, heard: Heard) -> None:
        """A beacon. Takes a microsecond; what there is no room for is counted."""
        identity = heard.id
        with self._lock:
            known = self._heard.get(identity)
            if known is None and len(self._heard) >= MAX_REMEMBERED:
                self._forgotten += 1
                return
            self._heard[identity] = known.going_on(heard) if known is not None else heard

    def step(self) -> None:
        """Write what was heard. Raises DatabaseUnavailable; what was not written is kept."""
        with self._lock:
            waiting, self._heard = self._heard, {}
            forgotten, self._forgotten = self._forgotten, 0
        if forgotten:
            log.warning("%d beacons of visits were forgotten: the database was away for too long", forgotten)
        try:
            while piece := list(islice(waiting.values(), usage.ROWS_AT_ONCE)):
                with self._database.session() as transaction:
                    usage.write(transaction, piece)
                for heard in piece:
                    del waiting[heard.id]
        finally:
            self._put_back(waiting)

    def close(self) -> None:
        """Idempotent; returns when the thread has ended and what was heard is written, if it can be."""
        super().close()
        try:
            self.step()
        except DatabaseUnavailable as error:
            log.warning("the last visits are not in the usage history: %s", error)

    def _put_back(self, waiting: dict[str, Heard]) -> None:
        """Behind what was heard meanwhile."""
        with self._lock:
            for identity, heard in waiting.items():
                newer = self._heard.get(identity)
                self._heard[identity] = heard.going_on(newer) if newer is not None else heard
