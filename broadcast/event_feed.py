"""The rooms' event feeds in one web process: closes batches, reads them once, and wakes who waits.

One thread does all the database's work (`open` to `close`); requests only touch memory. `hold` is for the
front's event loop, `wait` for Flask's threads; a thousand viewers of a room hang on one future. A batch is
closed at most BATCH_SECONDS after this process saw it open (a monotonic time: a stepped wall clock moves
nothing), also when the process that opened it was killed. A lost hint costs a poll, never an event.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping

from broadcast.event_log import EMPTY, EventLog, Position
from broadcast.feed_answer import (
    NO_SUCH_ROOM,
    NOT_NOW,
    NOT_OF_THIS_NUMBERING,
    NOTHING_YET,
    SNAPSHOT_KINDS,
    TOO_FAR_AHEAD,
    FeedAnswer,
    batch_answer,
    snapshot_answer,
)
from broadcast.room_feed import RoomFeed, Waiter
from library.database import DatabaseUnavailable

log = logging.getLogger(__name__)

HOLD_SECONDS = 25.0
BATCH_SECONDS = 0.15
POLL_SECONDS = 0.25
REST_SECONDS = 60.0
FORGET_SECONDS = 24 * 3600.0  # a room's numbering is remembered to notice an older copy of the database
MAX_ROOMS = 10_000
IDLE_SECONDS = 3600.0
MAX_BATCH_NUMBER = 2**31 - 2

TellHint = Callable[[Mapping[str, object]], None]


class EventFeed:
    """`tell_hint`: passes a line on to the other web processes; may be called from the feed's thread."""

    def __init__(
        self, event_log: EventLog, tell_hint: TellHint, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = event_log
        self._tell_hint = tell_hint
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: dict[str, RoomFeed] = {}
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._away = False
        self._thread: threading.Thread | None = None
        self._shared: dict[Waiter, asyncio.Future[FeedAnswer]] = {}

    def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name="event-feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let everyone go; idempotent; returns when the thread has ended."""
        with self._lock:
            self._closed.set()
            rooms, self._rooms = list(self._rooms.values()), {}
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for room in rooms:
            room.answer_all(NOT_NOW)

    # What requests ask

    def request(self, room_id: str, batch: int) -> FeedAnswer | Waiter:
        """The answer, or the future of all who wait for this batch. Touches memory only."""
        if not 0 <= batch <= MAX_BATCH_NUMBER:
            return TOO_FAR_AHEAD
        with self._lock:
            room = self._room(room_id)
            if room is None:
                return NOT_NOW
            answer = room.judge(batch, self._clock())
            return answer if answer is not None else self._woken(room, room.wait(batch))

    def request_snapshot(self, room_id: str) -> FeedAnswer | Waiter:
        with self._lock:
            room = self._room(room_id)
            return NOT_NOW if room is None else self._woken(room, room.wait_for_snapshot())

    def wait(self, asked: FeedAnswer | Waiter, seconds: float = HOLD_SECONDS) -> FeedAnswer:
        """Block a thread until the answer is there; 204 after `seconds`."""
        if isinstance(asked, FeedAnswer):
            return asked
        try:
            return asked.result(seconds)
        except TimeoutError:
            return NOTHING_YET

    async def hold(self, asked: FeedAnswer | Waiter, seconds: float = HOLD_SECONDS) -> FeedAnswer:
        """The same on an event loop: many tasks, one future, one wake-up from the feed's thread."""
        if isinstance(asked, FeedAnswer):
            return asked
        shared = self._shared.get(asked)
        if shared is None:
            shared = self._shared[asked] = asyncio.wrap_future(asked)
            shared.add_done_callback(lambda _: self._shared.pop(asked, None))
        done, _ = await asyncio.wait((shared,), timeout=seconds)
        return shared.result() if done else NOTHING_YET

    # What others tell

    def announce(self, room_id: str) -> None:
        """Events were committed to the room here: see to it that their batch is closed in time."""
        self._look_at(room_id, create=True)

    def on_hint(self, room_id: str) -> None:
        """Another process closed a batch."""
        self._look_at(room_id, create=False)

    def _look_at(self, room_id: str, *, create: bool) -> None:
        with self._lock:
            room = self._room(room_id) if create else self._rooms.get(room_id)
            if room is not None:
                room.attention = True
                self._wake.set()

    def _room(self, room_id: str) -> RoomFeed | None:
        room = self._rooms.get(room_id)
        if room is None:
            if self._closed.is_set() or len(self._rooms) >= MAX_ROOMS:
                return None
            room = self._rooms[room_id] = RoomFeed(room_id)
        room.used_at = self._clock()
        return room

    def _woken(self, room: RoomFeed, waiter: Waiter) -> Waiter:
        if room.attention:
            self._wake.set()
        return waiter

    # The feed's own thread

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(self._seconds_to_next_duty())
            self._wake.clear()
            try:
                self.step()
            except DatabaseUnavailable as error:
                self._database_is_away(error)
                self._closed.wait(POLL_SECONDS)
            except Exception:
                # Whatever it was, the feeds of all rooms hang on this thread: say so and go on.
                log.exception("the event feed failed")
                self._closed.wait(POLL_SECONDS)

    def step(self) -> None:
        """Look at every room that is due: close, read, answer. Raises DatabaseUnavailable."""
        now = self._clock()
        with self._lock:
            self._tidy(now)
            due = [room for room in self._rooms.values() if _is_due(room, now)]
            for room in due:
                room.attention = False
        if not due:
            return
        positions = self._log.positions([room.room_id for room in due])
        for room in due:
            try:
                self._attend(room, positions.get(room.room_id), now)
            except (ValueError, TypeError, AttributeError):  # an event that is none must not keep other rooms
                log.exception("the feed of room %s cannot be told", room.room_id)
                with self._lock:
                    room.answer_all(NOT_NOW)
        if self._away:
            self._away = False
            log.info("the event log can be read again")

    def _attend(self, room: RoomFeed, position: Position | None, now: float) -> None:
        if position is None and not self._log.room_exists(room.room_id):
            with self._lock:
                room.is_gone(now)
                room.answer_all(NO_SUCH_ROOM)
            return
        position = self._not_rewound(room, position or EMPTY)
        position = self._closed_if_due(room, position, now)
        self._answer_closed(room, position)
        self._answer_snapshot(room, position)
        with self._lock:
            for batch in room.far_waiters():
                room.answer(batch, TOO_FAR_AHEAD)

    def _not_rewound(self, room: RoomFeed, position: Position) -> Position:
        """An older copy of the database would number batches anew that caches hold already: skip those."""
        known = room.position
        if known is None or known.open_batch <= position.open_batch:
            return position
        log.warning("room %s: the event log went back to batch %d", room.room_id, position.open_batch)
        # One more than was told as open: its events may be gone, and others wait for its number.
        self._log.skip_to(room.room_id, known.open_batch + 1, known.next_seq)
        return self._log.positions([room.room_id]).get(room.room_id, EMPTY)

    def _closed_if_due(self, room: RoomFeed, position: Position, now: float) -> Position:
        with self._lock:
            room.stand_at(position, now)
            since = room.open_since
        if since is None or now - since < BATCH_SECONDS:
            return position
        self._log.close(room.room_id, position.open_batch)
        closed = self._log.positions([room.room_id]).get(room.room_id, EMPTY)
        with self._lock:
            room.stand_at(closed, now)
        self._tell_hint({"kind": "batch", "room": room.room_id, "batch": position.open_batch})
        return closed

    def _answer_closed(self, room: RoomFeed, position: Position) -> None:
        with self._lock:
            wanted = room.closed_waiters()
        for batch in wanted:
            answer = room.batches.get(batch) or self._closed_batch(room.room_id, batch, position)
            with self._lock:
                if answer.immutable:
                    room.keep(batch, answer)
                room.answer(batch, answer)

    def _closed_batch(self, room_id: str, batch: int, position: Position) -> FeedAnswer:
        rows = self._log.batch(room_id, batch)
        if not rows and batch + 1 < (self._log.batch_after(room_id, batch) or position.open_batch):
            # Below where a new numbering begins: nobody shall walk there batch by batch.
            return NOT_OF_THIS_NUMBERING
        return batch_answer(batch, rows)

    def _answer_snapshot(self, room: RoomFeed, position: Position) -> None:
        if room.snapshot_waiter is None:
            return
        if room.snapshot is None or room.snapshot[0] != position.open_batch:
            room.snapshot = (position.open_batch, self._snapshot(room.room_id, position))
        with self._lock:
            room.answer_snapshot(room.snapshot[1])

    def _snapshot(self, room_id: str, position: Position) -> FeedAnswer:
        batch = position.open_batch
        latest = {kind: self._log.latest(room_id, kind, batch) for kind in SNAPSHOT_KINDS}
        # Events of the open batch are numbered already, but not in this state.
        first_missing = self._log.first_seq_from(room_id, batch)
        seq = position.next_seq if first_missing is None else first_missing
        return snapshot_answer(batch, seq, latest)

    def _database_is_away(self, error: DatabaseUnavailable) -> None:
        if not self._away:
            log.warning("the event log cannot be read, viewers go on with what they have: %s", error)
        self._away = True
        with self._lock:
            for room in self._rooms.values():
                # Those who wait for what is to come may wait on; the rest hear that it is not to be had now.
                room.answer_snapshot(room.snapshot[1] if room.snapshot is not None else NOT_NOW)
                if room.position is None:
                    room.answer_all(NOT_NOW)
                else:
                    for batch in room.closed_waiters():
                        room.answer(batch, NOT_NOW)

    def _tidy(self, now: float) -> None:
        for room in list(self._rooms.values()):
            idle = now - room.used_at
            if idle > REST_SECONDS and (room.waited_for or room.batches):
                room.rest()
            known = room.position is not None
            if idle > (FORGET_SECONDS if known else REST_SECONDS) and not room.attention:
                del self._rooms[room.room_id]

    def _seconds_to_next_duty(self) -> float:
        now = self._clock()
        with self._lock:
            soonest = min((_next_look(room) for room in self._rooms.values()), default=float("inf"))
        return min(max(soonest - now, 0.0), IDLE_SECONDS)


def _is_due(room: RoomFeed, now: float) -> bool:
    return room.attention or now >= _next_look(room)


def _next_look(room: RoomFeed) -> float:
    """When a room wants a look though nobody calls for it."""
    if room.open_since is not None:
        return room.open_since + BATCH_SECONDS
    return room.checked_at + POLL_SECONDS if room.waited_for else float("inf")
