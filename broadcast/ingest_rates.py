"""How many bits a second a session takes in now: its recorded bytes, held against what they were a while ago.

One per web process, called in its threads; knows nothing of sessions that nobody asks for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHORTEST_SECONDS = 2.0
FORGOTTEN_SECONDS = 120.0


class IngestRates:
    """`clock`: monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int, float | None]] = {}  # when, bytes, the rate up to then

    def rate(self, session_id: str, recorded_bytes: int, seconds: float) -> float:
        """Bits a second since the last look, two seconds ago or more; else since it began, `seconds` ago."""
        now = self._clock()
        with self._lock:
            self._seen = {name: one for name, one in self._seen.items() if now - one[0] < FORGOTTEN_SECONDS}
            at, before, known = self._seen.get(session_id, (None, 0, None))
            if at is None:
                self._seen[session_id] = (now, recorded_bytes, None)
            elif now - at >= SHORTEST_SECONDS:
                known = max(0.0, (recorded_bytes - before) * 8 / (now - at))
                self._seen[session_id] = (now, recorded_bytes, known)
        return known if known is not None else recorded_bytes * 8 / max(seconds, 1.0)
