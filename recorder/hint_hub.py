"""The local bus: newline JSON over a Unix socket; every line a client sends goes to all the others.

Lives on the recorder's event loop, which says what it wrote; web processes listen and tell each
other of closed event batches. A hint only wakes: a client too slow to read loses hints, never data.
Ends with `close()`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 4_096
MAX_CLIENTS = 256
MAX_UNREAD_BYTES = 256 * 1024


class HintHub:
    """Fans hints out to the connected web processes."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def open(self, socket_path: Path) -> None:
        _remove(socket_path)
        self._server = await asyncio.start_unix_server(self._serve, str(socket_path), limit=MAX_LINE_BYTES)
        _make_private(socket_path)

    def tell(self, hint: Mapping[str, object]) -> None:
        """Send one hint to every client that keeps up."""
        if self._clients:
            self._send(json.dumps(hint, separators=(",", ":")).encode() + b"\n", sender=None)

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._clients):
            writer.close()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= MAX_CLIENTS:
            writer.close()
            return
        self._clients.add(writer)
        try:
            while line := await reader.readline():
                self._send(line, sender=writer)
        except (
            ConnectionError,
            ValueError,
        ) as error:  # ValueError: a line over the limit
            log.warning("hint client dropped: %s", error)
        finally:
            self._clients.discard(writer)
            writer.close()

    def _send(self, line: bytes, sender: asyncio.StreamWriter | None) -> None:
        for writer in self._clients:
            if writer is not sender and _keeps_up(writer.transport):
                writer.write(line)


def _keeps_up(transport: asyncio.WriteTransport) -> bool:
    """Not one whose process was killed just now: uvloop raises on writing to a closed one."""
    return not transport.is_closing() and transport.get_write_buffer_size() < MAX_UNREAD_BYTES


def _remove(socket_path: Path) -> None:
    socket_path.unlink(missing_ok=True)


def _make_private(socket_path: Path) -> None:
    socket_path.chmod(0o600)
