"""How content becomes an object and back: named by its SHA-256, compressed where that pays, encrypted.

An object's name is 64 hexadecimal digits and what was done to it: nothing (`sha256sum` finds the name), `.z`
(zlib, and the CRC-32 of that in 4 bytes), `.e` (encrypted), `.ze` (compressed, then encrypted). With a key
the digits are an HMAC of the SHA-256.
Encrypted: `KODOenc1`, 32 random bytes, then frames of up to 1 MiB, each AES-256-GCM under a key that HKDF
makes of the repository's and the random bytes; its nonce is the frame's number (11 bytes) and 1 for the last
frame (the STREAM construction), so that frames can be neither moved, left out nor cut off. Pure; streams.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain

from library.backup.keys import BackupKey

FRAME_BYTES = 1 << 20
TAG_BYTES = 16
_MAGIC = b"KODOenc1"
_SALT_BYTES = 32
_PAYS = 0.9  # compressed content must be smaller than that


class Unreadable(Exception):
    """An object's bytes are not what was made of any content: flipped, cut or foreign."""


class Codec:
    """`key`: None, and nothing is encrypted."""

    def __init__(self, key: BackupKey | None) -> None:
        self._key = key

    def stem(self, digest: bytes) -> str:
        """The 64 digits for content with this SHA-256."""
        return digest.hex() if self._key is None else self._key.name_of(digest)

    def names(self, digest: bytes) -> tuple[str, str]:
        """What an object with this content may be called: as it is, compressed."""
        stem = self.stem(digest)
        return (stem, f"{stem}.z") if self._key is None else (f"{stem}.e", f"{stem}.ze")

    def encode(self, chunks: Iterable[bytes], *, compressed: bool) -> Iterator[bytes]:
        """From plain content."""
        made = _deflated(chunks) if compressed else iter(chunks)
        return made if self._key is None else _sealed(self._key, made)

    def decode(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The plain content of the object `name`. Raises Unreadable, also at the very end: whether the
        content is that of its name is for `Check` to say.
        """
        made: Iterator[bytes] = iter(chunks)
        done = name.partition(".")[2]
        if "e" in done:
            if self._key is None:
                raise Unreadable(name)
            made = _opened(self._key, made)
        return _inflated(made) if "z" in done else made


class Check:
    """Content as it passes by: does it belong to the name, and is it as long as it should be?"""

    def __init__(self, codec: Codec, name: str) -> None:
        self._codec, self._stem = codec, name.partition(".")[0]
        self._digest = sha256()
        self.bytes = 0

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks; at their end raises Unreadable where they were not the name's."""
        for chunk in chunks:
            self._digest.update(chunk)
            self.bytes += len(chunk)
            yield chunk
        if self._codec.stem(self._digest.digest()) != self._stem:
            raise Unreadable(self._stem)


def compression_pays(data: bytes) -> bytes | None:
    """`data` compressed, if that makes it a good deal smaller."""
    made = b"".join(_deflated([data]))
    return made if len(made) < _PAYS * len(data) else None


def sealed_length(length: int) -> int:
    """How long content of this length is once it is encrypted."""
    frames = max(1, -(-length // FRAME_BYTES))
    return len(_MAGIC) + _SALT_BYTES + length + frames * TAG_BYTES


def _deflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    press, check = zlib.compressobj(1), 0
    for chunk in chunks:
        if made := press.compress(chunk):
            check = zlib.crc32(made, check)
            yield made
    made = press.flush()
    yield made + zlib.crc32(made, check).to_bytes(4, "big")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    press = zlib.decompressobj()
    try:
        for chunk in _without_check(chunks):
            rest = chunk
            while rest:
                yield press.decompress(rest, FRAME_BYTES)
                rest = press.unconsumed_tail
    except zlib.error as error:
        raise Unreadable(str(error)) from error
    if not press.eof or press.unused_data:
        raise Unreadable("compressed content ends in its middle, or goes on behind its end")


def _without_check(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """All but the last 4 bytes, the CRC-32 of the others: zlib itself has bits that mean nothing."""
    kept, check = b"", 0
    for chunk in chunks:
        kept += chunk
        passing, kept = kept[:-4], kept[-4:]
        check = zlib.crc32(passing, check)
        yield passing
    if kept != check.to_bytes(4, "big"):
        raise Unreadable("compressed content is not what was written")


def _sealed(key: BackupKey, chunks: Iterable[bytes]) -> Iterator[bytes]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # see keys.py

    salt = secrets.token_bytes(_SALT_BYTES)
    cipher = AESGCM(key.derived(b"object", salt))
    yield _MAGIC + salt
    for number, (frame, last) in enumerate(_frames(chunks, FRAME_BYTES)):
        yield cipher.encrypt(_nonce(number, last=last), frame, None)


def _opened(key: BackupKey, chunks: Iterator[bytes]) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head_length = len(_MAGIC) + _SALT_BYTES
    head = b""
    while len(head) < head_length and (chunk := next(chunks, b"")):
        head += chunk
    if len(head) < head_length or not head.startswith(_MAGIC):
        raise Unreadable("no encrypted object")
    cipher = AESGCM(key.derived(b"object", head[len(_MAGIC) : head_length]))
    rest = chain((head[head_length:],), chunks)
    try:
        for number, (frame, last) in enumerate(_frames(rest, FRAME_BYTES + TAG_BYTES)):
            yield cipher.decrypt(_nonce(number, last=last), frame, None)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("encrypted content is not what was written") from error


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _frames(chunks: Iterable[bytes], length: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of `length`, and whether it is the last one, which may be shorter, and empty if it is alone."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > length:
            yield bytes(waiting[:length]), False
            del waiting[:length]
    yield bytes(waiting), True
