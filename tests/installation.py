"""A whole installation of Kodo in a temporary folder: what end-to-end tests, fault runs and benchmarks use.

It runs `app.py` as anybody would and speaks to it by its command line, its API and signals. Ends by `stop`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from tests.forked_app import run_app

PROJECT = Path(__file__).resolve().parent.parent
APP = PROJECT / "app.py"

# When to give up, where a test claims no time: a machine with other work may be ten times slower.
PATIENCE_SECONDS = 60.0

T = TypeVar("T")


class NotInTime(AssertionError):
    """A state that a test waits for did not come."""


def wait_for(
    what: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS, every: float = 0.05
) -> T:
    """The first truthy answer of `look`. Raises NotInTime."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := look():
            return answer
        if time.monotonic() > deadline:
            raise NotInTime(f"{what}: not within {seconds} s")
        time.sleep(every)


def stretch() -> float:
    """By how much a figure that is for a quiet machine is stretched on this one: as many wait for a core.

    Not with KODO_FULL=1, which is for a machine that does nothing else.
    """
    return 1.0 if os.environ.get("KODO_FULL") == "1" else max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


_held: list[socket.socket] = []


def free_port() -> int:
    """Held as long as this process lives: else it may be another test's, or a connection's own end, before
    somebody listens there. A server that shares its address (SO_REUSEADDR) can listen nevertheless.
    """
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        holder.setsockopt(socket.SOL_SOCKET, option, 1)
    _held.append(holder)
    return int(holder.getsockname()[1])


class Installation:
    """`environment`: further `KODO_*` settings. The log is `folder/app.log`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.storage = folder / "storage"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log_path = folder / "app.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lecturers: set[str] = set()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KODO_")},
            "KODO_STORAGE": str(self.storage),
            "KODO_HOST": "127.0.0.1",
            "KODO_PORT": str(self.port),
            "KODO_SPILL_FOLDER": str(folder / "spill"),
            "KODO_DISK_FLOOR": "64M",
            # Where Whisper is installed it would be at work beside whatever is measured.
            "KODO_TRANSCRIPTION_ENGINE": "none",
            "KODO_BACKUP": "none",  # the same: the first one begins at once
            # A synthetic lecture twice a minute would be measured with everything.
            "KODO_LIVE_PROBE": "no",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }

    # Processes

    def start(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Start `app.py` and wait until it is ready."""
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(APP)],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        wait_for("the installation to be ready", self._is_ready, seconds)

    def _is_ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"app.py ended with {self._process.returncode}:\n{self.log()[-4000:]}")
        try:
            return self.get("/readyz")[0] == 200 and self.pid("recorder") is not None
        except OSError:
            return False

    def stop(self) -> None:
        """SIGTERM, then wait; idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @property
    def supervisor_pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pid(self, name: str) -> int | None:
        """The process `app.py <name>` under our supervisor."""
        assert self._process is not None
        return next((p for p in children(self._process.pid) if name in command_line(p)[1:]), None)

    def kill(self, name: str) -> int:
        """SIGKILL `app.py <name>`; returns the pid that was killed."""
        pid = wait_for(f"{name} to run", lambda: self.pid(name))
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # Command line and API

    def run(self, *arguments: str, stdin: str = "") -> str:
        """`app.py …`, which must exit 0; returns what it printed."""
        code, out, err = run_app(arguments, self.environment, stdin)
        assert code == 0, f"app.py {' '.join(arguments)}: {code}\n{out}{err}"
        return out

    def add_lecturer(self, user_id: str = "sato", password: str = "correct horse battery") -> None:
        """Who is there already stays."""
        if user_id not in self._lecturers:
            self.run("user", "add", user_id, "--role", "lecturer", "--password-stdin", stdin=password + "\n")
            self._lecturers.add(user_id)

    def add_room(self, slug: str, owner: str = "sato") -> dict[str, str]:
        """A room and one stream key: `whip_url`, `stream_key`, `room_url`."""
        self.run("room", "add", slug, "--owner", owner)
        return self.new_key(slug)

    def new_key(self, slug: str) -> dict[str, str]:
        """One more stream key of a room."""
        key: dict[str, str] = json.loads(self.run("room", "key", slug, "--json"))
        return key

    def end(self, slug: str) -> None:
        self.run("session", "end", slug)

    def get(
        self, path: str, headers: dict[str, str] | None = None, timeout: float = 30.0
    ) -> tuple[int, bytes]:
        """`(status, body)` of a GET; `path` may be a whole address. Raises OSError while nothing listens."""
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{url} was killed in its answer: {error!r}") from error

    def room(self, slug: str) -> dict[str, Any]:
        status, body = self.get(f"/api/v1/rooms/{slug}")
        assert status == 200, (status, body)
        answer: dict[str, Any] = json.loads(body)
        return answer

    def session(self, slug: str) -> dict[str, Any] | None:
        """The room's session as the API tells it; None also while the web process is away."""
        try:
            session: dict[str, Any] | None = self.room(slug)["session"]
            return session
        except (OSError, AssertionError):
            return None

    def wait_for_state(self, slug: str, state: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """As the API tells it from the session's files, which may be before the database knows."""

        def look() -> dict[str, Any] | None:
            session = self.session(slug)
            return session if session is not None and session["state"] == state else None

        return wait_for(f"room {slug} to be {state}", look, seconds)

    def wait_for_recording(self, session_id: str) -> None:
        """Until the database knows that the session has ended: its jobs were ordered with that."""
        path = self.storage / "kodo.db"

        def look() -> bool:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                found = database.execute("SELECT phase FROM sessions WHERE id = ?", [session_id]).fetchone()
            return found == ("ended",)

        wait_for(f"recording {session_id}", look)


def children(pid: int) -> list[int]:
    """Pids of all processes below `pid`."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    except OSError:
        return found
    return found


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
