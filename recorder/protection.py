"""Whether a file is marked as protected against copying (ISO/IEC 14496-12 8.12): FFmpeg would decode noise.

Pure but for reading. Only MP4 and its kin say so; of them the `moov` box alone is read, wherever it lies.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

MAX_MOOV_BYTES = 64 << 20
_SAMPLE_ENTRIES = (b"encv", b"enca", b"drmi", b"drms")
_HEADER = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")


def is_protected(path: Path) -> bool:
    """False for what is no such file, or a torn one. Raises OSError."""
    with open(path, "rb") as file:
        fd = file.fileno()
        for kind, start, end in _boxes(fd, os.fstat(fd).st_size):
            if kind == b"moov":
                moov = os.pread(fd, min(end - start, MAX_MOOV_BYTES), start)
                return b"sinf" in moov and any(entry in moov for entry in _SAMPLE_ENTRIES)
    return False


def _boxes(fd: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, payload start, payload end) of the file's own boxes, until one makes no sense."""
    at = 0
    while at + _HEADER.size <= size:
        length, kind = _HEADER.unpack(os.pread(fd, _HEADER.size, at))
        start = at + _HEADER.size
        if length == 1:  # 64 bits follow (4.2.2)
            wide = os.pread(fd, _LARGE.size, start)
            if len(wide) < _LARGE.size:
                return
            start, length = start + _LARGE.size, _LARGE.unpack(wide)[0]
        elif length == 0:
            length = size - at
        if at + length < start or not kind.isascii():
            return
        yield kind, start, min(at + length, size)
        at += length
