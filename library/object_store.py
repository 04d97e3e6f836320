"""What an object store is: whole files under keys, each with its length and SHA-256. Values, errors, checks.

Two keep the protocol `ObjectStore`: `disk_store.DiskStore` and `s3_store.S3Store`; `object_stores` opens the
one that the settings name. All of it blocks and may be called from any thread, by jobs and the command line.
Keys are ours, never a visitor's: `sessions/<session>/take-0001/program.mp4`, the path below the storage.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

BLOCK_BYTES = 1 << 20
MOST_KEY_LENGTH = 500
_SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,199}")

Progress = Callable[[int, int], None]  # bytes done, bytes in all


class ObjectStoreError(Exception):
    """Something that a store cannot do; what it is called says whether another attempt is worth while."""


class InvalidKey(ObjectStoreError, ValueError):
    """No store takes such a key."""


class NoSuchObject(ObjectStoreError, LookupError):
    """Nothing is stored under this key."""


class OutOfRange(ObjectStoreError):
    """The object ends before the first byte that was asked for (HTTP 416)."""


class SourceChanged(ObjectStoreError):
    """The file was written to while it was being stored."""


class OtherContent(ObjectStoreError):
    """The file is not what was to be stored: it was damaged, or is another now."""


class ObjectDamaged(ObjectStoreError):
    """What the store holds, or says it holds, is not what was given to it; or it says so itself."""


class StoreUnavailable(ObjectStoreError):
    """It cannot answer now: no connection, a cut one, a server's error. Later it may."""


class StoreFull(StoreUnavailable):
    """No space is left there."""


class StoreRefused(ObjectStoreError):
    """It says no, and will until somebody changes settings or rights."""


class AccessRefused(StoreRefused):
    """Wrong or missing keys, or keys without the rights."""


class WrongRegion(StoreRefused):
    """The bucket is in another region than KODO_S3_REGION."""


class BucketMissing(StoreRefused):
    """There is no such bucket (any more)."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`sha256`: hexadecimal, as it was when the object was put; None where the store does not say."""

    key: str
    bytes: int
    sha256: str | None


class Damage(StrEnum):
    """In what way an object is not what it was."""

    MISSING = "missing"
    LENGTH = "length"
    CONTENT = "content"
    UNREADABLE = "unreadable"


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


class ObjectStore(Protocol):
    """All methods raise InvalidKey, StoreUnavailable and StoreRefused."""

    @property
    def name(self) -> str:
        """The place as rows of the catalogue know it: `disk`, `s3://bucket/prefix`."""

    def put(
        self,
        key: str,
        source: Path,
        *,
        sha256: str | None = None,
        anew: bool = False,
        progress: Progress = no_progress,
    ) -> StoredObject:
        """Store a file; goes on where an attempt at the same content stopped. On return the store itself has
        told length and SHA-256, and they agree: only then may the source go. Replaces what the key held;
        what the store says it has is not sent again but `anew`: it may be damaged. With `sha256` nothing
        else is stored. Raises OtherContent, SourceChanged, ObjectDamaged, StoreFull, FileNotFoundError.
        """

    def head(self, key: str) -> StoredObject:
        """Raises NoSuchObject."""

    def read(self, key: str, first: int, length: int) -> bytes:
        """Up to `length` bytes (at least 1) from `first` on; fewer at the end. Raises NoSuchObject,
        OutOfRange.
        """

    def chunks(self, key: str) -> Iterator[bytes]:
        """The whole object in blocks of up to BLOCK_BYTES. Raises, also in mid-object, NoSuchObject,
        ObjectDamaged where the store itself says so.
        """

    def delete(self, key: str) -> None:
        """Idempotent."""

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """All whose key begins with `prefix`, in no order; their `sha256` may be None."""

    def address(self, key: str, seconds: int) -> str | None:
        """A URL that lets anybody read the object, ranges too, for so long; None: this store has none."""

    def sweep(self, before: datetime) -> list[str]:
        """Drop uploads begun before then that nobody completed → what they were called."""

    def close(self) -> None:
        """Idempotent."""


def check_key(key: str) -> None:
    """Raises InvalidKey for what is no relative path of plain names (`.hidden`, `..`, empty ones)."""
    if len(key) > MOST_KEY_LENGTH or not all(_SEGMENT.fullmatch(name) for name in key.split("/")):
        raise InvalidKey(f"{key[:80]!r} is no key")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when it was read from end to end."""

    bytes: int
    sha256: str
    _stamp: tuple[int, int, int, int]

    def check_unchanged(self, path: Path) -> None:
        """Raises SourceChanged, also where it is gone."""
        try:
            unchanged = _stamp(os.stat(path)) == self._stamp
        except FileNotFoundError:
            unchanged = False
        if not unchanged:
            raise SourceChanged(f"{path} was written to while it was being stored")


def wanted_facts(path: Path, sha256: str | None) -> FileFacts:
    """`facts_of` a file that is about to be stored. Raises OtherContent, too."""
    facts = facts_of(path)
    if sha256 is not None and facts.sha256 != sha256:
        raise OtherContent(f"{path} is not what it was")
    return facts


def facts_of(path: Path) -> FileFacts:
    """Read a file once, without keeping it in the page cache: lectures that are live need that.

    Raises SourceChanged, OSError.
    """
    digest, count = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        while count < before.st_size and (block := file.read(BLOCK_BYTES)):
            digest.update(block)
            count += len(block)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    facts = FileFacts(count, digest.hexdigest(), _stamp(before))
    facts.check_unchanged(path)
    return facts


def damage_of(store: ObjectStore, expected: StoredObject) -> Damage | None:
    """Read an object through and compare; None: it is what it was. Raises StoreUnavailable, StoreRefused.

    A server that finds its own damage stops in mid-answer: where the store knows the object and its content
    ends twice at the same byte, that is no bad line.
    """
    stopped_at = None
    while True:
        digest, count = hashlib.sha256(), 0
        try:
            for chunk in store.chunks(expected.key):
                digest.update(chunk)
                count += len(chunk)
        except NoSuchObject:
            return Damage.MISSING
        except ObjectDamaged:
            return Damage.UNREADABLE
        except StoreUnavailable:
            if stopped_at == count:
                return Damage.UNREADABLE
            stopped_at = count
            store.head(expected.key)
            continue
        if count != expected.bytes:
            return Damage.LENGTH
        return None if digest.hexdigest() == expected.sha256 else Damage.CONTENT


def _stamp(stat: os.stat_result) -> tuple[int, int, int, int]:
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
