"""ISO base media file format boxes (ISO/IEC 14496-12 4.2): writing and finding them in bytes.

Pure; used by cmaf.py and cmaf_init.py. Only 32-bit sizes: a box of a live part never reaches 4 GiB.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

BOX_HEADER = struct.Struct(">I4s")


class BadBox(ValueError):
    """Bytes that are no box, or a box that reaches past what holds it."""


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box of `kind` (four letters) around `payload`."""
    size = 8 + sum(map(len, payload))
    return b"".join((BOX_HEADER.pack(size, kind), *payload))


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A FullBox: version and 24 bits of flags before the payload (14496-12 4.2.2)."""
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """`(kind, payload start, payload end)` of each box in `data[start:end]`. Raises BadBox."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise BadBox("a box header is cut")
        size, kind = BOX_HEADER.unpack_from(data, start)
        if size < 8 or start + size > end:
            raise BadBox(f"box {kind!r} of {size} bytes does not fit")
        yield kind, start + 8, start + size
        start += size


def find(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    """Payload `(start, end)` of the first box of `kind` in `data[start:end]`. Raises BadBox."""
    for found, inner, outer in boxes(data, start, end):
        if found == kind:
            return inner, outer
    raise BadBox(f"no box {kind!r}")


def find_path(
    data: bytes, path: tuple[bytes, ...], start: int = 0, end: int | None = None
) -> tuple[int, int]:
    """Payload `(start, end)` of a nested box, each step the first of its kind. Raises BadBox."""
    end = len(data) if end is None else end
    for kind in path:
        start, end = find(data, start, end, kind)
    return start, end
