"""How long to wait before a process that ended is started again. A value, no clock of its own."""

from __future__ import annotations

FIRST_PAUSE_SECONDS = 0.1


class BackOff:
    """The first start again is at once, then 0.1 s, doubling to `longest_seconds`.

    A process that was healthy for `healthy_seconds` has earned a fresh beginning.
    """

    def __init__(self, longest_seconds: float, healthy_seconds: float) -> None:
        self._longest = longest_seconds
        self._healthy = healthy_seconds
        self._next = 0.0

    def pause_after(self, ready_seconds: float) -> float:
        """Seconds to wait now; `ready_seconds` is how long the process had been ready when it ended."""
        if ready_seconds >= self._healthy:
            self._next = 0.0
        pause = self._next
        self._next = min(self._longest, max(FIRST_PAUSE_SECONDS, pause * 2))
        return pause
