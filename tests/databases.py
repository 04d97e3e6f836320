"""Fixtures: a fresh, migrated database for each test, on SQLite and on a real PostgreSQL server.

The server is started once per run in a temporary folder on a Unix socket (Debian's packages; as the
user `postgres` when the tests run as root) and stopped at the end. Databases are copies of a template.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from library import database as database_module
from library.database import Database, open_database
from library.migration import migrate


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    shutil.copy(sqlite_template, tmp_path / "kodo.db")
    return f"sqlite:///{tmp_path / 'kodo.db'}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of a running server's socket, with a migrated database `template_kodo`."""
    with running_postgresql() as folder:
        yield folder


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The same for whoever is no test."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="kodo-pg-"))
    as_owner = _as_unprivileged_user(folder)
    binary, data = binaries[-1].parent, folder / "data"

    def run(*command: str | Path) -> None:
        # No pipes: the server would inherit them and keep the reader waiting.
        with open(folder / "setup.log", "a") as log:
            subprocess.run([*as_owner, *command], check=True, stdout=log, stderr=log, timeout=60, cwd=folder)

    run(binary / "initdb", "-D", data, "-U", "kodo", "-A", "trust", "-N")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
    run(binary / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
    try:
        _execute(str(folder), "CREATE DATABASE template_kodo")
        migrate(database_address(str(folder), "template_kodo"))
        yield str(folder)
    finally:
        run(binary / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(postgresql_server, f"CREATE DATABASE {name} TEMPLATE template_kodo")
    yield database_address(postgresql_server, name)
    _execute(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs once on each."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite serves waiting threads by chance: of many at once on a busy machine one may wait for seconds."""
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 60.0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    opened.close()


def database_address(folder: str, name: str) -> str:
    return f"postgresql://kodo@/{name}?host={folder}"


def _execute(folder: str, statement: str) -> None:
    with psycopg.connect(host=folder, user="kodo", dbname="postgres", autocommit=True) as connection:
        connection.execute(statement)


def _as_unprivileged_user(folder: Path) -> list[str]:
    """What to put before commands: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("tests run as root and there is no user postgres to run a server as")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
