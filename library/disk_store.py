"""Objects in a folder: each a file at its key's path, so that recordings are objects where they lie.

What was `put` has its SHA-256 in `.objects/sums/<key>`, and grows in `.objects/incoming/` until its content
has been read back: temp → fsync → rename → fsync of the folder. Blocking; from any thread and process.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from library.lasting_file import sync_folder, write_whole
from library.object_store import (
    BLOCK_BYTES,
    FileFacts,
    InvalidKey,
    NoSuchObject,
    ObjectDamaged,
    OutOfRange,
    Progress,
    StoredObject,
    StoreFull,
    StoreUnavailable,
    check_key,
    facts_of,
    no_progress,
    wanted_facts,
)

NAME = "disk"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskStore:
    """`root`: the folder. Names in it that begin with a dot are no objects."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / ".objects" / "incoming"
        self._sums = root / ".objects" / "sums"

    @property
    def name(self) -> str:
        return NAME

    def put(
        self,
        key: str,
        source: Path,
        *,
        sha256: str | None = None,
        anew: bool = False,
        progress: Progress = no_progress,
    ) -> StoredObject:
        """See ObjectStore."""
        path = self._path(key)
        facts = wanted_facts(source, sha256)
        told = StoredObject(key, facts.bytes, facts.sha256)
        if anew or not path.is_file() or self.head(key) != told:
            with _translated(key):
                self._take_in(self._copied(source, facts, progress), key, facts)
        return told

    def head(self, key: str) -> StoredObject:
        """See ObjectStore. A file that was never `put` has no `sha256`."""
        path = self._path(key)
        with _translated(key):
            if not path.is_file():
                raise NoSuchObject(key)
            return StoredObject(key, path.stat().st_size, self._sum(key))

    def read(self, key: str, first: int, length: int) -> bytes:
        """See ObjectStore."""
        if first < 0 or length < 1:
            raise ValueError("a range begins at 0 or later and has a byte or more")
        with _translated(key), open(self._path(key), "rb", buffering=0) as file:
            if first >= os.fstat(file.fileno()).st_size:
                raise OutOfRange(f"{key} ends before {first}")
            return b"".join(_range(file.fileno(), first, length))

    def chunks(self, key: str) -> Iterator[bytes]:
        """See ObjectStore."""
        with _translated(key), open(self._path(key), "rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                yield block
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        path = self._path(key)
        with _translated(key):
            if path.is_file():
                path.unlink()
                sync_folder(path.parent)
            (self._sums / key).unlink(missing_ok=True)

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """See ObjectStore."""
        begin = self._root / prefix.rpartition("/")[0]
        for folder, folders, files in os.walk(begin):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and not name.startswith("."):
                    yield StoredObject(key, path.stat().st_size, self._sum(key))

    def address(self, key: str, seconds: int) -> str | None:  # noqa: ARG002
        """See ObjectStore: a folder has no addresses."""
        check_key(key)
        return None

    def sweep(self, before: datetime) -> list[str]:
        """See ObjectStore."""
        swept = []
        for path in self._incoming.glob("*.part"):
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
                swept.append(path.name)
        return swept

    def close(self) -> None:
        """See ObjectStore: nothing is held open."""

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key

    def _sum(self, key: str) -> str | None:
        try:
            return (self._sums / key).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _copied(self, source: Path, facts: FileFacts, progress: Progress) -> Path:
        """The content under a name of its own, read back; begins where an earlier attempt stopped."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._incoming / f"{facts.sha256}.part"
        for _ in range(2):  # an attempt that a power cut ended may have left zeros: then once from the start
            _append_rest(source, part, facts.bytes, progress)
            facts.check_unchanged(source)
            if facts_of(part).sha256 == facts.sha256:
                return part
            part.unlink()
        raise ObjectDamaged(f"{source}: the disk does not give back what was written to it")

    def _take_in(self, part: Path, key: str, facts: FileFacts) -> None:
        path, told = self._path(key), self._sums / key
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise InvalidKey(f"{key}: a part of it is an object") from error
        if path.is_dir():
            raise InvalidKey(f"{key}: other objects' keys go on from it")
        told.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In this order: a sum that does not belong to the content must never be there.
        told.unlink(missing_ok=True)
        sync_folder(told.parent)
        os.rename(part, path)
        sync_folder(path.parent)
        write_whole(told, facts.sha256.encode())


def _append_rest(source: Path, part: Path, total: int, progress: Progress) -> None:
    with open(part, "ab") as target, open(source, "rb", buffering=0) as reading:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreUnavailable(f"{source} is being stored already") from error
        reading.seek(target.tell())
        # No further than `total`: a source that somebody goes on writing to would never end.
        while (left := total - target.tell()) > 0 and (block := reading.read(min(BLOCK_BYTES, left))):
            target.write(block)
            progress(target.tell(), total)
        target.flush()
        os.fsync(target.fileno())


def _range(descriptor: int, first: int, length: int) -> Iterator[bytes]:
    """A read may give less than it was asked for; only nothing is the end."""
    while length and (block := os.pread(descriptor, length, first)):
        yield block
        first, length = first + len(block), length - len(block)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """The operating system's words in ours; a missing source stays FileNotFoundError (`put` has read it)."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NoSuchObject(key) from error
    except OSError as error:
        kind = StoreFull if error.errno in _FULL else StoreUnavailable
        raise kind(f"{key}: {error.strerror}") from error
