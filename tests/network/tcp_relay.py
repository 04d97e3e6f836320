"""A bad line between a viewer and the server: TCP with delay, jitter and stops, both ways in order.

Runs an event loop in a thread of its own from `with` to its end; `line` may be changed meanwhile.

    with TcpRelay(app.port, Line(delay_seconds=0.05)) as relay:
        page.goto(f"http://localhost:{relay.port}/rooms/hall")
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from dataclasses import dataclass, field
from typing import Self

CHUNK = 16_384


@dataclass
class Line:
    """`jitter_seconds`: each chunk from the server is up to so much later; what follows waits behind it.

    `hiccups`: about each so many seconds the line stands still for up to the second number of seconds, as
    wireless ones do; (0, 0): never. `cut`: nothing passes, nothing is lost; connections stay open.
    """

    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    hiccups: tuple[float, float] = (0.0, 0.0)
    cut: bool = False
    random: random.Random = field(default_factory=lambda: random.Random(1))
    _stands_from: float = 0.0
    _stands_until: float = 0.0

    def stands(self, now: float) -> bool:
        """Whether nothing passes at `now` (seconds of the loop's clock)."""
        every, longest = self.hiccups
        if every and now >= self._stands_until:
            self._stands_from = now + every * self.random.uniform(0.5, 1.5)
            self._stands_until = self._stands_from + longest * self.random.uniform(0.4, 1.0)
        return self.cut or (bool(every) and now >= self._stands_from)

    def wait(self) -> float:
        return self.delay_seconds + self.random.uniform(0, self.jitter_seconds)


class TcpRelay:
    """`port`: where it listens on loopback; `to_port`: the server's."""

    def __init__(self, to_port: int, line: Line | None = None) -> None:
        self.line = line or Line()
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-relay", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result(60)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            try:
                await asyncio.gather(
                    self._pass(reader, server_writer, jitter=False),
                    self._pass(server_reader, writer, jitter=True),
                )
            finally:
                server_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # either end has gone, or the relay: the other end is told by the close below
        finally:
            writer.close()
            self._connections.discard(task)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, jitter: bool
    ) -> None:
        """Chunks go on in order, each no sooner than its delay after it came. Ends with the reader's end."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def send() -> None:
            while True:
                at, data = await chunks.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                while self.line.stands(loop.time()):
                    await asyncio.sleep(0.02)
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        sender = asyncio.ensure_future(send())
        try:
            data = b"first"
            while data:
                data = await reader.read(CHUNK)
                wait = self.line.wait() if jitter else self.line.delay_seconds
                await chunks.put((loop.time() + wait, data))
            await sender
        finally:
            sender.cancel()
