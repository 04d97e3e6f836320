"""When to send a picture loss indication (PLI).

Pure; one per video stream, on the recorder's event loop. An encoder answers each PLI with an IDR
many times the size of a picture, so requests are spaced; while pictures are lost they are repeated,
since a PLI or its IDR may get lost too.
"""

from __future__ import annotations

SPACING_SECONDS = 0.25
REPEAT_SECONDS = 0.3
# When it is known that the IDR under way will not be whole, waiting for it gains nothing.
DAMAGED_REPEAT_SECONDS = 0.1


class KeyFrameRequests:
    """`wish` notes that an IDR is wanted, `due` says whether to ask now, `satisfied` ends it."""

    def __init__(self) -> None:
        self.sent = 0
        self._wished = False
        self._damaged = False
        self._asked_at = float("-inf")

    def wish(self) -> None:
        """Ask once for an IDR; wishes within the spacing become one."""
        self._wished = True

    def expect_first(self, now: float) -> None:
        """A stream begins: its first picture is an IDR without being asked for."""
        self._asked_at = now

    def damaged(self) -> None:
        """Packets are missing for good since the last request: its IDR may be among them."""
        self._damaged = True

    def satisfied(self) -> None:
        """An IDR came: what was wished before is fulfilled."""
        self._wished = False

    def due(self, now: float, *, lost: bool) -> bool:
        """Whether a PLI goes out now; `lost`: nothing can be delivered before an IDR."""
        wait = self.seconds_until_due(now, lost=lost)
        if wait is None or wait > 0:
            return False
        self._wished = self._damaged = False
        self._asked_at = now
        self.sent += 1
        return True

    def seconds_until_due(self, now: float, *, lost: bool) -> float | None:
        """Seconds until `due` turns true (0 or less: now); None while nothing is wanted."""
        if self._wished:
            return self._asked_at + SPACING_SECONDS - now
        if lost:
            repeat = DAMAGED_REPEAT_SECONDS if self._damaged else REPEAT_SECONDS
            return self._asked_at + repeat - now
        return None
