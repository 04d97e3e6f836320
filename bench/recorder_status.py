"""What the recorder says of itself, over its command socket, and which cores it may use."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any

from settings import Settings
from tests.installation import Installation, wait_for


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def program_status(app: Installation, slug: str) -> dict[str, Any]:
    """The counts of a room's program; empty when none is live. Raises OSError."""
    connection = _UnixConnection(Settings.from_environment(app.environment).recorder_socket)
    try:
        connection.request("GET", "/status")
        rooms = json.loads(connection.getresponse().read())["rooms"]
    finally:
        connection.close()
    status: dict[str, Any] = (rooms.get(slug) or {}).get("program") or {}
    return status


def recorder_pid(app: Installation) -> int:
    return wait_for("the recorder", lambda: app.pid("recorder"))


def pin(pid: int, core: int) -> None:
    """All threads of a process, and those they will start, onto one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
