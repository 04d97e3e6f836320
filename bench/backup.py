"""A month of backups by an injected clock: how large they get, how long they take, whether each comes back.

An installation of 200 MB of media and a SQLite database of 20 MB that changes every day. Runs are whole
processes (`python -m bench.backup_run`), beside restic's of the same folder. Size is held against unique
bytes: media by whole files, the database by pieces of 64 KiB, over all generations that stay.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from bench.backup_run import opened, source_of

BEGAN = datetime(2026, 10, 1, 3, tzinfo=UTC)
KEEP = 30
PIECE = 64 << 10
ROW_BYTES = 400


def run(folder: Path, *, media_megabytes: int, database_megabytes: int, days: int) -> dict[str, object]:
    """`days`: one more than stay. Figures in seconds and bytes."""
    chosen = random.Random(1)
    storage, target = folder / "storage", folder / "target"
    _make(storage, chosen, media_megabytes, database_megabytes)
    restic = _Restic(folder, storage)
    first = _timed(lambda: _run_process(storage, target))
    restic_first = _timed(restic.backup)
    unchanged = [(_timed(lambda: _run_process(storage, target)), _timed(restic.backup)) for _ in range(3)]
    shutil.rmtree(target)
    known: dict[str, str] = {}
    expected = [_day(storage, target, chosen, day, known) for day in range(days)]
    repository = opened(target, storage)
    repository.collect(datetime.now(UTC) + timedelta(days=2), keep=KEEP)
    kept = repository.generations()
    unique: dict[str, int] = {}
    identical, restores = 0, []
    for one in kept:
        out = folder / "restored"
        restores.append(_timed(lambda: repository.restore(one.id, out)))  # noqa: B023 - called at once
        identical += _pieces(out, unique) == expected[one.sequence - 1]
        shutil.rmtree(out)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    ours, theirs = (statistics.median(times) for times in zip(*unchanged, strict=True))
    return {
        "generations": len(kept),
        "identical": identical,
        "size_bytes": size,
        "unique_bytes": sum(unique.values()),
        "size_by_unique": round(size / sum(unique.values()), 4),
        "first_seconds": round(first, 2),
        "restic_first_seconds": round(restic_first, 2),
        "unchanged_seconds": round(ours, 2),
        "restic_unchanged_seconds": round(theirs, 2),
        "unchanged_by_restic": round(ours / theirs, 3) if theirs else 0.0,
        "restore_seconds": round(statistics.median(restores), 2),
        "restic_restore_seconds": round(_timed(restic.restore), 2),
        "damaged": len(repository.verify().damaged),
    }


def _make(storage: Path, chosen: random.Random, media_megabytes: int, database_megabytes: int) -> None:
    for number in range(20):
        _write(storage / f"sessions/s{number:03d}/take-0001/program.mp4", chosen, media_megabytes * 50_000)
    with closing(sqlite3.connect(storage / "kodo.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)")
        rows = ((chosen.randbytes(ROW_BYTES),) for _ in range(database_megabytes * 1_000_000 // ROW_BYTES))
        database.executemany("INSERT INTO notes (text) VALUES (?)", rows)
        database.commit()


def _day(
    storage: Path, target: Path, chosen: random.Random, day: int, known: dict[str, str]
) -> dict[str, str]:
    """A new recording, 50 changed rows and 500 new ones; then the backup → what it must give."""
    _write(storage / f"sessions/t{day:03d}/take-0001/program.mp4", chosen, 1_000_000)
    with closing(sqlite3.connect(storage / "kodo.db")) as database:
        (many,) = database.execute("SELECT max(id) FROM notes").fetchone()
        changed = [(chosen.randbytes(ROW_BYTES), chosen.randrange(1, many)) for _ in range(50)]
        database.executemany("UPDATE notes SET text = ? WHERE id = ?", changed)
        new = [(chosen.randbytes(ROW_BYTES),) for _ in range(500)]
        database.executemany("INSERT INTO notes (text) VALUES (?)", new)
        database.commit()
        copy = storage.parent / "copy.db"
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(copy)) as taken:
            database.backup(taken)
    opened(target, storage, lambda: BEGAN + timedelta(days=day)).run(source_of(storage), reason="daily")
    known["kodo.db"] = _sum(copy)
    known.update(_media(storage, known))
    return dict(known)


def _media(storage: Path, known: dict[str, str]) -> dict[str, str]:
    paths = {path.relative_to(storage).as_posix(): path for path in storage.rglob("*.mp4")}
    return {name: _sum(path) for name, path in paths.items() if name not in known}


def _pieces(out: Path, unique: dict[str, int]) -> dict[str, str]:
    """Sums of what was restored; its media and pieces of its database are noted in `unique`."""
    found = {}
    for path in (*out.rglob("*.mp4"), out / "kodo.db"):
        digest = found[path.relative_to(out).as_posix()] = _sum(path)
        if path.suffix == ".mp4":
            unique[digest] = path.stat().st_size
            continue
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                unique[sha256(piece).hexdigest()] = len(piece)
    return found


class _Restic:
    """Debian's restic, or nothing where it is not installed (scripts/install-restic)."""

    def __init__(self, folder: Path, storage: Path) -> None:
        self._storage, self._out = storage, folder / "restic-out"
        (folder / "password").write_text("bench")
        places = ("-r", str(folder / "restic"), "--cache-dir", str(folder / "restic-cache"))
        self._command = ["restic", "--quiet", *places, "--password-file", str(folder / "password")]
        self._there = shutil.which("restic") is not None
        self._call("init")

    def backup(self) -> None:
        self._call("backup", str(self._storage))

    def restore(self) -> None:
        self._call("restore", "latest", "--target", str(self._out))

    def _call(self, *arguments: str) -> None:
        if self._there:
            subprocess.run([*self._command, *arguments], check=True)


def _run_process(storage: Path, target: Path) -> None:
    subprocess.run([sys.executable, "-m", "bench.backup_run", storage, target], check=True)


def _write(path: Path, chosen: random.Random, length: int) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(chosen.randbytes(length))


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
