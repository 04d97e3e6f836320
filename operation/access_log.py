"""A line for each request that the web server has answered: who asked for what, the answer, how long it took.

Around the front, on the web process's event loop; the lines go to `access.log` alone (`logging_setup`), which
takes tokens out of them. Live media, static files and what pages ask by the clock have no line while they are
answered well: a lecture of a thousand viewers would drive all else out of ten generations in an hour.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import quote

from broadcast.asgi import Message, Receive, Scope, Send
from broadcast.front import Front
from people.request_address import address_behind
from settings import Network

log = logging.getLogger("kodo.access")

LIVE = "/live/"
QUIET_BEGINNINGS = ("/static/", "/healthz", "/readyz", "/metrics")
QUIET_ENDS = ("/beacon", "/watched", "/api/v1/notices")
MAX_PATH = 500


class AccessLog:
    """`trusted`: proxies in front whose word of an address counts."""

    def __init__(self, front: Front, trusted: tuple[Network, ...]) -> None:
        self._front = front
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(LIVE):
            await self._front(scope, receive, send)
            return
        began, status, size = time.monotonic(), 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._front(scope, receive, noted)
        finally:
            if not is_quiet(scope["path"], status):
                self._say(scope, status, size, time.monotonic() - began)

    def _say(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        query = scope["query_string"].decode("latin-1")
        path = quote(scope["path"], safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = [
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        ]
        log.info(
            "%s %s",
            scope["method"],
            path[:MAX_PATH],
            extra={
                "status": status,
                "bytes": size,
                "ms": round(seconds * 1000),
                "address": address_behind(peer, forwarded, self._trusted),
            },
        )


def is_quiet(path: str, status: int) -> bool:
    """Pure: whether an answer is no news."""
    return 0 < status < 400 and (path.startswith(QUIET_BEGINNINGS) or path.endswith(QUIET_ENDS))
