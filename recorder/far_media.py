"""Media that were moved into an object store: the marker beside a file says where its content is.

A file is away when its marker is there and only the `kept` bytes of it are on the disk: a take keeps its init
and first segment, an MP4 nothing. The marker is there before the file is cut, and goes after it is whole
again, so that whatever was killed in between leaves a file that is either whole or found. Content is read in
blocks, each with its CRC-32 here: what comes from elsewhere is checked before anybody sees it.
Leaf: used by readers in every process and by the jobs that move and bring home. Blocking.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from recorder.durable_file import replace_file, sync_folder

BLOCK_BYTES = 1 << 20
_SUFFIX = ".far"
_VERSION = 1


class MediaUnavailable(OSError):
    """Media that are elsewhere cannot be had now; later they may."""


class MediaDamaged(OSError):
    """Media that are elsewhere are gone there, or not what they were."""


@dataclass(frozen=True, slots=True)
class FarPlace:
    """Where a file's content is: under `key` in the store of that name. `kept`: bytes that stay on the disk.

    `checksums`: CRC-32 of each block of `block_bytes`, the last one shorter.
    """

    store: str
    key: str
    length: int
    sha256: str
    kept: int
    checksums: tuple[int, ...] = field(repr=False)
    block_bytes: int = BLOCK_BYTES

    def block_length(self, number: int) -> int:
        """0 for a block behind the end."""
        return max(0, min(self.block_bytes, self.length - number * self.block_bytes))

    def pack(self) -> bytes:
        sums = "".join(f"{one:08x}" for one in self.checksums)
        return json.dumps(
            {
                "version": _VERSION,
                "store": self.store,
                "key": self.key,
                "bytes": self.length,
                "sha256": self.sha256,
                "kept": self.kept,
                "block_bytes": self.block_bytes,
                "blocks": sums,
            }
        ).encode()


class FarMedia(Protocol):
    """Reads what is elsewhere. From any thread; blocks."""

    def read(self, place: FarPlace, first: int, length: int, *, keep: bool = True) -> bytes:
        """Exactly these bytes, checked. `keep`: others will want them soon, too.

        Raises MediaUnavailable, MediaDamaged.
        """


def parse(data: bytes) -> FarPlace | None:
    """None for what is no marker of ours."""
    try:
        told = json.loads(data)
        sums = bytes.fromhex(told["blocks"])
        place = FarPlace(
            store=str(told["store"]),
            key=str(told["key"]),
            length=int(told["bytes"]),
            sha256=str(told["sha256"]),
            kept=int(told["kept"]),
            checksums=tuple(int.from_bytes(sums[at : at + 4]) for at in range(0, len(sums), 4)),
            block_bytes=int(told["block_bytes"]),
        )
        blocks = -(-place.length // place.block_bytes)
    except (ValueError, TypeError, KeyError, ZeroDivisionError):
        return None
    whole = told.get("version") == _VERSION and len(place.checksums) == blocks
    return place if whole and 0 <= place.kept < place.length else None


def marker_path(file: Path) -> Path:
    return file.with_name(file.name + _SUFFIX)


def load(file: Path) -> FarPlace | None:
    """What the marker of a file says; None: it has none. Raises OSError."""
    try:
        return parse(marker_path(file).read_bytes())
    except FileNotFoundError:
        return None


def away(file: Path) -> FarPlace | None:
    """Where a file's content is, if it is not on the disk. Raises OSError."""
    place = load(file)
    return place if place is not None and _size(file) == place.kept else None


def whole_size(file: Path) -> int:
    """How long a file is, wherever its content is; 0 where there is none. Raises OSError."""
    place = away(file)
    return _size(file) if place is None else place.length


def send_away(file: Path, place: FarPlace) -> None:
    """Leave of a file what is kept. Its content is under `place`: that is the caller's to have seen.

    Call `mark` first. Who has the file open keeps reading it. Raises OSError.
    """
    if place.kept:
        with open(file, "rb") as whole:
            replace_file(file, whole.read(place.kept))
    else:
        file.unlink()
        sync_folder(file.parent)


def mark(file: Path, place: FarPlace) -> None:
    """Write down where its content is, before it goes. Raises OSError."""
    replace_file(marker_path(file), place.pack())


def unmark(files: Iterable[Path]) -> None:
    """The content is on the disk again, or is another now; idempotent. Raises OSError."""
    for file in files:
        path = marker_path(file)
        if path.exists():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size
    except FileNotFoundError:
        return 0
