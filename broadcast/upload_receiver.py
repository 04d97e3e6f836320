"""Uploads' bytes on their way to the disk: Flask says where to, the front moves them.

Called by `flask_bridge.py` on the event loop for each PATCH of an upload (tus 1.0). Flask is asked twice,
without the body: before, it judges the request and names the file; after, it is told what came and gives the
answer. In between the body goes to the file as it comes, written in a thread, a megabyte at a time. A client
that leaves, or is silent for IDLE_SECONDS, has lost nothing: the file keeps what came.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote

from broadcast.asgi import Receive
from library.upload_file import NoRoom, OffsetMismatch, UploadFile, UploadLocked

log = logging.getLogger(__name__)

# Told to Flask in its environment: Begin, then Outcome.
UPLOAD_KEY = "kodo.upload"
RECEIVE_HEADER = b"x-kodo-receive-file"
PATH_END = "/upload"
IDLE_SECONDS = 30.0
MAX_AT_ONCE = 32
_PIECE_BYTES = 1 << 20
CHECKSUMS = ("sha1", "sha256")


@dataclass(frozen=True, slots=True)
class Begin:
    """Flask is asked whether a body may come. `length`: as its request told, in bytes."""

    length: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """What Flask has allowed. `checksum`: algorithm and digest, or None."""

    path: Path
    offset: int
    length: int
    floor_bytes: int
    checksum: tuple[str, bytes] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`offset`: where the file ends now. `problem`: a word that `tus.py` knows, None if all went well."""

    offset: int
    problem: str | None = None


class UploaderLeft(Exception):
    """There is nobody to answer."""


class UploadReceiver:
    """Moves bodies; bounded in number."""

    def __init__(self) -> None:
        self._free = MAX_AT_ONCE

    async def receive(self, order: Order, receive: Receive) -> Outcome:
        """Write the body of a request. Raises UploaderLeft."""
        if self._free <= 0:
            return Outcome(order.offset, "busy")
        self._free -= 1
        try:
            return await _received(order, receive)
        except UploadLocked:
            return Outcome(order.offset, "locked")
        except OffsetMismatch as mismatch:
            return Outcome(mismatch.offset, "offset")
        except FileNotFoundError:
            return Outcome(order.offset, "gone")
        finally:
            self._free += 1


def write_here(order: Order, body: IO[bytes]) -> Outcome:
    """The same without the front: a web thread writes what it reads. Blocks."""
    try:
        with UploadFile(order.path, order.offset, floor_bytes=order.floor_bytes) as file:
            return _copied(file, order, body)
    except UploadLocked:
        return Outcome(order.offset, "locked")
    except OffsetMismatch as mismatch:
        return Outcome(mismatch.offset, "offset")
    except FileNotFoundError:
        return Outcome(order.offset, "gone")


def _copied(file: UploadFile, order: Order, body: IO[bytes]) -> Outcome:
    digest = hashlib.new(order.checksum[0], usedforsecurity=False) if order.checksum else None
    left = order.length
    try:
        while left and (piece := body.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
            if digest is not None:
                digest.update(piece)
            file.write(piece)
    except NoRoom:
        return Outcome(file.offset, "no_room")
    return _judged(file, order, digest)


async def _received(order: Order, receive: Receive) -> Outcome:
    file = await asyncio.to_thread(UploadFile, order.path, order.offset, floor_bytes=order.floor_bytes)
    try:
        return await _into(file, order, receive)
    finally:
        await asyncio.to_thread(file.close)


async def _into(file: UploadFile, order: Order, receive: Receive) -> Outcome:
    digest = hashlib.new(order.checksum[0], usedforsecurity=False) if order.checksum else None
    end = order.offset + order.length
    try:
        async for piece in _pieces(receive):
            if file.offset + len(piece) > end:
                return Outcome(file.offset, "too_much")
            if digest is not None:
                digest.update(piece)
            await asyncio.to_thread(file.write, piece)
    except TimeoutError:
        return Outcome(file.offset, "silent")
    except NoRoom:
        return Outcome(file.offset, "no_room")
    return _judged(file, order, digest)


def _judged(file: UploadFile, order: Order, digest: hashlib._Hash | None) -> Outcome:
    """tus, checksum: what does not agree is thrown away."""
    if digest is not None and order.checksum is not None and digest.digest() != order.checksum[1]:
        file.take_back()
        return Outcome(file.offset, "checksum")
    return Outcome(file.offset)


async def _pieces(receive: Receive) -> AsyncIterator[bytearray]:
    """The body, about a megabyte at a time; also what came before the client left or fell silent, which
    raises UploaderLeft or TimeoutError.
    """
    piece, more = bytearray(), True
    while more:
        try:
            message = await asyncio.wait_for(receive(), IDLE_SECONDS)
        except TimeoutError:
            yield piece
            raise
        if message["type"] == "http.disconnect":
            yield piece
            raise UploaderLeft
        piece += message.get("body", b"")
        more = message.get("more_body", False)
        if len(piece) >= _PIECE_BYTES or not more:
            yield piece
            piece = bytearray()


def order_of(headers: Mapping[bytes, bytes]) -> Order | None:
    """What an answer of Flask orders, if it does: path, offset, length, floor, checksum."""
    named = headers.get(RECEIVE_HEADER)
    if named is None:
        return None
    offset, length, floor, algorithm, digest, path = named.decode("latin-1").split(" ", 5)
    checksum = (algorithm, bytes.fromhex(digest)) if algorithm != "-" else None
    return Order(Path(unquote(path)), int(offset), int(length), int(floor), checksum)


def order_header(order: Order) -> str:
    """The other way round, for Flask."""
    algorithm, digest = order.checksum or ("-", b"")
    numbers = f"{order.offset} {order.length} {order.floor_bytes}"
    return f"{numbers} {algorithm} {digest.hex() or '-'} {quote(str(order.path))}"
