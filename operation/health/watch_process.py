"""`app.py watch`: looks every 30 seconds whether all is well, and has the people named told when it is not.

A child of the supervisor, beside the others and before the database is there; it needs nothing of what it
looks at. When the supervisor itself is ended by force, the kernel sends SIGTERM (`parent_death`): then there
is time for one last message. Four kinds of threads: the main one looks at everything but the live chain, one
tries that, one speaks to the database, one for each channel tells. Ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from library.database import Database, open_database, utc_now
from library.health_state import Finding, State
from operation.health.channels import Channel, channels_of
from operation.health.database_checks import backup_check, database_check, jobs_check
from operation.health.exchanger import Exchanger
from operation.health.machine_checks import ClockCheck, DiskCheck, address_check, certificate_check
from operation.health.process_checks import ProcessChecks
from operation.health.teller import Teller
from operation.health.watcher import Watcher, was_off
from settings import Settings

log = logging.getLogger(__name__)

APP = Path(__file__).resolve().parents[2] / "app.py"
LOOK_SECONDS = 12.0  # most that one look may take
CHAIN_SECONDS = 27.0
START_SECONDS = 25.0
LAST_WORDS_SECONDS = 15.0
PARENT_SECONDS = 0.5
STOP_SECONDS = 3.0  # the supervisor gives it five
TEST_FILE = "test-alarm"  # made by a web process whose admin wants a trial message

Check = Callable[[], Finding]


def run(settings: Settings) -> int:
    """Watch until SIGTERM or SIGINT → exit code."""
    stopping = threading.Event()
    _set_by_signals(stopping)
    parent = os.getppid()
    database = open_database(settings.database_url)
    try:
        watch = Watch(settings, database, stopping)
        watch.run()
        is_alone = _is_gone(parent)  # nobody told it to stop: whoever would start it again is gone
        if is_alone:
            watch.say_goodbye()
        watch.close(LAST_WORDS_SECONDS if is_alone else STOP_SECONDS)
    finally:
        database.close()
    os._exit(0)  # a look that hangs must keep nobody


def _is_gone(parent: int) -> bool:
    """The kernel's signal comes with the death of the thread that started this: the others follow."""
    until = time.monotonic() + PARENT_SECONDS
    while os.getppid() == parent and time.monotonic() < until:
        time.sleep(0.02)
    return os.getppid() != parent


def _set_by_signals(stopping: threading.Event) -> None:
    """By a thread: a handler runs in the main one, which may hold the event's own lock just then."""
    heard, told = os.pipe()

    def hear() -> None:
        os.read(heard, 1)
        stopping.set()

    threading.Thread(target=hear, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(told, b"!"))


class Watch:
    """Owns the threads. `stopping`: set to end `run`."""

    def __init__(self, settings: Settings, database: Database, stopping: threading.Event) -> None:
        self._settings, self._stopping = settings, stopping
        self._began = time.monotonic()
        channels = channels_of(settings)
        self._tellers: list[Teller] = []
        self._watcher = Watcher(
            settings.storage,
            [one.name for one in channels],
            longest_gap=2 * settings.check_seconds + CHAIN_SECONDS,
            on_news=self._wake_tellers,
        )
        state = self._watcher.left
        self._processes = ProcessChecks(settings, state.supervisor)
        self._disk = DiskCheck(settings, state.disk)
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="look")
        self._pending: dict[str, Future[Finding]] = {}
        self._exchanger = Exchanger(self._watcher, database)
        self._chain = threading.Thread(target=self._try_chain, name="chain", daemon=True)
        report = self._processes.read()
        if off := was_off(state, report.pid if report is not None else None, utc_now()):
            self._watcher.raise_alarm("health.supervisor", off)
        self._tellers += [
            Teller(c, self._watcher.due, self._watcher.has_told, self._outcome) for c in channels
        ]
        self._checks: Mapping[str, Check] = {
            "supervisor": self._processes.supervisor,
            "recorder": self._processes.recorder,
            "web": self._processes.web,
            "worker": self._processes.worker,
            "watch": self._processes.watch,
            "database": lambda: database_check(database, self._watcher.state.days),
            "address": lambda: address_check(settings),
            "certificate": lambda: certificate_check(settings, utc_now()),
            "clock": ClockCheck(settings.ntp_server).look,
            "disk": self._disk.look,
            "jobs": lambda: jobs_check(database, utc_now()),
            "backup": lambda: backup_check(database, utc_now()),
        }

    def run(self) -> None:
        """Look again and again."""
        for teller in self._tellers:
            teller.open()
        self._wake_tellers()
        self._chain.start()
        self._exchanger.open()
        next_look = time.monotonic()
        while not self._stopping.wait(max(0.0, next_look - time.monotonic())):
            next_look = max(next_look + self._settings.check_seconds, time.monotonic())
            try:
                self._look()
            except Exception:
                log.exception("looking failed, and goes on")

    def say_goodbye(self) -> None:
        """The supervisor is gone, and with it whoever starts this again."""
        log.error("the supervisor was ended: what ends now is not started again")
        self._watcher.raise_alarm("health.supervisor", {"reason": "gone"})

    def close(self, seconds: float) -> None:
        """What is due goes out, if it can; then the file says that this was a proper end."""
        deadline = time.monotonic() + seconds
        for teller in self._tellers:
            teller.close(max(0.1, deadline - time.monotonic()))
        self._watcher.stop()

    def _look(self) -> None:
        self._processes.read()
        if self._processes.is_stopping:
            return
        # What began after the last look and hangs is not begun a second time.
        begun = {
            name: self._pending.get(name) or self._pool.submit(check) for name, check in self._checks.items()
        }
        deadline = time.monotonic() + LOOK_SECONDS
        while wait(begun.values(), timeout=0.2).not_done and time.monotonic() < deadline:
            if self._stopping.is_set():
                return
        self._processes.read()
        if self._stopping.is_set() or self._processes.is_stopping:
            return  # what ended meanwhile was told to
        self._pending = {name: one for name, one in begun.items() if not one.done()}
        self._watcher.remember(supervisor=dict(self._processes.known), disk=self._disk.samples)
        found = [_result(name, one) for name, one in begun.items()]
        self._watcher.take(_excused(found) if self._is_starting() else found)
        self._exchanger.wake()
        self._test_if_asked()

    def _is_starting(self) -> bool:
        """For a moment nobody need be told of what is not there yet."""
        report = self._processes.report
        is_young = time.monotonic() - self._began < START_SECONDS
        return is_young and (report is None or not report.ready)

    def _try_chain(self) -> None:
        """A thread: a probe that takes its time keeps no other look waiting."""
        if not self._settings.live_probe:
            self._watcher.take([Finding("chain", State.SKIPPED, "off")])
            return
        while not self._stopping.wait(self._settings.check_seconds):
            report = self._processes.report
            if report is None or not report.ready or report.stopping:
                continue
            finding = chain_check()
            if not self._stopping.is_set() and not self._processes.is_stopping:
                self._watcher.take([finding])
                self._exchanger.wake()

    def _test_if_asked(self) -> None:
        asked = self._settings.storage / "health" / TEST_FILE
        if asked.exists():
            asked.unlink(missing_ok=True)
            for teller in self._tellers:
                teller.test()

    def _outcome(self, channel: Channel, error: str) -> None:
        self._watcher.telling_went(channel.check, channel.name, error)

    def _wake_tellers(self) -> None:
        for teller in self._tellers:
            teller.wake()


def chain_check(command: Sequence[str] = (sys.executable, str(APP), "probe")) -> Finding:
    """One probe in a process of its own (`live_chain`), which is ended when it takes too long."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=CHAIN_SECONDS, check=False
        )
        told = json.loads(done.stdout)
        state = State(told["state"])
    except subprocess.TimeoutExpired:
        return Finding("chain", State.BAD, "too_slow")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding("chain", State.BAD, "failed", {"detail": str(error)[:200]})
    figures = {name: told.get(name) for name in ("seconds", "cpu_seconds", "detail") if told.get(name)}
    return Finding("chain", state, str(told.get("reason") or ""), figures)


def _excused(found: Sequence[Finding]) -> list[Finding]:
    """What is bad only because not everything has been started."""
    return [
        Finding(one.check, State.SKIPPED, "starting")
        if one.check in ("database", "address", "supervisor") and one.state is State.BAD
        else one
        for one in found
    ]


def _result(name: str, look: Future[Finding]) -> Finding:
    if not look.done():
        return Finding(name, State.BAD, "hung")
    error = look.exception()
    if error is not None:
        log.error("the look at %s failed", name, exc_info=error)
        return Finding(name, State.BAD, "failed", {"detail": str(error)[:200]})
    return look.result()
