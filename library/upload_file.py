"""The file that an upload grows in: its size is the offset, so nothing has to be remembered elsewhere.

Blocking; one writer at a time over all processes (flock). What was written stays, whatever ends the writer:
it is synced each SYNC_BYTES and at the end, and a killed process loses nothing that the kernel has.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

SYNC_BYTES = 16 << 20


class UploadLocked(Exception):
    """Somebody else is writing (HTTP 423)."""


class OffsetMismatch(Exception):
    """The file ends elsewhere than where the writer would go on (HTTP 409). `offset`: where."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload stands at {offset}")
        self.offset = offset


class NoRoom(Exception):
    """The disk is at its floor (HTTP 507)."""


def upload_path(folder: Path, film_id: str) -> Path:
    return folder / f"{film_id}.part"


def create(path: Path) -> None:
    """An empty file that lasts. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def offset_of(path: Path) -> int | None:
    """How much has come; None for an upload that is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def last_written(path: Path) -> float | None:
    """When something came last, unix seconds; None for an upload that is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


def has_room(folder: Path, size: int, floor_bytes: int) -> bool:
    """Whether `size` more bytes leave the disk's floor free."""
    return shutil.disk_usage(folder).free - size >= floor_bytes


class UploadFile:
    """One writer, from `offset` on. Raises UploadLocked, OffsetMismatch, FileNotFoundError."""

    def __init__(self, path: Path, offset: int, *, floor_bytes: int) -> None:
        self.offset = offset
        self._begun_at = offset
        self._floor = floor_bytes
        self._folder = path.parent
        self._unsynced = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = os.fstat(self._descriptor).st_size
            if size != offset:
                raise OffsetMismatch(size)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise UploadLocked(path.name) from error
        except OffsetMismatch:
            os.close(self._descriptor)
            raise

    def write(self, data: bytes | bytearray) -> None:
        """Raises NoRoom; what had room stays."""
        if self._unsynced >= SYNC_BYTES or self.offset == self._begun_at:
            self._sync()
            if not has_room(self._folder, len(data), self._floor):
                raise NoRoom
        rest = memoryview(data)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except OSError as error:
                raise NoRoom from error
            self.offset += written
            self._unsynced += written
            rest = rest[written:]

    def take_back(self) -> None:
        """Everything this writer wrote was wrong (a checksum)."""
        os.ftruncate(self._descriptor, self._begun_at)
        self.offset = self._begun_at

    def close(self) -> None:
        """Sync and let the next writer in; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sync(self) -> None:
        os.fdatasync(self._descriptor)
        self._unsynced = 0
