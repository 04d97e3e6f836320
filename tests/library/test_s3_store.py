"""A bad S3 service and bad lines to a good one: every trouble has its name, and no upload begins anew."""

from __future__ import annotations

import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.object_store import (
    AccessRefused,
    BucketMissing,
    Damage,
    ObjectStore,
    ObjectStoreError,
    StoredObject,
    StoreUnavailable,
    WrongRegion,
    damage_of,
    facts_of,
)
from library.s3_store import S3Place, S3Store
from library.s3_upload import MOST_PARTS, part_size, parts_of
from tests.faults import FULL
from tests.installation import free_port
from tests.network.cut_relay import CutRelay
from tests.s3_server import PART_BYTES, SECRET_KEY, S3Server

KEY = "recordings/0190.mp4"
OVERHEAD = 100_000  # of the requests around five attempts
SERVER_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Length: 48\r\nConnection: close\r\n\r\n"
    b"<Error><Code>SlowDown</Code><Message/></Error>  "
)


def write_random(path: Path, size: int) -> Path:
    with open(path, "wb") as file:
        for first in range(0, size, 1 << 20):
            file.write(os.urandom(min(1 << 20, size - first)))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of five parts and a bit."""
    return write_random(tmp_path / "source", 5 * PART_BYTES + 1000)


@pytest.fixture
def relay(s3_server: S3Server) -> Iterator[CutRelay]:
    with CutRelay(s3_server.port) as relay:
        yield relay


def through(relay: CutRelay, place: S3Place, uploads: Path, **options: Any) -> S3Store:
    """A store as a process that starts opens it, over the relay's line; one attempt for each request."""
    options = {"part_bytes": PART_BYTES, "attempts": 1, "timeout_seconds": 60.0, **options}
    return S3Store(replace(place, endpoint=f"http://127.0.0.1:{relay.port}"), uploads, **options)


def every_act(store: ObjectStore, source: Path) -> list[Any]:
    return [
        lambda: store.head(KEY),
        lambda: store.put(KEY, source),
        lambda: store.read(KEY, 0, 1),
        lambda: list(store.chunks(KEY)),
        lambda: list(store.list_objects()),
        lambda: store.delete(KEY),
        lambda: store.sweep(datetime.now(UTC)),
    ]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secret_key": "tasting-hunter2"}, AccessRefused),
        ({"access_key": "test:nobody"}, AccessRefused),
        ({"region": "eu-central-1"}, WrongRegion),
        ({"bucket": "no-such-bucket"}, BucketMissing),
    ],
)
def test_what_is_wrong_is_named_by_every_act(
    s3_place: S3Place,
    tmp_path: Path,
    source: Path,
    wrong: dict[str, str],
    error: type[ObjectStoreError],
) -> None:
    store = S3Store(replace(s3_place, **wrong), tmp_path / "uploads", part_bytes=PART_BYTES)
    for act in every_act(store, source):
        with pytest.raises(error) as refused:
            act()
        assert "hunter2" not in str(refused.value) and SECRET_KEY not in str(refused.value)
    store.close()


def test_a_place_does_not_show_its_keys(s3_place: S3Place) -> None:
    assert SECRET_KEY not in repr(s3_place) and "test:tester" not in repr(s3_place)


def test_a_bucket_that_vanishes(
    s3_server: S3Server, s3_place: S3Place, s3_store: ObjectStore, source: Path
) -> None:
    s3_store.put(KEY, source)

    def remove_bucket(done: int, total: int) -> None:
        s3_server.client.delete_object(Bucket=s3_place.bucket, Key=f"kodo/media/{KEY}")
        s3_server.client.delete_bucket(Bucket=s3_place.bucket)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        s3_store.put("recordings/other.mp4", source, progress=remove_bucket)
    with pytest.raises(BucketMissing):
        s3_store.put("recordings/other.mp4", source)
    for act in every_act(s3_store, source):
        with pytest.raises(BucketMissing):
            act()


def test_nobody_answers(s3_place: S3Place, tmp_path: Path, source: Path) -> None:
    place = replace(s3_place, endpoint=f"http://127.0.0.1:{free_port()}")
    store = S3Store(place, tmp_path / "uploads", attempts=1)
    for act in every_act(store, source):
        with pytest.raises(StoreUnavailable):
            act()


@pytest.mark.parametrize("answer", [SERVER_ERROR, SLOW_DOWN, b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_a_server_in_trouble(
    relay: CutRelay, s3_place: S3Place, tmp_path: Path, source: Path, answer: bytes
) -> None:
    store = through(relay, s3_place, tmp_path / "uploads")
    for act in every_act(store, source):
        relay.answer_instead(answer)
        with pytest.raises(StoreUnavailable):
            act()
    relay.answer_instead(answer, answer)
    patient = through(relay, s3_place, tmp_path / "uploads", attempts=3)
    assert patient.put(KEY, source).bytes == source.stat().st_size


@pytest.mark.timeout(900 if FULL else 120)
def test_an_upload_that_is_cut_five_times_sends_no_more_than_one_part_again_each_time(
    relay: CutRelay, s3_place: S3Place, tmp_path: Path
) -> None:
    part_bytes, size = (16 << 20, 2 << 30) if FULL else (PART_BYTES, 12 * PART_BYTES + 100)
    source = write_random(tmp_path / "large", size)
    for number in range(5):
        relay.cut_after(up=size // 6 + number * part_bytes // 5)
        with pytest.raises(StoreUnavailable):
            through(relay, s3_place, tmp_path / "uploads", part_bytes=part_bytes).put(KEY, source)
        relay.mend()
    store = through(relay, s3_place, tmp_path / "uploads", part_bytes=part_bytes)
    told = store.put(KEY, source)
    assert size <= relay.bytes_up <= size + 5 * part_bytes + OVERHEAD
    assert damage_of(store, told) is None
    assert list((tmp_path / "uploads").iterdir()) == []
    print(f"{size} bytes, sent {relay.bytes_up}: {(relay.bytes_up - size) / part_bytes:.2f} parts again")


def test_the_answer_to_completing_is_lost(
    relay: CutRelay, s3_place: S3Place, tmp_path: Path, source: Path
) -> None:
    relay.swallow_answer_to(b"<CompleteMultipartUpload")
    with pytest.raises(StoreUnavailable):
        through(relay, s3_place, tmp_path / "uploads").put(KEY, source)
    relay.mend()
    sent = relay.bytes_up
    store = through(relay, s3_place, tmp_path / "uploads")
    told = store.put(KEY, source)
    assert relay.bytes_up - sent < OVERHEAD
    assert damage_of(store, told) is None


def test_a_download_that_is_cut(relay: CutRelay, s3_place: S3Place, tmp_path: Path, source: Path) -> None:
    store = through(relay, s3_place, tmp_path / "uploads")
    told = store.put(KEY, source)
    relay.cut_after(down=2 * PART_BYTES)
    with pytest.raises(StoreUnavailable):
        list(store.chunks(KEY))
    with pytest.raises(StoreUnavailable):
        damage_of(store, told)
    relay.mend()
    assert damage_of(store, told) is None


def test_records_that_are_torn_or_of_another_bucket_begin_a_new_upload(
    s3_store: ObjectStore, tmp_path: Path, source: Path
) -> None:
    write_random(source, PART_BYTES + 1)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for record in (b"", b"{", b"[]", b'{"key": "a"}'):
        with pytest.raises(KeyboardInterrupt):
            s3_store.put(KEY, source, progress=interrupt)
        (path,) = (tmp_path / "uploads").iterdir()
        path.write_bytes(record)
        assert damage_of(s3_store, s3_store.put(KEY, source)) is None
        s3_store.delete(KEY)


def test_an_address_gives_ranges_to_anybody_while_it_lasts(s3_store: ObjectStore, source: Path) -> None:
    s3_store.put(KEY, source)
    address = s3_store.address(KEY, 60)
    assert address is not None
    request = urllib.request.Request(address, headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert (answer.status, answer.read()) == (206, source.read_bytes()[10:20])
    assert SECRET_KEY not in address
    for wrong in (re.sub("Expires=60", "Expires=61", address), re.sub("source|0190", "0191", address)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(wrong, timeout=60)
        assert refused.value.code == 403


def test_what_others_put_there_has_no_sum_and_is_replaced(
    s3_server: S3Server, s3_place: S3Place, s3_store: ObjectStore, source: Path
) -> None:
    name = f"kodo/media/{KEY}"
    s3_server.client.put_object(Bucket=s3_place.bucket, Key=name, Body=source.read_bytes())
    assert s3_store.head(KEY) == StoredObject(KEY, source.stat().st_size, None)
    assert s3_store.put(KEY, source).sha256 == facts_of(source).sha256
    s3_server.client.put_object(Bucket=s3_place.bucket, Key="other/a.mp4", Body=b"not ours")
    assert [one.key for one in s3_store.list_objects()] == [KEY]


def test_one_client_serves_many_threads(s3_store: ObjectStore, source: Path) -> None:
    s3_store.put(KEY, source)
    content, wrong = source.read_bytes(), []

    def read(first: int) -> None:
        if s3_store.read(KEY, first, 50_000) != content[first : first + 50_000]:
            wrong.append(first)

    threads = [threading.Thread(target=read, args=(n * 100_000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def flip_bit(path: Path, at: int) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


def test_a_flipped_bit_in_what_the_server_holds_is_found(
    s3_server: S3Server, s3_store: ObjectStore, source: Path
) -> None:
    before = set(s3_server.files.rglob("*.data"))
    told = s3_store.put(KEY, source)
    largest = max(set(s3_server.files.rglob("*.data")) - before, key=lambda path: path.stat().st_size)
    flip_bit(largest, 1000)
    # Swift stops in mid-answer, and has put the damaged file aside for the second look.
    assert damage_of(s3_store, told) in (Damage.CONTENT, Damage.UNREADABLE)
    assert s3_store.head(KEY) == told  # nothing but reading finds it


@given(st.integers(1, 5 << 40), st.integers(5, 64))
def test_parts_cover_the_file_and_are_no_more_than_s3_takes(total: int, smallest_mebibytes: int) -> None:
    size = part_size(total, smallest_mebibytes << 20)
    assert size >= smallest_mebibytes << 20 and -(-total // size) <= MOST_PARTS
    assert size <= 5 << 30


@given(st.integers(1, 10_000), st.integers(1, 500))
def test_parts_follow_each_other(total: int, part_bytes: int) -> None:
    parts = parts_of(total, part_bytes)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.length for part in parts) == total
    assert all(part.first == (part.number - 1) * part_bytes for part in parts)
    assert all(part.length == part_bytes for part in parts[:-1]) and 0 < parts[-1].length <= part_bytes
