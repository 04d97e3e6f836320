"""A file that was moved into the object store as a download with ranges, passed on block by block.

Flask says what is sent (`answer`, in a web thread), the front sends it (`FarSender`, on its loop, reading in
threads that may wait for a store). Nothing is redirected there: a presigned address serves whoever has it for
as long as it lasts, and many a store is not to be reached from where viewers are. The first piece is read
before the answer begins, so that a store that is away is a 503; later it is asked a few times more, then the
line is cut, and a browser goes on with a range.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, request
from starlette.responses import StreamingResponse
from werkzeug.http import parse_if_range_header

from broadcast.answer import Answer, problem_answer
from broadcast.asgi import Message, Receive, Scope, Send, send_answer
from recorder import far_media
from recorder.far_media import FarMedia, FarPlace, MediaDamaged, MediaUnavailable

ORDER_HEADER = "X-Kodo-Send-Far"
RETRY_AFTER_SECONDS = 30
PIECE_BLOCKS = 4
ATTEMPTS, PAUSE_SECONDS = 5, 2.0  # at a piece in the middle

_AWAY = problem_answer(
    503,
    "The file is in the object store, which does not answer just now.",
    retry_seconds=RETRY_AFTER_SECONDS,
)
_DAMAGED = problem_answer(
    404, "The file is damaged in the object store. Whoever runs this server has been told."
)
_GONE = problem_answer(404, "The file is not there any more.")


@dataclass(frozen=True, slots=True)
class FarOrder:
    """Which bytes of which file's content are sent; `length` 0: none (a HEAD)."""

    path: Path
    first: int
    length: int


def answer(path: Path, place: FarPlace, mimetype: str, far: FarMedia | None) -> Response:
    """Status and headers, ranges too (RFC 9110, 14), for the front or, without one, with the content.

    A list of ranges is not taken up: the whole is sent, which the RFC allows.
    """
    etag = place.sha256[:32]
    response = Response(mimetype=mimetype)
    response.set_etag(etag)
    response.accept_ranges = "bytes"
    if request.if_none_match.contains(etag):
        response.status_code = 304
        return response
    first, last = 0, place.length - 1
    asked = request.range if _may_be_a_range(etag) else None
    if asked is not None and asked.units == "bytes" and len(asked.ranges) == 1:
        fitting = asked.range_for_length(place.length)
        if fitting is None:
            response.status_code = 416
            response.content_range.set(None, None, place.length)
            return response
        first, last = fitting[0], fitting[1] - 1
        response.status_code = 206
        response.content_range.set(first, last + 1, place.length)
    response.content_length = last - first + 1
    _attach(response, FarOrder(path, first, last - first + 1), place, far)
    return response


def _may_be_a_range(etag: str) -> bool:
    """RFC 9110, 13.1.5: a range only of the content that the client has the beginning of."""
    condition = parse_if_range_header(request.headers.get("If-Range"))
    return condition.date is None and condition.etag in (None, etag)


def _attach(response: Response, order: FarOrder, place: FarPlace, far: FarMedia | None) -> None:
    """The first byte is asked for here, so that what is away or damaged is told in the reader's language.

    Raises MediaUnavailable, MediaDamaged.
    """
    if far is None:
        raise MediaUnavailable(f"{place.key} is in {place.store}, which is not read here")
    far.read(place, order.first, 1, keep=False)
    if request.environ.get("kodo.front"):
        length = 0 if request.method == "HEAD" else order.length
        # WSGI's headers are bytes in the shape of latin-1 (PEP 3333), and a folder may have any name.
        named = os.fsencode(order.path).decode("latin-1")
        response.headers[ORDER_HEADER] = f"{order.first} {length} {named}"
    elif request.method != "HEAD":
        pieces = pieces_of(order.first, order.length, place.block_bytes)
        response.response = (far.read(place, at, size, keep=False) for at, size in pieces)


def pieces_of(first: int, length: int, block_bytes: int) -> Iterator[tuple[int, int]]:
    """`(first byte, length)` of the pieces of a range: they end where the store's blocks do."""
    end = first + length
    while first < end:
        piece = min(PIECE_BLOCKS * block_bytes - first % block_bytes, end - first)
        yield first, piece
        first += piece


def order_of(headers: Mapping[bytes, bytes]) -> FarOrder | None:
    """What Flask's answer asks the front to send."""
    told = headers.get(ORDER_HEADER.lower().encode())
    if told is None:
        return None
    first, length, path = told.split(b" ", 2)
    return FarOrder(Path(os.fsdecode(path)), int(first), int(length))


class FarSender:
    """`threads`: where reading may take its time; they are their owner's."""

    def __init__(self, far: FarMedia | None, threads: Executor) -> None:
        self._far = far
        self._threads = threads

    async def send(self, order: FarOrder, start: Message, scope: Scope, receive: Receive, send: Send) -> None:
        """`start`: Flask's answer, whose headers go out without the order."""
        dropped = ORDER_HEADER.lower().encode()
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"] if k != dropped}
        loop = asyncio.get_running_loop()
        place = await loop.run_in_executor(self._threads, far_media.load, order.path)
        if place is None:
            await send_answer(send, scope, _GONE)
            return
        pieces = list(pieces_of(order.first, order.length, place.block_bytes))
        problem, first = await self._first(place, pieces)
        if problem is not None:
            await send_answer(send, scope, problem)
            return
        content = self._content(place, first, pieces[1:])
        await StreamingResponse(content, start["status"], headers)(scope, receive, send)

    async def _first(self, place: FarPlace, pieces: list[tuple[int, int]]) -> tuple[Answer | None, bytes]:
        if not pieces:
            return None, b""
        try:
            return None, await self._read(place, *pieces[0])
        except MediaUnavailable:
            return _AWAY, b""
        except MediaDamaged:
            return _DAMAGED, b""

    async def _content(
        self, place: FarPlace, first: bytes, rest: list[tuple[int, int]]
    ) -> AsyncIterator[bytes]:
        yield first
        for at, size in rest:
            yield await self._read_patiently(place, at, size)

    async def _read_patiently(self, place: FarPlace, at: int, size: int) -> bytes:
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._read(place, at, size)
            except MediaUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)
        return await self._read(place, at, size)

    async def _read(self, place: FarPlace, at: int, size: int) -> bytes:
        if self._far is None:
            raise MediaUnavailable(f"{place.key} is in {place.store}, which is not read here")
        far: Any = self._far
        loop = asyncio.get_running_loop()
        data: bytes = await loop.run_in_executor(self._threads, lambda: far.read(place, at, size, keep=False))
        return data
