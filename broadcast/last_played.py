"""When a recording was played last: the time of the file `played` in its folder.

Written by web processes when they begin and end to serve it, read by who decides what leaves the disk. A file
and not a row: it needs neither the database nor, once it is there, a free block.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_NAME = "played"


def note(roots: Sequence[Path], session_id: str) -> None:
    """It is being played now. A disk that takes nothing keeps nobody from it."""
    with suppress(OSError):
        path = roots[0] / session_id / _NAME
        with open(path, "ab"):
            os.utime(path)


def when(roots: Sequence[Path], session_id: str) -> float | None:
    """Unix seconds; None: never. Raises OSError."""
    try:
        return os.stat(roots[0] / session_id / _NAME).st_mtime
    except FileNotFoundError:
        return None
