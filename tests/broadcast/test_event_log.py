"""Numbering and batches: whatever is appended and closed at once, batches are whole, ordered, immutable."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.event_log import (
    MAX_BATCH_BYTES,
    MAX_PAYLOAD_BYTES,
    EventFeedRow,
    EventLog,
    EventRow,
    EventTooLarge,
    NewEvent,
    event_document,
)
from library.database import Base, Database, open_database

ROOM = "room-1"


def _event(text: str = "x") -> NewEvent:
    return NewEvent("viewers", {"text": text}, session_id="s", clock_ms=12)


def test_events_are_numbered_per_room(database: Database) -> None:
    log = EventLog(database)
    for room in (ROOM, "room-2", ROOM):
        log.append_alone(room, _event(room))
    assert [row.seq for row in log.batch(ROOM, 0)] == [0, 1]
    assert [row.seq for row in log.batch("room-2", 0)] == [0]


def test_nothing_joins_a_closed_batch(database: Database) -> None:
    log = EventLog(database)
    log.append_alone(ROOM, _event())
    log.close(ROOM, 0)
    assert log.append_alone(ROOM, _event()) == 1
    assert [row.seq for row in log.batch(ROOM, 0)] == [0]


def test_an_empty_batch_stays_open_and_a_late_closer_closes_no_other(database: Database) -> None:
    log = EventLog(database)
    log.append_alone(ROOM, _event())
    for batch in (0, 0, 1):
        log.close(ROOM, batch)
    position = log.positions([ROOM])[ROOM]
    assert (position.open_batch, position.open_bytes, position.next_seq) == (1, 0, 1)


def test_a_rolled_back_event_was_never_there(database: Database) -> None:
    log = EventLog(database)
    with pytest.raises(RuntimeError), database.session() as session:
        log.append(session, ROOM, _event())
        raise RuntimeError
    assert log.append_alone(ROOM, _event("kept")) == 0
    assert [json.loads(row.payload)["text"] for row in log.batch(ROOM, 0)] == ["kept"]


def test_a_batch_never_grows_over_its_size(database: Database) -> None:
    log = EventLog(database)
    big = "x" * (MAX_PAYLOAD_BYTES - 1_000)
    batches = [log.append_alone(ROOM, _event(big)) for _ in range(5)]
    assert batches == [0, 0, 1, 1, 2]
    told = sum(len(event_document(row).encode()) for row in log.batch(ROOM, 0))
    assert told <= MAX_BATCH_BYTES


def test_a_payload_over_its_size_is_refused(database: Database) -> None:
    with pytest.raises(EventTooLarge):
        EventLog(database).append_alone(ROOM, _event("x" * MAX_PAYLOAD_BYTES))
    assert EventLog(database).positions([ROOM]) == {}


def test_an_event_is_told_with_all_its_members(database: Database) -> None:
    log = EventLog(database)
    log.append_alone(ROOM, _event("講堂"))
    document = json.loads(event_document(log.batch(ROOM, 0)[0]))
    assert document.pop("at").endswith("Z")
    assert document == {
        "seq": 0,
        "clock": 12,
        "session": "s",
        "kind": "viewers",
        "payload": {"text": "講堂"},
    }


def test_skipped_numbers_are_never_given_again(database: Database) -> None:
    log = EventLog(database)
    log.append_alone(ROOM, _event())
    log.skip_to(ROOM, 7, 30)
    assert log.append_alone(ROOM, _event()) == 7
    assert [row.seq for row in log.batch(ROOM, 7)] == [30]
    log.skip_to(ROOM, 3, 5)  # never backwards
    assert log.positions([ROOM])[ROOM].open_batch == 7


def test_the_latest_of_a_kind_before_a_batch(database: Database) -> None:
    log = EventLog(database)
    for text in ("first", "second"):
        log.append_alone(ROOM, _event(text))
        log.append_alone(ROOM, NewEvent("session", {"text": text}))
        log.close(ROOM, log.positions([ROOM])[ROOM].open_batch)
    row = log.latest(ROOM, "viewers", 1)
    assert row is not None
    assert json.loads(row.payload) == {"text": "first"}
    assert log.latest(ROOM, "viewers", 0) is None


def test_the_tables_are_those_of_the_migration(database: Database) -> None:
    from sqlalchemy import inspect

    for table in (EventFeedRow.__tablename__, EventRow.__tablename__):
        made = {c["name"]: c["nullable"] for c in inspect(database.engine).get_columns(table)}
        assert made == {c.name: bool(c.nullable) for c in Base.metadata.tables[table].columns}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from library.migration import migrate

    path = tmp_path_factory.mktemp("events") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.mark.usefixtures("patient")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    appenders=st.lists(st.lists(st.integers(1, 20_000), min_size=1, max_size=8), min_size=2, max_size=4),
    closers=st.integers(1, 3),
)
def test_batches_under_concurrent_appenders_and_closers(
    template: Path, appenders: list[list[int]], closers: int
) -> None:
    """Each event is in exactly one batch, batches are in order, and none differs once it was seen closed."""
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(template, Path(folder) / "kodo.db")
        database = open_database(f"sqlite:///{path}")
        try:
            seen = _run(EventLog(database), appenders, closers)
            _check(EventLog(database), appenders, seen)
        finally:
            database.close()


def _run(log: EventLog, appenders: list[list[int]], closers: int) -> dict[int, list[str]]:
    """What closers read of each batch the moment it was closed."""
    seen: dict[int, list[str]] = {}
    lock, done = threading.Lock(), threading.Event()
    failures: list[BaseException] = []

    def append(number: int, sizes: list[int]) -> None:
        for index, size in enumerate(sizes):
            log.append_alone(ROOM, NewEvent("k", {"id": f"{number}.{index}", "pad": "x" * size}))

    def close() -> None:
        while not done.is_set():
            position = log.positions([ROOM]).get(ROOM)
            if position is None:
                continue
            log.close(ROOM, position.open_batch)
            for batch in range(log.positions([ROOM])[ROOM].open_batch):
                read = [event_document(row) for row in log.batch(ROOM, batch)]
                with lock:
                    if seen.setdefault(batch, read) != read:
                        failures.append(AssertionError(f"batch {batch} changed"))

    threads = [threading.Thread(target=append, args=item) for item in enumerate(appenders)]
    watchers = [threading.Thread(target=close) for _ in range(closers)]
    for thread in (*threads, *watchers):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in watchers:
        thread.join()
    assert not failures
    return seen


def _check(log: EventLog, appenders: list[list[int]], seen: dict[int, list[str]]) -> None:
    last = log.positions([ROOM])[ROOM].open_batch
    batches = [[event_document(row) for row in log.batch(ROOM, batch)] for batch in range(last + 1)]
    for batch, read in seen.items():
        assert batches[batch] == read
    events = [json.loads(text) for batch in batches for text in batch]
    assert [event["seq"] for event in events] == list(range(sum(map(len, appenders))))
    told = [event["payload"]["id"] for event in events]
    assert sorted(told) == sorted(f"{n}.{i}" for n, sizes in enumerate(appenders) for i in range(len(sizes)))
    for number, sizes in enumerate(appenders):  # each appender's own order is kept
        assert [t for t in told if t.startswith(f"{number}.")] == [f"{number}.{i}" for i in range(len(sizes))]
