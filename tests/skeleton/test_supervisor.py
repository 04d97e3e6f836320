"""The supervisor with small real processes: order, restart, stop, nothing left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from operation.supervisor.back_off import BackOff
from operation.supervisor.child import ChildSpec
from operation.supervisor.probes import listening_problem, unix_socket_answers
from operation.supervisor.process_lock import AlreadyRunning, only_one
from operation.supervisor.supervisor import Supervisor

PROJECT = Path(__file__).resolve().parents[2]

SERVER = """
import os, pathlib, signal, sys
name, diary = sys.argv[1], pathlib.Path(sys.argv[2])
def note(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what} {os.getpid()}\\n")
# Blocked and waited for: between a handler's check and pause() one would be lost.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
note("starts")
(diary.parent / f"{name}.ready").touch()
signal.sigwait([signal.SIGTERM])
note("stops")
"""
DEAF = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
line = open(sys.argv[1], "w")
print("deaf", file=line, flush=True)
if sys.argv[2:]:
    subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
while True:
    signal.pause()
"""
PARENT = """
import os, signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
signal.pause()
"""
DYING_CHILD = """
import os, signal, sys
from operation.supervisor.parent_death import die_with_parent
die_with_parent(int(sys.argv[1]))
print(os.getpid(), flush=True)
signal.pause()
"""


class Stage:
    """A folder with a diary that the processes write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = folder / "diary"
        self.diary.touch()

    def server(self, name: str, stage: int, **options: object) -> ChildSpec:
        async def ready() -> bool:
            return (self.folder / f"{name}.ready").exists()

        command = (sys.executable, "-c", SERVER, name, str(self.diary))
        return ChildSpec(name, command, stage, ready=ready, **options)  # type: ignore[arg-type]

    def lines(self) -> list[str]:
        return [line.rsplit(" ", 1)[0] for line in self.diary.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def run(specs: list[ChildSpec], script: Callable[[Supervisor], Awaitable[None]]) -> int:
    """Run a supervisor and, once all is ready, a script beside it; then stop it → its exit code."""

    async def main() -> int:
        ready = asyncio.Event()
        supervisor = Supervisor(specs, ready.set)
        running = asyncio.create_task(supervisor.run())
        async with asyncio.timeout(60):
            await ready.wait()
            await script(supervisor)
            supervisor.stop()
            return await running

    return asyncio.run(main())


async def nothing(_: Supervisor) -> None:
    return


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_starts_in_order_and_stops_in_reverse(stage: Stage) -> None:
    specs = [stage.server("web", 2), stage.server("recorder", 0), stage.server("worker", 2)]
    assert run(specs, nothing) == 0
    assert stage.lines()[0] == "recorder starts"
    assert set(stage.lines()[1:3]) == {"web starts", "worker starts"}
    assert set(stage.lines()[3:5]) == {"web stops", "worker stops"}
    assert stage.lines()[5] == "recorder stops"


@pytest.mark.serial
def test_a_killed_process_is_started_again_at_once_and_the_others_live_on(stage: Stage) -> None:
    async def kill_recorder(supervisor: Supervisor) -> None:
        before = dict(supervisor.processes)
        os.kill(before["recorder"] or 0, signal.SIGKILL)
        began = time.monotonic()
        await until(lambda: supervisor.processes["recorder"] not in (None, before["recorder"]))
        assert time.monotonic() - began < 0.5
        assert supervisor.processes["web"] == before["web"]
        await until(lambda: stage.lines().count("recorder starts") == 2)

    assert run([stage.server("recorder", 0), stage.server("web", 1)], kill_recorder) == 0


def test_a_step_of_the_start_is_repeated_until_it_succeeds(stage: Stage) -> None:
    script = textwrap.dedent(
        f"""
        import pathlib, sys
        tries = pathlib.Path({str(stage.folder / "tries")!r})
        tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
        sys.exit(len(tries.read_text()) < 3)
        """
    )
    step = ChildSpec("migrate", (sys.executable, "-c", script), 0, once=True)
    assert run([step, stage.server("web", 1)], nothing) == 0
    assert (stage.folder / "tries").read_text() == "xxx"
    assert stage.lines() == ["web starts", "web stops"]


def test_who_does_not_stop_is_killed_with_what_it_started(stage: Stage) -> None:
    line = stage.folder / "line"
    os.mkfifo(line)
    command = (sys.executable, "-c", DEAF, str(line), DEAF)
    with open(os.open(line, os.O_RDWR), "rb", buffering=0) as both_ends:

        async def both_deaf(_: Supervisor) -> None:
            said = b""
            while said.count(b"deaf") < 2:
                said += await asyncio.to_thread(both_ends.read, 100)

        with open(os.open(line, os.O_RDONLY | os.O_NONBLOCK), "rb") as listener:
            assert run([ChildSpec("web", command, 0, stop_seconds=0.2)], both_deaf) == 0
            both_ends.close()
            os.set_blocking(listener.fileno(), True)
            assert listener.read() == b""  # comes when the last process that could write is gone


def test_gives_up_when_a_process_says_wrong_use_before_it_was_ready(stage: Stage) -> None:
    async def main() -> int:
        bad = ChildSpec("web", (sys.executable, "-c", "import sys; sys.exit(2)"), 1, ready=never)
        return await asyncio.wait_for(Supervisor([stage.server("recorder", 0), bad], lambda: None).run(), 60)

    assert asyncio.run(main()) == 1
    assert stage.lines() == ["recorder starts", "recorder stops"]


def test_a_second_request_to_stop_kills(stage: Stage) -> None:
    spec = ChildSpec("web", (sys.executable, "-c", DEAF, os.devnull), 0, stop_seconds=60)

    async def stop_early(supervisor: Supervisor) -> None:
        supervisor.stop()

    assert run([spec], stop_early) == 0


async def never() -> bool:
    return False


def test_a_process_that_cannot_be_started_again_ends_nobody_else(stage: Stage) -> None:
    program = stage.folder / "python"
    program.symlink_to(sys.executable)
    web = stage.server("web", 1)
    specs = [stage.server("recorder", 0), replace(web, command=(str(program), *web.command[1:]))]

    async def upgraded(supervisor: Supervisor) -> None:
        recorder, pid = supervisor.processes["recorder"], supervisor.processes["web"]
        program.unlink()  # the virtual environment is being made anew
        os.kill(pid or 0, signal.SIGKILL)
        await until(lambda: supervisor.processes["web"] is None)
        program.symlink_to(sys.executable)
        await until(lambda: supervisor.processes["web"] is not None)
        assert supervisor.processes["recorder"] == recorder

    assert run(specs, upgraded) == 0


def test_nohup_is_heeded(stage: Stage) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def hung_up(supervisor: Supervisor) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert supervisor.processes["recorder"] is not None

    try:
        assert run([stage.server("recorder", 0)], hung_up) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_back_off_doubles_and_forgets_after_health() -> None:
    pauses = BackOff(longest_seconds=1.0, healthy_seconds=30)
    assert [pauses.pause_after(0) for _ in range(7)] == [0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert pauses.pause_after(29.9) == 1.0
    assert [pauses.pause_after(30), pauses.pause_after(0)] == [0, 0.1]


def test_only_one_process_holds_a_lock_and_its_id_is_told(tmp_path: Path) -> None:
    with only_one(tmp_path / "run" / "lock"):
        with pytest.raises(AlreadyRunning) as refused, only_one(tmp_path / "run" / "lock"):
            pass
        assert refused.value.pid == str(os.getpid())
    with only_one(tmp_path / "run" / "lock"):
        pass


def test_a_child_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, DYING_CHILD], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.kill()
    process.wait()
    assert process.stdout.read() == ""  # closed by the child's end
    process.stdout.close()


def test_who_listens_on_the_port_is_noticed_although_it_would_share(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert listening_problem("127.0.0.1", port) == "Address already in use"
    assert listening_problem("127.0.0.1", port) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 503 no\r\n\r\n", False),
        (b"", False),
        (b"x" * 99_999, False),
    ],
)
def test_a_socket_is_ready_when_it_answers_200(tmp_path: Path, answer: bytes, expected: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def main() -> bool:
        probe = unix_socket_answers(tmp_path / "socket", "/status")
        assert not await probe()  # nobody there yet
        async with await asyncio.start_unix_server(serve, tmp_path / "socket"):
            return await probe()

    assert asyncio.run(main()) is expected


def test_the_dispensable_go_first_when_memory_or_time_runs_out(stage: Stage) -> None:
    async def look(supervisor: Supervisor) -> None:
        pid = supervisor.processes["worker"] or 0
        assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "500\n"
        assert os.getpriority(os.PRIO_PROCESS, pid) == 10

    assert run([stage.server("worker", 0, dispensable=500, niceness=10)], look) == 0
