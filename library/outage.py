"""While a server cannot be reached, nearly everyone hears so at once instead of waiting for a time-out.

Owned by one engine, called from any thread that needs a new connection. Without it a server that is gone
without a word (a pulled cable, a firewall) keeps all of a web process's threads in three-second attempts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 1.0


class StillAway(Exception):
    """Somebody has just tried, or is trying, in vain."""


class Outage:
    """Begins with an attempt that fails, ends with one that succeeds; in between one at a time tries."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._away = False
        self._trying = False
        self._next_try = 0.0

    def attempt(self, connect: Callable[[], T]) -> T:
        """What `connect` returns or raises. Raises StillAway without calling it."""
        probing = self._begin()
        try:
            made = connect()
        except BaseException:
            self._end(probing, away=True)
            raise
        self._end(probing, away=False)
        return made

    def _begin(self) -> bool:
        """Whether this attempt is the one that is made while the server is away."""
        with self._lock:
            if not self._away:
                return False
            if self._trying or self._clock() < self._next_try:
                raise StillAway("the server could not be reached just now")
            self._trying = True
            return True

    def _end(self, probing: bool, *, away: bool) -> None:
        with self._lock:
            self._away = away
            if probing:
                self._trying = False
            if away:
                self._next_try = self._clock() + PAUSE_SECONDS
