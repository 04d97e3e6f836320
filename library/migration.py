"""Brings a database to this version's schema; the only code that creates a SQLite file.

Called by the supervisor before the processes start, and by commands. Safe when several start at
once: SQLite by a lock file beside the database, PostgreSQL by an advisory lock. All or nothing:
the whole upgrade is one transaction. Alembic, a tenth of a process's start, is loaded when there is something
to upgrade: until then file names and one query say all.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from library.database import DatabaseUnavailable, make_engine, parse_url, sqlite_path, translated_errors

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6B6F646F  # "kodo"


class MigrationFailed(Exception):
    """The database holds a schema that this version does not know, most often a newer one."""


def migrate(url: str, revision: str = "head") -> None:
    """Create the database if need be and upgrade it to the newest schema, or to that of `revision`.

    Raises DatabaseUnavailable, DatabaseUrlError or MigrationFailed.
    """
    try:
        engine = make_engine(url, create=True)
    except OSError as error:
        raise DatabaseUnavailable(f"cannot create the database: {error}") from error
    try:
        with translated_errors():
            _upgrade(engine, revision)
    finally:
        engine.dispose()


def is_behind(url: str) -> bool:
    """Whether there is a database of an older version of Kodo; False where there is none yet.

    Raises DatabaseUnavailable, DatabaseUrlError.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).exists():
        return False
    engine = make_engine(url, create=False)
    try:
        with translated_errors():
            found = _found(engine)
    finally:
        engine.dispose()
    return bool(found) and found <= known_revisions() and newest_revision() not in found


def newest_revision() -> str:
    """The schema version that this code is written for."""
    return max(known_revisions())


def known_revisions() -> frozenset[str]:
    """The schema versions that this code can bring up to the newest: a script's name begins with its own."""
    known = frozenset(path.name[:4] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))
    if not known:
        raise MigrationFailed("the migration scripts are missing")
    return known


def _is_there(engine: Engine, revision: str) -> bool:
    return revision == "head" and _found(engine) == {newest_revision()}


def _found(engine: Engine) -> set[str]:
    """The schema versions that the database says it has; none when it is new."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return set()
        return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _upgrade(engine: Engine, revision: str) -> None:
    if engine.dialect.name == "sqlite":
        path = sqlite_path(engine.url)
        with _file_lock(path.with_name(path.name + ".migration-lock")):
            _use_write_ahead_log(engine)
            if not _is_there(engine, revision):
                with engine.begin() as connection:
                    _run(connection, revision)
    elif not _is_there(engine, revision):
        with engine.begin() as connection:
            # Another starter's migration, and one's own steps, may take long: the limits are for requests.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            _run(connection, revision)


def _run(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.util.exc import CommandError

    configuration = _configuration()
    configuration.attributes["connection"] = connection
    try:
        command.upgrade(configuration, revision)
    except CommandError as error:
        raise MigrationFailed(str(error)) from error


def _configuration() -> Config:
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _use_write_ahead_log(engine: Engine) -> None:
    # Lasting in the file; cannot be changed inside a transaction, hence the driver's own connection.
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is None:
            raise DatabaseUnavailable("the database closed the connection")
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # locked or read-only; not wrapped by SQLAlchemy
            raise DatabaseUnavailable(str(error)) from error


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        handle = open(path, "a")  # noqa: SIM115 - closed below; kept open while the lock is held
    except OSError as error:
        raise DatabaseUnavailable(f"cannot lock {path.name}: {error}") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
