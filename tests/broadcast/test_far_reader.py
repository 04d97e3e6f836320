"""Media in an object store, read in checked blocks: once for all who want them, and never a wrong byte."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.block_cache import BlockCache
from library.object_store import ObjectStore, StoreUnavailable
from library.outage import PAUSE_SECONDS
from library.s3_store import S3Place, S3Store
from operation.far_reader import ATTEMPTS, IN_MEMORY, FarReader
from recorder import far_media
from recorder.far_media import FarPlace, MediaDamaged, MediaUnavailable
from tests.broadcast.far_stage import Bucket
from tests.installation import free_port
from tests.network.cut_relay import CutRelay
from tests.s3_server import S3Server, s3_place, s3_server, s3_store  # noqa: F401

KEY = "sessions/0190/take-0001/program.mp4"
BLOCK = 1000
CONTENT = os.urandom(25 * BLOCK + 123)


def place_of(store: ObjectStore, content: bytes = CONTENT, block: int = BLOCK) -> FarPlace:
    sums = tuple(zlib.crc32(content[at : at + block]) for at in range(0, len(content), block))
    return FarPlace(store.name, KEY, len(content), sha256(content).hexdigest(), 0, sums, block)


class WatchedBucket(Bucket):
    """Counts what is read, and waits or fails where it is told to."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[tuple[int, int]] = []
        self.before_read: Callable[[], None] = lambda: None

    def read(self, key: str, first: int, length: int) -> bytes:
        self.reads.append((first, length))
        self.before_read()
        return super().read(key, first, length)


@pytest.fixture
def bucket(tmp_path: Path) -> WatchedBucket:
    bucket = WatchedBucket(tmp_path / "bucket")
    bucket.path(KEY).parent.mkdir(parents=True)
    bucket.path(KEY).write_bytes(CONTENT)
    return bucket


@pytest.fixture
def place(bucket: WatchedBucket) -> FarPlace:
    return place_of(bucket)


def reader_of(bucket: ObjectStore, folder: Path | None = None, **more: Any) -> FarReader:
    cache = None if folder is None else BlockCache(folder / "blocks", 1 << 20)
    return FarReader(lambda: bucket, cache, **more)


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, len(CONTENT)))
def test_any_range_is_that_of_the_content(
    tmp_path_factory: pytest.TempPathFactory, first: int, length: int
) -> None:
    bucket = Bucket(tmp_path_factory.getbasetemp() / "any-range")
    bucket.path(KEY).parent.mkdir(parents=True, exist_ok=True)
    bucket.path(KEY).write_bytes(CONTENT)
    length = min(length, len(CONTENT) - first)
    assert reader_of(bucket).read(place_of(bucket), first, length) == CONTENT[first : first + length]


@pytest.mark.parametrize(("first", "length"), [(-1, 1), (0, 0), (len(CONTENT), 1), (0, len(CONTENT) + 1)])
def test_what_is_no_range_is_refused(bucket: WatchedBucket, place: FarPlace, first: int, length: int) -> None:
    with pytest.raises(ValueError, match="range"):
        reader_of(bucket).read(place, first, length)


def test_what_was_read_is_not_read_again(bucket: WatchedBucket, place: FarPlace, tmp_path: Path) -> None:
    far = reader_of(bucket, tmp_path)
    far.read(place, 500, 3000)
    assert bucket.reads == [(0, 4 * BLOCK)]  # blocks that follow each other are one request
    far.read(place, 0, 4 * BLOCK)
    far.read(place, 2500, 2 * BLOCK)
    assert bucket.reads == [(0, 4 * BLOCK), (4 * BLOCK, BLOCK)]
    reader_of(bucket, tmp_path).read(place, 0, 5 * BLOCK)  # another process
    assert len(bucket.reads) == 2


def test_who_reads_through_keeps_only_the_last_blocks(
    bucket: WatchedBucket, place: FarPlace, tmp_path: Path
) -> None:
    far = reader_of(bucket, tmp_path)
    for at in range(0, len(CONTENT), 300):
        far.read(place, at, min(300, len(CONTENT) - at), keep=False)
    assert len(bucket.reads) == 26
    assert not (tmp_path / "blocks").exists()
    far.read(place, 0, BLOCK)
    assert len(bucket.reads) == 27 and IN_MEMORY < 25


def test_many_viewers_of_one_segment_are_one_read(
    bucket: WatchedBucket, place: FarPlace, tmp_path: Path
) -> None:
    far, begun, go_on = reader_of(bucket, tmp_path), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(60)

    bucket.before_read = wait
    with ThreadPoolExecutor(12) as viewers:
        first = viewers.submit(far.read, place, 0, 2500)
        assert begun.wait(60)
        others = [viewers.submit(far.read, place, n * 100, 1500) for n in range(10)]
        go_on.set()
        assert first.result(60) == CONTENT[:2500]
        assert [one.result(60) for one in others] == [CONTENT[n * 100 :][:1500] for n in range(10)]
    assert bucket.reads == [(0, 3 * BLOCK)]


def test_an_error_reaches_all_who_wait_and_nobody_after(bucket: WatchedBucket, place: FarPlace) -> None:
    far, begun, go_on = reader_of(bucket), threading.Event(), threading.Event()

    def fail() -> None:
        begun.set()
        assert go_on.wait(60)
        raise StoreUnavailable("away")

    bucket.before_read = fail
    with ThreadPoolExecutor(4) as viewers:
        waiting = [viewers.submit(far.read, place, 0, 10)]
        assert begun.wait(60)
        waiting += [viewers.submit(far.read, place, 0, 10) for _ in range(3)]
        go_on.set()
        for one in waiting:
            with pytest.raises(MediaUnavailable):
                one.result(60)
    bucket.before_read = lambda: None
    far = reader_of(bucket)
    assert far.read(place, 0, 10) == CONTENT[:10]


def test_while_it_is_away_it_is_not_asked_by_everybody(bucket: WatchedBucket, place: FarPlace) -> None:
    def fail() -> None:
        raise StoreUnavailable("away")

    now = [0.0]
    far, bucket.before_read = reader_of(bucket, clock=lambda: now[0]), fail
    for passed in (0.0, PAUSE_SECONDS):
        now[0] += passed
        bucket.reads.clear()
        for _ in range(20):
            with pytest.raises(MediaUnavailable):
                far.read(place, 0, 10)
        assert len(bucket.reads) == ATTEMPTS


def test_a_line_that_is_cut_once_is_tried_again(bucket: WatchedBucket, place: FarPlace) -> None:
    def fail_once() -> None:
        if len(bucket.reads) == 1:
            raise StoreUnavailable("cut")

    bucket.before_read = fail_once
    assert reader_of(bucket).read(place, 0, 10) == CONTENT[:10]


@pytest.mark.parametrize("how", ["flip", "shorter", "longer block", "gone"])
def test_what_is_not_what_it_was_is_never_handed_out(
    bucket: WatchedBucket, place: FarPlace, tmp_path: Path, how: str
) -> None:
    spoilt = {
        "flip": CONTENT[:1500] + bytes([CONTENT[1500] ^ 4]) + CONTENT[1501:],
        "shorter": CONTENT[:1500],
        "longer block": b"x" + CONTENT,
    }
    if how == "gone":
        bucket.path(KEY).unlink()
    else:
        bucket.path(KEY).write_bytes(spoilt[how])
    told: list[str] = []
    far = reader_of(bucket, tmp_path, on_damage=lambda where: told.append(where.key))
    with pytest.raises(MediaDamaged):
        far.read(place, 1000, 100)
    assert told == [KEY]
    bucket.path(KEY).write_bytes(CONTENT)
    assert far.read(place, 1000, 100) == CONTENT[1000:1100]


def test_a_spoilt_block_that_was_kept_is_read_anew(
    bucket: WatchedBucket, place: FarPlace, tmp_path: Path
) -> None:
    reader_of(bucket, tmp_path).read(place, 0, 10)
    (kept,) = (tmp_path / "blocks").iterdir()
    kept.write_bytes(b"\0" * BLOCK)
    assert reader_of(bucket, tmp_path).read(place, 0, 10) == CONTENT[:10]
    assert kept.read_bytes() == CONTENT[:BLOCK]


def test_another_bucket_is_not_asked(bucket: WatchedBucket, place: FarPlace) -> None:
    with pytest.raises(MediaUnavailable, match="KODO_OBJECTS"):
        reader_of(bucket).read(replace(place, store="s3://other"), 0, 10)


def test_a_marker_says_what_it_said(place: FarPlace) -> None:
    assert far_media.parse(place.pack()) == place
    for torn in (
        b"",
        b"{",
        b"[]",
        b"{}",
        place.pack()[:-5],
        place.pack().replace(b'"blocks": "', b'"blocks": "00'),
    ):
        assert far_media.parse(torn) is None


def test_closing_twice(bucket: WatchedBucket, place: FarPlace) -> None:
    far = reader_of(bucket)
    far.open()
    far.read(place, 0, 1)
    far.close()
    far.close()


@pytest.fixture
def relay(s3_server: S3Server) -> Iterator[CutRelay]:
    with CutRelay(s3_server.port) as relay:
        yield relay


@pytest.fixture
def in_s3(s3_store: ObjectStore, tmp_path: Path) -> FarPlace:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    s3_store.put(KEY, source)
    return place_of(s3_store)


def s3_reader(place: S3Place, folder: Path) -> FarReader:
    return FarReader(lambda: S3Store(place, folder / "uploads", attempts=1, timeout_seconds=60.0))


def test_ranges_of_a_real_bucket(in_s3: FarPlace, s3_place: S3Place, tmp_path: Path) -> None:
    far = s3_reader(s3_place, tmp_path)
    for first, length in ((0, 1), (999, 2), (len(CONTENT) - 1, 1), (0, len(CONTENT))):
        assert far.read(in_s3, first, length) == CONTENT[first : first + length]
    far.close()


@pytest.mark.parametrize(
    "wrong", [{"secret_key": "tasting"}, {"region": "eu-central-1"}, {"access_key": "test:nobody"}]
)
def test_a_bucket_that_refuses_is_unavailable(
    in_s3: FarPlace, s3_place: S3Place, tmp_path: Path, wrong: dict[str, str]
) -> None:
    far = s3_reader(replace(s3_place, **wrong), tmp_path)
    with pytest.raises(MediaUnavailable):
        far.read(in_s3, 0, 10)
    far.close()


def test_a_bucket_that_vanished_or_does_not_answer_is_unavailable(
    in_s3: FarPlace, s3_server: S3Server, s3_place: S3Place, tmp_path: Path
) -> None:
    silent = s3_reader(replace(s3_place, endpoint=f"http://127.0.0.1:{free_port()}"), tmp_path)
    with pytest.raises(MediaUnavailable):
        silent.read(in_s3, 0, 10)
    s3_server.client.delete_object(Bucket=s3_place.bucket, Key=f"{s3_place.prefix}/{KEY}")
    emptied = s3_reader(s3_place, tmp_path)
    with pytest.raises(MediaDamaged):
        emptied.read(in_s3, 0, 10)
    s3_server.client.delete_bucket(Bucket=s3_place.bucket)
    with pytest.raises(MediaUnavailable):
        s3_reader(s3_place, tmp_path).read(in_s3, 0, 10)


def test_errors_and_cuts_of_a_server_pass(
    in_s3: FarPlace, relay: CutRelay, s3_place: S3Place, tmp_path: Path
) -> None:
    place = replace(s3_place, endpoint=f"http://127.0.0.1:{relay.port}")
    trouble = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    relay.answer_instead(trouble)
    far = s3_reader(place, tmp_path)
    assert far.read(in_s3, 0, 10) == CONTENT[:10]  # the second attempt
    relay.answer_instead(trouble, trouble)
    with pytest.raises(MediaUnavailable):
        s3_reader(place, tmp_path).read(in_s3, 0, 10)
    relay.cut_after(down=12_000)
    with pytest.raises(MediaUnavailable):
        s3_reader(place, tmp_path).read(in_s3, 0, len(CONTENT))
    relay.mend()
    assert s3_reader(place, tmp_path).read(in_s3, 0, len(CONTENT)) == CONTENT
    far.close()
