"""A recording that lies in the bucket is watched and downloaded as one on the disk, and trouble is told."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from broadcast import last_played
from broadcast.far_download import pieces_of
from broadcast.front import Front
from broadcast.live_answers import LiveAnswers
from library.object_store import StoreUnavailable
from people.models import RoomAccess
from people.rooms import change_room, room_of
from tests.broadcast.far_stage import Bucket, FarStage

T = TypeVar("T")


class TroubledBucket(Bucket):
    """Does `before_read` first."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads = 0
        self.before_read: Callable[[], None] = lambda: None

    def read(self, key: str, first: int, length: int) -> bytes:
        self.reads += 1
        self.before_read()
        return super().read(key, first, length)

    def go_away(self) -> None:
        def fail() -> None:
            raise StoreUnavailable("no answer")

        self.before_read = fail

    def come_back(self) -> None:
        self.before_read = lambda: None


@pytest.fixture
def bucket(tmp_path: Path) -> TroubledBucket:
    return TroubledBucket(tmp_path / "bucket")


@pytest.fixture
def stage(tmp_path: Path, bucket: TroubledBucket) -> Iterator[FarStage]:
    stage = FarStage(tmp_path, bucket)
    stage.book.refresh()
    yield stage
    stage.close()


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Browser:
    """Asks a front over the stage."""

    def __init__(self, stage: FarStage) -> None:
        answers = LiveAnswers(stage.windows, stage.book)
        self.front = Front(stage.app, answers, stage.windows, feed=stage.feed, far=stage.services.far)

    async def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        sent: list[Any] = []
        received = False

        async def receive() -> dict[str, Any]:
            nonlocal received
            if received:
                await asyncio.Event().wait()
            received = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"host": "localhost:8000", **headers}
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
            "http_version": "1.1", "scheme": "http", "server": ("localhost", 8000),
            "client": ("127.0.0.1", 50_000), "root_path": "",
        }  # fmt: skip
        await self.front(scope, receive, send)
        found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))


def run(stage: FarStage, work: Callable[[Browser], Awaitable[T]]) -> T:
    async def all_of_it() -> T:
        browser = Browser(stage)
        await browser.front.open()
        try:
            return await work(browser)
        finally:
            await browser.front.close()

    return asyncio.run(all_of_it())


def live(stage: FarStage, tail: str) -> str:
    return f"/live/open/{stage.session}/{tail}"


def media_of(playlist: str) -> list[str]:
    """Addresses of segments and inits, as they follow each other."""
    return re.findall(r'^[^#\n]+$|(?<=URI=")[^"]+', playlist, re.M)


async def watch(browser: Browser, stage: FarStage) -> dict[str, bytes]:
    """Everything that a player of the replay fetches."""
    got: dict[str, bytes] = {}
    for name in ("replay-1.m3u8", "source/replay-1.m3u8"):
        reply = await browser.get(live(stage, name))
        assert reply.status == 200, reply
        got[name] = reply.body
    for address in media_of(got["source/replay-1.m3u8"].decode()):
        reply = await browser.get(live(stage, f"source/{address}"))
        assert reply.status == 200, (address, reply)
        got[address] = reply.body
    return got


def test_a_viewer_sees_no_difference(stage: FarStage, bucket: TroubledBucket) -> None:
    here = run(stage, lambda browser: watch(browser, stage))
    assert len(here) > 5 and bucket.reads == 0
    stage.move()
    stage.open_windows_anew()
    there = run(stage, lambda browser: watch(browser, stage))
    assert there == here
    assert 0 < bucket.reads <= 8  # 4.8 MB of takes in blocks of 1 MiB, but for their beginnings


def last_segment(stage: FarStage) -> str:
    """The address of the replay's last segment: as a recent one it would be read on the loop."""
    playlist = stage.windows.open(stage.session).replay(1, gzip=False).decode()
    return live(stage, f"source/{media_of(playlist)[-1]}")


def test_a_bucket_that_is_away_is_told_of_and_comes_back(stage: FarStage, bucket: TroubledBucket) -> None:
    stage.move()
    address = last_segment(stage)
    bucket.go_away()

    async def work(browser: Browser) -> None:
        first = await browser.get(live(stage, "source/replay-1.m3u8"))
        assert first.status == 200
        reply = await browser.get(address)
        assert (reply.status, reply.headers["retry-after"]) == (503, "3")
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["cache-control"] == "no-store"
        assert b"object store" in reply.body
        bucket.come_back()
        stage.clock.now += 2
        assert (await browser.get(address)).status == 200

    run(stage, work)


def test_a_slow_bucket_keeps_nobody_else_waiting(stage: FarStage, bucket: TroubledBucket) -> None:
    stage.move()
    address = last_segment(stage)
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(100)

    bucket.before_read = wait

    async def work(browser: Browser) -> None:
        waiting = [asyncio.create_task(browser.get(address)) for _ in range(50)]
        assert await asyncio.to_thread(begun.wait, 60)
        for tail in ("replay-1.m3u8", "source/replay-1.m3u8"):  # all of the disk
            assert (await asyncio.wait_for(browser.get(live(stage, tail)), 60)).status == 200
        assert (await asyncio.wait_for(browser.get("/healthz"), 60)).status == 200
        assert not any(task.done() for task in waiting)
        go_on.set()
        replies = await asyncio.gather(*waiting)
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1

    run(stage, work)
    assert bucket.reads == 1


def test_what_is_gone_or_other_there_is_called_damaged(stage: FarStage, bucket: TroubledBucket) -> None:
    stage.move()
    address = last_segment(stage)
    bucket.path(stage.take_files()[-1]).unlink()

    async def work(browser: Browser) -> None:
        reply = await browser.get(address)
        assert (reply.status, reply.headers["cache-control"]) == (404, "no-store")
        assert b"damaged" in reply.body

    run(stage, work)


def test_playing_is_noted(stage: FarStage) -> None:
    assert last_played.when(stage.settings.session_roots, stage.session) is None
    stage.windows.open(stage.session)
    played = last_played.when(stage.settings.session_roots, stage.session)
    assert played is not None


def download(stage: FarStage) -> str:
    return f"/watch/{stage.session}/download"


def mp4(stage: FarStage) -> bytes:
    return stage.content[f"recordings/{stage.session}.mp4"]


def test_the_mp4_comes_from_there_with_ranges(stage: FarStage, bucket: TroubledBucket) -> None:
    stage.move()
    content = mp4(stage)

    async def work(browser: Browser) -> None:
        whole = await browser.get(download(stage))
        assert (whole.status, whole.headers["content-type"]) == (200, "video/mp4")
        assert whole.headers["content-length"] == str(len(content)) and whole.body == content
        assert (
            whole.headers["accept-ranges"] == "bytes" and "attachment" in whole.headers["content-disposition"]
        )
        assert not any(name.startswith("x-kodo") for name in whole.headers)
        head = await browser.get(download(stage), "HEAD")
        assert (head.status, head.headers["content-length"], head.body) == (200, str(len(content)), b"")
        size, etag = len(content), whole.headers["etag"]
        for asked, first, last in (
            ("bytes=0-0", 0, 0),
            ("bytes=1048575-1048576", 1_048_575, 1_048_576),
            (f"bytes={size - 5}-", size - 5, size - 1),
            ("bytes=-7", size - 7, size - 1),
            ("bytes=100-99999999", 100, size - 1),
        ):
            part = await browser.get(download(stage), range=asked)
            assert part.status == 206 and part.body == content[first : last + 1], asked
            assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
            assert part.headers["content-length"] == str(last + 1 - first)
        beyond = await browser.get(download(stage), range=f"bytes={size}-")
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")
        same = await browser.get(download(stage), range="bytes=5-9", if_range=etag)
        other = await browser.get(download(stage), range="bytes=5-9", if_range='"other"')
        assert (same.status, other.status, other.body) == (206, 200, content)
        assert (await browser.get(download(stage), if_none_match=etag)).status == 304
        assert (await browser.get(download(stage), range="bytes=0-1,5-6")).body == content

    run(stage, work)
    # Under another server Flask sends it.
    plain = stage.client().get(download(stage), headers={"Range": "bytes=10-2000000"})
    assert (plain.status_code, plain.data) == (206, content[10:2_000_001])
    assert stage.client().head(download(stage)).content_length == len(content)


def test_no_caller_can_name_a_file_there(stage: FarStage) -> None:
    stage.move()

    async def work(browser: Browser) -> None:
        path = stage.on_disk(stage.take_files()[0])
        reply = await browser.get("/healthz", x_kodo_send_far=f"0 10 {path}")
        assert b"ftyp" not in reply.body

    run(stage, work)


def test_a_download_that_cannot_be_had_now(stage: FarStage, bucket: TroubledBucket) -> None:
    stage.move()
    bucket.go_away()
    away = stage.client().get(download(stage))
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert "object store" in away.text and away.content_type.startswith("text/html")
    bucket.come_back()
    stage.clock.now += 2
    bucket.path(f"recordings/{stage.session}.mp4").unlink()
    gone = stage.client().get(download(stage))
    assert gone.status_code == 404 and "damaged" in gone.text


def test_a_private_recording_gives_no_address_away(stage: FarStage) -> None:
    stage.move()
    with stage.database.session() as session:
        change_room(room_of(session, "hall"), access=RoomAccess.MEMBERS)
    answer = stage.client().get(download(stage))
    assert answer.status_code == 302 and answer.location.startswith("/sign-in")
    signed_in = stage.client(stage.member).get(download(stage))
    assert (signed_in.status_code, signed_in.data) == (200, mp4(stage))


def test_pieces_end_where_blocks_do() -> None:
    assert list(pieces_of(5, 95, 10)) == [(5, 35), (40, 40), (80, 20)]
    assert list(pieces_of(0, 0, 10)) == []


def test_threads_that_read_at_once(stage: FarStage) -> None:
    before = stage.segments()
    stage.move()
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: stage.segments(stage.services.far), range(6)))  # type: ignore[arg-type]
    assert all(one == before for one in found)
