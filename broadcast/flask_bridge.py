"""Flask behind ASGI: whole request bodies in, whole answers out, files sent without a thread.

Called by `front.py` on the event loop. A request's body is collected here and its answer kept here until the
client has taken it, so that a slow client never holds one of Flask's threads. What Flask wants sent as a
file it names in a header; the file goes out with ranges by starlette. The other way round uploads' bodies go
where a header of Flask says (`upload_receiver.py`). What is in the object store `far_download.py` sends. Ends
with `close()`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from starlette.responses import FileResponse

from broadcast.answer import Header, problem_answer
from broadcast.asgi import Message, Receive, Scope, Send, send_answer
from broadcast.far_download import FarSender
from broadcast.far_download import order_of as order_of_far
from broadcast.upload_receiver import PATH_END, UPLOAD_KEY, Begin, UploaderLeft, UploadReceiver, order_of

SEND_FILE_HEADER = b"x-kodo-send-file"
FRONT_KEY = "kodo.front"
MAX_BODY_BYTES = 1 << 20
# A transcript; only so many at once, for they lie in memory.
LARGE_PATH_END = "/transcript"
MAX_LARGE_BODY_BYTES = 10 << 20
LARGE_BODIES = 4
BODY_SECONDS = 30.0
MAX_HEADER_BYTES = 32 << 10
# Beyond this an answer goes out as the client takes it, holding its thread.
MAX_KEPT_ANSWER_BYTES = 8 << 20
# A table of millions of lines is to begin at once; those who may have it are few.
MAX_KEPT_TABLE_BYTES = 256 << 10
FLASK_THREADS = 16

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class BodyTooLarge(Exception):
    """More than a request's body may have (HTTP 413)."""


class ClientLeft(Exception):
    """The client closed the connection before its body was complete."""


class FlaskBridge:
    """`app`: any WSGI application. `far`: sends what was moved into the object store."""

    def __init__(self, app: WsgiApp, far: FarSender | None = None, threads: int = FLASK_THREADS) -> None:
        def marked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ[FRONT_KEY] = True
            environ[UPLOAD_KEY] = environ["asgi.scope"].get(UPLOAD_KEY)
            return app(environ, start_response)

        self._wsgi: Any = WSGIMiddleware(cast("Any", marked), workers=threads)  # its types are its own
        self._far = far
        self._uploads = UploadReceiver()
        self._large_bodies = asyncio.Semaphore(LARGE_BODIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = _refusal(scope)
        if problem is not None:
            await send_answer(send, scope, problem_answer(*problem))
            return
        if scope["method"] == "PATCH" and scope["path"].endswith(PATH_END):
            await self._upload(scope, receive, send)
            return
        if scope["method"] == "PUT" and scope["path"].endswith(LARGE_PATH_END):
            async with self._large_bodies:
                await self._pass_on(scope, receive, send, MAX_LARGE_BODY_BYTES)
        else:
            await self._pass_on(scope, receive, send, MAX_BODY_BYTES)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        """A request whose body may have `max_bytes`."""
        try:
            body = await asyncio.wait_for(_collect(scope, receive, max_bytes), BODY_SECONDS)
        except BodyTooLarge:
            detail = f"A request's body may have {max_bytes} bytes."
            await send_answer(send, scope, problem_answer(413, detail))
            return
        except TimeoutError:
            await send_answer(send, scope, problem_answer(408, "The request's body did not come in time."))
            return
        except ClientLeft:
            return
        reply = _Reply(scope, receive, send, self._far)
        await self._wsgi(_with_length(scope, len(body)), _one_message(body), reply.take)
        await reply.finish()

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The body does not pass through Flask, which is asked before and told after."""
        told = _header(scope, b"content-length")
        begin = Begin(int(told) if told is not None else None)
        reply = await self._ask({**scope, UPLOAD_KEY: begin}, receive, send)
        order = order_of(reply.headers)
        if order is not None:
            try:
                outcome = await self._uploads.receive(order, receive)
            except UploaderLeft:
                return
            reply = await self._ask({**scope, UPLOAD_KEY: outcome}, receive, send)
        await reply.finish()

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> _Reply:
        """Flask's answer to a request without its body, kept here."""
        reply = _Reply(scope, receive, send, self._far)
        await self._wsgi(_with_length(scope, 0), _one_message(b""), reply.take)
        return reply

    def close(self) -> None:
        """Let the threads end; those at work finish first."""
        self._wsgi.executor.shutdown(wait=True, cancel_futures=True)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Why a request does not reach Flask at all."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        return 431, "The request's headers are too large."
    if not scope["query_string"].isascii():
        return 400, "The address has characters that must be percent-encoded."
    length = _header(scope, b"content-length")
    if length is not None and not length.isdigit():
        return 400, "Content-Length must be a number."
    return None


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


async def _collect(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The whole body, whether its length was told or not. Raises BodyTooLarge, ClientLeft."""
    told = _header(scope, b"content-length")
    if told is not None and int(told) > max_bytes:
        raise BodyTooLarge
    if scope["method"] in ("GET", "HEAD", "OPTIONS") and told is None and not _is_chunked(scope):
        return b""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _is_chunked(scope: Scope) -> bool:
    return _header(scope, b"transfer-encoding") is not None


def _with_length(scope: Scope, length: int) -> Scope:
    """The scope as Flask can read it: a length instead of chunks, one cookie header, no ambiguous names."""
    headers: list[Header] = []
    cookies: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookies.append(value)  # HTTP/2 sends them one by one (RFC 9113 8.2.3); WSGI joins with a comma
        elif name not in (b"content-length", b"transfer-encoding") and b"_" not in name:
            headers.append((name, value))
    if cookies:
        headers.append((b"cookie", b"; ".join(cookies)))
    if length or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        headers.append((b"content-length", b"%d" % length))
    return {**scope, "headers": headers}


def _one_message(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


@dataclass(slots=True)
class _Reply:
    """Takes Flask's answer as fast as it comes; sends it, or the file that it names."""

    scope: Scope
    receive: Receive
    send: Send
    far: FarSender | None = None
    start: Message | None = None
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    streaming: bool = False

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.start["headers"]) if self.start is not None else {}

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif self.streaming:
            await self.send({"type": "http.response.body", "body": message["body"], "more_body": True})
        elif message["body"]:
            self.chunks.append(message["body"])
            self.size += len(message["body"])
            if self.size > (MAX_KEPT_TABLE_BYTES if self._is_table() else MAX_KEPT_ANSWER_BYTES):
                await self._stream()

    async def finish(self) -> None:
        """Flask is done."""
        if self.start is None:
            await send_answer(self.send, self.scope, problem_answer(500, "There was no answer."))
        elif self.streaming:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        elif (path := self._file()) is not None:
            await self._send_file(path)
        elif self.far is not None and (order := order_of_far(self.headers)) is not None:
            await self.far.send(order, self.start, self.scope, self.receive, self.send)
        else:
            await self.send(self.start)
            await self.send({"type": "http.response.body", "body": b"".join(self.chunks), "more_body": False})

    def _is_table(self) -> bool:
        return self.headers.get(b"content-type", b"").startswith(b"text/csv")

    async def _stream(self) -> None:
        assert self.start is not None, "WSGI starts an answer before its body"
        self.streaming = True
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": b"".join(self.chunks), "more_body": True})
        self.chunks.clear()

    def _file(self) -> str | None:
        assert self.start is not None, "called when there is an answer"
        named = next((value for name, value in self.start["headers"] if name == SEND_FILE_HEADER), None)
        return None if named is None else os.fsdecode(named)

    async def _send_file(self, path: str) -> None:
        assert self.start is not None, "called when there is an answer"
        # Flask's headers stay (name, cache, type, its tag); length and ranges are the file's own.
        dropped = (SEND_FILE_HEADER, b"content-length", b"last-modified", b"accept-ranges")
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.start["headers"]
            if name not in dropped
        }
        try:
            stat = await asyncio.to_thread(os.stat, path)
            response = FileResponse(path, self.start["status"], headers, stat_result=stat)
            await response(self.scope, self.receive, self.send)
        except FileNotFoundError:
            await send_answer(self.send, self.scope, problem_answer(404, "The file is not there any more."))
