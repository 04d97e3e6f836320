"""`program.index`: a 64-byte header and one 64-byte record per part, each with its own CRC-32.

Pure layout and parsing; MediaLog appends, readers and recovery read. A reader takes whole records with
right checksums from the front and stops at the first that is not: a torn tail is simply not there yet.
The last record of a closed take is an end mark; a spilled take whose media were given up has a second one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from recorder.media import PartRecord

HEADER_BYTES = RECORD_BYTES = 64

_HEADER = struct.Struct(">8sHHII40x")
_RECORD = struct.Struct(">QQIIIHHIHH20x")
_CHECKSUM = struct.Struct(">I")
_MAGIC = b"KODOidx1"
_SLATE = 1
_INDEPENDENT, _FILLED = 1, 2


class Mark(IntEnum):
    """What a record is."""

    PART = 0
    END = 1
    LOST = 2


@dataclass(frozen=True, slots=True)
class IndexHeader:
    """`init_length`: bytes of `program.mp4` before its first part."""

    take: int
    slate: bool
    init_length: int

    def pack(self) -> bytes:
        return _sealed(_HEADER.pack(_MAGIC, 1, _SLATE if self.slate else 0, self.take, self.init_length))


def parse_header(data: bytes) -> IndexHeader | None:
    """The header at the start of `data`, or None if it is torn or foreign."""
    if len(data) < HEADER_BYTES or not _is_sealed(data, 0):
        return None
    magic, version, flags, take, init_length = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != 1:
        return None
    return IndexHeader(take, bool(flags & _SLATE), init_length)


def pack_record(record: PartRecord) -> bytes:
    """64 bytes. Raises struct.error for values out of range."""
    r = record
    flags = (_INDEPENDENT if r.independent else 0) | (_FILLED if r.filled else 0)
    return _sealed(
        _RECORD.pack(
            r.offset, r.pts, r.length, r.duration, r.segment, r.part, flags, r.checksum, Mark.PART, 0
        )
    )


def pack_mark(mark: Mark) -> bytes:
    return _sealed(_RECORD.pack(0, 0, 0, 0, 0, 0, 0, 0, mark, 0))


def whole_records(data: bytes) -> int:
    """How many records at the start of `data` (which begins with a record) are whole."""
    count = 0
    for at in range(0, len(data) - RECORD_BYTES + 1, RECORD_BYTES):
        if not _is_sealed(data, at):
            break
        count += 1
    return count


def parts_and_marks(data: bytes) -> tuple[int, frozenset[Mark]]:
    """`(part records, marks behind them)` at the start of `data`; what follows a mark is only marks."""
    count, marks = whole_records(data), set()
    while count:
        mark = mark_of(data, count - 1)
        if mark is Mark.PART:
            break
        marks.add(mark)
        count -= 1
    return count, frozenset(marks)


def mark_of(records: bytes | bytearray, number: int) -> Mark:
    """What record `number` is. A kind of a later version counts as an end."""
    value = _RECORD.unpack_from(records, number * RECORD_BYTES)[8]
    return Mark(value) if value in Mark._value2member_map_ else Mark.END


def record_at(records: bytes | bytearray, number: int) -> PartRecord:
    """Part record `number` of packed records."""
    offset, pts, length, duration, segment, part, flags, checksum, _, _ = _RECORD.unpack_from(
        records, number * RECORD_BYTES
    )
    independent, filled = bool(flags & _INDEPENDENT), bool(flags & _FILLED)
    return PartRecord(offset, length, pts, duration, segment, part, independent, checksum, filled)


def iterate(records: bytes | bytearray, first: int, end: int) -> Iterator[PartRecord]:
    """Part records `first` … `end - 1` of packed records."""
    return (record_at(records, number) for number in range(first, end))


def _sealed(data: bytes) -> bytes:
    return data + _CHECKSUM.pack(zlib.crc32(data))


def _is_sealed(data: bytes, at: int) -> bool:
    end = at + RECORD_BYTES
    (checksum,) = _CHECKSUM.unpack_from(data, end - _CHECKSUM.size)
    return bool(zlib.crc32(data[at : end - _CHECKSUM.size]) == checksum)
