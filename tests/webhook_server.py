"""Servers on loopback that the watching process speaks to: of webhooks, and of the time."""

from __future__ import annotations

import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "s3cret of the hook"


@dataclass
class Posted:
    """One POST: its JSON, and when it came (monotonic)."""

    values: dict[str, Any]
    headers: dict[str, str]
    is_genuine: bool
    at: float


@dataclass
class WebhookServer:
    """`status`: what it answers; `location`: where it says to go instead."""

    port: int = 0
    status: int = 204
    location: str = ""
    posted: list[Posted] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alarms?of=kodo"

    def of(self, kind: str, event: str) -> list[Posted]:
        return [one for one in self.posted if (one.values.get("kind"), one.values["event"]) == (kind, event)]


@contextmanager
def running_webhook_server() -> Iterator[WebhookServer]:
    server = WebhookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mac = "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()
            headers = dict(self.headers.items())
            genuine = headers.get("X-Kodo-Signature") == mac
            server.posted.append(Posted(json.loads(body), headers, genuine, time.monotonic()))
            self.send_response(server.status)
            if server.location:
                self.send_header("Location", server.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listening.server_port
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(60)


@dataclass
class TimeServer:
    """SNTP. `ahead`: seconds by which its clock is."""

    port: int = 0
    ahead: float = 0.0
    silent: bool = False


@contextmanager
def running_time_server() -> Iterator[TimeServer]:
    server = TimeServer()
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    line.settimeout(0.05)
    server.port = line.getsockname()[1]
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                asked, where = line.recvfrom(512)
            except TimeoutError:
                continue
            if not server.silent:
                now = time.time() + server.ahead + 2_208_988_800
                stamp = struct.pack("!II", int(now), int(now % 1 * (1 << 32)))
                line.sendto(bytes((0b00_100_100, 2, 0, 0)) + bytes(20) + asked[40:48] + stamp * 2, where)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopping.set()
        thread.join(60)
        line.close()
