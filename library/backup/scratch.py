"""A folder for one run's own files, gone when the run ends; what killed runs left is removed by the next.

Each folder is locked by its owner (`flock`), so that nobody removes what a run on another target is using.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

_PREFIX = "backup-"
_BLOCK_BYTES = 1 << 20


@contextmanager
def own_scratch(parent: Path) -> Iterator[Path]:
    """Raises OSError."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_if_nobodys(left)
    folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def blocks_of(path: Path) -> Iterator[bytes]:
    """A file's content. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _remove_if_nobodys(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(handle)
