"""How many watch a room: pages send a beacon now and then; whoever did in the last two intervals is counted.

In the memory of each web process; every beacon is passed on as a hint, so all processes count the same
viewers without a table, and the first one to tell a new count tells it for all. One thread (`open` to
`close`) tells changed counts as `viewers` events, at most one per room in TELL_SECONDS.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from broadcast.event_log import EventLog, EventRow, NewEvent
from library.database import DatabaseUnavailable, utc_now

log = logging.getLogger(__name__)

TELL_SECONDS = 2.0
TICK_SECONDS = 0.5
MAX_VIEWERS = 200_000
MAX_VIEWER_ID = 64


class _Telling(Enum):
    """What became of a count: an event, one that says the same already, or to be tried again."""

    TOLD = "told"
    KNOWN = "known"
    LATER = "later"


@dataclass(slots=True)
class _RoomCount:
    """`seen`: viewer → monotonic seconds of the last beacon, oldest first.

    `told`: what the log's last event says as far as this process knows; None: not looked yet.
    """

    seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    told: int | None = None
    told_at: float = float("-inf")


class ViewerCounts:
    """`announce`: the feed's, after an event was committed. `tell`: a hint to the other web processes."""

    def __init__(
        self,
        beacon_seconds: float,
        event_log: EventLog,
        announce: Callable[[str], None],
        tell: Callable[[Mapping[str, object]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = 2 * beacon_seconds
        self._event_log = event_log
        self._announce = announce
        self._tell = tell
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._rooms: dict[str, _RoomCount] = {}
        self._total = 0
        self._away = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name="viewers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Idempotent; returns when the thread has ended."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def beacon(self, room_id: str, viewer: str) -> None:
        """A page watches the room."""
        self._note(room_id, viewer[:MAX_VIEWER_ID])
        self._tell({"kind": "beacon", "room": room_id, "viewer": viewer[:MAX_VIEWER_ID]})

    def on_hint(self, hint: Mapping[str, object]) -> None:
        """A page that another process heard of."""
        room_id, viewer = hint.get("room"), hint.get("viewer")
        if hint.get("kind") == "beacon" and isinstance(room_id, str) and isinstance(viewer, str):
            self._note(room_id, viewer[:MAX_VIEWER_ID])

    def count(self, room_id: str) -> int:
        with self._lock:
            room = self._rooms.get(room_id)
            return len(room.seen) if room is not None else 0

    def tick(self) -> None:
        """Forget who left, tell what changed. Raises DatabaseUnavailable."""
        now = self._clock()
        for room_id, count in self._due(now):
            telling = self._tell_count(room_id, count)
            self._note_telling(room_id, count, telling, now)
            if telling is _Telling.TOLD:
                self._announce(room_id)
        self._away = False

    def _note_telling(self, room_id: str, count: int, telling: _Telling, now: float) -> None:
        with self._lock:
            room = self._rooms.get(room_id)
            if room is None:
                return
            room.told_at = now
            if telling is _Telling.LATER:
                return  # the count may never change again, and must be told all the same
            room.told = count
            if count == 0 and not room.seen:
                del self._rooms[room_id]

    def _note(self, room_id: str, viewer: str) -> None:
        with self._lock:
            room = self._rooms.get(room_id)
            if room is None or viewer not in room.seen:
                if self._total >= MAX_VIEWERS:
                    return  # the count stays near the truth, the memory bounded
                self._total += 1
                room = self._rooms.setdefault(room_id, _RoomCount())
            room.seen[viewer] = self._clock()
            room.seen.move_to_end(viewer)

    def _due(self, now: float) -> list[tuple[str, int]]:
        with self._lock:
            for room in self._rooms.values():
                while room.seen and next(iter(room.seen.values())) < now - self._window:
                    room.seen.popitem(last=False)
                    self._total -= 1
            return [
                (room_id, len(room.seen))
                for room_id, room in self._rooms.items()
                if len(room.seen) != room.told and now - room.told_at >= TELL_SECONDS
            ]

    def _tell_count(self, room_id: str, count: int) -> _Telling:
        """Append the count if it is news: another process may have told it, or just told another one."""
        telling = _Telling.LATER

        def is_news(last: EventRow | None) -> bool:
            nonlocal telling
            telling = self._judge(last, count)
            return telling is _Telling.TOLD

        self._event_log.append_if(room_id, NewEvent("viewers", {"count": count}), is_news)
        return telling

    def _judge(self, last: EventRow | None, count: int) -> _Telling:
        told = json.loads(last.payload).get("count", 0) if last is not None else 0
        if told == count:
            return _Telling.KNOWN
        recent = last is not None and timedelta(0) <= utc_now() - last.at < timedelta(seconds=TELL_SECONDS)
        # A process that has just begun has not heard of everyone yet: it may only raise what was told.
        young = self._clock() - self._began < self._window
        return _Telling.LATER if recent or (young and count < told) else _Telling.TOLD

    def _run(self) -> None:
        while not self._closed.wait(TICK_SECONDS):
            try:
                self.tick()
            except DatabaseUnavailable as error:
                if not self._away:
                    log.warning("viewer counts cannot be told for now: %s", error)
                self._away = True
            except Exception:  # counting must go on, whatever one room met
                log.exception("viewer counts could not be told")
