"""The database: one engine per process, transactions as context managers, typed unavailability.

Called from any thread of web and worker (the recorder has no database). A SQLite file is opened
with `mode=rw`, so only `migrate` ever creates one, and at each checkout its inode is compared with
the path's: a database that was deleted or replaced is noticed instead of written to as a ghost.
PostgreSQL comes by URL through the same code. `close()` is idempotent and ends all connections.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, exc, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator
from uuid_utils import uuid7

from library.outage import Outage, StillAway

BUSY_SECONDS = 2.0
# What a statement was given (digests of passwords and keys) does not stand in the text of an error.
_POOL = {"pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_SECONDS, "hide_parameters": True}


class DatabaseUnavailable(Exception):
    """The database cannot answer now: missing, replaced, locked, read-only, full or unreachable."""


class DatabaseUrlError(ValueError):
    """The URL names no database that Kodo can use."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python on every database (SQLite itself forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. The naming convention makes constraints equal on SQLite and PostgreSQL."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


def new_id() -> str:
    """A UUIDv7 as text: opaque to clients, ascending in time for the index."""
    return str(uuid7())


def utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One process's engine. `session()` writes, `reading()` reads and is never kept out by a writer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._write = sessionmaker(engine, expire_on_commit=False)
        self._read = sessionmaker(engine.execution_options(kodo_reading=True), expire_on_commit=False)

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A read-write transaction (SQLite: BEGIN IMMEDIATE), committed when the block ends well.

        Rows stay readable after the block. Raises DatabaseUnavailable.
        """
        with translated_errors(), self._write.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only transaction: works while another process writes. Raises DatabaseUnavailable."""
        with translated_errors(), self._read.begin() as session:
            yield session

    def close(self) -> None:
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open an existing, migrated database. Connects on first use. Raises DatabaseUrlError."""
    return Database(make_engine(url, create=False))


def exclusive(session: Session, name: str) -> None:
    """Let one writing transaction at a time pass for `name`, until it ends.

    SQLite's write transactions are already one at a time; PostgreSQL takes an advisory lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the drivers' many words for "not now" into DatabaseUnavailable; let real mistakes through."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError, exc.DisconnectionError) as error:
        if _is_unavailability(error):
            raise DatabaseUnavailable(str(getattr(error, "orig", None) or error)) from error
        raise


def _is_unavailability(error: exc.SQLAlchemyError) -> bool:
    if not isinstance(error, exc.DBAPIError):
        return True  # the pool had no connection in time, or the file was gone at checkout
    if error.connection_invalidated or isinstance(error, exc.InterfaceError):
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_unavailable(error.orig)
    if getattr(error.orig, "sqlstate", None) in ("42P01", "25006"):  # no such table, read-only
        return True
    return isinstance(error, exc.OperationalError)


def _sqlite_unavailable(error: sqlite3.Error) -> bool:
    if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)):
        return False
    # SQLITE_ERROR is mostly bad SQL, but "no such table" is an emptied or foreign file.
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return "no such table" in str(error)
    return True


def make_engine(url: str, *, create: bool) -> Engine:
    """The engine for `url`; `create` lets SQLite make the file (only `migrate` asks for that)."""
    parsed = parse_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed, create=create)
    if backend == "postgresql":
        return _postgresql_engine(parsed)
    raise DatabaseUrlError(f"{backend} is not supported: use sqlite or postgresql")


def parse_url(url: str) -> URL:
    """Raises DatabaseUrlError, which does not show the URL: there may be a password in it."""
    try:
        return make_url(url)
    except (exc.ArgumentError, ValueError) as error:  # ValueError: the port is no number
        raise DatabaseUrlError("this is no database address") from error


def sqlite_path(url: URL) -> Path:
    """The file behind a SQLite URL. Raises DatabaseUrlError for one in memory."""
    name = url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseUrlError("SQLite needs a file: sqlite:////path/to/kodo.db")
    return Path(name).absolute()


class _FileConnection(sqlite3.Connection):
    """A connection that remembers which file (device, inode) it was opened on."""

    file_id: tuple[int, int] | None = None


def _file_id(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino)


def _sqlite_engine(url: URL, *, create: bool) -> Engine:
    path = sqlite_path(url)
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # holds password hashes

    def connect() -> sqlite3.Connection:
        # The inode is read first: were the file replaced in between, the next checkout notices.
        file_id = _file_id(path)
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_FileConnection,
        )
        connection.file_id = file_id
        return connection

    engine = create_engine(URL.create("sqlite", database=str(path)), creator=connect, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)

    @event.listens_for(engine, "checkout")
    def same_file(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.file_id != _file_id(path):
            raise exc.DisconnectionError("the database file was deleted or replaced")

    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail as SQLITE_BUSY_SNAPSHOT when another
    # one wrote in between, and no busy timeout helps: so writers say so at once.
    reading = connection.get_execution_options().get("kodo_reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={int(bool(reading))}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


# A server that is gone without a word must not keep a thread: new connections give up after three seconds,
# what was sent and never acknowledged after as many, and so does who waits for an answer (keepalives).
_POSTGRESQL_OPTIONS: dict[str, int | str] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 3000,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "options": "-c lock_timeout=2000 -c statement_timeout=5000",
}


def _postgresql_engine(url: URL) -> Engine:
    options = dict(_POSTGRESQL_OPTIONS)
    options.update({k: v for k, v in url.query.items() if k in options and isinstance(v, str)})
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), connect_args=options, pool_pre_ping=True, **_POOL
    )
    outage = Outage()

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Dialect, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            return outage.attempt(lambda: dialect.connect(*arguments, **options))
        except StillAway as error:
            raise exc.DisconnectionError(str(error)) from error

    @event.listens_for(engine, "begin")
    def read_only(connection: Connection) -> None:
        if connection.get_execution_options().get("kodo_reading", False):
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine
