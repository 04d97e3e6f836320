"""The picture that stands where a live lecture will play: its newest key frame, made when somebody asks.

One per web process, used from its threads. Viewers of a full hall ask at the same moment: one of them has the
picture made, the others wait for it, and for FRESH_SECONDS all get the same one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from broadcast.live_windows import LiveWindows
from recorder.media_log_reader import NotInLog
from recorder.still_picture import NoPicture, still_picture

log = logging.getLogger(__name__)

FRESH_SECONDS = 10.0
WIDTH = 640
MAX_REMEMBERED = 100  # pictures of some 20 kB


@dataclass(slots=True)
class _Poster:
    lock: threading.Lock = field(default_factory=threading.Lock)
    picture: bytes | None = None
    made_at: float = float("-inf")


class LivePosters:
    """`clock`: monotonic seconds."""

    def __init__(self, windows: LiveWindows, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._windows = windows
        self._clock = clock
        self._lock = threading.Lock()
        self._posters: OrderedDict[str, _Poster] = OrderedDict()

    def poster(self, session_id: str) -> bytes | None:
        """WebP, at most FRESH_SECONDS old when it is given; None while there is nothing to show."""
        known = self._of(session_id)
        with known.lock:
            if self._clock() - known.made_at >= FRESH_SECONDS:
                known.picture = self._make(session_id)
                known.made_at = self._clock()
            return known.picture

    def _of(self, session_id: str) -> _Poster:
        with self._lock:
            known = self._posters.setdefault(session_id, _Poster())
            self._posters.move_to_end(session_id)
            while len(self._posters) > MAX_REMEMBERED:
                self._posters.popitem(last=False)
            return known

    def _make(self, session_id: str) -> bytes | None:
        try:
            window = self._windows.open(session_id)
            window.refresh_if_stale()
            return still_picture(window.newest_key_frame(), width=WIDTH)
        except NotInLog:
            return None  # nothing has come yet
        except (NoPicture, OSError) as error:
            log.warning("no picture of session %s could be made: %s", session_id, error)
            return None
