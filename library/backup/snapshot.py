"""The database as of one moment, as files in the scratch folder: first of all that a run takes.

SQLite: its own online backup in one step (with `pages=-1` writers wait 0.1 s at worst; in smaller steps a
busy database never gets done). PostgreSQL: its rows (`database_rows`), of which a restore makes either.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from library.backup.errors import SourceUnavailable

SQLITE_FILE = "kodo.db"
ROWS_FOLDER = "kodo-database"
SQLITE_URL = "sqlite:///"
CHUNK_BYTES = 64 << 10


def is_of_database(path: str) -> bool:
    """Whether a generation calls a part of its database so."""
    return path == SQLITE_FILE or path.startswith(f"{ROWS_FOLDER}/")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`schema`: its revision, empty where it has none. `files`: by what they are called in a generation."""

    database: str
    schema: str
    files: dict[str, Path]


def take_snapshot(url: str, scratch: Path) -> Snapshot:
    """Blocking. Raises SourceUnavailable."""
    try:
        if url.startswith(SQLITE_URL):
            return _of_sqlite(Path(url.removeprefix(SQLITE_URL)).absolute(), scratch / SQLITE_FILE)
        return _of_postgresql(url, scratch / ROWS_FOLDER)
    except (sqlite3.Error, OSError) as error:
        raise SourceUnavailable(f"the database cannot be read: {error}") from error


def _of_postgresql(url: str, folder: Path) -> Snapshot:
    # SQLAlchemy and Alembic take a second of CPU, twice what an unchanged SQLite installation's run takes.
    from library.backup.database_rows import export_rows
    from library.database import DatabaseUnavailable

    folder.mkdir()
    try:
        schema = export_rows(url, folder)
        return Snapshot("postgresql", schema, {f"{ROWS_FOLDER}/{one.name}": one for one in folder.iterdir()})
    except DatabaseUnavailable as error:
        raise SourceUnavailable(f"the database cannot be read: {error}") from error


def chunks_of(path: Path) -> Iterator[bytes]:
    """Pieces of about CHUNK_BYTES that stay what they are while the database changes elsewhere: pages of a
    SQLite file lie where they lie; of rows a piece ends behind a line that says so by its own content.
    """
    with open(path, "rb") as file:
        if path.suffix != ".jsonl":
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
            return
        piece = bytearray()
        for line in file:
            piece += line
            if _ends_a_piece(line) or len(piece) >= 4 * CHUNK_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)


def _ends_a_piece(line: bytes) -> bool:
    """One byte in CHUNK_BYTES is such an end, wherever the line stands."""
    return zlib.crc32(line) * CHUNK_BYTES < len(line) << 32


def _of_sqlite(path: Path, target: Path) -> Snapshot:
    address = f"file:{quote(str(path))}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=10)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        copy.execute("PRAGMA synchronous = OFF")  # of a copy that a crash leaves behind nothing is used
        live.backup(copy, pages=-1)
    return Snapshot("sqlite", schema_of(target), {SQLITE_FILE: target})


def schema_of(path: Path) -> str:
    """The revision of a SQLite file; empty where it has none. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    return str(row[0]) if row else ""
