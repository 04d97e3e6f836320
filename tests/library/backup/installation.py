"""A small installation's files and database for tests of backups, and what a restore of it must give."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from library.backup.values import Source, SourceFile

MEDIA_BYTES = 3 << 20


class SmallInstallation:
    """`storage`: with a migrated `kodo.db`, two recordings, a key."""

    def __init__(
        self, storage: Path, database: Path | None = None, *, media_bytes: int = MEDIA_BYTES
    ) -> None:
        self.storage = storage
        self.random = random.Random(1)
        storage.mkdir(parents=True, exist_ok=True)
        if database is not None:
            (storage / "kodo.db").write_bytes(database.read_bytes())
        else:
            with closing(sqlite3.connect(storage / "kodo.db")) as made:
                made.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
                made.commit()
        self.write("secret.key", self.random.randbytes(32))
        self.write("sessions/s1/session.json", b'{"title": "' + b"lecture " * 40 + b'"}')
        self.write("sessions/s1/take-0001/program.mp4", self.random.randbytes(media_bytes))
        self.write("sessions/s1/take-0001/program.index", self.random.randbytes(6400))
        self.write("sessions/s2/take-0001/program.mp4", self.random.randbytes(40_000))
        self.write("recordings/s1.mp4", self.random.randbytes(50_000))
        self.write("pictures/s1/v1/poster.webp", b"")

    def write(self, path: str, data: bytes) -> None:
        file = self.storage / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def note(self, text: str) -> None:
        """A change of the database."""
        with closing(sqlite3.connect(self.storage / "kodo.db")) as opened:
            opened.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)")
            opened.execute("INSERT INTO notes (text) VALUES (?)", (text,))
            opened.commit()

    def files(self) -> Iterator[SourceFile]:
        names = (
            path.relative_to(self.storage).as_posix() for path in self.storage.rglob("*") if path.is_file()
        )
        for name in sorted(
            (one for one in names if not one.startswith("kodo.db")), key=lambda one: one.split("/")
        ):
            yield SourceFile(name, self.storage / name)

    def source(self, scratch: Path) -> Source:
        return Source(f"sqlite:///{self.storage / 'kodo.db'}", self.files, scratch, {"KODO_PORT": "8000"})

    def contents(self) -> dict[str, bytes]:
        """All files but the database, by path."""
        return {one.path: one.file.read_bytes() for one in self.files()}

    def notes(self) -> list[str]:
        return notes_in(self.storage / "kodo.db")


def notes_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as opened:
        if not opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'notes'").fetchone():
            return []
        return [text for (text,) in opened.execute("SELECT text FROM notes ORDER BY id")]


def contents_of(folder: Path) -> dict[str, bytes]:
    """All restored files but the database and the settings."""
    left_out = ("kodo.db", "kodo-settings.json")
    found = (path for path in folder.rglob("*") if path.is_file())
    named = ((path.relative_to(folder).as_posix(), path) for path in found)
    return {name: path.read_bytes() for name, path in named if name not in left_out}
