"""A repository of generations: everything that others do with it. Blocking; one thread at a time.

`open_repository` makes or opens one in a place; `close()` closes the place. Backups and collections hold the
repository's lease; listing, checking and restoring need none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from library.backup import heads as names
from library.backup.checking import Checking, note_damage
from library.backup.codec import Codec
from library.backup.collecting import collect
from library.backup.errors import GenerationIncomplete, NoRepository, NoSuchGeneration, OtherRepository
from library.backup.heads import Catalogue, Heads
from library.backup.keys import BackupKey
from library.backup.lists import entries_of_head
from library.backup.place import DamagedInPlace, Place
from library.backup.restoring import Restoring
from library.backup.retention import KEEP
from library.backup.running import Run
from library.backup.snapshot import SQLITE_FILE, is_of_database
from library.backup.values import (
    Collected,
    Generation,
    IsCancelled,
    Progress,
    Report,
    Restored,
    RunResult,
    Source,
    never,
    no_progress,
)

_STANDALONE = Path(__file__).parent / "standalone"
TEXTS = ("README.md", "restore.py")


def _now() -> datetime:
    return datetime.now(UTC)


def open_repository(
    place: Place,
    *,
    key: BackupKey | None = None,
    create: bool = True,
    expected: str | None = None,
    clock: Callable[[], datetime] = _now,
) -> Repository:
    """`key`: of an encrypted repository; what is made with one is encrypted for good. `create`: make one
    where there is none. `expected`: the `id` that it had before, if it was seen before: another one, or none
    where one was, is a disk that is not mounted. Whoever opens it closes it.

    Raises NoRepository, OtherRepository, RepositoryDamaged, NewerFormat, KeyNeeded, WrongKey, and what any
    method may raise: TargetUnavailable, TargetFull, TargetRefused.
    """
    try:
        identity = names.described(place, key)
    except NoRepository:
        if expected is not None:
            raise OtherRepository(f"{place.title} is empty: is it the right disk, is it mounted?") from None
        if not create:
            raise
        with place.lease("making a repository"):
            identity = _described_or_made(place, key)
    if expected is not None and identity != expected:
        raise OtherRepository(f"{place.title} holds other backups than before")
    return Repository(place, key, identity, clock)


def _described_or_made(place: Place, key: BackupKey | None) -> str:
    with suppress(NoRepository):  # somebody else has just made it
        return names.described(place, key)
    identity = names.describe(place, key)
    Heads(place, key).save_catalogue(Catalogue())
    return identity


class Repository:
    """Made by `open_repository`."""

    def __init__(
        self, place: Place, key: BackupKey | None, identity: str, clock: Callable[[], datetime]
    ) -> None:
        self._place, self._key, self._id, self._clock = place, key, identity, clock
        self._codec, self._heads = Codec(key), Heads(place, key)

    @property
    def id(self) -> str:
        """Random, made with it."""
        return self._id

    @property
    def encrypted(self) -> bool:
        return self._key is not None

    @property
    def place(self) -> Place:
        """For `title`, `free_bytes()`, `same_disk(folder)`."""
        return self._place

    def run(
        self,
        source: Source,
        *,
        reason: str = "manual",
        progress: Progress = no_progress,
        cancelled: IsCancelled = never,
    ) -> RunResult:
        """Make a generation: snapshot of the database, its files, everything new read back, then its head.

        `reason`: a word that the list shows: `daily`, `manual`, `migration`. Raises RepositoryBusy,
        LeaseLost, SourceUnavailable, ObjectDamaged (the target does not give back what it was given),
        Cancelled: there is then no new generation, and the older ones are as they were.
        """
        with self._place.lease(f"backup ({reason})") as lease:
            self._put_texts()
            run = Run(
                self._place,
                self._codec,
                self._heads,
                source,
                now_ns=time.time_ns(),
                progress=progress,
                cancelled=cancelled,
            )
            return run.make(reason, self._clock(), lease)

    def generations(self) -> list[Generation]:
        """Oldest first (by sequence). Those whose head is damaged are left out: `verify` names them."""
        return [one for one in self._all() if one.files]  # of a damaged head nothing is known

    def generation(self, name: str) -> Generation:
        """By its id, its sequence (`42`), or `latest`. Raises NoSuchGeneration, GenerationIncomplete."""
        return self._heads.load(self._named(name)).generation

    def verify(self, *, generation: str | None = None, progress: Progress = no_progress) -> Report:
        """Read and hash every object of a generation; None: of all, and whatever else is ours in the target.

        What is damaged is noted in the repository, where it can be: the next run writes it again if the live
        system still has it. Raises NoSuchGeneration.
        """
        checking = Checking(self._place, self._codec, self._heads, progress)
        return checking.all() if generation is None else checking.one(self._named(generation))

    def note_damaged(self, objects: Iterable[str]) -> None:
        """Note what a restore met damaged or missing, as `verify` does. Passed over, and logged, while
        somebody else has the lease.
        """
        note_damage(self._place, self._heads, frozenset(objects), everything=False)

    def paths(self, generation: str) -> list[str]:
        """What a generation holds, as it would be restored; for drills and for who looks for a recording."""
        head = self._heads.load(self._named(generation))
        found = (entry.path for entry in entries_of_head(self._place, self._codec, head))
        return list(dict.fromkeys(SQLITE_FILE if is_of_database(one) else one for one in found))

    def sizes(self, generation: str) -> Iterator[tuple[str, int]]:
        """What `paths` names, with its bytes; the database's come in several pieces. Raises what it does."""
        head = self._heads.load(self._named(generation))
        for entry in entries_of_head(self._place, self._codec, head):
            yield SQLITE_FILE if is_of_database(entry.path) else entry.path, entry.size

    def restore(
        self,
        generation: str,
        to: Path,
        *,
        only: Sequence[str] | None = None,
        database_url: str | None = None,
        leave_out_damaged: bool = False,
        finish: Callable[[], None] | None = None,
        progress: Progress = no_progress,
        cancelled: IsCancelled = never,
    ) -> Restored:
        """Write a generation's files, byte for byte, into `to`, which is empty or not there yet; one that an
        earlier attempt at the same generation left half done is gone on with. The list of who was erased is
        the newest generation's. `finish`: called once everything is there, while the folder still counts as
        half restored; if it fails or is killed, an attempt at the same generation begins again.

        `only`: paths that are, or begin with, one of these (`sessions/<id>/`; `recording_prefixes`); the
        database is among them only as `kodo.db`. It comes as the SQLite file `kodo.db`, also where it was
        PostgreSQL; with `database_url` it goes into that empty database instead: SQLite, or PostgreSQL where
        it was that. Raises FolderNotEmpty, NoSuchGeneration, GenerationIncomplete, NewerSchema,
        OtherDatabase, DatabaseNotEmpty, ObjectMissing, ObjectDamaged (unless `leave_out_damaged`: those files
        are left out and named), NoRoom, FolderUnusable, Cancelled.
        """
        restoring = Restoring(
            self._place,
            self._codec,
            self._heads.load(self._named(generation)),
            to,
            newest=self._newest(),
            only=only,
            database_url=database_url,
            leave_out_damaged=leave_out_damaged,
            finish=finish,
            progress=progress,
            cancelled=cancelled,
        )
        return restoring.restore()

    def _newest(self) -> names.Head | None:
        """Of the generations whose head can be read."""
        for identity in reversed(self._heads.ids()):
            try:
                return self._heads.load(identity)
            except (GenerationIncomplete, NoSuchGeneration):
                continue
        return None

    def collect(self, now: datetime | None = None, *, keep: int = KEEP) -> Collected:
        """Remove generations by `retention.policy`, then objects that no generation needs and that are older
        than a day. No object goes while nobody can say what a generation that stays needs. Raises
        RepositoryBusy, LeaseLost.
        """
        with self._place.lease("collection") as lease:
            return collect(
                self._place, self._codec, self._heads, lease, self._all(), now or self._clock(), keep
            )

    def close(self) -> None:
        """Idempotent."""
        self._place.close()

    def _all(self) -> list[Generation]:
        """Those whose head cannot be read, too; what needs something damaged is no success."""
        catalogue = self._heads.catalogue() or Catalogue()
        found = []
        for identity in self._heads.ids():
            try:
                head = self._heads.load(identity)
                damaged = bool(catalogue.damaged) and self._needs(head, catalogue.damaged)
                found.append(replace(head.generation, verified=head.generation.verified and not damaged))
            except GenerationIncomplete:
                found.append(names.unreadable(identity))
            except NoSuchGeneration:
                continue  # rotated meanwhile
        return found

    def _needs(self, head: names.Head, objects: frozenset[str]) -> bool:
        try:
            entries = entries_of_head(self._place, self._codec, head)
            return head.files.name in objects or any(r.name in objects for e in entries for r in e.objects)
        except GenerationIncomplete:
            return True

    def _named(self, name: str) -> str:
        ids = self._heads.ids()
        if name == "latest" and ids:
            return ids[-1]
        wanted = int(name) if name.isascii() and name.isdigit() else None
        for identity in ids:
            if name == identity or wanted == names.sequence_of(identity):
                return identity
        raise NoSuchGeneration(f"there is no generation {name}")

    def _put_texts(self) -> None:
        """What says how to restore without Kodo lies beside what is restored; under the lease."""
        catalogue = self._heads.catalogue() or Catalogue()
        texts = {}
        for name in TEXTS:
            text = (_STANDALONE / name).read_bytes()
            texts[name] = sha256(text).hexdigest()
            try:
                same = self._place.read(name) == text
            except (FileNotFoundError, DamagedInPlace):
                same = False
            if not same:
                self._place.write(name, text)
        if texts != catalogue.texts:
            self._heads.save_catalogue(replace(catalogue, texts=texts))


def recording_prefixes(session_id: str) -> tuple[str, ...]:
    """What `restore(only=…)` needs for the files of one recording; its rows are in `kodo.db`."""
    return (f"sessions/{session_id}/", f"recordings/{session_id}.", f"pictures/{session_id}/")
