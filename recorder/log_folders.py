"""Names in a session's folder: which folder and file holds what, under the disk's root and the spill's.

Pure but for listing. Used by MediaLog, recovery, the spill's mover and readers in every process. A name
that is not one of these (a `.moving` copy, an editor's file) does not exist for the log. Healed takes and
edit lists lie beside the log's takes, under other names: whoever keeps the log never meets them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

MEDIA_FILE = "program.mp4"
INDEX_FILE = "program.index"
STATE_FILE = "session.json"

# Takes from this number on are healed: made of a safety copy, beside the log and no part of it.
HEALED = 1_000_000
EDITS_FOLDER = "edits"

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAKE = re.compile(r"take-([0-9]{4,6})")
_HEALED = re.compile(r"healed-([0-9]{4,6})")
_EDITS = re.compile(r"([0-9]{4,6})\.json")


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
    """Numbers of the log's takes in a session's folder, ascending; empty if there is no such folder."""
    return _numbers(session_folder, take_number)


def is_healed(take: int) -> bool:
    """Whether a take's number is that of a healed one."""
    return take >= HEALED


def healed_name(number: int) -> str:
    """The folder of the healed take `number`, which is HEALED + 1 or more."""
    return f"healed-{number - HEALED:04d}"


def healed_number(name: str) -> int | None:
    """The healed take's number, or None for any other name."""
    match = _HEALED.fullmatch(name)
    number = HEALED + int(match[1]) if match else HEALED
    return number if number > HEALED and healed_name(number) == name else None


def healed_numbers(session_folder: Path) -> list[int]:
    """Numbers of the healed takes in a session's folder, ascending; empty if there is no such folder."""
    return _numbers(session_folder, healed_number)


def edits_name(version: int) -> str:
    """The file of an edit list's version, in EDITS_FOLDER."""
    return f"{version:04d}.json"


def edit_versions(session_folder: Path) -> list[int]:
    """Versions of the edit list that have a file, ascending; whether they can be read is another question."""
    return _numbers(session_folder / EDITS_FOLDER, _edit_version)


def session_ids(roots: Iterable[Path]) -> list[str]:
    """Every session that has a folder in one of the roots, ascending (ids are UUIDv7: by age)."""
    found: set[str] = set()
    for root in roots:
        try:
            found.update(name for name in os.listdir(root) if is_session_id(name))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return sorted(found)


def _edit_version(name: str) -> int | None:
    match = _EDITS.fullmatch(name)
    version = int(match[1]) if match else 0
    return version if version > 1 and edits_name(version) == name else None


def _numbers(folder: Path, number_of: Callable[[str], int | None]) -> list[int]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(number for name in names if (number := number_of(name)) is not None)
