"""The worker process: leases jobs, so many of each lane at a time, and runs each as a subprocess.

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
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from library.database import Database, DatabaseUnavailable, new_id, utc_now
from library.job_process import JobProcess
from library.jobs import Jobs, LeaseLost
from library.models import Job

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 3.0
POLL_SECONDS = 1.0
LOOK_SECONDS = 0.5  # a cancelled job ends, and one that takes too much memory, within this
GRACE_SECONDS = 5.0  # to end by itself as the worker stops
CANCELLED_SECONDS = 0.5  # the same once it was cancelled: a second with the look that finds that out
CLEANING_SECONDS = 3600.0
DEFAULT_MEMORY_BYTES = 4 << 30
DEFAULT_SILENCE_SECONDS = 3600.0

log = logging.getLogger(__name__)


def _nothing(_job: Job, _result: dict[str, Any]) -> None:
    """What is done with the result of a job that needs nothing done."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How the worker handles the jobs of one kind.

    `command`: the program to run for a job. `done`: what to do with its result; called before the job
    counts as done, so after a crash it may be called again with the same job: it must be idempotent.
    If it raises, the attempt has failed. `memory_bytes`: most that the program and its children may have for
    themselves. `silence_seconds`: a program that says nothing for so long hangs. Both end the attempt.
    """

    command: Callable[[Job], list[str]]
    done: Callable[[Job, dict[str, Any]], None] = _nothing
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    silence_seconds: float = DEFAULT_SILENCE_SECONDS


@dataclass(slots=True)
class _Running:
    """`kill_at`: it is nobody's any more, and was asked to end."""

    job: Job
    process: JobProcess
    next_beat: float
    kill_at: float | None = None


class Worker:
    """`kinds`: what it takes, and how each is handled. `lanes`: how many jobs of each it does at a time."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, Handling],
        *,
        lanes: Mapping[str, int],
        clock: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._jobs = Jobs(database, clock=clock)
        self._kinds = kinds
        self._lanes = lanes
        self._lease = lease
        self._heartbeat_seconds = heartbeat_seconds
        self._poll_seconds = poll_seconds
        self._look_seconds = look_seconds
        self._owner = f"{os.uname().nodename[:40]}-{os.getpid()}-{new_id()}"
        self._running: list[_Running] = []
        self._stopping = False
        self._next_poll = self._next_look = self._next_cleaning = 0.0
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
        try:  # no flag beside it: seen first, it would let `run()` close the pipe that this writes to
            os.write(self._wake_in, b"x")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already

    def _step(self) -> None:
        now = time.monotonic()
        # Each for itself: what the database cannot do for one job may not keep the others from theirs.
        away = [self._is_away(duty, now) for duty in (self._clean_up, self._take_jobs, self._look_after_all)]
        away += [self._is_away(partial(self._attend, running), now) for running in list(self._running)]
        self._select(self._poll_seconds if any(away) else self._seconds_to_next_duty())

    @staticmethod
    def _is_away(duty: Callable[[float], None], now: float) -> bool:
        """Running programs go on while the database is away; what they have to say waits for it."""
        try:
            duty(now)
        except DatabaseUnavailable as error:
            log.warning("the worker waits for the database: %s", error)
            return True
        return False

    def _seconds_to_next_duty(self) -> float:
        due = [self._next_poll] if self._free_lanes() else []
        due += [running.next_beat for running in self._running]
        due += [running.kill_at for running in self._running if running.kill_at is not None]
        due += [self._next_look] if self._running else []
        return min(max(0.01, min(due, default=0.0) - time.monotonic()), self._poll_seconds)

    def _select(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._stopping = bool(os.read(self._wake_out, 4096))
            elif not key.data.process.read(key.fd):
                self._selector.unregister(key.fd)

    def _clean_up(self, now: float) -> None:
        if now >= self._next_cleaning and not self._jobs.clean_up():
            self._next_cleaning = now + CLEANING_SECONDS

    def _free_lanes(self) -> list[str]:
        """Those that may take another job."""
        taken = Counter(running.job.lane for running in self._running)
        return [lane for lane, most in self._lanes.items() if taken[lane] < most]

    def _take_jobs(self, now: float) -> None:
        if now < self._next_poll:
            return
        self._next_poll = now + self._poll_seconds
        due = self._jobs.due(list(self._kinds)) if self._free_lanes() else set()
        while lanes := [lane for lane in self._free_lanes() if lane in due]:
            job = self._jobs.lease(self._owner, lanes[0], list(self._kinds), self._lease)
            if job is None or not self._start(job, now):
                due.discard(lanes[0])

    def _start(self, job: Job, now: float) -> bool:
        try:
            process = JobProcess.start(self._kinds[job.kind].command(job))
        except Exception as error:  # a command builder may fail in any way; the job says how
            log.exception("job %s (%s) could not be started", job.id, job.kind)
            self._fail(job, f"could not be started: {error}")
            return False
        log.info("job %s (%s %s) attempt %d started", job.id, job.kind, job.subject, job.attempt)
        running = _Running(job, process, now + self._heartbeat_seconds)
        self._running.append(running)
        for handle in process.handles:
            self._selector.register(handle, selectors.EVENT_READ, running)
        return True

    def _look_after_all(self, now: float) -> None:
        """End what is not ours any more, what takes too much memory, and what hangs."""
        if now < self._next_look:
            return
        self._next_look = now + self._look_seconds
        ours = [running for running in self._running if running.kill_at is None]
        for running in ours:
            self._hold_to_its_limits(running, now)
        held = self._jobs.still_held(self._owner) if ours else set()
        for running in ours:
            if (running.job.id, running.job.attempt) not in held:
                self._let_go(running, now)

    def _hold_to_its_limits(self, running: _Running, now: float) -> None:
        kind, process = self._kinds[running.job.kind], running.process
        if process.own_memory > kind.memory_bytes:
            process.end(f"it took more memory than {kind.memory_bytes >> 20} MiB")
        elif now - process.heard_at > kind.silence_seconds:
            process.end(f"it said nothing for {kind.silence_seconds:.0f} s")

    def _attend(self, running: _Running, now: float) -> None:
        process = running.process
        if running.kill_at is not None and now >= running.kill_at:
            process.kill()
        try:
            if process.has_ended():
                self._conclude(running)
            elif now >= running.next_beat:
                running.next_beat = now + self._heartbeat_seconds
                self._jobs.extend(running.job, self._lease, process.progress, process.message)
                return
            else:
                return
        except LeaseLost:
            if not process.has_ended():
                self._let_go(running, now)
                return
        self._remove(running)

    def _let_go(self, running: _Running, now: float) -> None:
        log.info("job %s was cancelled or taken over", running.job.id)
        running.process.terminate()
        running.kill_at, running.next_beat = now + CANCELLED_SECONDS, float("inf")

    def _conclude(self, running: _Running) -> None:
        job, process = running.job, running.process
        if running.kill_at is not None:
            return  # whatever it ended with is for whoever has the job now
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
            self._fail(job, error, process.log)

    def _fail(self, job: Job, error: str, kept: str = "") -> None:
        log.warning("job %s (%s %s) attempt %d failed: %s", job.id, job.kind, job.subject, job.attempt, error)
        try:
            self._jobs.fail(job, error, kept)
        except LeaseLost:
            log.info("job %s was cancelled or taken over", job.id)

    def _postpone(self, job: Job, process: JobProcess) -> None:
        said = process.postponed
        assert said is not None and said.postpone is not None
        wait = timedelta(seconds=said.postpone)
        self._jobs.postpone(job, wait, said.message or "", said.waits_for)
        log.warning(
            "job %s (%s %s) is tried again in %d s: %s",
            job.id, job.kind, job.subject, said.postpone, said.message,
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

    def _remove(self, running: _Running) -> None:
        self._running.remove(running)
        for handle in running.process.handles:
            if handle in self._selector.get_map():
                self._selector.unregister(handle)
        running.process.close()
        self._next_poll = 0.0  # the lane is free: look at once

    def _give_everything_back(self) -> None:
        for running in self._running:
            running.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and not all(one.process.has_ended() for one in self._running):
            self._select(0.1)
        for running in list(self._running):
            self._give_back(running)
            self._remove(running)

    def _give_back(self, running: _Running) -> None:
        try:
            if running.process.has_ended() and running.process.error is None:
                self._conclude(running)  # it was just done
            else:
                self._jobs.release(running.job)
        except (LeaseLost, DatabaseUnavailable) as error:
            log.info("job %s could not be given back (%s): its lease will run out", running.job.id, error)
