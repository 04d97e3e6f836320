"""What was read from elsewhere is kept while it is wanted, within its bounds, and nobody relies on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from library.block_cache import BlockCache

SIZE = 1000


def cache_of(folder: Path, blocks: int = 10, floor: int = 0) -> BlockCache:
    return BlockCache(folder / "blocks", blocks * SIZE, floor)


def held(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "blocks").iterdir())


def use(folder: Path, name: str, seconds_ago: float) -> None:
    path = folder / "blocks" / name
    at = path.stat().st_mtime - seconds_ago
    os.utime(path, (at, at))


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = cache_of(tmp_path)
    assert cache.get("a-0") is None
    cache.put("a-0", b"x" * SIZE)
    cache.put("a-0", b"y" * SIZE)
    assert cache.get("a-0") == b"y" * SIZE
    assert cache_of(tmp_path).get("a-0") == b"y" * SIZE  # another process's
    cache.forget("a-0")
    cache.forget("a-0")
    assert cache.get("a-0") is None


def test_the_longest_unused_go(tmp_path: Path) -> None:
    cache = cache_of(tmp_path)
    for number in range(10):
        cache.put(f"a-{number}", b"x" * SIZE)
        use(tmp_path, f"a-{number}", 1000 - number)
    assert cache.get("a-0") is not None  # used now
    cache.put("a-10", b"x" * SIZE)
    assert held(tmp_path) <= 10 * SIZE
    assert cache.get("a-0") and cache.get("a-10")
    assert cache.get("a-1") is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3 * SIZE)), max_size=60))
def test_it_never_holds_more_than_it_may(tmp_path_factory: object, puts: list[tuple[int, int]]) -> None:
    folder = tmp_path_factory.mktemp("cache")  # type: ignore[attr-defined]
    cache = cache_of(folder, blocks=4)
    (folder / "blocks").mkdir()
    for name, size in puts:
        cache.put(f"a-{name}", b"x" * size)
        assert held(folder) <= 4 * SIZE


def test_the_disks_floor_is_kept(tmp_path: Path) -> None:
    cache_of(tmp_path).put("a-0", b"x" * SIZE)
    short = cache_of(tmp_path, floor=shutil.disk_usage(tmp_path).total)
    short.put("a-1", b"x" * SIZE)
    assert short.get("a-1") is None
    assert held(tmp_path) == 0  # it makes room, too


def test_a_disk_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "blocks").write_bytes(b"a file where the folder should be")
    cache = cache_of(tmp_path)
    cache.put("a-0", b"x")
    assert cache.get("a-0") is None
