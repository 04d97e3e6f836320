"""The threads that tell: one for each channel, so that a mail server that hangs keeps no webhook waiting.

Owned by the watching process: `open`, `wake` when there is news, `close`, which gives what is due one last
time to go out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from library.alarm_states import Alarm, Notice
from operation.health.channels import Channel, NotTold

log = logging.getLogger(__name__)

TOGETHER_SECONDS = 0.5  # what is found at once goes out together
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0

Due = Callable[[str], list[tuple[Alarm, Notice]]]
HasTold = Callable[[str, Iterable[tuple[Alarm, Notice]]], None]
Outcome = Callable[[Channel, str], None]


class Teller:
    """`due`: what a channel has to tell; `has_told`: it has; `outcome`: "" or why it could not."""

    def __init__(self, channel: Channel, due: Due, has_told: HasTold, outcome: Outcome) -> None:
        self._channel, self._due, self._has_told, self._outcome = channel, due, has_told, outcome
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._test = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"tell-{self._channel.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._news.set()

    def test(self) -> None:
        """Send a trial message, soon."""
        self._test.set()
        self._news.set()

    def close(self, seconds: float) -> None:
        """Idempotent; what is due is tried once more, and after `seconds` it is left for the next start."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        self._news.set()
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        failed = False
        while True:
            if failed:
                self._stopping.wait(wait)  # news makes it no quicker
            else:
                self._news.wait()
                self._stopping.wait(TOGETHER_SECONDS)
            stopping = self._stopping.is_set()
            self._news.clear()
            wait = min(wait * 2, LONGEST_WAIT_SECONDS) if failed else FIRST_WAIT_SECONDS
            failed = not self._tell_all()
            if stopping:
                return

    def _tell_all(self) -> bool:
        """Whether nothing is left."""
        began = time.monotonic()
        try:
            if self._test.is_set():
                self._test.clear()
                self._channel.test()
            while due := self._due(self._channel.name)[: self._channel.at_once]:
                self._channel.tell(due)
                self._has_told(self._channel.name, due)
        except NotTold as error:
            log.error("%s could not tell (%.1f s): %s", self._channel.name, time.monotonic() - began, error)
            self._outcome(self._channel, str(error))
            return False
        except Exception:
            log.exception("%s failed to tell", self._channel.name)
            self._outcome(self._channel, "failed")
            return False
        self._outcome(self._channel, "")
        return True
