"""Puts content into a repository, each once, and reads it back.

`ObjectWriter` belongs to one run, under its lease. What it is given twice is stored once; what is on its way
is committed in batches, so that the many small chunks of a database cost few waits for the disk.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from library.backup.codec import Check, Codec, Unreadable, compression_pays
from library.backup.disk_place import translated
from library.backup.errors import ObjectDamaged, ObjectMissing
from library.backup.place import DamagedInPlace, Place, Staged

FOLDER = "objects"
_BATCH_FILES = 256
_BATCH_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Ref:
    """An object as lists of files name it: lengths of the content and of what is stored."""

    name: str
    plain: int
    stored: int


def path_of(name: str) -> str:
    """Where an object lies in the repository."""
    return f"{FOLDER}/{name[:2]}/{name}"


def name_at(path: str) -> str | None:
    """The object at a path of the repository; None: nothing of ours is there."""
    folder, _, name = path.rpartition("/")
    stem, _, done = name.partition(".")
    ours = len(stem) == 64 and not set(stem) - set("0123456789abcdef") and done in ("", "z", "e", "ze")
    return name if ours and folder == f"{FOLDER}/{stem[:2]}" and (bool(done) or name == stem) else None


class ObjectWriter:
    """`present`: the lengths of objects that are there and taken to be whole; what is added is noted in it.
    `written`: those that this writer itself put there.
    """

    def __init__(self, place: Place, codec: Codec, present: dict[str, int]) -> None:
        self._place, self._codec = place, codec
        self.present = present
        self.written: set[str] = set()
        self.bytes_new = 0
        self._batch: list[Staged] = []
        self._batch_bytes = 0

    def has(self, ref: Ref) -> bool:
        """Whether this object is there, as long as it should be."""
        return self.present.get(ref.name) == ref.stored

    def known(self, digest: bytes, plain: int) -> Ref | None:
        """The object with this content, if there is one."""
        for name in self._codec.names(digest):
            if name in self.present:
                return Ref(name, plain, self.present[name])
        return None

    def put(self, data: bytes) -> Ref:
        """A small piece of content, compressed if that pays."""
        digest = sha256(data).digest()
        found = self.known(digest, len(data))
        if found is not None:
            return found
        plain_name, compressed_name = self._codec.names(digest)
        pressed = compression_pays(data)
        name = plain_name if pressed is None else compressed_name
        path = self._new_path()
        # It is compressed already; encryption is all that is left to do.
        stored = self._write(path, self._codec.encode([pressed or data], compressed=False))
        return self._take(Ref(name, len(data), stored), path)

    def put_stream(self, chunks: Iterable[bytes], *, compressed: bool = False) -> Ref:
        """Content of any length, which is never in memory as a whole."""
        digest, plain = sha256(), 0

        def passing() -> Iterator[bytes]:
            nonlocal plain
            for chunk in chunks:
                digest.update(chunk)
                plain += len(chunk)
                yield chunk

        path = self._new_path()
        try:
            stored = self._write(path, self._codec.encode(passing(), compressed=compressed))
            found = self.known(digest.digest(), plain)
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        if found is not None:
            with translated(self._place.title):
                path.unlink()
            return found
        return self._take(Ref(self._codec.names(digest.digest())[compressed], plain, stored), path)

    def flush(self) -> None:
        """Everything that was put lasts from here on."""
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._place.commit(batch)

    def forget(self, name: str) -> None:
        """What is there under this name is not whole: it is to be written again."""
        self.present.pop(name, None)
        self.written.discard(name)

    def _take(self, ref: Ref, path: Path) -> Ref:
        self.present[ref.name] = ref.stored
        self.written.add(ref.name)
        self.bytes_new += ref.stored
        self._batch.append(Staged(path, path_of(ref.name)))
        self._batch_bytes += ref.stored
        if len(self._batch) >= _BATCH_FILES or self._batch_bytes >= _BATCH_BYTES:
            self.flush()
        return ref

    def _new_path(self) -> Path:
        return self._place.staging / secrets.token_hex(16)

    def _write(self, path: Path, chunks: Iterable[bytes]) -> int:
        """Its length. What the chunks themselves raise passes as it is."""
        with translated(self._place.title):
            file = open(path, "xb", buffering=0)  # noqa: SIM115 - closed below
        length = 0
        with file:
            for chunk in chunks:
                with translated(self._place.title):
                    rest = memoryview(chunk)
                    while rest:
                        rest = rest[file.write(rest) :]
                length += len(chunk)
        return length


def content_of(place: Place, codec: Codec, name: str, path: str = "") -> Iterator[bytes]:
    """The plain content of an object, checked: what came before the end may be used only once that was
    reached.

    `path`: what it is needed for. Raises ObjectMissing, ObjectDamaged.
    """
    check = Check(codec, name)
    try:
        yield from check.passing(codec.decode(name, place.chunks(path_of(name))))
    except FileNotFoundError as error:
        raise ObjectMissing(name, path) from error
    except (Unreadable, DamagedInPlace) as error:
        raise ObjectDamaged(name, path) from error


def check_object(place: Place, codec: Codec, name: str) -> int:
    """Read an object through → bytes of its content. Raises ObjectMissing, ObjectDamaged."""
    return sum(len(chunk) for chunk in content_of(place, codec, name))
