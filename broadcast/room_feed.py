"""What one web process remembers of one room's feed: its position, closed batches, and who waits.

A value with rules and no I/O; owned by `event_feed.EventFeed` and only touched under its lock. Times are
monotonic seconds. A waiter is one future per batch, whatever the number of viewers behind it.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field

from broadcast.event_log import Position
from broadcast.feed_answer import (
    NO_SUCH_ROOM,
    NOT_NOW,
    NOTHING_YET,
    TOO_FAR_AHEAD,
    FeedAnswer,
)

MAX_KEPT_BATCHES = 64
MAX_KEPT_BYTES = 1 << 20
MAX_WAITED_BATCHES = 64
JUDGED_SECONDS = 0.25  # how long what was read of the database may judge a request

Waiter = Future[FeedAnswer]


@dataclass(slots=True)
class RoomFeed:
    """`exists` None: not looked at yet. `open_since`: when this process first saw the open batch filled."""

    room_id: str
    exists: bool | None = None
    position: Position | None = None
    checked_at: float = float("-inf")
    used_at: float = float("-inf")
    open_since: float | None = None
    attention: bool = False
    batches: OrderedDict[int, FeedAnswer] = field(default_factory=OrderedDict)
    kept_bytes: int = 0
    waiters: dict[int, Waiter] = field(default_factory=dict)
    snapshot: tuple[int, FeedAnswer] | None = None
    snapshot_waiter: Waiter | None = None

    @property
    def waited_for(self) -> bool:
        return bool(self.waiters) or self.snapshot_waiter is not None

    def judge(self, batch: int, now: float) -> FeedAnswer | None:
        """The answer to a request for `batch` as far as memory goes; None: wait, or look."""
        if (kept := self.batches.get(batch)) is not None:
            return kept
        if now - self.checked_at > JUDGED_SECONDS:
            return None
        if self.exists is False:
            return NO_SUCH_ROOM
        if self.position is not None and batch > self.position.open_batch + 1:
            return TOO_FAR_AHEAD
        return None

    def wait(self, batch: int) -> Waiter:
        """The future of everyone who waits for `batch`."""
        waiter = self.waiters.get(batch)
        if waiter is None:
            waiter = Future()
            if len(self.waiters) >= MAX_WAITED_BATCHES:
                waiter.set_result(NOT_NOW)
                return waiter
            self.waiters[batch] = waiter
            self.attention = True
        return waiter

    def wait_for_snapshot(self) -> Waiter:
        if self.snapshot_waiter is None:
            self.snapshot_waiter = Future()
            self.attention = True
        return self.snapshot_waiter

    def stand_at(self, position: Position, now: float) -> None:
        """The database says this now."""
        before = self.position
        if position.open_bytes == 0:
            self.open_since = None
        elif self.open_since is None or before is None or before.open_batch != position.open_batch:
            self.open_since = now
        self.exists, self.position, self.checked_at = True, position, now

    def is_gone(self, now: float) -> None:
        """No such room (any more). Where it stood is kept: a lost database may be put back, or made anew."""
        self.exists, self.open_since, self.checked_at = False, None, now
        self.snapshot = None

    def closed_waiters(self) -> list[int]:
        """Batches that somebody waits for and that are closed."""
        assert self.position is not None
        return [batch for batch in self.waiters if batch < self.position.open_batch]

    def far_waiters(self) -> list[int]:
        assert self.position is not None
        return [batch for batch in self.waiters if batch > self.position.open_batch + 1]

    def keep(self, batch: int, answer: FeedAnswer) -> None:
        """Have a closed batch ready for the others who will ask; the oldest go first."""
        if batch not in self.batches:
            self.batches[batch] = answer
            self.kept_bytes += len(answer.body)
        while len(self.batches) > MAX_KEPT_BATCHES or self.kept_bytes > MAX_KEPT_BYTES:
            self.kept_bytes -= len(self.batches.popitem(last=False)[1].body)

    def rest(self) -> None:
        """Nobody has asked for a while: whoever hangs on is let go; batches are read again when wanted."""
        self.answer_all(NOTHING_YET)
        self.batches.clear()
        self.kept_bytes = 0

    def answer(self, batch: int, answer: FeedAnswer) -> None:
        _settle(self.waiters.pop(batch, None), answer)

    def answer_snapshot(self, answer: FeedAnswer) -> None:
        waiter, self.snapshot_waiter = self.snapshot_waiter, None
        _settle(waiter, answer)

    def answer_all(self, answer: FeedAnswer) -> None:
        for batch in list(self.waiters):
            self.answer(batch, answer)
        self.answer_snapshot(answer)


def _settle(waiter: Waiter | None, answer: FeedAnswer) -> None:
    if waiter is not None and not waiter.done():  # the event loop it belonged to may have ended
        waiter.set_result(answer)
