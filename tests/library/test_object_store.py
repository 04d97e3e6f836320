"""What every store does, on a disk and on a real S3 server: one suite for both."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.object_store import (
    Damage,
    InvalidKey,
    NoSuchObject,
    ObjectStore,
    OutOfRange,
    SourceChanged,
    StoredObject,
    check_key,
    damage_of,
    facts_of,
)
from tests.s3_server import PART_BYTES

KEY = "sessions/0190/take-0001/program.mp4"


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[int], Path]:
    """A file of so many random bytes."""

    def make(size: int) -> Path:
        path = tmp_path / f"source-{size}"
        path.write_bytes(os.urandom(size))
        return path

    return make


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 70_000, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 5])
def test_what_is_put_is_what_is_read(
    object_store: ObjectStore, make_file: Callable[[int], Path], size: int
) -> None:
    source = make_file(size)
    told = object_store.put(KEY, source)
    assert told == StoredObject(KEY, size, sha256(source)) == object_store.head(KEY)
    assert b"".join(object_store.chunks(KEY)) == source.read_bytes()
    assert damage_of(object_store, told) is None
    assert source.exists()


def test_ranges(object_store: ObjectStore, make_file: Callable[[int], Path]) -> None:
    size = 2 * PART_BYTES + 10
    source = make_file(size)
    object_store.put(KEY, source)
    content = source.read_bytes()
    for first, length in ((0, 1), (0, size), (PART_BYTES - 1, 2), (size - 1, 1), (size - 5, 100)):
        assert object_store.read(KEY, first, length) == content[first : first + length]
    for first in (size, size + 1):
        with pytest.raises(OutOfRange):
            object_store.read(KEY, first, 1)
    for first, length in ((-1, 5), (0, 0)):
        with pytest.raises(ValueError, match="range"):
            object_store.read(KEY, first, length)


def test_what_is_not_there(object_store: ObjectStore) -> None:
    with pytest.raises(NoSuchObject):
        object_store.head(KEY)
    with pytest.raises(NoSuchObject):
        object_store.read(KEY, 0, 1)
    with pytest.raises(NoSuchObject):
        list(object_store.chunks(KEY))
    object_store.delete(KEY)
    assert damage_of(object_store, StoredObject(KEY, 1, "0" * 64)) == Damage.MISSING


def test_a_missing_source_is_said_as_such(object_store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        object_store.put(KEY, tmp_path / "nothing")
    assert list(object_store.list_objects()) == []


def test_deleting_and_listing(object_store: ObjectStore, make_file: Callable[[int], Path]) -> None:
    source = make_file(100)
    keys = {"a/1.mp4", "a/1.mp4x", "a/b/2.mp4", "a-b/3.mp4", "c=d"}
    for key in keys:
        object_store.put(key, source)
    assert {one.key for one in object_store.list_objects()} == keys
    assert {one.key for one in object_store.list_objects("a/1")} == {"a/1.mp4", "a/1.mp4x"}
    assert {one.bytes for one in object_store.list_objects("a")} == {100}
    assert list(object_store.list_objects("no/such")) == []
    object_store.delete("a/1.mp4")
    object_store.delete("a/1.mp4")
    assert {one.key for one in object_store.list_objects("a/")} == {"a/1.mp4x", "a/b/2.mp4"}
    with pytest.raises(NoSuchObject):
        object_store.head("a/1.mp4")


def test_a_second_put_replaces_or_does_nothing(
    object_store: ObjectStore, make_file: Callable[[int], Path]
) -> None:
    first, second = make_file(PART_BYTES + 1), make_file(PART_BYTES + 2)
    seen: list[int] = []
    object_store.put(KEY, first)
    object_store.put(KEY, first, progress=lambda done, _: seen.append(done))
    assert seen == []  # nothing went twice
    assert object_store.put(KEY, second).sha256 == sha256(second)
    assert b"".join(object_store.chunks(KEY)) == second.read_bytes()


def test_progress_rises_to_the_whole(object_store: ObjectStore, make_file: Callable[[int], Path]) -> None:
    size = 3 * PART_BYTES
    seen: list[tuple[int, int]] = []
    object_store.put(KEY, make_file(size), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)


def test_a_source_that_is_written_to_meanwhile_is_refused(
    object_store: ObjectStore, make_file: Callable[[int], Path]
) -> None:
    source = make_file(3 * PART_BYTES)

    def write_more(done: int, total: int) -> None:
        with open(source, "ab") as file:
            file.write(b"more")

    with pytest.raises(SourceChanged):
        object_store.put(KEY, source, progress=write_more)
    with pytest.raises(NoSuchObject):
        object_store.head(KEY)
    assert object_store.put(KEY, source).bytes == source.stat().st_size


def test_a_sweep_drops_what_nobody_completed(
    object_store: ObjectStore, make_file: Callable[[int], Path]
) -> None:
    source = make_file(3 * PART_BYTES)
    with pytest.raises(Interrupted):
        object_store.put(KEY, source, progress=interrupt)
    now = datetime.now(UTC)
    assert object_store.sweep(now - timedelta(hours=1)) == []
    assert len(object_store.sweep(now + timedelta(minutes=1))) == 1
    assert object_store.sweep(now + timedelta(minutes=1)) == []
    assert object_store.put(KEY, source).sha256 == sha256(source)


def test_only_the_same_content_is_gone_on_with(
    object_store: ObjectStore, make_file: Callable[[int], Path]
) -> None:
    source = make_file(3 * PART_BYTES)
    with pytest.raises(Interrupted):
        object_store.put(KEY, source, progress=interrupt)
    source.write_bytes(os.urandom(3 * PART_BYTES))
    assert object_store.put(KEY, source).sha256 == sha256(source)
    assert b"".join(object_store.chunks(KEY)) == source.read_bytes()


class Interrupted(Exception):
    """The process that was storing has gone."""


def interrupt(done: int, total: int) -> None:
    raise Interrupted


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a/../b",
    "..",
    "a//b",
    "a/",
    ".hidden",
    "a/.objects",
    "講義",
    "a\n",
    "a b",
]


@pytest.mark.parametrize("key", [*BAD_KEYS, "a" * 201, "a/" * 300 + "a"])
def test_keys_that_no_store_takes(object_store: ObjectStore, tmp_path: Path, key: str) -> None:
    source = tmp_path / "source"
    source.touch()
    for act in (
        lambda: object_store.put(key, source),
        lambda: object_store.head(key),
        lambda: object_store.read(key, 0, 1),
        lambda: list(object_store.chunks(key)),
        lambda: object_store.delete(key),
        lambda: object_store.address(key, 60),
    ):
        with pytest.raises(InvalidKey):
            act()


@given(st.text(max_size=300))
def test_a_key_never_leads_out_of_the_folder(key: str) -> None:
    try:
        check_key(key)
    except InvalidKey:
        return
    root = Path("/srv/kodo")
    assert os.path.normpath(root / key) == str(root / key)
    assert (root / key).is_relative_to(root)
    assert key.isascii() and key.isprintable()


def test_facts_notice_a_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"lecture")
    facts = facts_of(path)
    assert (facts.bytes, facts.sha256) == (7, hashlib.sha256(b"lecture").hexdigest())
    facts.check_unchanged(path)
    path.write_bytes(b"another")
    os.utime(path, ns=(0, 0))
    with pytest.raises(SourceChanged):
        facts.check_unchanged(path)
    path.unlink()
    with pytest.raises(SourceChanged):
        facts.check_unchanged(path)
