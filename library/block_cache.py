"""Blocks of files that lie elsewhere, kept on the disk while they are wanted: the longest unused go first.

One folder, shared by all web processes; a block is a file, put there whole by a rename. Nobody relies on it:
a block that is gone, torn or damaged is read again from where it came, so nothing is synced, and who reads a
block checks it. A disk that takes nothing more is no error here.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

_SHRINK_TO = 0.9
_TOUCH_SECONDS = 60.0

log = logging.getLogger(__name__)


class BlockCache:
    """`max_bytes`: what all blocks together may hold. `floor_bytes`: free disk that is never touched.

    From any thread; several processes may share the folder.
    """

    def __init__(self, folder: Path, max_bytes: int, floor_bytes: int = 0) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._floor_bytes = floor_bytes
        self._lock = threading.Lock()
        self._held: int | None = None  # bytes, as far as this process knows

    def get(self, name: str) -> bytes | None:
        """A block that was put under this name; None: it is not here (any more)."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                os.utime(path)
        except OSError:
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Keep a block, at the cost of others; what the disk does not take is not kept."""
        if len(data) > self._max_bytes:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < self._floor_bytes + len(data):
                self._shrink(0)
                return
            self._write(self._path(name), data)
        except OSError as error:
            log.warning("a block is not kept: %s", error)
            return
        with self._lock:
            self._held = self._count() if self._held is None else self._held + len(data)
            too_much = self._held > self._max_bytes
        if too_much:
            self._shrink(int(self._max_bytes * _SHRINK_TO))

    def forget(self, name: str) -> None:
        """It is not what it should be; idempotent."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _write(self, path: Path, data: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.rename(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _count(self) -> int:
        return sum(size for _, size, _ in self._blocks())

    def _shrink(self, to: int) -> None:
        """Remove the longest unused until no more than `to` bytes are held."""
        with self._lock:
            blocks = sorted(self._blocks())
            held = sum(size for _, size, _ in blocks)
            for _, size, path in blocks:
                if held <= to:
                    break
                path.unlink(missing_ok=True)
                held -= size
            self._held = held

    def _blocks(self) -> list[tuple[float, int, Path]]:
        """Last use, size and place of all, also of what a killed process left half written."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    stat = entry.stat()
                except FileNotFoundError:  # another process makes room, too
                    continue
                found.append((stat.st_mtime, stat.st_size, Path(entry.path)))
        return found
