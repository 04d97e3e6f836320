"""A repository of generations: everything that others do with it. Blocking; one thread at a time.

`open_repository` makes or opens one in a place; `close()` closes the place. Backups and collections hold the
repository's lease; listing, checking and restoring need none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from library.backup.keys import BackupKey
from library.backup.place import Place
from library.backup.retention import KEEP
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
    raise NotImplementedError


class Repository:
    """Made by `open_repository`."""

    @property
    def id(self) -> str:
        """Random, made with it."""
        raise NotImplementedError

    @property
    def encrypted(self) -> bool:
        raise NotImplementedError

    @property
    def place(self) -> Place:
        """For `title`, `free_bytes()`, `same_disk(folder)`."""
        raise NotImplementedError

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
        raise NotImplementedError

    def generations(self) -> list[Generation]:
        """Oldest first (by sequence). Those whose head is damaged are left out: `verify` names them."""
        raise NotImplementedError

    def generation(self, name: str) -> Generation:
        """By its id, its sequence (`42`), or `latest`. Raises NoSuchGeneration, GenerationIncomplete."""
        raise NotImplementedError

    def verify(self, *, generation: str | None = None, progress: Progress = no_progress) -> Report:
        """Read and hash every object of a generation; None: of all, and whatever else is ours in the target.

        What is damaged is noted in the repository, where it can be: the next run writes it again if the live
        system still has it. Raises NoSuchGeneration.
        """
        raise NotImplementedError

    def paths(self, generation: str) -> list[str]:
        """What a generation holds, as it would be restored; for drills and for who looks for a recording."""
        raise NotImplementedError

    def restore(
        self,
        generation: str,
        to: Path,
        *,
        only: Sequence[str] | None = None,
        database_url: str | None = None,
        leave_out_damaged: bool = False,
        progress: Progress = no_progress,
        cancelled: IsCancelled = never,
    ) -> Restored:
        """Write a generation's files, byte for byte, into `to`, which is empty or not there yet; one that an
        earlier attempt at the same generation left half done is gone on with.

        `only`: paths that are, or begin with, one of these (`sessions/<id>/`; `recording_prefixes`); the
        database is among them only as `kodo.db`. It comes as the SQLite file `kodo.db`, also where it was
        PostgreSQL; with `database_url` it goes into that empty database instead, of either kind. Raises
        FolderNotEmpty, NoSuchGeneration, GenerationIncomplete, NewerSchema, ObjectMissing, ObjectDamaged
        (unless `leave_out_damaged`: those files are left out and named), NoRoom, Cancelled.
        """
        raise NotImplementedError

    def collect(self, now: datetime | None = None, *, keep: int = KEEP) -> Collected:
        """Remove generations by `retention.policy`, then objects that no generation needs and that are older
        than a day. Nothing goes while the list of files of any generation that stays cannot be read. Raises
        RepositoryBusy, LeaseLost.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Idempotent."""


def recording_prefixes(session_id: str) -> tuple[str, ...]:
    """What `restore(only=…)` needs for the files of one recording; its rows are in `kodo.db`."""
    return (f"sessions/{session_id}/", f"recordings/{session_id}.", f"pictures/{session_id}/")
