"""Mail that nobody waits for: sent one after another by a thread that lives as long as there is some.

One per web process. What waits is bounded and lost with the process: whoever asked asks again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from flask import Flask

WAITING = 200

log = logging.getLogger(__name__)


class Postman:
    """`post` from any thread; errands run within `app`, for what they say is in somebody's language."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._busy = False

    def post(self, errand: Callable[[], object]) -> bool:
        """False: too much waits. What the errand raises is in the log."""
        with self._lock:
            if len(self._waiting) >= WAITING:
                return False
            self._waiting.append(errand)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="postman", daemon=True).start()
        return True

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                errand = self._waiting.popleft()
            try:
                with self._app.app_context():
                    errand()
            except Exception as error:
                log.warning("a mail was not sent: %s: %s", type(error).__name__, error)
