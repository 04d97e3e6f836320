"""A web process's end of the hint socket, and the ticks that make up for lost hints.

Lives on the web process's event loop; its owner opens and closes it. It connects again and again, because the
recorder may restart at any time. Hints only wake: what cannot be read or sent is dropped. Under Flask alone
there is no loop and no client: waiting threads look for themselves (`live_views.py`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 4096
MAX_UNSENT_BYTES = 256 * 1024
RECONNECT_SECONDS = (0.1, 0.25, 0.5, 1.0)
TICK_SECONDS = 0.25

Hint = Mapping[str, object]
HintListener = Callable[[Hint], None]


class HintClient:
    """Every hint goes to every listener, on the loop. After a reconnection they get `{"kind":
    "reconnected"}`.
    """

    def __init__(self, socket_path: Path, listeners: Sequence[HintListener]) -> None:
        self._path = socket_path
        self._listeners = tuple(listeners)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Begin; does not wait for the recorder."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="hint-client")

    async def close(self) -> None:
        """Idempotent; returns when the task has ended."""
        task, self._task = self._task, None
        self._loop = None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def tell(self, hint: Hint) -> None:
        """Send a hint to the other processes; from any thread. Dropped while nobody is connected."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._send, json.dumps(hint, separators=(",", ":")).encode() + b"\n")

    def _send(self, line: bytes) -> None:
        writer = self._writer
        if writer is not None and writer.transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
            writer.write(line)

    async def _run(self) -> None:
        attempt = 0
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._path), limit=MAX_LINE_BYTES)
            except OSError:
                await asyncio.sleep(RECONNECT_SECONDS[min(attempt, len(RECONNECT_SECONDS) - 1)])
                attempt += 1
                continue
            attempt, self._writer = 0, writer
            try:
                self._hear({"kind": "reconnected"})
                await self._listen(reader)
            finally:
                self._writer = None
                writer.close()
            await asyncio.sleep(RECONNECT_SECONDS[0])

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                if (hint := _parse(line)) is not None:
                    self._hear(hint)
        except (OSError, ValueError) as error:  # ValueError: a line over the limit
            log.warning("the hint socket is left and joined again: %s", error)

    def _hear(self, hint: Hint) -> None:
        for listener in self._listeners:
            try:
                listener(hint)
            except Exception:  # a listener's fault must not deafen the others
                log.exception("a hint was not taken: %s", hint)


def _parse(line: bytes) -> Hint | None:
    try:
        hint = json.loads(line)
    except ValueError:
        return None
    return hint if isinstance(hint, dict) else None


class Ticker:
    """Calls `work` every `seconds` on the loop. What it raises is logged; the next tick comes."""

    def __init__(self, work: Callable[[], object], seconds: float = TICK_SECONDS) -> None:
        self._work = work
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ticker")

    async def close(self) -> None:
        """Idempotent; returns when the task has ended."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                self._work()
            except Exception:  # whatever one tick met, viewers need the next
                log.exception("a tick failed")
