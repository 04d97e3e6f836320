"""Names in the media log: which folder and file holds what, under the disk's root and the spill's.

Pure but for listing. Used by MediaLog, recovery, the spill's mover and readers in every process. A name
that is not one of these (a `.moving` copy, an editor's file) does not exist for the log.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

MEDIA_FILE = "program.mp4"
INDEX_FILE = "program.index"
STATE_FILE = "session.json"

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAKE = re.compile(r"take-([0-9]{4,9})")


def is_session_id(text: str) -> bool:
    """Whether `text` can be a session's folder name. Addresses come from strangers: nothing else may."""
    return _SESSION.fullmatch(text) is not None


def take_name(number: int) -> str:
    return f"take-{number:04d}"


def take_number(name: str) -> int | None:
    """The take's number, or None for any other name."""
    match = _TAKE.fullmatch(name)
    return int(match[1]) if match and take_name(int(match[1])) == name else None


def take_numbers(session_folder: Path) -> list[int]:
    """Numbers of the takes in a session's folder, ascending; empty if there is no such folder."""
    try:
        names = os.listdir(session_folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(number for name in names if (number := take_number(name)) is not None)


def session_ids(roots: Iterable[Path]) -> list[str]:
    """Every session that has a folder in one of the roots, ascending (ids are UUIDv7: by age)."""
    found: set[str] = set()
    for root in roots:
        try:
            found.update(name for name in os.listdir(root) if is_session_id(name))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return sorted(found)
