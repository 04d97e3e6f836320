"""One job's subprocess as the worker sees it: start, lines of its output, end.

Owned by `library.worker` and used in its one thread. The program writes JSON lines to stdout:
`{"progress": 0.5, "message": "…"}` any number of times and `{"result": {…}}` last, or
`{"postpone": 300, "message": "…", "waits_for": "disk"}` when it cannot be done now. The last lines of
its stderr are kept. `kill()` ends the whole process group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from library.job_words import Said, excerpt, read_line, reason_of
from library.process_memory import own_memory

_ROOT = Path(__file__).parent.parent
_LINE_BYTES = 1 << 20
_LOG_BYTES = 16_000
_READ_BYTES = 1 << 16


@dataclass(slots=True)
class JobProcess:
    """`progress`, `message`: the last that it told; `result`: what it made, None until it says so.

    `postponed`: the line by which it asks to be tried again later. `heard_at`: monotonic, when it last said
    anything. `failure`: why the worker has ended it (`end`).
    """

    process: subprocess.Popen[bytes]
    exit_handle: int
    progress: float | None = None
    message: str | None = None
    result: dict[str, Any] | None = None
    postponed: Said | None = None
    failure: str | None = None
    heard_at: float = field(default_factory=time.monotonic)
    _line: bytes = b""
    _log: bytes = b""

    @classmethod
    def start(cls, command: Sequence[str]) -> JobProcess:
        """Raises OSError if no process can be made."""
        launcher = [sys.executable, "-P", "-m", "library.job_launcher", str(os.getpid()), "--"]
        process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        started = cls(process, os.pidfd_open(process.pid))
        for handle in started._pipes:
            os.set_blocking(handle, False)
        return started

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors to wait on: its output, and one that is readable when it has exited."""
        return (*self._pipes, self.exit_handle)

    def read(self, handle: int) -> bool:
        """Take what a readable handle has; False when nothing more will come of it."""
        if handle == self.exit_handle:
            return False
        try:
            data = os.read(handle, _READ_BYTES)
        except BlockingIOError:
            return True
        self._take(handle, data)
        return bool(data)

    def has_ended(self) -> bool:
        """Whether it has exited; then what it left running is killed and the rest of its output read."""
        if self.process.returncode is None and self._has_exited():
            self.kill()
            self._drain()
        return self.process.returncode is not None

    @property
    def own_memory(self) -> int:
        """Bytes that it and its children have."""
        return own_memory(self.process.pid)

    @property
    def error(self) -> str | None:
        """Why it failed, None if it did well. Only after it has ended."""
        if self.failure is not None:
            return self.failure
        code = self.process.returncode
        if code == 0 and self.result is not None:
            return None
        return reason_of(self.log, code if code >= 0 else 128 - code)

    @property
    def log(self) -> str:
        """The last lines of its stderr."""
        return excerpt(self._log)

    @property
    def is_postponed(self) -> bool:
        """Whether it left well without having done its work. Only after it has ended."""
        return self.process.returncode == 0 and self.result is None and self.postponed is not None

    def end(self, failure: str) -> None:
        """Kill it and its children: it has failed, and why."""
        self.failure = failure
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group for certain. Idempotent."""
        self._signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def close(self) -> None:
        """Kill it if it still runs and close its handles. Once."""
        self.kill()
        os.close(self.exit_handle)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def _pipes(self) -> tuple[int, int]:
        assert self.process.stdout is not None and self.process.stderr is not None
        return self.process.stdout.fileno(), self.process.stderr.fileno()

    def _has_exited(self) -> bool:
        # WNOWAIT leaves the launcher a zombie, so that its group's number cannot be another's yet.
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _drain(self) -> None:
        for pipe in self._pipes:
            with suppress(BlockingIOError):  # held open by a process that left the group
                while data := os.read(pipe, _READ_BYTES):
                    self._take(pipe, data)

    def _signal(self, number: signal.Signals) -> None:
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _take(self, pipe: int, data: bytes) -> None:
        self.heard_at = time.monotonic()
        if pipe != self._pipes[0]:
            self._log = (self._log + data)[-_LOG_BYTES:]
            return
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _LINE_BYTES:
            self._line = b""  # no line of ours is so long
        for line in lines:
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        said = read_line(line)
        if said is None:
            return  # a library's chatter
        if said.progress is not None:
            self.progress = said.progress
        if said.message is not None:
            self.message = said.message
        if said.result is not None:
            self.result = said.result
        if said.postpone is not None:
            self.postponed = said
