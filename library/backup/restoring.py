"""Writes a generation into an empty folder: each file checked before it gets its name, the database last.

While it is under way `.kodo-restoring/` is in the folder, with what is on its way; a folder in which it
stands is no whole installation. An attempt that was killed is gone on with by another at the same generation:
it writes everything anew.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from library.backup.codec import Codec
from library.backup.errors import (
    Cancelled,
    FolderNotEmpty,
    FolderUnusable,
    GenerationIncomplete,
    NewerSchema,
    NoRoom,
    ObjectDamaged,
    ObjectMissing,
    OtherDatabase,
)
from library.backup.file_list import Entry
from library.backup.heads import Head
from library.backup.lists import entries_of_head
from library.backup.objects import content_of
from library.backup.place import Place
from library.backup.snapshot import ROWS_FOLDER, SQLITE_FILE, SQLITE_URL, is_of_database
from library.backup.standalone.restore import build_sqlite
from library.backup.values import IsCancelled, Progress, Restored
from library.lasting_file import sync_folder

MARKER = ".kodo-restoring"
_IGNORED = {"lost+found"}  # of a new file system
_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
# Always as it was last: who was erased since then is erased again by what starts on the older database.
_NEWEST = frozenset({"erasures.jsonl"})


class Restoring:
    """One restore. See `Repository.restore`."""

    def __init__(
        self,
        place: Place,
        codec: Codec,
        head: Head,
        to: Path,
        *,
        newest: Head | None,
        only: Sequence[str] | None,
        database_url: str | None,
        leave_out_damaged: bool,
        finish: Callable[[], None] | None,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._place, self._codec, self._head, self._to = place, codec, head, to
        self._newest, self._only, self._database_url = newest, only, database_url
        self._leave_out, self._finish = leave_out_damaged, finish
        self._progress, self._cancelled = progress, cancelled
        self._way = to / MARKER
        self._files = self._bytes = 0
        self._left_out: list[str] = []
        self._damaged: set[str] = set()
        self._folders: set[Path] = set()

    def restore(self) -> Restored:
        """Raises what `Repository.restore` names."""
        self._check_schema()
        self._check_complete()
        with _translated(self._to):
            self._begin()
            for entry in self._entries():
                self._restore(entry)
            for folder in sorted(self._folders, reverse=True):
                sync_folder(folder)
            self._restore_database()
            if self._finish is not None:
                self._finish()
            shutil.rmtree(self._way)
            sync_folder(self._to)
        damaged = tuple(sorted(self._damaged))
        return Restored(self._files, self._bytes, tuple(self._left_out), damaged)

    def _entries(self) -> Iterator[Entry]:
        last = self._as_they_were_last()
        for entry in entries_of_head(self._place, self._codec, self._head):
            if entry.path not in last and self._is_wanted(
                SQLITE_FILE if is_of_database(entry.path) else entry.path
            ):
                yield entry
        yield from (entry for path, entry in last.items() if self._is_wanted(path))

    def _as_they_were_last(self) -> dict[str, Entry]:
        """Of the newest generation, where that can be read."""
        if self._newest is None or self._newest == self._head:
            return {}
        try:
            entries = entries_of_head(self._place, self._codec, self._newest)
            return {entry.path: entry for entry in entries if entry.path in _NEWEST}
        except GenerationIncomplete:
            return {}

    def _is_wanted(self, path: str) -> bool:
        return self._only is None or any(path.startswith(one) for one in self._only)

    def _check_schema(self) -> None:
        from library.migration import known_revisions  # a run, which restores nothing, does without Alembic

        one = self._head.generation
        if self._is_wanted(SQLITE_FILE) and one.schema and one.schema not in known_revisions():
            raise NewerSchema(
                f"generation {one.id} has a database of schema {one.schema}, which this version lacks"
            )
        if one.database == "sqlite" and self._into_postgresql():
            raise OtherDatabase(f"generation {one.id} is of a SQLite database: PostgreSQL does not take it")

    def _check_complete(self) -> None:
        """Before the first byte is written. Raises GenerationIncomplete."""
        for _ in self._entries():
            pass

    def _begin(self) -> None:
        self._to.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = self._head.generation.id
        found = set(os.listdir(self._to)) - _IGNORED
        if self._was_begun(identity):
            for one in self._way.iterdir():
                if one.is_dir():
                    shutil.rmtree(one)
                elif one.name != "generation":  # by which also the next attempt knows it
                    one.unlink()
            return
        if found:
            half = ", and half of another restore: empty it first" if MARKER in found else ""
            raise FolderNotEmpty(f"{self._to} is not empty{half}")
        self._way.mkdir(mode=0o700)
        (self._way / "generation").write_text(identity, encoding="utf-8")

    def _was_begun(self, identity: str) -> bool:
        try:
            return (self._way / "generation").read_text(encoding="utf-8") == identity
        except OSError:
            return False

    def _restore(self, entry: Entry) -> None:
        part = self._way / "part"
        try:
            self._write(entry, part)
        except (ObjectMissing, ObjectDamaged) as error:
            if not self._leave_out:
                raise
            self._left_out.append(entry.path)
            self._damaged.add(error.name)
            return
        finally_at = (self._way if is_of_database(entry.path) else self._to) / entry.path
        finally_at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.rename(part, finally_at)
        if not is_of_database(entry.path):
            self._folders |= {
                one for one in (finally_at.parent, *finally_at.parents) if one.is_relative_to(self._to)
            }
        self._files += 1

    def _write(self, entry: Entry, part: Path) -> None:
        length = 0
        with open(part, "wb") as file:
            for ref in entry.objects:
                for chunk in content_of(self._place, self._codec, ref.name, entry.path):
                    file.write(chunk)
                    length += len(chunk)
                    self._count(len(chunk))
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), entry.mode)
        if length != entry.size:
            raise GenerationIncomplete(self._head.generation.id, f"{entry.path} has another length")
        if entry.mtime:
            os.utime(part, ns=(entry.mtime, entry.mtime))

    def _restore_database(self) -> None:
        """Last: before it is there, the folder is no installation."""
        if any(is_of_database(one) for one in self._left_out):
            return  # a part of one is none
        rows, copied = self._way / ROWS_FOLDER, self._way / SQLITE_FILE
        if rows.is_dir() and self._into_postgresql():
            from library.backup.database_rows import import_rows

            import_rows(rows, str(self._database_url), self._head.generation.schema)
            return
        if rows.is_dir():
            try:
                build_sqlite(rows, copied)
            except (sqlite3.Error, ValueError, KeyError) as error:
                raise self._not_built(error) from error
        if not copied.exists():
            return  # not wanted, or left out
        target = self._to / SQLITE_FILE
        if self._database_url is not None:
            target = Path(self._database_url.removeprefix(SQLITE_URL)).absolute()
            if target.exists():
                raise FolderNotEmpty(f"{target} is there already")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_database(copied, target)

    def _not_built(self, error: Exception) -> FolderUnusable | GenerationIncomplete:
        """Whether the folder's disk is to blame, or the rows are."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _OF_THE_DISK:
            return GenerationIncomplete(self._head.generation.id, f"its database cannot be built: {error}")
        kind = NoRoom if code == sqlite3.SQLITE_FULL else FolderUnusable
        return kind(f"{self._to}: the database cannot be built: {error}")

    def _into_postgresql(self) -> bool:
        return self._database_url is not None and not self._database_url.startswith(SQLITE_URL)

    def _count(self, more: int) -> None:
        if self._cancelled():
            raise Cancelled("the restore was cancelled")
        self._bytes += more
        self._progress(self._bytes, max(self._bytes, self._head.generation.bytes))


def _put_database(copied: Path, target: Path) -> None:
    """Without what a killed `finish` left beside one: SQLite would play its changes into this one."""
    for left in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + left).unlink(missing_ok=True)
    shutil.move(copied, target)
    sync_folder(target.parent)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else FolderUnusable
        raise kind(f"{folder}: {error.strerror or error}") from error
