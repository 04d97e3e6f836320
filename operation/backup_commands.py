"""What `app.py backup run`, `list`, `verify`, `restore`, `drill` and `key` do; the backup before a migration.

Print, raise typed errors. Only `run` and bringing one recording back need the installation's database: a new
machine has none yet.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select

from broadcast.event_log import iso_utc
from library import backup_schedule
from library.backup.errors import (
    BackupError,
    FolderNotEmpty,
    NoSuchGeneration,
    RepositoryBusy,
)
from library.backup.keys import new_key
from library.backup.repository import Repository, recording_prefixes
from library.backup.values import Generation, Progress
from library.backup_place import (
    DATABASE_FILE,
    is_set_up,
    nearest,
    opened_at,
    opened_repository,
    scratch_folder,
    target_title,
)
from library.database import Database, DatabaseUnavailable, utc_now
from library.migration import is_behind, migrate
from library.models import LectureSession
from operation import backup_proof, backup_run
from operation.backup_jobs import restore_all, serving_command
from operation.start_up import NoBackupBefore
from operation.wrong_use import WrongUse
from people.command_line import note_command
from people.rooms import RoomNotFound, SlugTaken, UnfitSlug, must_be_free, room_ever
from recorder.log_folders import is_session_id
from settings import Settings

LOG_SECONDS = 10.0
BUSY_SECONDS = 2.0
_GB = 1e9

log = logging.getLogger(__name__)


class NotWhole(Exception):
    """Something in the backup is damaged or missing; it has been named on standard output."""


ERRORS = (BackupError, NotWhole)


def run(settings: Settings, database: Database, parsed: argparse.Namespace) -> None:
    """Make a generation now, in this process."""
    try:
        with _told_in_terminal() as progress:
            expected = None if parsed.new_place else backup_run.seen_repository(settings, database)
            made = backup_run.make(settings, reason="manual", expected=expected, progress=progress)
    except BackupError as error:
        if not isinstance(error, RepositoryBusy):
            backup_run.note_failed(database, error)
        raise
    backup_run.note_made(database, backup_run.told(settings, made))
    one = made.result.generation
    if parsed.json:
        print(json.dumps(backup_run.as_json(one)))
    else:
        print(f"{one.id}\t{one.objects} objects\t{_size(one.bytes_new)} new\t{_verified(one)}")


def list_generations(settings: Settings, parsed: argparse.Namespace) -> None:
    """The newest first."""
    with opened_repository(settings) as repository:
        found = repository.generations()[::-1]
    if parsed.json:
        told = [{**backup_run.as_json(one), "at": iso_utc(one.at)} for one in found]
        print(json.dumps(told, indent=2))
        return
    for one in found:
        words = (one.id, iso_utc(one.at), one.reason, f"{one.objects} objects", _size(one.bytes))
        print("\t".join((*words, f"{_size(one.bytes_new)} new", _verified(one))))


def verify(settings: Settings, parsed: argparse.Namespace) -> None:
    """Read everything. Raises NotWhole."""
    with _told_in_terminal() as progress, opened_repository(settings) as repository:
        report = repository.verify(generation=parsed.generation, progress=progress)
    if parsed.json:
        told = {"ok": report.ok, "damaged": list(report.damaged), "missing": list(report.missing)}
        print(json.dumps(told))
    else:
        for word, names in (("damaged", report.damaged), ("missing", report.missing)):
            for name in names:
                print(f"{word}\t{name}")
        print(f"{report.checked} objects, {_size(report.bytes)} read")
    if not report.ok:
        raise NotWhole(
            f"{len(report.damaged)} damaged, {len(report.missing)} missing; needed by: "
            + (", ".join(report.generations) or "no generation")
        )


def restore(settings: Settings, parsed: argparse.Namespace) -> None:
    """Into a new folder; nothing of the running installation is touched."""
    to = parsed.to.absolute()
    try:
        with _told_in_terminal() as progress, opened_repository(settings) as repository:
            if parsed.recording is None and parsed.room is None:
                command = restore_all(settings, repository, parsed.generation, to, progress)
            else:
                _restore_some(repository, parsed, to, progress)
                command = serving_command(to)
    except (FolderNotEmpty, NoSuchGeneration) as error:
        raise WrongUse(str(error)) from error
    if parsed.json:
        print(json.dumps({"folder": str(to), "command": command}))
    else:
        print(f"Restored. Serve it with:\n{command}")


def bring_back(database: Database, parsed: argparse.Namespace) -> None:
    """Order the job that brings one recording back into this installation; prints its id. Raises WrongUse."""
    _check_recording(parsed.recording)
    with database.session() as session:
        job = backup_schedule.order_restore(session, utc_now(), parsed.generation, recording=parsed.recording)
        note_command(session, "backup.restored", None, parsed.recording, generation=parsed.generation)
    print(json.dumps({"job": job.id}) if parsed.json else job.id)


def bring_room_back(database: Database, parsed: argparse.Namespace) -> None:
    """Order the job that brings one room back, with its recordings; prints its id. Raises WrongUse."""
    with database.session() as session:
        try:
            must_be_free(session, parsed.slug or parsed.room)
        except UnfitSlug as error:
            raise WrongUse(str(error)) from error
        except SlugTaken as error:
            words = "a room has this address, or one in the trash: name another one (--as)"
            raise WrongUse(words) from error
        wish = {"room": parsed.room, "slug": parsed.slug, "owner": parsed.owner}
        job = backup_schedule.order_restore(session, utc_now(), parsed.generation, **wish)
        note_command(session, "backup.restored", None, parsed.room, generation=parsed.generation, **wish)
    print(json.dumps({"job": job.id}) if parsed.json else job.id)


def drill(settings: Settings, parsed: argparse.Namespace) -> None:
    """Restore everything into a scratch folder, check and play it. Raises NotWhole."""
    with opened_repository(settings) as repository, scratch_folder(settings, "drill") as folder:
        generation = repository.generation(parsed.generation or "latest")
        print(f"{generation.id}: needs {_size(generation.bytes)} of {folder.parent}", file=sys.stderr)
        with _told_in_terminal() as progress:
            proof = backup_proof.drill(settings, repository, generation, folder, progress)
    told: dict[str, Any] = {"ok": not proof.problems, **asdict(proof)}
    if parsed.json:
        print(json.dumps(told))
    else:
        for problem in proof.problems:
            print(problem)
        print(f"{proof.recordings} recordings restored, {proof.played} takes played, {proof.files} files")
    if proof.problems:
        raise NotWhole(f"{len(proof.problems)} problems in generation {proof.generation}")


def key(_: Settings, parsed: argparse.Namespace) -> None:
    """A new key file, readable by its owner only; never over another one."""
    try:
        handle = os.open(parsed.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        problem = f"{parsed.file} is there already: a key that is lost takes its backups along"
        raise WrongUse(problem) from error
    except OSError as error:
        raise WrongUse(f"{parsed.file}: {error.strerror}") from error
    with open(handle, "w", encoding="ascii") as file:
        file.write(new_key())
        file.flush()
        os.fsync(file.fileno())
    print(f"KODO_BACKUP_KEY_FILE={parsed.file.absolute()}")
    print("Keep a copy of it elsewhere: without it nobody can restore these backups.", file=sys.stderr)


def before_migration(settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """A backup of a database that is about to change, with all that it tells of. Raises NoBackupBefore."""
    if not is_set_up(settings):
        return
    while is_behind(settings.database_url):
        try:
            target = target_title(settings)
            log.warning("the database changes with this version: a backup is made first, to %s", target)
            expected = backup_run.repository_before(settings)
            made = backup_run.make(settings, reason="migration", expected=expected, progress=_logged())
        except RepositoryBusy as error:
            log.warning("waiting: %s", error)
            sleep(BUSY_SECONDS)
            continue
        except (BackupError, DatabaseUnavailable, OSError) as error:
            raise NoBackupBefore(
                f"the database stays as it is, for no backup could be made of it first "
                f"({backup_run.in_a_line(error)}); without one: app.py migrate --without-backup"
            ) from error
        log.warning("generation %s is made, %s new", made.result.generation.id, _size(made.result.bytes_new))
        return


def _restore_some(repository: Repository, parsed: argparse.Namespace, to: Path, progress: Progress) -> None:
    """One recording, or those of one room, with the database of all."""
    if parsed.recording is not None:
        _check_recording(parsed.recording)
        folder = f"sessions/{parsed.recording}/"
        if not any(path.startswith(folder) for path in repository.paths(parsed.generation)):
            raise WrongUse(f"generation {parsed.generation} has no recording {parsed.recording}")
        wanted = [parsed.recording]
    else:
        wanted = _recordings_of_room(repository, parsed, to)
    prefixes = (prefix for one in wanted for prefix in recording_prefixes(one))
    repository.restore(
        parsed.generation, to, only=("secret.key", DATABASE_FILE, *prefixes), progress=progress
    )
    migrate(f"sqlite:///{to / DATABASE_FILE}")


def _recordings_of_room(repository: Repository, parsed: argparse.Namespace, to: Path) -> list[str]:
    """Beside `to`: the storage may be what is to be restored. Raises WrongUse."""
    with tempfile.TemporaryDirectory(prefix=".kodo-look-", dir=nearest(to.parent)) as scratch:
        folder = Path(scratch) / "it"
        repository.restore(parsed.generation, folder, only=(DATABASE_FILE,))
        with closing(opened_at(folder)) as database, database.reading() as then:
            try:
                room = room_ever(then, parsed.room)
            except RoomNotFound as error:
                raise WrongUse(f"generation {parsed.generation}: {error}") from error
            here = (LectureSession.room_id == room.id, LectureSession.removal.is_(None))
            return list(then.scalars(select(LectureSession.id).where(*here)))


def _check_recording(name: str) -> None:
    if not is_session_id(name):
        raise WrongUse(f"{name!r} is no id of a recording")


class _told_in_terminal:  # noqa: N801 - reads as what it does
    """Progress in one line of standard error, where that is a terminal; the line goes at the end."""

    def __enter__(self) -> Progress:
        self._shown = False
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _tell(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        self._shown = True
        share = done / max(total, 1)
        sys.stderr.write(f"\r\x1b[K{share:4.0%}  {_size(done)} of {_size(total)}")
        sys.stderr.flush()


def _logged(clock: Callable[[], float] = time.monotonic) -> Progress:
    """A line each LOG_SECONDS."""
    next_at = clock() + LOG_SECONDS

    def tell(done: int, total: int) -> None:
        nonlocal next_at
        if clock() >= next_at:
            next_at = clock() + LOG_SECONDS
            log.warning("backup before the migration: %s of %s", _size(done), _size(total))

    return tell


def _size(count: int) -> str:
    return f"{count / _GB:.1f} GB" if count >= _GB else f"{count / 1e6:.1f} MB"


def _verified(one: Generation) -> str:
    return "verified" if one.verified else "NOT VERIFIED"
