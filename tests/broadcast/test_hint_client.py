"""The hint client against the recorder's real hub: hearing, telling, rubbish, a recorder that restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from broadcast.hint_client import Hint, HintClient, Ticker
from recorder.hint_hub import HintHub


class Ear:
    def __init__(self) -> None:
        self.heard: asyncio.Queue[Hint] = asyncio.Queue()

    def __call__(self, hint: Hint) -> None:
        self.heard.put_nowait(hint)

    async def next(self) -> Hint:
        return await asyncio.wait_for(self.heard.get(), 60)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        before = asyncio.all_tasks()
        await work()
        await asyncio.sleep(0)
        left = {task for task in asyncio.all_tasks() - before if "_serve" not in repr(task)}
        assert not left, left

    asyncio.run(all_of_it())


def test_hints_reach_every_listener_and_the_other_processes(tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "hints.sock"
        hub, ears = HintHub(), [Ear(), Ear(), Ear()]
        await hub.open(path)
        first, second = HintClient(path, ears[:2]), HintClient(path, ears[2:])
        await first.open()
        await second.open()
        for ear in ears:
            assert await ear.next() == {"kind": "reconnected"}
        await wait_for_clients(hub, 2)
        hub.tell({"kind": "part", "session": "s"})
        for ear in ears:
            assert await ear.next() == {"kind": "part", "session": "s"}
        await asyncio.to_thread(first.tell, {"kind": "batch", "room": "r", "batch": 7})
        assert await ears[2].next() == {"kind": "batch", "room": "r", "batch": 7}
        assert ears[0].heard.empty(), "not to itself"
        for client in (first, second, first):
            await client.close()
        first.tell({"kind": "nobody hears"})
        await hub.close()

    run(work)


def test_a_listener_killed_just_now_disturbs_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        path, ear = tmp_path / "hints.sock", Ear()
        hub = HintHub()
        await hub.open(path)
        client = HintClient(path, [ear])
        await client.open()
        await wait_for_clients(hub, 1)
        for writer in hub._clients:
            writer.transport.abort()
        hub.tell({"kind": "part"})  # before the loop has had time to notice
        await client.close()
        await hub.close()

    uvloop.run(work())


async def wait_for_clients(hub: HintHub, count: int) -> None:
    async with asyncio.timeout(60):
        while len(hub._clients) < count:
            await asyncio.sleep(0.01)


def test_it_waits_for_the_recorder_and_comes_back_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        path, ear = tmp_path / "hints.sock", Ear()
        client = HintClient(path, [ear])
        await client.open()
        for _ in range(2):
            hub = HintHub()
            await hub.open(path)
            assert await ear.next() == {"kind": "reconnected"}
            await hub.close()
        await client.close()

    run(work)


def test_rubbish_is_passed_over_and_a_faulty_listener_deafens_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty(hint: Hint) -> None:
        raise KeyError("session")

    async def work() -> None:
        ear = Ear()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"not json\n[1]\n\xff\n\n" + b'{"kind":"part"}\n' + b"x" * 10_000 + b"\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(serve, str(tmp_path / "hints.sock"))
        client = HintClient(tmp_path / "hints.sock", [faulty, ear])
        await client.open()
        heard = [await ear.next() for _ in range(4)]
        assert heard == [{"kind": "reconnected"}, {"kind": "part"}] * 2, "left and joined again"
        await client.close()
        server.close()

    run(work)
    assert any("not taken" in record.message for record in caplog.records)


def test_a_tick_that_fails_is_not_the_last() -> None:
    ticks: list[int] = []
    three = asyncio.Event()

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            three.set()
        raise OSError("the disk")

    async def work() -> None:
        ticker = Ticker(tick, 0.01)
        await ticker.open()
        await asyncio.wait_for(three.wait(), 60)
        await ticker.close()
        await ticker.close()

    run(work)
