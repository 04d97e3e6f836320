"""A repository in a folder: `kodo-backup/` in the target, so that what others keep there is never met.

Files: written in `incoming/` → fsync → rename → fsync of the folder. The lease is `flock` on the file
`lease`: it ends with its owner, however that ends. Blocking.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from library.backup.errors import LeaseLost, RepositoryBusy, TargetFull, TargetRefused, TargetUnavailable
from library.backup.lease import Lease
from library.backup.place import DamagedInPlace, Staged, Stored
from library.lasting_file import sync_folder

FOLDER = "kodo-backup"
_BLOCK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class DiskPlace:
    """`target`: the folder that the admin named; made if it is not there, but not its parents."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._root = target / FOLDER
        self._seen = False  # it has been there: if it is not any more, it has gone

    @property
    def title(self) -> str:
        return str(self._target)

    @property
    def staging(self) -> Path:
        return self._root / "incoming"

    def commit(self, files: Sequence[Staged]) -> None:
        """See Place."""
        folders: set[Path] = set()
        with translated(self.title):
            for one in files:
                _sync_file(one.path)
            for one in files:
                target = self._root / one.name
                folders |= _made(target.parent)
                os.rename(one.path, target)
            for folder in sorted(folders, reverse=True):
                sync_folder(folder)

    def write(self, name: str, data: bytes) -> None:
        """See Place."""
        staged = self.staging / f"small-{secrets.token_hex(8)}"
        with translated(self.title):
            staged.write_bytes(data)
        self.commit([Staged(staged, name)])

    def read(self, name: str) -> bytes:
        """See Place."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """See Place."""
        with self._reading(name), open(self._root / name, "rb", buffering=0) as file:
            self._seen = True
            while block := file.read(_BLOCK_BYTES):
                yield block
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def stored(self, folder: str) -> Iterator[Stored]:
        """See Place."""
        with translated(self.title):
            # By strings: a Path for each of some hundred objects took half of an unchanged run's own time.
            before = len(os.fspath(self._root)) + 1
            for parent, _, names in os.walk(self._root / folder, onerror=_raise_unless_missing):
                for name in names:
                    path = f"{parent}/{name}"
                    stat = os.lstat(path)
                    yield Stored(path[before:], stat.st_size, stat.st_mtime)

    def delete(self, names: Sequence[str]) -> None:
        """See Place."""
        folders = set()
        with translated(self.title):
            for name in names:
                path = self._root / name
                path.unlink(missing_ok=True)
                folders.add(path.parent)
            for folder in folders:
                if folder.is_dir():
                    sync_folder(folder)

    @contextmanager
    def lease(self, purpose: str) -> Iterator[Lease]:
        """See Place."""
        with translated(self.title):
            self._target.mkdir(mode=0o700, exist_ok=True)
            self._root.mkdir(mode=0o700, exist_ok=True)
            self._seen = True
            handle = os.open(self._root / "lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(handle)
            with translated(self.title):
                self._sweep()  # first: on a full disk it makes the room that the rest needs
                _tell_owner(handle, purpose)
            yield _Flock(handle, self._root / "lease")
        finally:
            os.close(handle)

    def free_bytes(self) -> int | None:
        """See Place."""
        try:
            stat = os.statvfs(self._root if self._root.is_dir() else self._target)
        except OSError:
            return None
        return stat.f_bavail * stat.f_frsize

    def same_disk(self, folder: Path) -> bool:
        """See Place."""
        with translated(self.title):
            return _nearest(self._root).stat().st_dev == _nearest(folder).stat().st_dev

    def close(self) -> None:
        """See Place: nothing is held open."""

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """FileNotFoundError only where the repository itself is there: else the whole target has gone."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            if self._seen and not self._root.is_dir():
                raise TargetUnavailable(f"{self.title} has gone") from error
            raise FileNotFoundError(name) from error
        except OSError as error:
            if error.errno == errno.EIO:
                raise DamagedInPlace(name) from error
            raise _meaning(error, self.title) from error

    def _lock(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RepositoryBusy(_owner(os.pread(handle, 1000, 0))) from None
        except OSError as error:
            raise _meaning(error, self.title) from error

    def _sweep(self) -> None:
        """What a killed owner had on its way: only the owner of the lease has files there, and no folders."""
        self.staging.mkdir(mode=0o700, exist_ok=True)
        for path in self.staging.iterdir():
            if path.is_symlink() or not path.is_dir():
                path.unlink()


class _Flock:
    """The lease as it is held."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle, self._path = handle, path

    def check(self) -> None:
        """See Lease. A lock on a file that is not at its path any more keeps nobody out."""
        try:
            same = os.path.samestat(os.fstat(self._handle), os.stat(self._path))
        except OSError as error:
            raise LeaseLost(f"{self._path}: {error.strerror}") from error
        if not same:
            raise LeaseLost(f"{self._path} is another file now")


def owner_of_this_process(purpose: str) -> dict[str, str | int]:
    """What a lease says of who has it."""
    return {"purpose": purpose, "host": socket.gethostname(), "pid": os.getpid()}


def _tell_owner(handle: int, purpose: str) -> None:
    """Over what is there, which takes no room on a full disk."""
    told = json.dumps(owner_of_this_process(purpose)).encode()
    os.pwrite(handle, told, 0)
    os.ftruncate(handle, len(told))


def _owner(data: bytes) -> str:
    try:
        told = json.loads(data)
        return f"{told['purpose']} (process {told['pid']} on {told['host']})"
    except (ValueError, KeyError, TypeError):
        return "process unknown"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """The operating system's words in ours."""
    try:
        yield
    except OSError as error:
        raise _meaning(error, what) from error


def _meaning(error: OSError, what: str) -> TargetUnavailable | TargetRefused:
    told = f"{what}: {error.strerror or error}"
    if error.errno in _FULL:
        return TargetFull(told)
    return TargetRefused(told) if error.errno in _REFUSED else TargetUnavailable(told)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)  # so that a check reads what the disk has
    finally:
        os.close(handle)


def _made(folder: Path) -> set[Path]:
    """The folder, made if need be → those whose names must last."""
    if folder.is_dir():
        return {folder}
    above = _made(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    return {folder, *above}


def _nearest(path: Path) -> Path:
    """The path, or what there is of it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
