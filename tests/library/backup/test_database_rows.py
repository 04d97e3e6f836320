"""A PostgreSQL installation's database: out as rows, back as SQLite (by Kodo or the script) or PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select, true

from library import transcripts
from library.backup.errors import DatabaseNotEmpty
from library.backup.opening import open_place
from library.backup.repository import Repository, open_repository
from library.backup.snapshot import chunks_of
from library.backup.values import Source
from library.database import make_engine, open_database
from library.search import SearchIndex
from library.transcript_formats import Cue
from tests.databases import _execute, database_address
from tests.library.archive_rows import make_recording, make_room

SENTENCES = (
    "今日は二分探索木を",
    "扱います。計算量は",
    "Binary search halves the",
    "interval each time, binary",
)


@pytest.fixture
def filled(postgresql_url: str) -> str:
    database = open_database(postgresql_url)
    room = make_room(database)
    for day in range(3):
        recording = make_recording(database, room, f"講義 {day}", day=day)
        with database.session() as transaction:
            said = [Cue(2.0 * n, 2.0 * n + 2, text) for n, text in enumerate(SENTENCES)]
            transcripts.save(transaction, recording, "ja", said, origin="engine")
    database.close()
    return postgresql_url


@pytest.fixture
def another_postgresql(postgresql_server: str) -> Iterator[str]:
    """An empty database, not migrated."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(postgresql_server, f"CREATE DATABASE {name}")
    yield database_address(postgresql_server, name)
    _execute(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def repository(filled: str, tmp_path: Path) -> Repository:
    made = open_repository(open_place(tmp_path / "target", scratch=tmp_path / "scratch"))
    made.run(Source(filled, lambda: iter(()), tmp_path / "scratch"))
    return made


def rows_in(url: str) -> dict[str, list[tuple]]:
    """All rows but the search index's, as Python has them on either database."""
    engine = make_engine(url, create=False)
    from library.models import Base

    known = Base.metadata.tables
    with engine.connect() as connection:
        there = MetaData()
        there.reflect(connection, only=lambda name, _: name in known)
        found = {
            name: sorted((tuple(row) for row in connection.execute(select(known[name]))), key=repr)
            for name in there.tables
        }
    engine.dispose()
    return found


def found_in(url: str) -> list[tuple[float, str]]:
    database = open_database(url)
    answers = [
        SearchIndex(database).find(words, true()) for words in ("二分探索", "binary", '"計算量は binary"')
    ]
    database.close()
    return [(hit.at, hit.text) for one in answers for recording in one.recordings for hit in recording.hits]


def test_it_comes_back_as_either(
    repository: Repository, filled: str, another_postgresql: str, tmp_path: Path
) -> None:
    assert repository.generation("1").database == "postgresql"
    assert repository.paths("1") == ["kodo.db", "kodo-settings.json"]
    repository.restore("1", tmp_path / "restored")
    as_sqlite = f"sqlite:///{tmp_path / 'restored' / 'kodo.db'}"
    assert rows_in(as_sqlite) == rows_in(filled)
    assert found_in(as_sqlite) == found_in(filled) != []
    # It goes on working: what is found changes with what is said.
    database = open_database(as_sqlite)
    with database.session() as transaction:
        session_id = rows_in(filled)["search_places"][0][1]
        transcripts.save(transaction, session_id, "ja", [Cue(0, 2, "何もない")], origin="person")
    database.close()
    assert len(found_in(as_sqlite)) < len(found_in(filled))

    repository.restore("1", tmp_path / "second", database_url=another_postgresql)
    assert rows_in(another_postgresql) == rows_in(filled)
    assert found_in(another_postgresql) == found_in(filled)
    assert not (tmp_path / "second" / "kodo.db").exists()
    with pytest.raises(DatabaseNotEmpty):
        repository.restore("1", tmp_path / "third", database_url=another_postgresql)


def test_the_script_makes_sqlite_of_it(repository: Repository, filled: str, tmp_path: Path) -> None:
    script = tmp_path / "target" / "kodo-backup" / "restore.py"
    to = tmp_path / "restored"
    subprocess.run([sys.executable, "-I", "-S", script, "restore", "latest", "--to", to], check=True)
    assert rows_in(f"sqlite:///{to / 'kodo.db'}") == rows_in(filled)
    assert sorted(one.name for one in to.iterdir()) == ["kodo-settings.json", "kodo.db"]


def test_a_row_more_changes_a_piece_or_two(tmp_path: Path) -> None:
    lines = [f'["{n:05d}","{"x" * (n * 37 % 400)}"]\n' for n in range(5000)]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    lines.insert(2000, '["new"]\n')
    del lines[3000]
    (tmp_path / "b.jsonl").write_text("".join(lines))
    before, after = (list(chunks_of(tmp_path / f"{name}.jsonl")) for name in "ab")
    assert b"".join(after) == "".join(lines).encode()
    assert len(before) > 5 and len(set(after) - set(before)) <= 3
