"""A log file of so many generations, which several processes write at once.

`kodo.log` is the newest, `kodo.log.1` the one before it. A line is one `write` to a descriptor opened for
appending, so lines of processes never mix. Whoever finds the file full renames all generations by one, the
oldest first, under a lock that ends with its process; the others see by the inode that the file is another
one, and go on there. Killed at any step, it leaves a gap in the numbers and loses nothing. Nothing here
raises for want of space: a line that cannot be written is not, and the next one is tried again.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class RotatedFile:
    """`generations`: files in all, the newest included. Used by one thread; `close` is idempotent."""

    def __init__(self, path: Path, max_bytes: int, generations: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._generations = generations
        self._descriptor: int | None = None
        self._torn = False

    def write(self, line: bytes) -> bool:
        """Append a line, which ends with a line feed. False: it could not be written (whole)."""
        try:
            descriptor = self._current(len(line))
            # What a full disk cut off is closed first: the line after it is whole.
            data = b"\n" + line if self._torn else line
            written = os.write(descriptor, data)
        except OSError:
            self.close()  # opened anew for the next line: the folder may have been away
            return False
        self._torn = written < len(data) and (written > 0 or self._torn)
        return written == len(data)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _current(self, coming: int) -> int:
        """The descriptor of the file that is at the path now, with room for so many bytes. Raises OSError."""
        if self._descriptor is None or not self._is_at_path(self._descriptor):
            self.close()
            self._descriptor = _opened(self._path)
        size = os.fstat(self._descriptor).st_size
        if size and size + coming > self._max_bytes and self._rotate():
            self.close()
            self._descriptor = _opened(self._path)
        return self._descriptor

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            there = os.stat(self._path)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def _rotate(self) -> bool:
        """False: somebody else is at it, or cannot; then one writes on into the full file."""
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._descriptor is not None and not self._is_at_path(self._descriptor):
                return True  # it has just been done
            self._rename_all()
        except OSError:
            return False
        finally:
            os.close(lock)
        return True

    def _rename_all(self) -> None:
        for number in range(self._generations - 1, 0, -1):
            older = self._path if number == 1 else self._numbered(number - 1)
            with suppress(FileNotFoundError):  # a gap that a crash has left
                os.replace(older, self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o640)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o640)


def generations_of(path: Path, most: int) -> list[Path]:
    """The files of a log that are there, the oldest first."""
    names = [path.with_name(f"{path.name}.{number}") for number in range(most - 1, 0, -1)]
    return [one for one in (*names, path) if one.is_file()]
