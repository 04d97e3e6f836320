"""Reads media that were moved into the object store: in whole blocks, each checked, and read once for all.

Implements `recorder.far_media.FarMedia` over `library.object_store`. Called by the web process's reading
threads and by jobs. While the store is away one thread at a time asks it, the others hear so at once. The
store is opened when the first block is wanted: boto3 takes 51 MB. `close()` closes it.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from library import object_catalogue
from library.block_cache import BlockCache
from library.database import Database, DatabaseUnavailable, utc_now
from library.object_store import (
    NoSuchObject,
    ObjectDamaged,
    ObjectStore,
    ObjectStoreError,
    OutOfRange,
    StoreUnavailable,
)
from library.object_stores import open_store
from library.outage import Outage, StillAway
from recorder import far_media
from recorder.far_media import FarPlace, MediaDamaged, MediaUnavailable
from settings import Settings

IN_MEMORY = 8  # blocks
ATTEMPTS = 2  # at a range whose answer was cut, or that came damaged
REQUEST_ATTEMPTS, REQUEST_SECONDS = 1, 10.0  # of one request of a viewer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Run:
    """Blocks `first` … `last` of an object, which nobody else reads now."""

    first: int
    last: int


class FarReader:
    """`cache`: where blocks are kept for other viewers; without it only the last few, in memory.

    `on_damage`: told the place of an object that is gone or not what it was. `clock`: monotonic seconds.
    """

    def __init__(
        self,
        open_store: Callable[[], ObjectStore],
        cache: BlockCache | None = None,
        on_damage: Callable[[FarPlace], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_store = open_store
        self._cache = cache
        self._on_damage = on_damage
        self._store: ObjectStore | None = None
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._flights: dict[str, Future[bytes]] = {}
        self._outage = Outage(clock)

    def read(self, place: FarPlace, first: int, length: int, *, keep: bool = True) -> bytes:
        """See FarMedia."""
        if first < 0 or length < 1 or first + length > place.length:
            raise ValueError("a range of the object has a byte or more")
        numbers = range(first // place.block_bytes, (first + length - 1) // place.block_bytes + 1)
        blocks = self._blocks(place, numbers, keep=keep)
        begin = first - numbers[0] * place.block_bytes
        return b"".join(blocks)[begin : begin + length]

    def open(self) -> None:
        """Nothing: the store is opened when the first block is wanted."""

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _blocks(self, place: FarPlace, numbers: range, *, keep: bool) -> list[bytes]:
        """What nobody has is claimed and read, then what others read is waited for: nobody waits for ever."""
        found = {number: self._at_hand(place, number) for number in numbers}
        awaited, claimed = self._claim(place, [number for number, data in found.items() if data is None])
        runs = _runs(claimed)
        try:
            while runs:
                self._fly(place, runs[0], keep=keep)
                runs.pop(0)
        finally:
            for run in runs:
                self._settle(place, run, MediaUnavailable(f"{place.store}: the reading thread has ended"))
        return [data if (data := found[n]) is not None else awaited[n].result() for n in numbers]

    def _claim(self, place: FarPlace, missing: list[int]) -> tuple[dict[int, Future[bytes]], list[int]]:
        """What is waited for, and the numbers among it that this thread must read."""
        awaited: dict[int, Future[bytes]] = {}
        claimed = []
        with self._lock:
            for number in missing:
                name = _name(place, number)
                if (data := self._recent.get(name)) is not None:  # it came between the look and now
                    awaited[number] = Future()
                    awaited[number].set_result(data)
                    continue
                if name not in self._flights:
                    self._flights[name] = Future()
                    claimed.append(number)
                awaited[number] = self._flights[name]
        return awaited, claimed

    def _at_hand(self, place: FarPlace, number: int) -> bytes | None:
        name = _name(place, number)
        with self._lock:
            if (data := self._recent.get(name)) is not None:
                self._recent.move_to_end(name)
                return data
        if self._cache is None or (data := self._cache.get(name)) is None:
            return None
        if not _is_right(place, number, data):
            self._cache.forget(name)
            return None
        self._remember(name, data)
        return data

    def _fly(self, place: FarPlace, run: _Run, *, keep: bool) -> None:
        """Read a run of blocks and settle whoever waits for them, also where they cannot be had."""
        try:
            blocks = self._outage.attempt(lambda: self._fetch(place, run))
        except StillAway:
            self._settle(place, run, MediaUnavailable(f"{place.store} does not answer"))
            return
        except MediaUnavailable as error:
            log.warning("%s cannot be read: %s", place.key, error)
            self._settle(place, run, error)
            return
        if isinstance(blocks, MediaDamaged):
            log.error("%s in %s is damaged: %s", place.key, place.store, blocks)
            self._on_damage(place)
        else:
            self._keep(place, run, blocks, keep=keep)
        self._settle(place, run, blocks)

    def _keep(self, place: FarPlace, run: _Run, blocks: list[bytes], *, keep: bool) -> None:
        for number, data in enumerate(blocks, run.first):
            self._remember(_name(place, number), data)
            if keep and self._cache is not None:
                self._cache.put(_name(place, number), data)

    def _settle(self, place: FarPlace, run: _Run, outcome: list[bytes] | OSError) -> None:
        names = [_name(place, number) for number in range(run.first, run.last + 1)]
        with self._lock:
            flights = [self._flights.pop(name) for name in names]
        for at, flight in enumerate(flights):
            if isinstance(outcome, OSError):
                flight.set_exception(outcome)
            else:
                flight.set_result(outcome[at])

    def _fetch(self, place: FarPlace, run: _Run) -> list[bytes] | MediaDamaged:
        """Damage is returned: it is no outage. Raises MediaUnavailable."""
        size = place.block_bytes
        first = run.first * size
        length = min((run.last + 1) * size, place.length) - first
        problem: OSError | None = None
        for _ in range(ATTEMPTS):
            try:
                data = self._opened(place).read(place.key, first, length)
            except (NoSuchObject, OutOfRange, ObjectDamaged) as error:
                return MediaDamaged(f"{type(error).__name__}: {error}")
            except StoreUnavailable as error:
                problem = MediaUnavailable(str(error))
                continue
            except ObjectStoreError as error:  # it refuses, and will until somebody changes settings
                raise MediaUnavailable(f"{type(error).__name__}: {error}") from error
            blocks = [data[at : at + size] for at in range(0, length, size)]
            if all(_is_right(place, number, block) for number, block in enumerate(blocks, run.first)):
                return blocks
            problem = MediaDamaged(f"what comes between bytes {first} and {first + length} is other content")
        if isinstance(problem, MediaDamaged):
            return problem
        assert problem is not None, "an attempt ends with blocks or a problem"
        raise problem

    def _opened(self, place: FarPlace) -> ObjectStore:
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
            store = self._store
        if store.name != place.store:
            raise MediaUnavailable(f"{place.key} is in {place.store}, and KODO_OBJECTS names {store.name}")
        return store

    def _remember(self, name: str, data: bytes) -> None:
        with self._lock:
            self._recent[name] = data
            self._recent.move_to_end(name)
            while len(self._recent) > IN_MEMORY:
                self._recent.popitem(last=False)


def far_reader_of_jobs(settings: Settings) -> FarReader:
    """Reads from end to end: nothing is kept, and a slow store is waited for."""
    return FarReader(lambda: open_store(settings))


def far_reader_of_viewers(settings: Settings, on_damage: Callable[[FarPlace], None]) -> FarReader:
    """One for a web process."""
    return FarReader(
        lambda: open_store(settings, attempts=REQUEST_ATTEMPTS, timeout_seconds=REQUEST_SECONDS),
        _cache(settings),
        on_damage,
    )


def forget_blocks(settings: Settings, file: Path) -> None:
    """What viewers' reads of a file that lies elsewhere have left on the disk; idempotent. Raises OSError."""
    if (place := far_media.load(file)) is not None:
        cache = _cache(settings)
        for number in range(len(place.checksums)):
            cache.forget(_name(place, number))


def _cache(settings: Settings) -> BlockCache:
    folder = settings.storage / ".objects" / "blocks"
    return BlockCache(folder, settings.objects_cache_bytes, settings.disk_floor_bytes)


def note_damage(database: Database, place: FarPlace) -> None:
    """What a viewer's request has found is named at once, as a check would; a database that is away hears of
    it from the next one.
    """
    with suppress(DatabaseUnavailable), database.session() as session:
        object_catalogue.note_damage_at(session, place.store, place.key, place.sha256, utc_now())


def _name(place: FarPlace, number: int) -> str:
    return f"{place.sha256}-{number}"


def _is_right(place: FarPlace, number: int, data: bytes) -> bool:
    return len(data) == place.block_length(number) and zlib.crc32(data) == place.checksums[number]


def _runs(numbers: list[int]) -> list[_Run]:
    """Numbers that follow each other, as runs: each is one request."""
    runs: list[_Run] = []
    for number in numbers:
        if runs and runs[-1].last == number - 1:
            runs[-1] = _Run(runs[-1].first, number)
        else:
            runs.append(_Run(number, number))
    return runs
