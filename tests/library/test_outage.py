"""Who waits for a server that is away: the first, then one at a time."""

from __future__ import annotations

import threading

import pytest

from library.outage import PAUSE_SECONDS, Outage, StillAway


class Server:
    """A server that can be away; counts who knocks."""

    def __init__(self) -> None:
        self.away = True
        self.knocks = 0

    def connect(self) -> str:
        self.knocks += 1
        if self.away:
            raise ConnectionError("no answer")
        return "connection"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_after_a_failure_nobody_knocks_for_a_second() -> None:
    server, clock = Server(), Clock()
    outage = Outage(clock)
    with pytest.raises(ConnectionError):
        outage.attempt(server.connect)
    for _ in range(5):
        with pytest.raises(StillAway):
            outage.attempt(server.connect)
    clock.now += PAUSE_SECONDS
    with pytest.raises(ConnectionError):
        outage.attempt(server.connect)
    assert server.knocks == 2


def test_one_at_a_time_tries_and_its_success_is_everybodys() -> None:
    server, clock, entered, answer = Server(), Clock(), threading.Event(), threading.Event()
    outage = Outage(clock)
    with pytest.raises(ConnectionError):
        outage.attempt(server.connect)
    clock.now += 10 * PAUSE_SECONDS

    def slow() -> str:
        entered.set()
        assert answer.wait(60)
        return server.connect()

    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(outage.attempt(slow)))
    thread.start()
    assert entered.wait(60)
    with pytest.raises(StillAway):
        outage.attempt(server.connect)
    server.away = False
    answer.set()
    thread.join()
    assert found == ["connection"]
    assert [outage.attempt(server.connect) for _ in range(3)] == ["connection"] * 3
