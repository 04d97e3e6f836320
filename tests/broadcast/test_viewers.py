"""Viewer counts: who is counted, for how long, how often it is told, and by which of several processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from broadcast import viewers as viewers_module
from broadcast.event_log import EventLog, EventRow, NewEvent
from broadcast.viewers import TELL_SECONDS, ViewerCounts
from library.database import Database

ROOM, BEACON_SECONDS = "room", 30.0


class Clock:
    """Monotonic seconds that only move when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Hall:
    """Web processes over one database, whose hints reach each other at once."""

    def __init__(self, database: Database, processes: int) -> None:
        self.database, self.clock, self.announced = database, Clock(), list[str]()
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        # The log's wall clock goes with the monotonic one, from a day that is past.
        self.log = log = EventLog(database, clock=lambda: long_ago + timedelta(seconds=self.clock.now))
        self.counts = [
            ViewerCounts(BEACON_SECONDS, log, self.announced.append, self.teller(n), clock=self.clock)
            for n in range(processes)
        ]

    def teller(self, sender: int):
        def tell(hint: Mapping[str, object]) -> None:
            for number, other in enumerate(self.counts):
                if number != sender:
                    other.on_hint(json.loads(json.dumps(hint)))

        return tell

    def restart(self) -> None:
        """The first process ends; another takes its place and knows nothing."""
        self.counts[0] = ViewerCounts(
            BEACON_SECONDS, self.log, self.announced.append, self.teller(0), clock=self.clock
        )

    def another_process_tells(self, count: int) -> None:
        """At this very moment of the wall clock."""
        EventLog(self.database).append_alone(ROOM, NewEvent("viewers", {"count": count}))

    def grow_old(self) -> None:
        """All that was told was told long ago."""
        with self.database.session() as session:
            session.execute(update(EventRow).values(at=datetime(2020, 1, 1, tzinfo=UTC)))

    def tick(self, seconds: float = 0.0) -> None:
        self.clock.now += seconds
        for counts in self.counts:
            counts.tick()

    def told(self) -> list[int]:
        with self.database.reading() as session:
            rows = session.scalars(select(EventRow).order_by(EventRow.seq))
            return [json.loads(row.payload)["count"] for row in rows]


@pytest.fixture
def hall(sqlite_database: Database) -> Hall:
    return Hall(sqlite_database, 1)


def test_a_viewer_counts_for_two_beacon_intervals(hall: Hall) -> None:
    for viewer in ("a", "b", "a"):
        hall.counts[0].beacon(ROOM, viewer)
    hall.tick()
    hall.clock.now += BEACON_SECONDS
    hall.counts[0].beacon(ROOM, "b")
    hall.tick(BEACON_SECONDS + 1)
    hall.tick(BEACON_SECONDS)
    assert hall.told() == [2, 1, 0]
    assert hall.announced == [ROOM] * 3


def test_an_unchanged_count_is_not_told(hall: Hall) -> None:
    hall.counts[0].beacon(ROOM, "a")
    for _ in range(10):
        hall.tick(TELL_SECONDS)
    assert hall.told() == [1]


def test_changes_are_told_together_every_two_seconds(hall: Hall) -> None:
    for n in range(8):
        hall.counts[0].beacon(ROOM, f"viewer-{n}")
        hall.tick(TELL_SECONDS / 4)
    hall.tick(TELL_SECONDS)
    assert hall.told() == [1, 5, 8]


def test_several_processes_count_and_tell_as_one(sqlite_database: Database) -> None:
    hall = Hall(sqlite_database, 3)
    for n in range(30):
        hall.counts[n % 3].beacon(ROOM, f"viewer-{n}")
    hall.tick(TELL_SECONDS)
    hall.tick(TELL_SECONDS)
    assert hall.told() == [30]
    assert [counts.count(ROOM) for counts in hall.counts] == [30, 30, 30]


def test_a_process_that_began_tells_fewer_once_it_has_heard_of_everyone(hall: Hall) -> None:
    """Seven watch, the web process is killed, and two of them come back to the next one."""
    for n in range(7):
        hall.counts[0].beacon(ROOM, f"viewer-{n}")
    hall.tick()
    hall.restart()
    for _ in range(3):
        for viewer in ("viewer-0", "viewer-1"):
            hall.counts[0].beacon(ROOM, viewer)
        hall.tick(BEACON_SECONDS)
    assert hall.told() == [7, 2]


@pytest.mark.parametrize("last_one_leaves", [False, True])
def test_what_cannot_be_told_at_once_is_told_later(hall: Hall, last_one_leaves: bool) -> None:
    hall.clock.now += 2 * BEACON_SECONDS
    hall.counts[0].beacon(ROOM, "a")
    hall.tick()
    hall.another_process_tells(5)  # just now: two events within two seconds are one too many
    if last_one_leaves:
        hall.tick(2 * BEACON_SECONDS + 1)
    else:
        hall.counts[0].beacon(ROOM, "b")
        hall.tick(TELL_SECONDS)
    assert hall.told() == [1, 5]
    hall.grow_old()
    hall.tick(TELL_SECONDS)
    assert hall.told() == [1, 5, 0 if last_one_leaves else 2]


def test_memory_is_bounded(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers_module, "MAX_VIEWERS", 10)
    for n in range(25):
        hall.counts[0].beacon(f"room-{n % 2}", f"viewer-{n}")
    assert hall.counts[0].count("room-0") + hall.counts[0].count("room-1") == 10
    hall.tick(2 * BEACON_SECONDS + 1)
    hall.counts[0].beacon(ROOM, "late")
    assert hall.counts[0].count(ROOM) == 1


@pytest.mark.parametrize("hint", [{}, {"kind": "beacon"}, {"kind": "beacon", "room": 1, "viewer": []}])
def test_foreign_hints_mean_nothing(hall: Hall, hint: dict[str, object]) -> None:
    hall.counts[0].on_hint(hint)
    hall.tick()
    assert hall.told() == []


def test_closing_twice_is_well(hall: Hall) -> None:
    hall.counts[0].open()
    hall.counts[0].close()
    hall.counts[0].close()
