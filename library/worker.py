"""The worker process: leases one job per lane and runs each as a subprocess.

One thread, one loop over a selector: pipes of the running jobs, a wake-up pipe, and the next due
time. A killed worker's jobs end with it (`library.job_launcher`) and are taken up as the next
attempt when their lease runs out. `stop()` may be called from a signal handler or another thread;
`run()` then ends the subprocesses, gives their jobs back and returns.
"""

from __future__ import annotations

import logging
import os
import selectors
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from library.database import Database, DatabaseUnavailable, new_id, utc_now
from library.job_process import JobProcess
from library.jobs import Jobs, LeaseLost
from library.models import Job

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 3.0
POLL_SECONDS = 1.0
GRACE_SECONDS = 5.0
DEFAULT_MEMORY_BYTES = 4 << 30

log = logging.getLogger(__name__)


def _nothing(_job: Job, _result: dict[str, Any]) -> None:
    """What is done with the result of a job that needs nothing done."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How the worker handles the jobs of one kind.

    `command`: the program to run for a job. `done`: what to do with its result; called before the job
    counts as done, so after a crash it may be called again with the same job: it must be idempotent.
    If it raises, the attempt has failed. `memory_bytes`: most that the program may have; 0: as it likes.
    """

    command: Callable[[Job], list[str]]
    done: Callable[[Job, dict[str, Any]], None] = _nothing
    memory_bytes: int = DEFAULT_MEMORY_BYTES


@dataclass(slots=True)
class _Running:
    job: Job
    process: JobProcess
    next_beat: float
    kill_at: float | None = None


class Worker:
    """`kinds`: what it takes, and how each is handled. `lanes`: of which it does one job each at a time."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, Handling],
        *,
        lanes: Sequence[str],
        clock: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._jobs = Jobs(database, clock=clock)
        self._kinds = kinds
        self._lanes = lanes
        self._lease = lease
        self._heartbeat_seconds = heartbeat_seconds
        self._poll_seconds = poll_seconds
        self._owner = f"{os.uname().nodename[:40]}-{os.getpid()}-{new_id()}"
        self._running: dict[str, _Running] = {}
        self._stopping = False
        self._next_poll = 0.0
        self._wake_out, self._wake_in = os.pipe()
        self._resources = ExitStack()
        self._resources.callback(os.close, self._wake_out)
        self._resources.callback(os.close, self._wake_in)
        os.set_blocking(self._wake_in, False)
        self._selector = self._resources.enter_context(selectors.DefaultSelector())
        self._selector.register(self._wake_out, selectors.EVENT_READ)

    def run(self) -> None:
        """Work until `stop()`. Can be run once."""
        with self._resources:
            try:
                while not self._stopping:
                    self._step()
            finally:
                self._give_everything_back()

    def stop(self) -> None:
        """Make `run()` return soon. Safe in a signal handler, and more than once while `run()` lasts."""
        self._stopping = True
        try:
            os.write(self._wake_in, b"x")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already

    def _step(self) -> None:
        now = time.monotonic()
        try:
            self._take_jobs(now)
            for lane, running in list(self._running.items()):
                self._attend(lane, running, now)
        except DatabaseUnavailable as error:
            # Running programs go on; what they have to say waits for the database.
            log.warning("the worker waits for the database: %s", error)
            self._select(self._poll_seconds)
        else:
            self._select(self._seconds_to_next_duty())

    def _seconds_to_next_duty(self) -> float:
        due = [self._next_poll] if len(self._running) < len(self._lanes) else []
        due += [running.next_beat for running in self._running.values()]
        due += [running.kill_at for running in self._running.values() if running.kill_at is not None]
        return min(max(0.01, min(due) - time.monotonic()), self._poll_seconds)

    def _select(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                os.read(self._wake_out, 4096)
            elif not key.data.process.read(key.fd):
                self._selector.unregister(key.fd)

    def _take_jobs(self, now: float) -> None:
        if now < self._next_poll:
            return
        self._next_poll = now + self._poll_seconds
        for lane in self._lanes:
            if lane not in self._running:
                job = self._jobs.lease(self._owner, lane, list(self._kinds), self._lease)
                if job is not None:
                    self._start(lane, job, now)

    def _start(self, lane: str, job: Job, now: float) -> None:
        try:
            kind = self._kinds[job.kind]
            process = JobProcess.start(kind.command(job), kind.memory_bytes)
        except Exception as error:  # a command builder may fail in any way; the job says how
            log.exception("job %s (%s) could not be started", job.id, job.kind)
            self._jobs.fail(job, f"could not be started: {error}")
            return
        log.info("job %s (%s %s) attempt %d started", job.id, job.kind, job.subject, job.attempt)
        running = _Running(job, process, now + self._heartbeat_seconds)
        self._running[lane] = running
        for handle in process.handles:
            self._selector.register(handle, selectors.EVENT_READ, running)

    def _attend(self, lane: str, running: _Running, now: float) -> None:
        if running.kill_at is not None and now >= running.kill_at:
            running.process.kill()
        try:
            if running.process.has_ended():
                self._conclude(running)
            elif now >= running.next_beat and running.kill_at is None:
                running.next_beat = now + self._heartbeat_seconds
                process = running.process
                self._jobs.extend(running.job, self._lease, process.progress, process.message)
                return
            else:
                return
        except LeaseLost:
            log.info("job %s was cancelled or taken over", running.job.id)
            if not running.process.has_ended():
                running.process.terminate()
                running.kill_at = now + GRACE_SECONDS
                running.next_beat = float("inf")
                return
        self._remove(lane)

    def _conclude(self, running: _Running) -> None:
        job, process = running.job, running.process
        if process.is_postponed:
            self._postpone(job, process)
            return
        error = process.error
        if error is None:
            self._jobs.extend(job, self._lease)  # still ours?
            error = self._deliver(job, process.result or {})
        if error is None:
            self._jobs.finish(job)
            log.info("job %s (%s %s) done", job.id, job.kind, job.subject)
        else:
            self._jobs.fail(job, error)
            log.warning(
                "job %s (%s %s) attempt %d failed: %s", job.id, job.kind, job.subject, job.attempt, error
            )

    def _postpone(self, job: Job, process: JobProcess) -> None:
        wait = timedelta(seconds=process.postpone_seconds or 0)
        self._jobs.postpone(job, wait, process.message or "")
        log.warning(
            "job %s (%s %s) is tried again in %d s: %s",
            job.id, job.kind, job.subject, wait.total_seconds(), process.message,
        )  # fmt: skip

    def _deliver(self, job: Job, result: dict[str, Any]) -> str | None:
        try:
            self._kinds[job.kind].done(job, result)
        except DatabaseUnavailable:
            raise  # the result is kept and delivered when it is back
        except Exception as error:  # a callback may fail in any way; the job says how
            log.exception("the result of job %s could not be taken", job.id)
            return f"the result could not be taken: {error}"
        return None

    def _remove(self, lane: str) -> None:
        running = self._running.pop(lane)
        for handle in running.process.handles:
            if handle in self._selector.get_map():
                self._selector.unregister(handle)
        running.process.close()
        self._next_poll = 0.0  # the lane is free: look at once

    def _give_everything_back(self) -> None:
        for running in self._running.values():
            running.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and not all(r.process.has_ended() for r in self._running.values()):
            self._select(0.1)
        for lane, running in list(self._running.items()):
            self._give_back(running)
            self._remove(lane)

    def _give_back(self, running: _Running) -> None:
        try:
            if running.process.has_ended() and running.process.error is None:
                self._conclude(running)  # it was just done
            else:
                self._jobs.release(running.job)
        except (LeaseLost, DatabaseUnavailable) as error:
            log.info("job %s could not be given back (%s): its lease will run out", running.job.id, error)
