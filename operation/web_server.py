"""The HTTP server of a web process: granian inside the process's own event loop.

Called by `app.py web`. HTTP/1.1, HTTP/2 and TLS are granian's; the port is shared (SO_REUSEPORT),
so several web processes serve it side by side. `serve()` returns when `stop` is set and the
requests under way are answered, or two seconds later. Measured choice: docs/decisions/0002.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels
from granian.server.embed import Server

from broadcast.asgi import Receive, Scope, Send
from settings import Settings

log = logging.getLogger(__name__)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BACKLOG = 4_096
MAX_REQUESTS_UNDER_WAY = 20_000  # held requests are the normal case here
STOP_SECONDS = 2.0
# To our own log, not to standard output. Were it not incremental, `logging.config` would close every handler
# there is: ours too, and nothing that a web process says would be written any more.
LOG_CONFIGURATION = {"incremental": True, "handlers": {}, "loggers": {}, "root": {}}


async def serve(application: Application, settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises RuntimeError if the address cannot be listened on."""
    server = Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        backpressure=MAX_REQUESTS_UNDER_WAY,
        websockets=False,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,  # encoders in the field
        log_level=LogLevels.error,
        log_dictconfig=dict(LOG_CONFIGURATION),
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not stop.is_set():
        await serving  # raises what ended it
        raise RuntimeError("the HTTP server ended by itself")
    await _stop(server, serving)


async def _stop(server: Server, serving: asyncio.Task[None]) -> None:
    server.stop()  # type: ignore[no-untyped-call]
    _, late = await asyncio.wait([serving], timeout=STOP_SECONDS)
    if late:
        log.info("requests still under way are cut off")
        # What granian and asyncio say of requests cancelled with the loop is no news.
        for name in ("_granian", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
