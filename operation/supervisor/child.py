"""One process of the installation, kept running: started, probed, started again, stopped.

Owned by the Supervisor, on its event loop; no threads. The process has a session and process group
of its own, so a terminal's Ctrl-C reaches it only through the supervisor, and what it leaves behind
when it dies (a job, an encoder) is killed with its group. Ends when `stop()` or `kill()` was called.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from operation.supervisor.back_off import BackOff

log = logging.getLogger(__name__)

PROBE_EVERY_SECONDS = 0.1
WRONG_USE = 2
CANNOT_START = 126  # as shells say it


class NeverReady(RuntimeError):
    """A process keeps ending before it was ever ready: the installation cannot start."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. Stages start in ascending order, each when the one before is ready; stop in descending.

    `once`: a step of the start that is repeated until it ends with 0, and then is ready.
    `ready`: else asked until it says True; None: ready when started.
    `stop_seconds`: from SIGTERM to SIGKILL. `first_start_seconds`: how long to try before NeverReady.
    `longest_pause_seconds`, `healthy_seconds`: see BackOff. `dispensable`: 0 to 1000, how readily the kernel
    ends it when memory runs out (oom_score_adj); `niceness`: 0 to 19, how far it steps back for others.
    """

    name: str
    command: tuple[str, ...]
    stage: int
    once: bool = False
    ready: Callable[[], Awaitable[bool]] | None = None
    stop_seconds: float = 5.0
    first_start_seconds: float = 30.0
    longest_pause_seconds: float = 10.0
    healthy_seconds: float = 30.0
    dispensable: int = 0
    niceness: int = 0


class Child:
    """Keeps one process running until it is stopped."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._ends = 0
        self._last_end = ""
        self._back_off = BackOff(spec.longest_pause_seconds, spec.healthy_seconds)

    @property
    def pid(self) -> int | None:
        """The running process, None while there is none."""
        return self._process.pid if self._process else None

    def report(self) -> dict[str, object]:
        """What it does now, for JSON. `ends`: how often it ended by itself; `last_end`: with what."""
        return {
            "pid": self.pid,
            "ready": self.ready.is_set() if self.spec.once else self._is_ready,
            "once": self.spec.once,
            "ends": self._ends,
            "last_end": self._last_end,
        }

    async def keep(self) -> None:
        """Run the process again and again until told to stop. Raises NeverReady."""
        first_start = time.monotonic()
        while not self._stopping.is_set():
            ready_seconds, code = await self._run_once()
            if self.spec.once and code == 0:
                self.ready.set()
                return
            if self._stopping.is_set():
                return
            self._ends, self._last_end = self._ends + 1, _told(code)
            self._give_up_if_hopeless(code, time.monotonic() - first_start)
            pause = self._back_off.pause_after(ready_seconds)
            log.error("%s ended with %s; it is started again in %.1f s", self.spec.name, _told(code), pause)
            await self._stopping_within(pause)

    async def stop(self) -> None:
        """Ask it to end, and kill it if it has not within `stop_seconds`. Returns when it has ended."""
        self._stopping.set()
        if self._process:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._idle.wait(), self.spec.stop_seconds)
        except TimeoutError:
            log.error("%s did not end within %g s: killed", self.spec.name, self.spec.stop_seconds)
            self.kill()
            await self._idle.wait()

    def kill(self) -> None:
        """End the process and its group without asking."""
        self._stopping.set()
        if self._process:
            _kill_group(self._process.pid)

    async def _run_once(self) -> tuple[float, int]:
        """One life of the process → seconds it was ready, exit code (negative: the signal)."""
        try:
            process, life = _started(self.spec.command)
        except OSError as error:
            # No process or memory to be had, or an upgrade under way: that is no reason to stop the others.
            log.error("%s cannot be started: %s", self.spec.name, error)
            return 0.0, CANNOT_START
        self._process = process
        self._idle.clear()
        self._set_precedence(process.pid)
        log.info("%s started as process %d", self.spec.name, process.pid)
        readiness = asyncio.create_task(self._becomes_ready())
        await _end_of(life)
        _kill_group(process.pid)  # before the id is given back: it cannot have become another's
        code = process.wait()
        self._process, self._is_ready = None, False
        self._idle.set()
        readiness.cancel()
        (since,) = await asyncio.gather(readiness, return_exceptions=True)
        return (time.monotonic() - since if isinstance(since, float) else 0.0), code

    def _set_precedence(self, pid: int) -> None:
        if not self.spec.dispensable and not self.spec.niceness:
            return
        try:
            Path(f"/proc/{pid}/oom_score_adj").write_text(str(self.spec.dispensable))
            os.setpriority(os.PRIO_PROCESS, pid, self.spec.niceness)
        except OSError as error:  # it has ended already, or this kernel does not let us
            log.warning("%s keeps the usual precedence: %s", self.spec.name, error)

    async def _becomes_ready(self) -> float:
        """→ the monotonic time from which on the process was ready."""
        if self.spec.once:
            await asyncio.Event().wait()
        while self.spec.ready and not await self.spec.ready():
            await asyncio.sleep(PROBE_EVERY_SECONDS)
        self._is_ready = True
        self.ready.set()
        return time.monotonic()

    def _give_up_if_hopeless(self, code: int, waited: float) -> None:
        if not self.ready.is_set() and (code == WRONG_USE or waited > self.spec.first_start_seconds):
            raise NeverReady(f"{self.spec.name} does not start: it ended with {_told(code)}")

    async def _stopping_within(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _started(command: tuple[str, ...]) -> tuple[subprocess.Popen[bytes], int]:
    """A new process and the descriptor that tells of its end. Raises OSError, and then there is none."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process, os.pidfd_open(process.pid)
    except OSError:
        _kill_group(process.pid)
        process.wait()
        raise


async def _end_of(descriptor: int) -> None:
    """Wait until a child has ended, leaving its id taken (it is not reaped). Closes the descriptor."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _told(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"status {code}"
