"""Closing what a killed recorder left open: cut the torn tail, mend the index, find where to go on.

Blocking; called at the recorder's start, in a thread, before the session's MediaLog. Old takes are never
appended to. Every step can be killed and done again. An error of the disk is logged and skipped: readers
are content with a torn tail, and the next take can still be numbered behind it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder import cmaf
from recorder.durable_file import replace_file, sync_folder
from recorder.log_folders import INDEX_FILE, MEDIA_FILE, take_name, take_numbers
from recorder.media import PartRecord
from recorder.take_index import (
    HEADER_BYTES,
    IndexHeader,
    Mark,
    iterate,
    pack_mark,
    pack_record,
    parse_header,
    parts_and_marks,
    record_at,
)
from recorder.take_mover import MOVING_PREFIX

_log = logging.getLogger(__name__)

# Synced each second, so a power cut can only have spoiled the last few; the rest is taken on trust.
_CHECKED_PARTS = 32


@dataclass(frozen=True, slots=True)
class RecoveredSession:
    """Where a session's log goes on.

    `end_pts`: 90 kHz ticks of the session's clock where the last part ends. `idle_seconds`: time since the
    log was last written, by the wall clock. `bytes_written`: of all media files.
    """

    session_id: str
    last_take: int
    next_segment: int
    end_pts: int
    bytes_written: int
    idle_seconds: float

    @classmethod
    def nothing(cls, session_id: str) -> RecoveredSession:
        """Of a session without a take: numbers begin at take 1, segment 0."""
        return cls(session_id, last_take=0, next_segment=0, end_pts=0, bytes_written=0, idle_seconds=0.0)


@dataclass(frozen=True, slots=True)
class _Tail:
    last: PartRecord
    bytes_written: int


def recover_session(roots: Sequence[Path], session_id: str) -> RecoveredSession:
    """Mend every take of the session in `roots` (the disk first). Raises OSError for an unreadable root."""
    folders = [root / session_id for root in roots]
    written_at = max((_written_at(folder) for folder in folders), default=0.0)
    takes = {
        number: folder / take_name(number) for folder in reversed(folders) for number in take_numbers(folder)
    }
    for number in takes:
        _remove_second_copies(folders, number)
    for folder in folders:
        _remove_half_moved(folder)
    tails = [tail for number in sorted(takes) if (tail := _recover_logged(takes[number], number)) is not None]
    return RecoveredSession(
        session_id,
        last_take=max(takes, default=0),
        next_segment=max((tail.last.segment + 1 for tail in tails), default=0),
        end_pts=max((tail.last.pts + tail.last.duration for tail in tails), default=0),
        bytes_written=sum(tail.bytes_written for tail in tails),
        idle_seconds=max(0.0, time.time() - written_at) if written_at else 0.0,
    )


def _recover_logged(folder: Path, number: int) -> _Tail | None:
    try:
        return recover_take(folder, number)
    except OSError as error:
        _log.error("%s could not be mended: %s", folder, error)
        return None


def recover_take(folder: Path, number: int) -> _Tail | None:
    """Mend one take; None if it has no part (its folder is then removed). Raises OSError."""
    index = _read(folder / INDEX_FILE)
    header = parse_header(index)
    count, marks = parts_and_marks(index[HEADER_BYTES:]) if header else (0, frozenset[Mark]())
    if Mark.LOST in marks and count:
        return _Tail(record_at(index[HEADER_BYTES:], count - 1), 0)
    try:
        fd = os.open(folder / MEDIA_FILE, os.O_RDONLY)
    except FileNotFoundError:
        _remove_empty(folder)
        return None
    try:
        return _recover_open(folder, number, fd, index)
    except cmaf.BadInit as error:
        _put_aside(folder, error)
        return None
    finally:
        os.close(fd)


def _recover_open(folder: Path, number: int, fd: int, index: bytes) -> _Tail | None:
    init = cmaf.read_init(fd)
    _, slate = cmaf.parse_init(init)
    header = IndexHeader(number, slate, len(init))
    records = _whole_parts(fd, _known_parts(index, header, os.fstat(fd).st_size), len(init))
    if not records:
        _remove_empty(folder)
        return None
    end = records[-1].offset + records[-1].length
    _mend_media(folder / MEDIA_FILE, end)
    _mend_index(folder / INDEX_FILE, index, header, records)
    return _Tail(records[-1], end)


def _known_parts(index: bytes, header: IndexHeader, media_size: int) -> list[PartRecord]:
    """What an index may be trusted in: records that follow each other and lie inside the media file."""
    if parse_header(index) != header:
        return []
    known: list[PartRecord] = []
    end = header.init_length
    count, _ = parts_and_marks(index[HEADER_BYTES:])
    for record in iterate(index[HEADER_BYTES:], 0, count):
        if record.offset != end or end + record.length > media_size:
            break
        known.append(record)
        end += record.length
    return known


def _whole_parts(fd: int, known: list[PartRecord], init_length: int) -> list[PartRecord]:
    """The known parts and those behind them; cut before the first of the last ones that is spoiled."""
    end = known[-1].offset + known[-1].length if known else init_length
    records = [*known, *cmaf.walk_parts(fd, end)]
    first = max(0, len(records) - _CHECKED_PARTS)
    for number in range(first, len(records)):
        record = records[number]
        data = os.pread(fd, record.length, record.offset)
        if not cmaf.part_is_whole(data) or cmaf.part_record(data, record.offset) != record:
            _log.warning("part %d of %d is spoiled: the take is cut there", number + 1, len(records))
            return records[:number]
    return records


def _mend_media(path: Path, end: int) -> None:
    if path.stat().st_size == end:
        return
    try:
        with open(path, "r+b", buffering=0) as file:
            file.truncate(end)
            os.fsync(file.fileno())
    except OSError as error:  # the index says where the take ends
        _log.error("%s keeps a torn tail: %s", path, error)


def _mend_index(path: Path, found: bytes, header: IndexHeader, records: Iterable[PartRecord]) -> None:
    whole = b"".join((header.pack(), *map(pack_record, records), pack_mark(Mark.END)))
    if found == whole:
        return
    try:
        replace_file(path, whole)
    except OSError as error:
        _log.error("%s is not mended: %s", path, error)


def _remove_empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _put_aside(folder: Path, error: cmaf.BadInit) -> None:
    """A take without a readable init cannot be played. If it has more than an init, it is kept for people."""
    if (folder / MEDIA_FILE).stat().st_size <= cmaf.MARK_BYTES + 4096:
        _remove_empty(folder)
        return
    aside = folder.with_name(f"damaged-{folder.name}")
    _log.error("%s cannot be read (%s): put aside as %s", folder, error, aside.name)
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    sync_folder(folder.parent)


def _remove_second_copies(folders: Sequence[Path], number: int) -> None:
    """A take in two roots: the mover was killed between rename and removal; the first root's is whole."""
    copies = [folder / take_name(number) for folder in folders if (folder / take_name(number)).is_dir()]
    for copy in copies[1:]:
        shutil.rmtree(copy, ignore_errors=True)


def _remove_half_moved(folder: Path) -> None:
    if folder.is_dir():
        for leftover in folder.glob(f"{MOVING_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _written_at(session_folder: Path) -> float:
    files = session_folder.glob(f"take-*/{MEDIA_FILE}")
    return max((path.stat().st_mtime for path in files), default=0.0)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
