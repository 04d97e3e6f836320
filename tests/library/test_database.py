"""The database: transactions, and noticing that the file is gone, replaced, locked or read-only."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import exc, select, text

from library import outage
from library.database import (
    Database,
    DatabaseUnavailable,
    DatabaseUrlError,
    open_database,
)
from people.models import Organization, User


def _add(database: Database, slug: str) -> None:
    with database.session() as session:
        session.add(Organization(name=slug, slug=slug))


def _slugs(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(Organization.slug)))


def _path(database: Database) -> Path:
    return Path(str(database.engine.url.database))


def test_what_a_transaction_wrote_is_there_and_readable_afterwards(database: Database) -> None:
    organization = Organization(name="講堂", slug="kodo")
    with database.session() as session:
        session.add(organization)
    assert (organization.name, _slugs(database)) == ("講堂", ["kodo"])


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    # IntegrityError: a mistake of ours, not an unavailable database
    with pytest.raises(exc.IntegrityError), database.session() as session:
        session.add(Organization(name="one", slug="same"))
        session.flush()
        session.add(Organization(name="two", slug="same"))
    assert _slugs(database) == []


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(exc.IntegrityError), database.session() as session:
        session.add(
            User(organization_id="nobody", user_id="a", display_name="", password_hash="", role="viewer")
        )


def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"(?i)read-?only"), database.reading() as session:
        session.add(Organization(name="x", slug="x"))
    _add(database, "after")  # the same connection may write again
    assert _slugs(database) == ["after"]


def test_times_keep_their_instant_and_come_back_in_utc(database: Database) -> None:
    tokyo = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    with database.session() as session:
        session.add(Organization(name="x", slug="x", created_at=tokyo))
    with database.reading() as session:
        stored = session.scalars(select(Organization.created_at)).one()
    assert (stored, stored.tzinfo) == (tokyo, UTC)


def test_a_naive_time_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(exc.StatementError, match="naive"), database.session() as session:
        session.add(Organization(name="x", slug="x", created_at=naive))


def test_reading_goes_on_while_another_writes(sqlite_database: Database) -> None:
    _add(sqlite_database, "before")
    with sqlite_database.session() as session:
        session.add(Organization(name="x", slug="during"))
        session.flush()
        assert _slugs(sqlite_database) == ["before"]


def test_a_locked_file_is_unavailable_and_then_available(sqlite_database: Database) -> None:
    other = sqlite3.connect(_path(sqlite_database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="locked"):
        _add(sqlite_database, "x")
    other.execute("ROLLBACK")
    other.close()
    _add(sqlite_database, "x")


def test_a_deleted_file_is_noticed_and_never_made_anew(sqlite_database: Database, tmp_path: Path) -> None:
    _add(sqlite_database, "kept")
    path = _path(sqlite_database)
    path.rename(tmp_path / "elsewhere")
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            _add(sqlite_database, "lost")
        assert not path.exists()
    (tmp_path / "elsewhere").rename(path)
    assert _slugs(sqlite_database) == ["kept"]


def test_a_replaced_file_is_noticed(sqlite_database: Database, sqlite_template: Path) -> None:
    _add(sqlite_database, "old")
    path = _path(sqlite_database)
    shutil.copy(sqlite_template, path.with_suffix(".new"))
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    os.replace(path.with_suffix(".new"), path)
    assert _slugs(sqlite_database) == []
    _add(sqlite_database, "new")
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT slug FROM organizations").fetchall() == [("new",)]
    other.close()


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to look at" * 100])
def test_an_emptied_or_damaged_file_is_unavailable(sqlite_database: Database, content: bytes) -> None:
    path = _path(sqlite_database)
    path.with_suffix(".new").write_bytes(content)
    os.replace(path.with_suffix(".new"), path)
    with pytest.raises(DatabaseUnavailable):
        _slugs(sqlite_database)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system read-only needs root")
def test_a_read_only_file_system_can_be_read(sqlite_template: Path, tmp_path: Path) -> None:
    writable, mount = tmp_path / "writable", tmp_path / "mount"
    writable.mkdir()
    mount.mkdir()
    shutil.copy(sqlite_template, writable / "kodo.db")
    other = open_database(f"sqlite:///{writable / 'kodo.db'}")
    _add(other, "before")
    subprocess.run(["mount", "--bind", writable, mount], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
        database = open_database(f"sqlite:///{mount / 'kodo.db'}")
        with pytest.raises(DatabaseUnavailable, match=r"(?i)read-?only"):
            _add(database, "x")
        assert _slugs(database) == ["before"]
        database.close()
    finally:
        subprocess.run(["umount", "-l", mount], check=True)
        other.close()


def test_a_full_disk_is_unavailable(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(DatabaseUnavailable, match="full"), sqlite_database.session() as session:
        session.add_all(Organization(name="x" * 200, slug=f"{n:064}") for n in range(1000))
    assert _slugs(sqlite_database) == []


def test_bad_sql_is_a_mistake_not_unavailability(database: Database) -> None:
    with pytest.raises(exc.DBAPIError), database.session() as session:
        session.execute(text("SELEKT 1"))


def test_an_unreachable_server_is_unavailable(tmp_path: Path) -> None:
    database = open_database(f"postgresql://kodo@/kodo?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable):
        _slugs(database)


class SilentServer:
    """Takes connections and never says a word, as one behind a firewall; counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        self.url = f"postgresql://kodo@127.0.0.1:{self._socket.getsockname()[1]}/kodo?connect_timeout=2"

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for one in (self._socket, *self.connections):
            one.close()


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


def test_a_silent_server_keeps_one_thread_at_a_time(
    silent_server: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "PAUSE_SECONDS", 600.0)  # a hundred askings may take longer than the second
    database = open_database(silent_server.url)
    with pytest.raises(DatabaseUnavailable, match="timeout"):
        _slugs(database)
    known = len(silent_server.connections)
    for _ in range(100):
        with pytest.raises(DatabaseUnavailable, match="just now"):
            _slugs(database)
    assert len(silent_server.connections) == known == 1, "nobody knocked again"
    database.close()


def test_what_postgresql_does_not_answer_in_time_is_unavailable(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    with database.reading() as session:
        assert session.execute(text("SHOW statement_timeout")).scalar_one() == "5s"
    with pytest.raises(DatabaseUnavailable, match="statement timeout"), database.reading() as session:
        session.execute(text("SET LOCAL statement_timeout = 50"))
        session.execute(text("SELECT pg_sleep(60)"))
    assert _slugs(database) == []
    database.close()


@contextmanager
def reached_by_tcp(path: Path) -> Iterator[int]:
    """The port of a server that listens on a Unix socket; one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def relay() -> None:
        outside, _ = listener.accept()
        with outside, socket.socket(socket.AF_UNIX) as inside:
            inside.connect(str(path))
            back = threading.Thread(target=pump, args=(inside, outside))
            back.start()
            pump(outside, inside)
            back.join()

    thread = threading.Thread(target=relay)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def test_a_dead_line_is_noticed_in_seconds(postgresql_server: str, postgresql_url: str) -> None:
    """What the kernel was asked for, on a real line: unacknowledged data, and probes of a still one."""
    name = postgresql_url.split("/")[3].split("?")[0]
    with reached_by_tcp(Path(postgresql_server) / ".s.PGSQL.5432") as port:
        database = open_database(f"postgresql://kodo@127.0.0.1:{port}/{name}")
        with database.reading() as session:
            driver = session.connection().connection.driver_connection
            assert driver is not None
            with socket.socket(fileno=os.dup(driver.fileno())) as line:
                options = (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
                told = [line.getsockopt(socket.IPPROTO_TCP, option) for option in options]
                told.append(line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        database.close()
    assert told == [3000, 2, 1, 1]


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "sqlite:///file:x", "postgresql://h:x/y"],
)
def test_what_is_no_usable_address_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError):
        open_database(url)


def test_opening_and_closing_leaks_no_file(sqlite_url: str) -> None:
    def open_files() -> int:
        gc.collect()  # what earlier tests left in circles must not go in between
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for _ in range(50):
        database = open_database(sqlite_url)
        _slugs(database)
        database.close()
        database.close()
    assert open_files() == before
