"""The list of files of a generation: JSON lines, one a file, ascending by path; stored as an object.

A line: `path`, `size`, `mode`, `mtime` (ns), `objects` ([name, bytes of content, bytes stored] of each piece,
in order), and `stamp` where the next run may take the file for unchanged by it. Read and written as a stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from library.backup.objects import Ref


@dataclass(frozen=True, slots=True)
class Entry:
    """A file. `stamp`: size, mtime, ctime, inode and device of it as it was read; None: it may have changed
    since then without a trace.
    """

    path: str
    size: int
    mode: int
    mtime: int
    objects: tuple[Ref, ...]
    stamp: tuple[int, ...] | None = None

    @property
    def order(self) -> list[str]:
        return self.path.split("/")


class NoList(Exception):
    """These lines are no list of files."""


def line_of(entry: Entry) -> bytes:
    told = {
        "path": entry.path,
        "size": entry.size,
        "mode": entry.mode,
        "mtime": entry.mtime,
        "objects": [[ref.name, ref.plain, ref.stored] for ref in entry.objects],
        **({"stamp": entry.stamp} if entry.stamp is not None else {}),
    }
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def entries_of(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """Raises NoList."""
    for line in _lines(chunks):
        try:
            told = json.loads(line)
            stamp = told.get("stamp")
            yield Entry(
                _checked(told["path"]),
                int(told["size"]),
                int(told["mode"]),
                int(told["mtime"]),
                tuple(Ref(str(name), int(plain), int(stored)) for name, plain, stored in told["objects"]),
                None if stamp is None else tuple(int(one) for one in stamp),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoList(str(error)) from error


def entries_in(path: Path) -> Iterator[Entry]:
    """Of a list that is a file of this machine. Raises OSError."""
    with open(path, "rb") as file:
        yield from entries_of(file)


def _checked(path: str) -> str:
    """Nothing is ever written outside of the folder that is restored to."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise NoList(f"{path!r} is no path of a file")
    return path


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        raise NoList("the last line is torn")
