"""The ASGI application of a web process: live requests answered here, everything else by Flask.

Called by granian on the web process's event loop. A held request costs a future; a file from a disk is read
in threads of its own; Flask has threads of its own. At ASGI's start the front opens the background services
it was given, in order, and at the end closes them in reverse, then its windows and threads.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Protocol

from broadcast.answer import Answer, method_not_allowed, preflight_answer
from broadcast.asgi import Message, Receive, Scope, Send, send_answer
from broadcast.event_answers import event_answer
from broadcast.event_feed import EventFeed
from broadcast.far_download import FarSender
from broadcast.flask_bridge import FlaskBridge, WsgiApp
from broadcast.hint_client import Ticker
from broadcast.live_address import Batch
from broadcast.live_answers import LiveAnswers
from broadcast.live_windows import LiveWindows
from broadcast.outcome import BUSY, Hold, Later
from broadcast.request_counts import RequestCounts
from recorder.far_media import FarMedia

log = logging.getLogger(__name__)

LIVE = "/live/"
READING_THREADS = 8
# An object store may take seconds; what lies on the disk does not wait behind it.
FAR_THREADS = 16
MAX_FAR_WAITING = 400
_PREFLIGHT = preflight_answer()
_BAD_METHOD = method_not_allowed()


class Background(Protocol):
    """What lives as long as the front. Either method may be a coroutine function; others run in a thread."""

    def open(self) -> object: ...

    def close(self) -> object: ...


class Front:
    """`background` is opened in order; `windows` and the reading threads are the front's own.

    `far`: reads what was moved into the object store.
    """

    def __init__(
        self,
        flask_app: WsgiApp,
        answers: LiveAnswers,
        windows: LiveWindows,
        *,
        feed: EventFeed,
        background: Sequence[Background] = (),
        far: FarMedia | None = None,
        counts: RequestCounts | None = None,
    ) -> None:
        self._counts = counts
        self._answers = answers
        self._windows = windows
        self._feed = feed
        self._background: Sequence[Background] = (Ticker(windows.poll), *background)
        self._opened: list[Background] = []
        self._is_open = False
        self._reading = ThreadPoolExecutor(READING_THREADS, thread_name_prefix="live-read")
        self._reading_far = ThreadPoolExecutor(FAR_THREADS, thread_name_prefix="far-read")
        self._far_waiting = 0
        self._flask = FlaskBridge(flask_app, FarSender(far, self._reading_far))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"].startswith(LIVE):
                answer = await self._live(scope)
                if self._counts is not None:
                    self._counts.note(scope["path"], answer.status)
                await send_answer(send, scope, answer)
            else:
                await self._flask(scope, receive, self._counted(scope, send))
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def _counted(self, scope: Scope, send: Send) -> Send:
        counts = self._counts
        if counts is None:
            return send

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                counts.note(scope["path"], message["status"])
            await send(message)

        return counted

    async def open(self) -> None:
        """Open the background services; a second call does nothing (the process and ASGI's start both ask).

        If one fails, those before it are closed and its error is raised.
        """
        if self._is_open:
            return
        self._is_open = True
        try:
            for service in self._background:
                await _call(service.open)
                self._opened.append(service)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Idempotent: let held requests go, close the services in reverse, end the threads."""
        self._windows.close()
        while self._opened:
            service = self._opened.pop()
            try:
                await _call(service.close)
            except Exception:  # the others must be closed all the same
                log.exception("%s was not closed", type(service).__name__)
        await asyncio.to_thread(self._reading.shutdown, wait=True, cancel_futures=True)
        await asyncio.to_thread(self._reading_far.shutdown, wait=True, cancel_futures=True)
        await asyncio.to_thread(self._flask.close)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send(await _outcome("lifespan.startup", self.open))
            elif message["type"] == "lifespan.shutdown":
                await send(await _outcome("lifespan.shutdown", self.close))
                return

    async def _live(self, scope: Scope) -> Answer:
        if scope["method"] not in ("GET", "HEAD"):
            return _PREFLIGHT if scope["method"] == "OPTIONS" else _BAD_METHOD
        path: str = scope["path"]
        if "/events/" in path:
            return await self._events(scope)
        outcome = self._answers.answer(path, scope["query_string"], gzip=_takes_gzip(scope))
        if isinstance(outcome, Answer):
            return outcome
        loop = asyncio.get_running_loop()
        while isinstance(outcome, Later):
            if outcome.far:
                outcome = await self._read_far(outcome)
            else:
                outcome = await loop.run_in_executor(self._reading, outcome.work)
        if isinstance(outcome, Hold):
            waiter = _LoopWaiter(loop)
            outcome.join(waiter)
            return await waiter.future
        return outcome

    async def _read_far(self, later: Later) -> Answer | Hold | Later:
        if self._far_waiting >= MAX_FAR_WAITING:
            return BUSY
        self._far_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading_far, later.work)
        finally:
            self._far_waiting -= 1

    async def _events(self, scope: Scope) -> Answer:
        asked = self._answers.room_of_events(scope["path"])
        if isinstance(asked, Answer):
            return asked
        if isinstance(asked.resource, Batch):
            found = self._feed.request(asked.room_id, asked.resource.number)
        else:
            found = self._feed.request_snapshot(asked.room_id)
        answer = await self._feed.hold(found)
        return event_answer(answer, public=asked.public, gzip=_takes_gzip(scope))


class _LoopWaiter:
    """A future of the loop that a reading thread may settle too: it may be the first to see a new part."""

    __slots__ = ("_loop", "_thread", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Answer] = loop.create_future()
        self._loop = loop
        self._thread = threading.get_ident()

    def done(self) -> bool:
        return self.future.done()

    def set_result(self, result: Answer) -> None:
        if threading.get_ident() == self._thread:
            self._settle(result)
        else:
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: Answer) -> None:
        if not self.future.done():  # cancelled meanwhile: the client left
            self.future.set_result(result)


async def _call(method: Callable[[], object]) -> None:
    if inspect.iscoroutinefunction(method):
        await method()
    else:
        await asyncio.to_thread(method)


async def _outcome(step: str, work: Callable[[], Awaitable[None]]) -> Message:
    try:
        await work()
    except Exception as error:  # the server is told, and ends
        log.exception("%s failed", step)
        return {"type": f"{step}.failed", "message": str(error)}
    return {"type": f"{step}.complete"}


def _takes_gzip(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return takes_gzip(value)
    return False


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether the client takes gzip (RFC 9110 12.5.3)."""
    for item in accept_encoding.lower().split(b","):
        coding, _, weight = item.strip().partition(b";")
        if coding.strip() in (b"gzip", b"x-gzip", b"*"):
            return re.fullmatch(rb"\s*q=0(\.0*)?\s*", weight) is None
    return False
