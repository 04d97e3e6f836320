"""Moving a closed take from the spill to the disk: copy → fsync → rename → fsync of the folder → remove.

Blocking; called in the thread of disk_space.DiskSpace. At any moment the whole take is in one of the roots
under its name, and a copy that was cut short has another name, which nobody reads.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from recorder.durable_file import make_private_folder, sync_folder
from recorder.log_folders import INDEX_FILE, MEDIA_FILE

MOVING_PREFIX = ".moving-"
_CHUNK_BYTES = 1 << 20


class Stopped(RuntimeError):
    """The mover was asked to stop in the middle of a copy."""


def move_take(source: Path, target: Path, stopping: Callable[[], bool]) -> None:
    """Move one take's folder across file systems. Raises Stopped, OSError; `source` is then untouched."""
    if not target.exists():  # else a crash came between rename and removal, and the copy is whole
        copy = target.with_name(MOVING_PREFIX + target.name)
        shutil.rmtree(copy, ignore_errors=True)
        try:
            _copy_take(source, copy, stopping)
            os.rename(copy, target)
        except (OSError, Stopped):
            shutil.rmtree(copy, ignore_errors=True)
            raise
        sync_folder(target.parent)
    # The index goes last: a crash in between leaves a folder whose take is already known on the disk.
    (source / MEDIA_FILE).unlink(missing_ok=True)
    (source / INDEX_FILE).unlink(missing_ok=True)
    shutil.rmtree(source, ignore_errors=True)


def clear_session_folder(folder: Path) -> None:
    """Remove a session's folder from the spill if nothing is in it any more."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _copy_take(source: Path, copy: Path, stopping: Callable[[], bool]) -> None:
    make_private_folder(copy)
    for name in (MEDIA_FILE, INDEX_FILE):
        if not (source / name).exists():
            continue  # killed while it was made or mended: recovery rebuilds what is missing
        with open(source / name, "rb", buffering=0) as old, open(copy / name, "xb", buffering=0) as new:
            while chunk := old.read(_CHUNK_BYTES):
                if stopping():
                    raise Stopped
                _write_all(new.fileno(), chunk)
            os.fsync(new.fileno())
    sync_folder(copy)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
