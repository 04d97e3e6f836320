"""Held requests of one session: those that wait for the same thing are answered once, together.

Owned by one `live_window.LiveWindow` and called under its lock, from the event loop of the front or from
Flask's threads. A waiter is any future with `done` and `set_result`: asyncio's on the loop,
concurrent.futures' in threads. `close()` lets everyone go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

AnswerT = TypeVar("AnswerT")
ContraAnswerT = TypeVar("ContraAnswerT", contravariant=True)


class Waiter(Protocol[ContraAnswerT]):
    """What a held request waits on."""

    def done(self) -> bool: ...

    def set_result(self, result: ContraAnswerT, /) -> None: ...


class TooManyHolds(Exception):
    """More requests wait than this process will carry (HTTP 503)."""


class _Group(Generic[AnswerT]):
    __slots__ = ("expired", "poll", "waiters")

    def __init__(self, poll: Callable[[], AnswerT | None], expired: AnswerT) -> None:
        self.poll = poll
        self.expired = expired
        self.waiters: deque[tuple[float, Waiter[AnswerT]]] = deque()


class Holds(Generic[AnswerT]):
    """Waiting requests by what they wait for."""

    def __init__(self, max_waiters: int) -> None:
        self._max_waiters = max_waiters
        self._groups: dict[Hashable, _Group[AnswerT]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: Hashable) -> bool:
        """Whether somebody waits for this already, so that its answer is not there yet."""
        return key in self._groups

    def join(
        self,
        key: Hashable,
        poll: Callable[[], AnswerT | None],
        expired: AnswerT,
        deadline: float,
        waiter: Waiter[AnswerT],
    ) -> None:
        """Wait for `poll` to answer, at most until `deadline` (monotonic seconds), then get `expired`.

        Requests with equal keys must be answerable by the first one's `poll`. Raises TooManyHolds.
        """
        if self._count >= self._max_waiters:
            raise TooManyHolds
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(poll, expired)
        group.waiters.append((deadline, waiter))
        self._count += 1

    def wake(self) -> None:
        """The log grew: answer whatever can be answered now."""
        for key, group in list(self._groups.items()):
            answer = group.poll()
            if answer is not None:
                self._release(key, group, answer)

    def expire(self, now: float) -> None:
        """Let those go whose time is over; a group's waiters came in order."""
        for key, group in list(self._groups.items()):
            while group.waiters and group.waiters[0][0] <= now:
                self._settle(group.waiters.popleft()[1], group.expired)
            if not group.waiters:
                del self._groups[key]

    def close(self, answer: AnswerT) -> None:
        """Let everyone go with `answer`."""
        for key, group in list(self._groups.items()):
            self._release(key, group, answer)

    def _release(self, key: Hashable, group: _Group[AnswerT], answer: AnswerT) -> None:
        del self._groups[key]
        for _, waiter in group.waiters:
            self._settle(waiter, answer)

    def _settle(self, waiter: Waiter[AnswerT], answer: AnswerT) -> None:
        self._count -= 1
        if not waiter.done():  # its task was cancelled: the client left
            waiter.set_result(answer)
