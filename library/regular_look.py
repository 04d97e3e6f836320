"""A thread that looks for what is due, again and again: `open`, `close`, one `step` each time.

Whoever looks derives from it; each object of it owns its thread.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

from library.database import DatabaseUnavailable

LOOK_SECONDS = 60.0


class RegularLook(ABC):
    """`name`: the thread's; `failed`: what `log` says of a step that raised, after which it goes on."""

    def __init__(self, name: str, log: logging.Logger, failed: str) -> None:
        self._name = name
        self._log = log
        self._failed = failed
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def step(self) -> None:
        """Do what is due now. May raise DatabaseUnavailable, and what is due waits for it."""

    def open(self) -> None:
        """Begin; idempotent."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.step()
            except DatabaseUnavailable:
                continue
            except Exception:
                self._log.exception("%s", self._failed)
