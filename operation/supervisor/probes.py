"""Asking a process whether it is ready, on the supervisor's event loop, each within a second.

A probe answers True or False and never raises for a process that is absent, slow or broken.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

PROBE_SECONDS = 1.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def unix_socket_answers(socket_path: Path, path: str) -> Callable[[], Awaitable[bool]]:
    """A probe: `GET path` over a Unix socket is answered 200."""

    async def probe() -> bool:
        return await _answers(asyncio.open_unix_connection(str(socket_path)), path)

    return probe


def web_answers(host: str, port: int, path: str, *, tls: bool) -> Callable[[], Awaitable[bool]]:
    """A probe: `GET path` on our own listening address is answered 200.

    The certificate is not checked: it bears the public name, and this asks the local address.
    """
    context = ssl.create_default_context() if tls else None
    if context:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    async def probe() -> bool:
        return await _answers(asyncio.open_connection(_local(host), port, ssl=context), path)

    return probe


def answers_now(host: str, port: int, path: str, *, tls: bool) -> bool:
    """The same probe once, for a thread without a loop."""

    async def once() -> bool:
        return await web_answers(host, port, path, tls=tls)()

    return asyncio.run(once())


def listening_problem(host: str, port: int) -> str | None:
    """Why nobody could listen there now, None if one could.

    The web processes share their port (SO_REUSEPORT), so the kernel would let a second installation
    join in and take half of the requests; this socket does not share, so it finds out.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _local(host: str) -> str:
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"
    return host


async def _answers(connecting: Awaitable[Streams], path: str) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await connecting
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):  # ssl.SSLError is an OSError; ValueError: an endless line
        return False
    return status.split(b" ")[1:2] == [b"200"]
