"""Takes an installation's files into a repository: what has not changed since the last time is not read
again.

The list of the last generation and the files are both ascending by path: they are gone through side by side.
A file that grows is taken up to the length that its source says; one that goes while it is waited for is left
out, for whoever removed it has removed it from the installation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from library.backup.file_list import Entry
from library.backup.objects import ObjectWriter, Ref
from library.backup.values import FarContent, SourceFile

SMALL_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_RACY_NS = 2_000_000_000  # a file written to as lately may be written to again without its time changing

Count = Callable[[int], None]


class Unread(Exception):
    """One file of the installation cannot be read: a bad disk, a bucket that is away."""


class Parent:
    """The entries of the last generation, asked for in ascending order."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._next: Entry | None = next(entries, None)

    def find(self, path: str) -> Entry | None:
        order = path.split("/")
        while self._next is not None and self._next.order < order:
            self._next = next(self._entries, None)
        return self._next if self._next is not None and self._next.path == path else None


def take_file(
    writer: ObjectWriter, source: SourceFile, known: Entry | None, now_ns: int, count: Count
) -> Entry | None:
    """Its entry, and everything of it in the repository; None: it has gone. `count`: so many bytes are done.

    Raises Unread, and what the target raises.
    """
    try:
        if source.far is not None:
            return _take_far(writer, source, source.far, known, count)
        return _take_near(writer, source, known, now_ns, count)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unread(f"{source.path} cannot be read: {error}") from error


def _take_near(
    writer: ObjectWriter, source: SourceFile, known: Entry | None, now_ns: int, count: Count
) -> Entry:
    with open(source.file, "rb", buffering=0) as file:
        stat = os.fstat(file.fileno())
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
        length = stat.st_size if source.length is None else min(source.length, stat.st_size)
        same = known is not None and known.stamp == stamp and known.size == length
        if known is not None and same and all(writer.has(ref) for ref in known.objects):
            count(length)
            return known
        refs, size = _contents(writer, file, length, count)
        changed = os.fstat(file.fileno())
        settled = (changed.st_size, changed.st_mtime_ns) == stamp[:2] and now_ns - max(stamp[1:3]) > _RACY_NS
        mode, mtime = stat.st_mode & 0o777, stat.st_mtime_ns
        return Entry(source.path, size, mode, mtime, refs, stamp if settled else None)


def _contents(writer: ObjectWriter, file: BinaryIO, length: int, count: Count) -> tuple[tuple[Ref, ...], int]:
    """Small files may be compressed; large ones, media, are one object each as they are."""
    if length == 0:
        return (), 0
    if length <= SMALL_BYTES:
        data = b"".join(_blocks(file, length, count))
        return ((writer.put(data),), len(data)) if data else ((), 0)
    ref = writer.put_stream(_blocks(file, length, count))
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # lectures that are live need the cache
    return (ref,), ref.plain


def _blocks(file: BinaryIO, length: int, count: Count) -> Iterator[bytes]:
    left = length
    while left and (block := file.read(min(left, _BLOCK_BYTES))):
        left -= len(block)
        yield block
        count(len(block))


def _take_far(
    writer: ObjectWriter, source: SourceFile, far: FarContent, known: Entry | None, count: Count
) -> Entry:
    """What the repository has is not fetched: its SHA-256 is known."""
    mtime, mode = known.mtime if known is not None else 0, 0o600
    ref = writer.known(bytes.fromhex(far.sha256), far.length)
    if ref is None:
        ref = writer.put_stream(far.chunks())
        if writer.known(bytes.fromhex(far.sha256), far.length) != ref:
            raise OSError(f"what came of {source.path} is not what was moved away")
    count(far.length)
    return Entry(source.path, far.length, mode, mtime, (ref,))
