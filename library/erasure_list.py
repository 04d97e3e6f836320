"""Who was erased, in a file beside the database: `storage/erasures.jsonl`, a line each, only ever added to.

A database that is older than an erasure (a restored backup) knows the person still; whatever starts on it
reads this file and erases again. It is written before anything is erased, so a crash in between is made good
the same way. Backups carry it, and restoring never puts an older list over a newer one: `merged` is both.
Decision 0028. An id that no person has any more tells nobody anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from library.lasting_file import sync_folder

NAME = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Erased:
    """`person`: users.id. `lectures`: "keep" or "remove". `name`: what stands in place of theirs."""

    person: str
    lectures: str
    name: str
    at: str
    by: str | None = None


def add(storage: Path, erased: Erased) -> None:
    """Durable when it returns. Raises OSError."""
    path = storage / NAME
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # A line that a crash has cut off is closed first; it counts for nothing.
        os.write(descriptor, b"\n" + json.dumps(asdict(erased), ensure_ascii=False).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(storage)


def load(storage: Path) -> list[Erased]:
    """All that are whole, each person once, in order; none where there is no file. Raises OSError."""
    try:
        return parse((storage / NAME).read_bytes())
    except FileNotFoundError:
        return []


def parse(data: bytes) -> list[Erased]:
    """Pure: what a crash has cut off is no line."""
    read = filter(None, map(_line, data.splitlines()))
    return list({one.person: one for one in read}.values())


def merged(*lists: Iterable[Erased]) -> bytes:
    """Pure: all that stand in any of the lists, as a file."""
    known = {one.person: one for some in lists for one in some}
    return b"".join(json.dumps(asdict(one), ensure_ascii=False).encode() + b"\n" for one in known.values())


def _line(raw: bytes) -> Erased | None:
    try:
        told = json.loads(raw)
        return Erased(**{name: told[name] for name in ("person", "lectures", "name", "at", "by")})
    except (ValueError, KeyError, TypeError):
        return None
