"""`app.py logs`: lines of the log files below `storage/logs/`, the newest last, as a person reads them.

Reads generations as they are, also while processes write; `--follow` goes on with what comes, over the moment
at which a file is turned over.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from operation.log_files import generations_of
from operation.logging_setup import GENERATIONS

LOOK_SECONDS = 0.5
DEFAULT_LINES = 100


def show(
    folder: Path,
    name: str,
    *,
    lines: int = DEFAULT_LINES,
    level: str = "debug",
    words: str = "",
    follow: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """The last `lines` of a log that are at least as grave as `level` and have `words` in them."""
    path = folder / f"{name}.log"
    found: deque[str] = deque(maxlen=lines)
    end = 0
    for one in generations_of(path, GENERATIONS):
        with open(one, encoding="utf-8", errors="replace") as file:
            found.extend(told for told in map(told_line, iter(file.readline, "")) if fits(told, level, words))
            end = file.tell() if one == path else 0
    for line in found:
        say(line)
    for told in _coming(path, end) if follow else ():
        if fits(told, level, words):
            say(told)


def names(folder: Path) -> list[str]:
    """Which logs there are."""
    return sorted(path.stem for path in folder.glob("*.log"))


def told_line(raw: str) -> str:
    """Pure: a line of a file as standard error has it; one that is no JSON stays as it is."""
    try:
        told: dict[str, Any] = json.loads(raw)
        more = "".join(f" {name}={value}" for name, value in told.get("fields", {}).items())
        first = f"{told['time']} {told['level']} {told['process']} {told['logger']}: {told['message']}{more}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return raw.rstrip("\n")
    return "\n".join([first, *(f"  | {line}" for line in str(told.get("trace", "")).splitlines())])


def fits(line: str, level: str, words: str) -> bool:
    """Pure: by the level in its second place; what has none is shown."""
    parts = line.split(" ", 2)
    grave = logging.getLevelNamesMapping().get(parts[1] if len(parts) > 2 else "", logging.CRITICAL)
    return grave >= logging.getLevelNamesMapping()[level.upper()] and words.casefold() in line.casefold()


def _coming(path: Path, at: int) -> Iterator[str]:
    """What is written from now on, until the reader is interrupted."""
    while True:
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(at)
            while True:
                if (line := file.readline()).endswith("\n"):
                    at = file.tell()
                    yield told_line(line)
                    continue
                file.seek(at)
                if not _is_same(path, file.fileno()):
                    break  # the rest of it was read: the next one begins
                time.sleep(LOOK_SECONDS)
        at = 0


def _is_same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return True  # it is being turned over just now
