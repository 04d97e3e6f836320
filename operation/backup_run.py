"""One backup from beginning to end: a generation is made, the oldest go, and the list of what there is now.

Called by the job `backup`, by the command line and before a migration, in a process that may take long.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from library import backup_records
from library.alarms import clear_alarm, raise_alarm
from library.backup.collecting import SPARED
from library.backup.errors import BackupError, Cancelled, TargetFull
from library.backup.repository import Repository
from library.backup.values import Generation, Progress, RunResult, no_progress
from library.backup_place import AtFloor, is_on_the_same_disk, opened_repository, target_title
from library.database import Database, DatabaseUnavailable, make_engine, translated_errors, utc_now
from library.models import BackupGeneration
from operation.backup_source import opened_source
from settings import Settings

FAILED, DAMAGED, LATE, UNREAD = "backup.failed", "backup.damaged", "backup.late", "backup.unread"
BYTES_PER_SECOND = 80_000_000  # most that a job reads beside lectures that are live
LOOK_SECONDS = 1.0
# `backup_records.last_good` in words that each schema since that table understands.
_LAST_GOOD = (
    "SELECT details FROM backup_results WHERE kind = 'backup' AND ok ORDER BY at DESC, id DESC LIMIT 1"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """`repository`: its id, by which a disk that is not mounted is told from an empty one. `blocked`:
    generations whose head or list is lost or damaged.
    """

    result: RunResult
    generations: tuple[Generation, ...]
    repository: str
    seconds: float
    blocked: tuple[str, ...] = ()


class Pace:
    """Keeps reading below a rate, over all that was told so far. `sleep`, `clock`: seconds."""

    def __init__(
        self,
        bytes_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._sleep = sleep
        self._done = 0
        self._free_at = clock()

    def keep(self, done: int) -> None:
        """So much is done in all; returns when more may be read. A pause is not made up for."""
        now = self._clock()
        self._free_at = max(self._free_at, now) + max(0, done - self._done) / self._rate
        self._done = max(done, self._done)
        if self._free_at > now:
            self._sleep(self._free_at - now)


class Floor:
    """Watches that a backup leaves lectures their room, where it lies on their disk."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self.watched = is_on_the_same_disk(settings)
        self._clock = clock
        self._look_at = clock()
        self.reached = False

    def check(self) -> bool:
        """Whether to stop; looks once a second."""
        if self.watched and not self.reached and self._clock() >= self._look_at:
            self._look_at = self._clock() + LOOK_SECONDS
            free = shutil.disk_usage(self._settings.storage).free
            self.reached = free < self._settings.disk_floor_bytes
        return self.reached


def make(settings: Settings, *, reason: str, expected: str | None, progress: Progress = no_progress) -> Made:
    """Raises BackupError; TargetFull and AtFloor after room was made. `expected`: see `seen_repository`."""
    began = time.monotonic()
    floor = Floor(settings)
    with (
        opened_repository(settings, create=True, expected=expected) as repository,
        opened_source(settings) as source,
    ):
        try:
            result = repository.run(source, reason=reason, progress=progress, cancelled=floor.check)
        except Cancelled:
            if floor.reached:
                _make_room(repository, settings, of_lectures=True)
                raise AtFloor("the disk that backups share with lectures came to its floor") from None
            raise
        except TargetFull:
            _make_room(repository, settings, of_lectures=floor.watched)
            raise
        blocked = repository.collect(keep=settings.backup_keep).blocked
        seconds = time.monotonic() - began
        return Made(result, tuple(repository.generations()), repository.id, seconds, blocked)


def _make_room(repository: Repository, settings: Settings, *, of_lectures: bool) -> None:
    """After a run that found none: what is kept no more goes, and what nobody needs.

    `of_lectures`: also what this run has just put there, for with too little room no lecture begins. On
    another disk that stays a day: the next run takes it up, instead of writing it all again.
    """
    now = utc_now() + SPARED if of_lectures else None
    try:
        gone = repository.collect(now, keep=settings.backup_keep)
    except BackupError as error:
        log.warning("no room could be made for backups: %s", error)
        return
    log.warning(
        "no room for the backup: %d old ones were removed, %d MB freed",
        len(gone.generations),
        gone.bytes >> 20,
    )


def seen_repository(settings: Settings, database: Database) -> str | None:
    """The id of the repository that was at this target the last time; None: nobody knows of one."""
    with database.reading() as session:
        last = backup_records.last_good(session)
    return None if last is None else _repository_in(last.details, settings)


def repository_before(settings: Settings) -> str | None:
    """As `seen_repository`, of a database of any older schema. Raises DatabaseUnavailable."""
    engine = make_engine(settings.database_url, create=False)
    try:
        with translated_errors(), engine.connect() as connection:
            known = inspect(connection)
            if not known.has_table("backup_results"):
                return None
            columns = {one["name"] for one in known.get_columns("backup_results")}
            if not columns >= {"kind", "ok", "at", "id", "details"}:
                return None
            found = connection.scalar(text(_LAST_GOOD))
    finally:
        engine.dispose()
    details = json.loads(found) if isinstance(found, str) else found  # SQLite has JSON as text
    return _repository_in(details, settings) if isinstance(details, dict) else None


def _repository_in(details: dict[str, Any], settings: Settings) -> str | None:
    """What a backup's result says of the repository, if that was at this target."""
    found = details.get("repository") if details.get("target") == target_title(settings) else None
    return found if isinstance(found, str) else None


def told(settings: Settings, made: Made) -> dict[str, Any]:
    """As a job hands it to its worker."""
    return {
        "run": as_json(made.result.generation),
        "seconds": made.seconds,
        "rewritten": len(made.result.rewritten),
        "unread": len(made.result.unread),
        "first_unread": next(iter(made.result.unread), ""),
        "repository": made.repository,
        "target": target_title(settings),
        "generations": [row_values(one) for one in made.generations],
        "blocked": list(made.blocked),
    }


def as_json(one: Generation) -> dict[str, Any]:
    """As `app.py backup run --json` tells it."""
    return {
        "generation": one.id,
        "objects": one.objects,
        "bytes_new": one.bytes_new,
        "verified": one.verified,
    }


def note_made(database: Database, said: dict[str, Any]) -> None:
    """What `told` says, into the database: list, result and alarms. Raises DatabaseUnavailable."""
    run = said["run"]
    with database.session() as session:
        backup_records.replace_generations(session, rows_of(said["generations"]))
        backup_records.note(
            session,
            backup_records.BACKUP,
            generation=run["generation"],
            at=utc_now(),
            seconds=said["seconds"],
            ok=run["verified"],
            details={name: said[name] for name in ("target", "repository", "rewritten")}
            | {"objects": run["objects"], "bytes_new": run["bytes_new"]},
        )
        clear_alarm(session, FAILED)
        clear_alarm(session, LATE)
        if said["unread"]:
            raise_alarm(session, UNREAD, details={"count": said["unread"], "file": said["first_unread"]})
        else:
            clear_alarm(session, UNREAD)
        _tell_blocked(session, said)


def _tell_blocked(session: Session, said: dict[str, Any]) -> None:
    """The alarm that generations are lost and nothing is collected. Cleared once no damage is known: not what
    the last reading of everything found, which another such reading clears.
    """
    if blocked := said["blocked"]:
        problem = f"generation {blocked[0]}: its head or its list of files is missing or damaged"
        told = {"generation": blocked[0], "problem": problem, "count": len(blocked)}
        raise_alarm(session, DAMAGED, details=told)
    elif all(one["verified"] for one in said["generations"]) and backup_records.was_all_whole(session):
        clear_alarm(session, DAMAGED)


def note_failed(database: Database, error: BaseException) -> None:
    """A backup could not be made; whoever should know is told. Passed over while the database is away."""
    try:
        with database.session() as session:
            raise_alarm(session, FAILED, details={"error": in_a_line(error)[:300]})
    except DatabaseUnavailable:
        log.warning("nobody can be told that the backup failed: the database is away")


def tell_late(session: Session, late: bool) -> None:
    """The alarm, each time it was looked whether the newest backup is too old."""
    if late:
        raise_alarm(session, LATE)
    else:
        clear_alarm(session, LATE)


def in_a_line(error: BaseException) -> str:
    """How the error is told to people: `broadcast.job_reasons` has words for its name."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def rows_of(told: Iterable[dict[str, Any]]) -> list[BackupGeneration]:
    """What `row_values` made of generations, as rows."""
    return [BackupGeneration(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in told]


def row_values(one: Generation) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "reason": one.reason,
        "objects": one.objects,
        "bytes": one.bytes,
        "bytes_new": one.bytes_new,
        "verified": one.verified,
    }
