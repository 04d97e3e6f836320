"""The feed of one web process, over a real database: answers, holds, refusals, and what survives trouble."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from broadcast.event_feed import BATCH_SECONDS, EventFeed
from broadcast.event_log import EventLog, NewEvent
from broadcast.feed_answer import (
    NO_SUCH_ROOM,
    NOT_NOW,
    NOT_OF_THIS_NUMBERING,
    NOTHING_YET,
    TOO_FAR_AHEAD,
    FeedAnswer,
)
from library.database import Database
from people.accounts import default_organization
from people.models import Room


class Clock:
    """Monotonic seconds that only move when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def room_id(sqlite_database: Database) -> str:
    with sqlite_database.session() as session:
        room = Room(organization_id=default_organization(session).id, slug="hall", title="Hall")
        session.add(room)
        session.flush()
        return room.id


@pytest.fixture
def log(sqlite_database: Database) -> EventLog:
    return EventLog(sqlite_database)


class Stage:
    """A feed without its thread: the test says when it works and what time it is."""

    def __init__(self, log: EventLog) -> None:
        self.clock = Clock()
        self.hints: list[object] = []
        self.feed = EventFeed(log, self.hints.append, clock=self.clock)

    def step(self, seconds: float = 0.0) -> None:
        self.clock.now += seconds
        self.feed.step()

    def closed(self, room_id: str) -> None:
        """What was appended and announced becomes a closed batch."""
        self.feed.announce(room_id)
        self.step()
        self.step(BATCH_SECONDS)


@pytest.fixture
def stage(log: EventLog) -> Stage:
    return Stage(log)


def _now(asked: object) -> FeedAnswer:
    if isinstance(asked, Future):
        return asked.result(0)
    assert isinstance(asked, FeedAnswer)
    return asked


def _is_held(asked: object) -> bool:
    return isinstance(asked, Future) and not asked.done()


def test_a_batch_is_answered_when_it_is_closed(stage: Stage, log: EventLog, room_id: str) -> None:
    asked = stage.feed.request(room_id, 0)
    stage.step()
    log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
    stage.feed.announce(room_id)
    stage.step()
    assert _is_held(asked)
    stage.step(BATCH_SECONDS)
    answer = _now(asked)
    assert (answer.status, answer.immutable) == (200, True)
    document = json.loads(answer.body)
    assert (document["batch"], document["next"]) == (0, 1)
    assert [event["payload"] for event in document["events"]] == [{"count": 3}]
    assert stage.hints == [{"kind": "batch", "room": room_id, "batch": 0}]


def test_a_closed_batch_is_the_very_same_bytes_from_memory_and_from_the_database(
    stage: Stage, log: EventLog, room_id: str
) -> None:
    log.append_alone(room_id, NewEvent("viewers", {"count": 3, "pad": "講" * 500}))
    asked = stage.feed.request(room_id, 0)
    stage.closed(room_id)
    first = _now(asked)
    assert stage.feed.request(room_id, 0) is first
    later = Stage(log)
    asked = later.feed.request(room_id, 0)
    later.step()
    assert _now(asked) == first
    assert first.gzipped is not None
    assert gzip.decompress(first.gzipped) == first.body


def test_all_who_hold_the_same_batch_share_one_waiter_and_one_read(
    stage: Stage, log: EventLog, room_id: str
) -> None:
    asked = {id(stage.feed.request(room_id, 0)) for _ in range(1_000)}
    assert len(asked) == 1


def test_far_ahead_is_refused_and_the_next_two_are_held(stage: Stage, log: EventLog, room_id: str) -> None:
    log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
    stage.closed(room_id)
    asked = [stage.feed.request(room_id, batch) for batch in (1, 2, 3)]
    stage.step()
    assert [_is_held(one) for one in asked] == [True, True, False]
    assert _now(asked[2]) == TOO_FAR_AHEAD
    assert stage.feed.request(room_id, 4) == TOO_FAR_AHEAD  # from memory
    assert stage.feed.request(room_id, 10**30) == TOO_FAR_AHEAD
    assert stage.feed.request(room_id, -1) == TOO_FAR_AHEAD


def test_what_memory_calls_far_ahead_is_looked_up_once_memory_is_old(
    stage: Stage, log: EventLog, room_id: str
) -> None:
    assert _is_held(stage.feed.request(room_id, 0))
    stage.step()
    for _ in range(3):  # another process closes three batches, and its hints are lost
        log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
        log.close(room_id, log.positions([room_id])[room_id].open_batch)
    assert stage.feed.request(room_id, 3) == TOO_FAR_AHEAD
    stage.clock.now += 0.3
    asked = stage.feed.request(room_id, 3)
    stage.step()
    assert _is_held(asked)


def test_a_room_that_is_not_there(stage: Stage) -> None:
    asked = stage.feed.request("nowhere", 0)
    snapshot = stage.feed.request_snapshot("nowhere")
    stage.step()
    assert (_now(asked), _now(snapshot)) == (NO_SUCH_ROOM, NO_SUCH_ROOM)


def test_the_snapshot_is_what_the_closed_batches_left(stage: Stage, log: EventLog, room_id: str) -> None:
    asked = stage.feed.request_snapshot(room_id)
    stage.step()
    empty = {"session": None, "viewers": 0, "title": None, "playback": None, "scheduled": None, "kept": None}
    assert json.loads(_now(asked).body) == {"next": 0, "seq": 0, "state": empty}
    log.append_alone(room_id, NewEvent("session", {"state": "live", "session": "s1"}))
    log.append_alone(room_id, NewEvent("viewers", {"count": 5}))
    asked = stage.feed.request_snapshot(room_id)
    stage.step()
    told = json.loads(_now(asked).body)
    assert (told["next"], told["seq"]) == (0, 0)  # they are told by batch 0, still open
    stage.closed(room_id)
    asked = stage.feed.request_snapshot(room_id)
    stage.step()
    document = json.loads(_now(asked).body)
    assert (document["next"], document["seq"]) == (1, 2)
    told = document["state"]["session"]
    assert told.pop("at").endswith("Z"), "since when it is so"
    assert document["state"] == empty | {"session": {"state": "live", "session": "s1"}, "viewers": 5}


def test_events_of_a_killed_process_are_closed_by_who_waits(
    stage: Stage, log: EventLog, room_id: str
) -> None:
    log.append_alone(room_id, NewEvent("viewers", {"count": 3}))  # and nobody announces it
    asked = stage.feed.request(room_id, 0)
    stage.step()
    stage.step(BATCH_SECONDS)
    assert _now(asked).status == 200


def test_a_hint_from_another_process_is_enough(stage: Stage, log: EventLog, room_id: str) -> None:
    asked = stage.feed.request(room_id, 0)
    stage.step()
    log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
    log.close(room_id, 0)
    stage.feed.on_hint(room_id)
    stage.step()
    assert _now(asked).status == 200


def test_an_older_copy_of_the_database_reuses_no_number(
    stage: Stage, log: EventLog, room_id: str, sqlite_database: Database
) -> None:
    for _ in range(3):
        log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
        stage.closed(room_id)
    with sqlite_database.session() as session:
        session.connection().exec_driver_sql("DELETE FROM events WHERE batch > 0")
        session.connection().exec_driver_sql("UPDATE event_feeds SET open_batch = 1, next_seq = 1")
    asked = stage.feed.request(room_id, 3)
    stage.step()
    assert json.loads(_now(asked).body) == {"batch": 3, "next": 4, "events": []}
    assert log.append_alone(room_id, NewEvent("viewers", {"count": 4})) == 4
    assert [row.seq for row in log.batch(room_id, 4)] == [3]


@pytest.mark.parametrize("seconds_away", [0, 3600])
def test_a_room_that_was_missing_for_a_while_reuses_no_number(
    stage: Stage, log: EventLog, room_id: str, sqlite_database: Database, seconds_away: int
) -> None:
    """The database was lost and is made anew; the room comes back by its session's file."""
    for _ in range(3):
        log.append_alone(room_id, NewEvent("viewers", {"count": 3}))
        stage.closed(room_id)
    with sqlite_database.session() as session:
        room = session.get_one(Room, room_id)
        organization = room.organization_id
        for table in ("events", "event_feeds", "rooms"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    missed = stage.feed.request_snapshot(room_id)
    stage.step()
    assert _now(missed) == NO_SUCH_ROOM
    stage.feed.announce("another room")
    stage.step(seconds_away)
    with sqlite_database.session() as session:
        session.add(Room(id=room_id, organization_id=organization, slug="hall", title="Hall"))
    log.append_alone(room_id, NewEvent("viewers", {"count": 4}))
    asked = stage.feed.request_snapshot(room_id)
    stage.closed(room_id)
    assert json.loads(_now(asked).body)["next"] == 4
    log.append_alone(room_id, NewEvent("viewers", {"count": 5}))
    asked = stage.feed.request(room_id, 4)
    stage.closed(room_id)
    assert [event["payload"] for event in json.loads(_now(asked).body)["events"]] == [{"count": 5}]


def test_a_room_made_again_is_numbered_anew_and_nobody_walks_there_batch_by_batch(
    stage: Stage, log: EventLog, room_id: str, sqlite_database: Database
) -> None:
    """The web process was restarted, too: nobody remembers where the lost database stood."""
    held = stage.feed.request(room_id, 0)
    stage.step()
    before = int(time.time())
    with sqlite_database.session() as session:
        log.number_anew(session, room_id)
        start = log.append(session, room_id, NewEvent("viewers", {"count": 4}))
    assert before <= start <= time.time()
    assert [row.seq for row in log.batch(room_id, start)] == [start]
    stage.clock.now += 1
    snapshot, lost = stage.feed.request_snapshot(room_id), stage.feed.request(room_id, 57)
    stage.step()
    assert json.loads(_now(snapshot).body)["next"] == start
    assert (_now(held), _now(lost)) == (NOT_OF_THIS_NUMBERING, NOT_OF_THIS_NUMBERING)
    first = stage.feed.request(room_id, start)
    stage.closed(room_id)
    assert [event["payload"] for event in json.loads(_now(first).body)["events"]] == [{"count": 4}]
    before_it = stage.feed.request(room_id, start - 2)
    stage.step()
    assert _now(before_it) == NOT_OF_THIS_NUMBERING


def test_who_asks_no_more_is_let_go(stage: Stage, room_id: str) -> None:
    asked = stage.feed.request(room_id, 0)
    stage.step()
    stage.step(61)
    assert _now(asked) == NOTHING_YET


def test_close_lets_everyone_go_and_can_be_called_twice(stage: Stage, room_id: str) -> None:
    asked = stage.feed.request(room_id, 0)
    stage.feed.close()
    stage.feed.close()
    assert _now(asked) == NOT_NOW
    assert stage.feed.request(room_id, 0) == NOT_NOW


@pytest.fixture
def running(log: EventLog) -> Iterator[EventFeed]:
    feed = EventFeed(log, lambda hint: None)
    feed.open()
    yield feed
    feed.close()


@pytest.mark.serial
def test_threads_and_tasks_are_woken(running: EventFeed, log: EventLog, room_id: str) -> None:
    answers: list[FeedAnswer] = []
    thread = threading.Thread(target=lambda: answers.append(running.wait(running.request(room_id, 0))))
    thread.start()

    async def viewers() -> list[FeedAnswer]:
        held = [asyncio.create_task(running.hold(running.request(room_id, 0))) for _ in range(1_000)]
        await asyncio.sleep(0)
        await asyncio.to_thread(log.append_alone, room_id, NewEvent("viewers", {"count": 1}))
        running.announce(room_id)
        return await asyncio.gather(*held)

    started = time.monotonic()
    told = asyncio.run(viewers())
    took = time.monotonic() - started
    thread.join()
    assert [answer.status for answer in told] == [200] * 1_000
    assert answers == [told[0]]
    assert took < 2.0


def test_a_hold_ends_with_nothing(running: EventFeed, room_id: str) -> None:
    assert running.wait(running.request(room_id, 0), 0.05) == NOTHING_YET
    assert asyncio.run(_hold_briefly(running, room_id)) == NOTHING_YET


async def _hold_briefly(feed: EventFeed, room_id: str) -> FeedAnswer:
    return await feed.hold(feed.request(room_id, 0), 0.05)


def test_while_the_database_is_away_who_waits_waits_on(
    running: EventFeed, log: EventLog, room_id: str, tmp_path: Path
) -> None:
    log.append_alone(room_id, NewEvent("viewers", {"count": 1}))
    first = running.wait(running.request(room_id, 0), 60)
    assert first.status == 200
    held = running.request(room_id, 1)
    path = tmp_path / "kodo.db"
    path.rename(tmp_path / "away.db")
    assert running.wait(running.request("other room", 0), 60) == NOT_NOW
    assert running.request(room_id, 0) == first  # from memory
    assert _is_held(held)
    (tmp_path / "away.db").rename(path)
    log.append_alone(room_id, NewEvent("viewers", {"count": 2}))
    running.announce(room_id)
    assert running.wait(held, 60).status == 200
