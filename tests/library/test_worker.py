"""The worker with real subprocesses: results, failures, cancelling, stopping, and its sudden death."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from library.database import Database, DatabaseUnavailable, open_database, utc_now
from library.job_words import EXCERPT_LENGTH
from library.jobs import Jobs, enqueue
from library.models import Job
from library.worker import LOOK_SECONDS, Handling, Worker

ROOT = Path(__file__).parent.parent.parent
TALK = "import json,sys,time,os\ndef say(**k): print(json.dumps(k), flush=True)\n"


def _python(program: str) -> Callable[[Job], list[str]]:
    return lambda _job: [sys.executable, "-c", TALK + program]


def _add(database: Database, key: str = "k", **changes: Any) -> Job:
    values: dict[str, Any] = {"kind": "test", "subject": "s", "payload": {}, "lane": "media"}
    with database.session() as session:
        return enqueue(session, key=key, **(values | changes))


class Harness:
    """A worker in a thread, and what it delivered."""

    def __init__(self, database: Database, command: Callable[[Job], list[str]], **changes: Any) -> None:
        self.results: list[dict[str, Any]] = []
        self.jobs = Jobs(database)
        self.delivered = threading.Event()
        values: dict[str, Any] = {
            "lanes": {"media": 1, "other": 1},
            "poll_seconds": 0.05,
            "heartbeat_seconds": 0.05,
            "look_seconds": 0.05,
        }
        limits = {key: changes.pop(key) for key in ("memory_bytes", "silence_seconds") if key in changes}
        handling = Handling(command, changes.pop("done", self._take), **limits)
        self.worker = Worker(database, {"test": handling}, **(values | changes))
        self.thread = threading.Thread(target=self.worker.run)

    def _take(self, _job: Job, result: dict[str, Any]) -> None:
        self.results.append(result)
        self.delivered.set()

    def wait_for(self, job: Job, condition: Callable[[Job], bool]) -> Job:
        """Look until the row is as expected: the database itself cannot wake us."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if condition(seen := self.jobs.get(job.id)):
                return seen
            time.sleep(0.02)
        raise AssertionError(f"{seen.state=} {seen.progress=} {seen.error=}")


@contextmanager
def _working(database: Database, command: Callable[[Job], list[str]], **changes: Any) -> Iterator[Harness]:
    harness = Harness(database, command, **changes)
    harness.thread.start()
    try:
        yield harness
    finally:
        harness.worker.stop()
        harness.thread.join(60)
        assert not harness.thread.is_alive()


def test_a_result_is_delivered_and_progress_told(sqlite_database: Database, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    wait = f"open({str(gate)!r}).read()"
    program = f"print('chatter'); say(progress=0.5, message='half'); {wait}; say(result={{'n': 1}})"
    job = _add(sqlite_database)
    with _working(sqlite_database, _python(program)) as harness:
        harness.wait_for(job, lambda seen: (seen.progress, seen.message) == (0.5, "half"))
        gate.write_text("go")
        done = harness.wait_for(job, lambda seen: seen.state == "done")
    assert (done.progress, harness.results) == (1.0, [{"n": 1}])


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("sys.exit('no such take')", "no such take (exit code 1)"),
        (
            "sys.exit('2026-11-26T01:02:03.004Z ERROR job operation.mp4_job: no such take')",
            "no such take (exit code 1)",
        ),
        ("say(progress=1)", "the program ended without a result"),
        ("os.kill(os.getpid(), 9)", "(killed by SIGKILL)"),
        ("say(result={}); sys.exit(3)", "(exit code 3)"),
    ],
)
def test_a_failure_says_why(sqlite_database: Database, program: str, error: str) -> None:
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, _python(program)) as harness:
        failed = harness.wait_for(job, lambda seen: seen.state == "failed")
    assert (failed.error, harness.results) == (error, [])


def test_a_job_that_cannot_be_done_now_is_put_back(sqlite_database: Database) -> None:
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, _python("say(postpone=300, message='the disk is full')")) as harness:
        put_back = harness.wait_for(job, lambda seen: seen.state == "waiting" and seen.attempt > 0)
    assert (put_back.message, harness.results) == ("the disk is full", [])
    assert put_back.max_attempts - put_back.attempt == 1
    assert timedelta(seconds=200) < put_back.not_before - utc_now() <= timedelta(seconds=300)


def test_a_program_that_cannot_be_started_fails(sqlite_database: Database) -> None:
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, lambda _job: ["/no/such/program"]) as harness:
        failed = harness.wait_for(job, lambda seen: seen.state == "failed")
    assert "No such file" in (failed.error or "")


def test_a_builder_and_a_callback_that_raise_fail_the_job_not_the_worker(sqlite_database: Database) -> None:
    def refuse(_job: Job) -> list[str]:
        raise RuntimeError("no command")

    def reject(_job: Job, _result: dict[str, Any]) -> None:
        raise RuntimeError("no row")

    job = _add(sqlite_database, "a", max_attempts=1)
    with _working(sqlite_database, refuse) as harness:
        assert "no command" in (harness.wait_for(job, lambda seen: seen.state == "failed").error or "")
    job = _add(sqlite_database, "b", max_attempts=1)
    with _working(sqlite_database, _python("say(result={})"), done=reject) as harness:
        assert "no row" in (harness.wait_for(job, lambda seen: seen.state == "failed").error or "")


def test_what_a_failed_program_said_last_is_kept_with_it(database: Database) -> None:
    program = (
        r"sys.stderr.buffer.write(b'e' * 9000 + b'\n\0 \xff\xed\xa0\x80\r\n\n'); sys.exit('no such take')"
    )
    job = _add(database, max_attempts=1)
    with _working(database, _python(program)) as harness:
        failed = harness.wait_for(job, lambda seen: seen.state == "failed")
    assert failed.log is not None and len(failed.log) == EXCERPT_LENGTH
    assert failed.log.endswith("eee\n\ufffd \ufffd\ufffd\ufffd\ufffd\nno such take")


def test_the_last_lines_stay_until_it_is_done(sqlite_database: Database) -> None:
    job = _add(sqlite_database)
    again = utc_now() + timedelta(minutes=1)
    with _working(sqlite_database, _python("print('one', file=sys.stderr); sys.exit('two')")) as harness:
        waiting = harness.wait_for(job, lambda seen: seen.waits_for == "retry")
    assert (waiting.state, waiting.error, waiting.log) == ("waiting", "two (exit code 1)", "one\ntwo")
    with _working(sqlite_database, _python("say(result={})"), clock=lambda: again) as harness:
        done = harness.wait_for(job, lambda seen: seen.state == "done")
    assert (done.error, done.log, done.waits_for) == (None, None, None)


GREEDY = "x = bytearray(b'x') * (160 << 20); say(progress=0.5); time.sleep(1000)"


@pytest.mark.parametrize(
    "program",
    [GREEDY, f"import subprocess\nsubprocess.run([sys.executable, '-c', {(TALK + GREEDY)!r}])"],
    ids=["itself", "its child"],
)
def test_memory_is_limited_and_the_job_says_so(sqlite_database: Database, program: str) -> None:
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, _python(program), memory_bytes=128 << 20) as harness:
        failed = harness.wait_for(job, lambda seen: seen.state == "failed")
    assert failed.error == "it took more memory than 128 MiB"


def test_what_is_only_mapped_is_not_its_memory(sqlite_database: Database, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(200 << 20))
    program = (
        f"import mmap; f = open({str(weights)!r}, 'rb')\n"
        "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); total = sum(m[::4096])\n"
        "room = mmap.mmap(-1, 4 << 30)\n"
        "time.sleep(0.3); say(result={'n': total})"
    )
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, _python(program), memory_bytes=128 << 20) as harness:
        harness.wait_for(job, lambda seen: seen.state == "done")
    assert harness.results == [{"n": 0}]


def test_a_program_that_hangs_is_ended(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "time.sleep(1000)")
    job = _add(sqlite_database, max_attempts=1)
    with _working(sqlite_database, _python(program), silence_seconds=0.5) as harness:
        failed = harness.wait_for(job, lambda seen: seen.state == "failed")
        _assert_all_writers_end(read_end)
    assert failed.error == "it said nothing for 0 s"


def test_much_output_neither_blocks_nor_grows(sqlite_database: Database) -> None:
    program = (
        "sys.stderr.write('e' * 3_000_000); sys.stdout.write('o' * 3_000_000 + '\\n'); say(result={'n': 2})"
    )
    job = _add(sqlite_database)
    with _working(sqlite_database, _python(program)) as harness:
        harness.wait_for(job, lambda seen: seen.state == "done")
    assert harness.results == [{"n": 2}]


def test_what_a_program_leaves_running_ends_with_it(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "subprocess.Popen(['sleep', '1000'], stdout=open(os.devnull))")
    job = _add(sqlite_database)
    with _working(sqlite_database, _python(program + "; say(result={})")) as harness:
        harness.wait_for(job, lambda seen: seen.state == "done")
        _assert_all_writers_end(read_end)


@pytest.mark.serial
def test_a_cancelled_job_ends_and_frees_its_lane(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "time.sleep(1000)")
    job = _add(sqlite_database)
    # Heartbeats are far between: a look is what notices.
    with _working(
        sqlite_database, _python(program), heartbeat_seconds=60, look_seconds=LOOK_SECONDS
    ) as harness:
        assert os.read(read_end, 1) == b"s"
        began = time.monotonic()
        harness.jobs.cancel(job.id)
        _assert_all_writers_end(read_end)
        assert time.monotonic() - began <= 1.0
        following = _add(sqlite_database, "next")
        harness.wait_for(following, lambda seen: seen.state == "running")
    assert (harness.jobs.get(job.id).state, harness.results) == ("cancelled", [])


def test_stopping_gives_the_job_back(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "time.sleep(1000)")
    job = _add(sqlite_database)
    with _working(sqlite_database, _python(program)) as harness:
        assert os.read(read_end, 1) == b"s"
    _assert_all_writers_end(read_end)
    seen = harness.jobs.get(job.id)
    assert (seen.state, seen.owner, seen.max_attempts - seen.attempt) == ("waiting", None, 3)


def test_lanes_run_side_by_side_and_one_at_a_time(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "time.sleep(1000)")
    jobs = [
        _add(sqlite_database, key, lane=lane)
        for key, lane in (("a", "media"), ("b", "other"), ("c", "media"))
    ]
    with _working(sqlite_database, _python(program)) as harness:
        assert os.read(read_end, 1) + os.read(read_end, 1) == b"ss"
        assert [harness.jobs.get(job.id).state for job in jobs] == ["running", "running", "waiting"]
    _assert_all_writers_end(read_end)


def test_a_lane_may_have_room_for_more(sqlite_database: Database, tmp_path: Path) -> None:
    read_end, program = _lifeline(tmp_path, "time.sleep(1000)")
    jobs = [_add(sqlite_database, str(number)) for number in range(3)]
    with _working(sqlite_database, _python(program), lanes={"media": 2}) as harness:
        assert os.read(read_end, 1) + os.read(read_end, 1) == b"ss"
        assert [harness.jobs.get(job.id).state for job in jobs] == ["running", "running", "waiting"]
        harness.jobs.cancel(jobs[0].id)
        harness.wait_for(jobs[2], lambda seen: seen.state == "running")
        assert harness.jobs.get(jobs[1].id).state == "running"
    _assert_all_writers_end(read_end)


def test_a_poisoned_job_lets_the_others_of_its_lane_pass(sqlite_database: Database) -> None:
    poisoned = _add(sqlite_database, "a", subject="poison")
    jobs = [_add(sqlite_database, str(number)) for number in range(3)]
    run = _python("sys.exit('broken file') if sys.argv[1] == 'poison' else say(result={})")
    now = utc_now()  # time stands still: however long the others take, it is not tried again

    def command(job: Job) -> list[str]:
        return [*run(job), job.subject]

    with _working(sqlite_database, command, clock=lambda: now) as harness:
        for job in jobs:
            harness.wait_for(job, lambda seen: seen.state == "done")
        seen = harness.jobs.get(poisoned.id)
    assert (seen.state, seen.waits_for, seen.attempt) == ("waiting", "retry", 1)


def test_a_result_that_cannot_be_taken_now_keeps_no_other_job(
    sqlite_database: Database, tmp_path: Path
) -> None:
    def away(job: Job, _result: dict[str, Any]) -> None:
        if job.subject == "stuck":
            raise DatabaseUnavailable("locked")

    stuck, good = _add(sqlite_database, "a", subject="stuck"), _add(sqlite_database, "b", lane="other")
    with _working(sqlite_database, _python("say(result={})"), done=away) as harness:
        harness.wait_for(good, lambda seen: seen.state == "done")
        assert harness.jobs.get(stuck.id).state == "running"


def test_a_database_that_goes_away_costs_no_result(sqlite_database: Database, tmp_path: Path) -> None:
    gate, path = tmp_path / "gate", Path(str(sqlite_database.engine.url.database))
    os.mkfifo(gate)
    job = _add(sqlite_database)
    program = f"open({str(gate)!r}).read(); say(result={{'n': 3}})"
    with _working(sqlite_database, _python(program)) as harness:
        harness.wait_for(job, lambda seen: seen.state == "running")
        path.rename(tmp_path / "away")
        gate.write_text("go")
        assert not harness.delivered.wait(0.3)
        (tmp_path / "away").rename(path)
        harness.wait_for(job, lambda seen: seen.state == "done")
    assert harness.results == [{"n": 3}]


WORKER = """
import sys
from library.database import open_database
from library.worker import Handling, Worker
program = sys.argv[2]
kinds = {"test": Handling(lambda job: [sys.executable, "-c", program])}
worker = Worker(open_database(sys.argv[1]), kinds, lanes={"media": 1})
worker.run()
"""


def test_a_killed_workers_job_dies_with_it_and_is_taken_up_as_attempt_2(
    sqlite_url: str, sqlite_database: Database, tmp_path: Path
) -> None:
    child = "subprocess.Popen(['sleep', '1000'], stdout=open(os.devnull)); time.sleep(1000)"
    read_end, program = _lifeline(tmp_path, child)
    job = _add(sqlite_database)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, sqlite_url, TALK + program], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        assert os.read(read_end, 1) == b"s"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(60)
    _assert_all_writers_end(read_end)  # the program, and the program's own child
    assert Jobs(sqlite_database).get(job.id).state == "running"

    def later() -> Any:
        return utc_now() + timedelta(seconds=60)

    with _working(sqlite_database, _python("say(result={'again': True})"), clock=later) as harness:
        done = harness.wait_for(job, lambda seen: seen.state == "done")
    assert (done.attempt, harness.results) == (2, [{"again": True}])


def test_a_worker_leaks_no_file(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    gc.collect()  # what earlier tests left in circles
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        job = _add(database, str(number))
        with _working(database, _python("say(result={})")) as harness:
            harness.wait_for(job, lambda seen: seen.state == "done")
    database.engine.dispose()
    assert len(os.listdir("/proc/self/fd")) <= before
    database.close()


def _lifeline(folder: Path, then: str) -> tuple[int, str]:
    """A pipe that a program and its children hold open while they live, and the program: `s`, then `then`."""
    fifo = folder / "lifeline"
    os.mkfifo(fifo)
    read_end = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(read_end, True)
    keeper = os.open(fifo, os.O_WRONLY)  # or the first read would see the end at once
    _keepers[read_end] = keeper
    program = (
        "import subprocess, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        f"line = os.open({str(fifo)!r}, os.O_WRONLY); os.set_inheritable(line, True); os.write(line, b's')\n"
    )
    return read_end, program + then.replace("Popen(", "Popen(close_fds=False, args=")


_keepers: dict[int, int] = {}


def _assert_all_writers_end(read_end: int) -> None:
    os.close(_keepers.pop(read_end))
    while True:
        ready, _, _ = select.select([read_end], [], [], 60)
        assert ready, "a process of the job still lives"
        if not os.read(read_end, 100):
            os.close(read_end)
            return
