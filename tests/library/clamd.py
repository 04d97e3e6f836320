"""A small server that speaks as ClamAV's daemon does (INSTREAM of clamd(8)) and knows one virus."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from typing import Self

VIRUS = b"a virus for tests, harmless"
NAME = "Kodo.Test"
LIMIT = 25 << 20  # `StreamMaxLength` where nobody has set it


class Clamd:
    """On loopback, or on a Unix socket. `streams`: the length of each that was asked about."""

    def __init__(self, path: Path | None = None, *, limit: int = LIMIT) -> None:
        self.limit = limit
        self.streams: list[int] = []
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address: tuple[str, int] | Path = ("127.0.0.1", self._listener.getsockname()[1])
        else:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(str(path))
            self._listener.listen()
            self.address = path
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def setting(self) -> str:
        """As `KODO_CLAMAV` names it."""
        return str(self.address) if isinstance(self.address, Path) else f"127.0.0.1:{self.address[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line, line.makefile("rb") as said:
                assert said.read(10) == b"zINSTREAM\0"
                line.sendall(self._judge(said) + b"\0")

    def _judge(self, said) -> bytes:  # type: ignore[no-untyped-def]
        body = bytearray()
        while length := struct.unpack(">I", said.read(4))[0]:
            body += said.read(length)
            if len(body) > self.limit:
                return b"INSTREAM size limit exceeded. ERROR"
        self.streams.append(len(body))
        return f"stream: {NAME} FOUND".encode() if VIRUS in body else b"stream: OK"
