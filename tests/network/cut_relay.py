"""A line to a server that is cut at a chosen byte, swallows an answer, or answers in the server's place.

Runs an event loop in a thread of its own from `with` to its end; counts what goes up.

    with CutRelay(server.port) as relay:
        relay.cut_after(up=1_000_000)  # then nobody gets through, until
        relay.mend()
"""

from __future__ import annotations

import asyncio
import threading
from typing import Self

CHUNK = 16_384


class CutRelay:
    """`port`: where it listens on loopback; `bytes_up`: passed on to the server so far."""

    def __init__(self, to_port: int) -> None:
        self.bytes_up = 0
        self._to_port = to_port
        self._left: dict[str, int | None] = {"up": None, "down": None}
        self._is_cut = False
        self._swallowed: bytes | None = None
        self._answers: list[bytes] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cut-relay", daemon=True)

    def cut_after(self, *, up: int | None = None, down: int | None = None) -> None:
        """Cut all connections once so many more bytes have passed."""
        self._left = {"up": up, "down": down}

    def swallow_answer_to(self, request: bytes) -> None:
        """The server gets the request that has these bytes in it; the line is cut when it answers."""
        self._swallowed = request

    def answer_instead(self, *answers: bytes) -> None:
        """The next connections get these, and the server nothing."""
        self._answers = list(answers)

    def mend(self) -> None:
        self._left = {"up": None, "down": None}
        self._is_cut, self._swallowed = False, None

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
        self._cut()
        serving = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        await asyncio.gather(*serving, return_exceptions=True)

    def _cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self._is_cut:
                writer.transport.abort()
            elif self._answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answers.pop(0))
            else:
                await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # either end has gone: the other is told by the close below
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._writers.add(server_writer)
        try:
            await asyncio.gather(
                self._pass("up", reader, server_writer), self._pass("down", server_reader, writer)
            )
        finally:
            self._writers.discard(server_writer)
            server_writer.close()

    async def _pass(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waits_for_answer = False
        while data := await reader.read(CHUNK):
            left = self._left[way]
            passed = data if left is None else data[:left]
            if way == "down" and self._swallowed == b"":
                self._cut()
                return
            writer.write(passed)
            await writer.drain()
            if way == "up":
                self.bytes_up += len(passed)
                waits_for_answer = self._swallowed is not None and self._swallowed in data
            if waits_for_answer:
                self._swallowed = b""
            if left is not None:
                self._left[way] = left - len(passed)
                if self._left[way] == 0:
                    self._cut()
                    return
        writer.close()
