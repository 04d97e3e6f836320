"""The database goes away, is locked, read-only or replaced in mid-lecture: the lecture does not notice.

Recording, viewers and reconnecting by stream key go on; once the database is back, nothing is missing in it.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.faults import count
from tests.faults.lecture import Lecture, lecture
from tests.faults.recording import decode
from tests.installation import Installation, wait_for

AWAY_SECONDS = count(full=15, small=1)
FILES = ("kodo.db", "kodo.db-wal", "kodo.db-shm")

Fault = Callable[[Installation], AbstractContextManager[None]]


@contextmanager
def deleted(installation: Installation) -> Iterator[None]:
    """Out of its folder, and back."""
    storage, aside = installation.storage, installation.folder / "aside"
    aside.mkdir(exist_ok=True)
    moved = [name for name in FILES if (storage / name).exists()]
    for name in moved:
        os.rename(storage / name, aside / name)
    yield
    for name in FILES:
        (storage / name).unlink(missing_ok=True)
    for name in reversed(moved):  # nobody finds the database before what belongs to it
        os.rename(aside / name, storage / name)


@contextmanager
def locked(installation: Installation) -> Iterator[None]:
    with closing(sqlite3.connect(installation.storage / "kodo.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def read_only(installation: Installation) -> Iterator[None]:
    """The file is mounted read-only over itself; open descriptors would not notice, new processes do."""
    if os.geteuid() != 0:
        pytest.skip("a read-only mount needs root")
    path = str(installation.storage / "kodo.db")
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        _restart(installation)
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)
        _restart(installation)


@contextmanager
def replaced_by_an_older_copy(installation: Installation) -> Iterator[None]:
    """By one from before the session (a backup put back); what happened since is in the lecture's files."""
    storage = installation.storage
    for name in FILES[1:]:
        (storage / name).unlink(missing_ok=True)
    os.replace(_older_copy(installation), storage / "kodo.db")
    yield


def _older_copy(installation: Installation) -> Path:
    return installation.folder / "older.db"


def _keep_copy(installation: Installation) -> None:
    with (
        closing(sqlite3.connect(installation.storage / "kodo.db")) as database,
        closing(sqlite3.connect(_older_copy(installation))) as copy,
    ):
        database.backup(copy)
        for table in ("sessions", "events", "event_feeds"):
            copy.execute(f"DELETE FROM {table}")
        copy.commit()


def _restart(installation: Installation) -> None:
    for name in ("web", "worker"):
        killed = installation.kill(name)
        wait_for(f"a new {name}", lambda name=name, gone=killed: installation.pid(name) not in (None, gone))
    wait_for("the pages to answer", lambda: _answers(installation))


def _answers(installation: Installation) -> bool:
    try:
        return installation.get("/healthz")[0] == 200
    except OSError:
        return False


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ends_meanwhile", [False, True] if count(1, 0) else [True])
@pytest.mark.parametrize(
    "fault",
    [
        deleted,
        pytest.param(locked, marks=pytest.mark.full),
        read_only,
        pytest.param(replaced_by_an_older_copy, marks=pytest.mark.full),
    ],
)
def test_nothing_is_missing_once_it_is_back(
    installation: Installation, fault: Fault, ends_meanwhile: bool, capsys
) -> None:
    with lecture(installation) as held:
        wait_for("its row", lambda: _row(held))
        if fault is replaced_by_an_older_copy:
            _keep_copy(installation)
        with fault(installation):
            held.go_on(AWAY_SECONDS)
            _reconnect(held)
            if ends_meanwhile:
                _end(held)
        if not ends_meanwhile:
            held.go_on(AWAY_SECONDS)
            _end(held)
        wait_for("its row to be ended", lambda: _row(held) == ("ended", True))
        states = wait_for("the events", lambda: _told_states(held)[-1:] == ["ended"] and _told_states(held))
        wait_for("the feed to tell of the end", lambda: held.feed.states[-1:] == ["ended"])
        session = held.installation.wait_for_state(held.slug, "ended")
        assert session["id"] == held.id
        status, mp4 = installation.get(held.wait_for_mp4())
        assert status == 200 and decode(mp4).pictures
        parts = held.known.compare(held.hints.of(held.id))
    with capsys.disabled():
        print(
            f"\ndatabase {fault.__name__}{', ended meanwhile' if ends_meanwhile else ''}: {parts} parts all "
            f"there, told {states}, a viewer waited at most {held.viewer.longest_wait:.2f} s"
        )


def _reconnect(held: Lecture) -> None:
    """The encoder comes back by its stream key, which nobody can look up now."""
    held.known.note()
    last_take, connections = held.known.last_take, len(held.publisher.connections)
    held.publisher.drop()
    wait_for("the publisher to be back", lambda: len(held.publisher.connections) > connections)
    wait_for("its picture", lambda: held.known.picture_after(last_take))
    held.go_on(0.5)


def _end(held: Lecture) -> None:
    held.installation.end(held.slug)
    wait_for("the viewer to see the end", lambda: held.viewer.check() or held.viewer.ended)
    held.publisher.stop()  # or it begins the next session in a minute


def _query(held: Lecture, sql: str) -> list[tuple]:
    """Nothing while there is no database to ask."""
    try:
        with closing(
            sqlite3.connect(f"file:{held.installation.storage / 'kodo.db'}?mode=ro", uri=True)
        ) as database:
            return database.execute(sql, [held.id]).fetchall()
    except sqlite3.OperationalError:
        return []


def _row(held: Lecture) -> tuple[str, bool] | None:
    found = _query(held, "SELECT phase, ended_at IS NOT NULL FROM sessions WHERE id = ?")
    return (found[0][0], bool(found[0][1])) if found else None


def _told_states(held: Lecture) -> list[str]:
    sql = (
        "SELECT json_extract(payload, '$.state') FROM events "
        "WHERE kind = 'session' AND session_id = ? ORDER BY seq"
    )
    return [state for (state,) in _query(held, sql)]
