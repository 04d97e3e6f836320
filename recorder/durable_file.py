"""Files that are whole or absent: temp → fsync → rename → fsync of the folder.

Blocking; called from threads, from start-up code, and by who accepts an fsync on its path.
"""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Put `data` at `path` so that any reader and any crash sees the old or the new. Raises OSError."""
    temporary = _temporary(path)
    try:
        _write_synced(temporary, data, mode)
        os.rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create_file(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Put `data` at `path`, where nothing may be yet. Raises FileExistsError, OSError."""
    temporary = _temporary(path)
    try:
        _write_synced(temporary, data, mode)
        os.link(temporary, path)  # unlike a rename it never replaces
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in `folder` last over a power cut. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, closed to other users (mode 0700). Raises OSError."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
