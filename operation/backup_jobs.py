"""The jobs `backup`, `backup-check` (proof, verify, drill) and `restore` (one recording, or all to a folder).

The work of each runs in a process of its own, at low priority and a bounded rate; what begins with `is_` runs
in the worker. A target that is away, or full, is asked again later, and whoever should know is told at once.
"""

from __future__ import annotations

import logging
import os
import random
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from library import alarms, backup_records, erasure_list
from library.alarms import clear_alarm, raise_alarm
from library.backup.errors import (
    BackupError,
    FolderUnusable,
    NoRepository,
    NoRoom,
    NoSuchGeneration,
    OtherRepository,
    RepositoryBusy,
    TargetUnavailable,
)
from library.backup.repository import Repository
from library.backup.restoring import MARKER
from library.backup.values import Generation, Progress
from library.backup_place import (
    AtFloor,
    nearest,
    on_one_disk,
    opened_at,
    opened_repository,
    scratch_folder,
)
from library.database import Database, open_database, utc_now
from library.lasting_file import write_whole
from library.models import Job
from library.returned_rows import RoomGone, RoomInTrash, RowsMissing
from operation import backup_proof, backup_run, far_files, recording_return, room_return
from operation.backup_run import DAMAGED, Pace, in_a_line
from operation.job_output import postpone, tell_progress, tell_result, wait_for_disk
from operation.recording_return import FilesMissing, StillLive
from operation.room_return import Wish
from settings import Settings

NICENESS = 15  # beside lectures that are live, and after other jobs
BUSY_SECONDS = 60
AWAY_SECONDS = 600
_ROTATED = (NoSuchGeneration,)  # one that was drawn goes meanwhile: another is drawn
_REFUSED = (BackupError, RowsMissing, RoomGone, RoomInTrash, FilesMissing, StillLive, *room_return.ERRORS)
MOST_NAMED = 500  # problems of one check
APP = Path(__file__).resolve().parent.parent / "app.py"

log = logging.getLogger(__name__)


def back_up(settings: Settings, job: Job) -> int:
    """Make a generation; the oldest go."""

    def work(database: Database) -> dict[str, Any]:
        try:
            expected = backup_run.seen_repository(settings, database)
            made = backup_run.make(
                settings, reason=str(job.payload["reason"]), expected=expected, progress=_paced()
            )
        except RepositoryBusy:
            raise
        except (BackupError, OSError) as error:
            backup_run.note_failed(database, error)
            raise
        return backup_run.told(settings, made)

    return _with_database(settings, work)


def is_backed_up(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    """After a backup, in the worker."""
    backup_run.note_made(database, result)
    run = result["run"]
    _note(database, job.id, f"{run['objects']} objects, {run['bytes_new'] >> 20} MB new")


def check(settings: Settings, job: Job) -> int:
    """Proof, verify or drill. What is damaged is no failed job: its message names it."""

    def work(database: Database) -> dict[str, Any]:  # noqa: ARG001 - generations are asked of the target
        began = time.monotonic()
        with opened_repository(settings) as repository:
            told = _check(settings, repository, str(job.payload["how"]), job.payload.get("generation"))
            told |= {"wrong": len(told["problems"]), "problems": told["problems"][:MOST_NAMED]}
            told["generations"] = [backup_run.row_values(one) for one in repository.generations()]
        return {**told, "seconds": time.monotonic() - began}

    if job.payload["how"] != backup_records.PROOF:
        return _with_database(settings, work)
    named = job.payload.get("generation") is not None
    return _with_database(settings, work, patient=(NoRoom, FolderUnusable, *(() if named else _ROTATED)))


def _check(settings: Settings, repository: Repository, how: str, name: str | None) -> dict[str, Any]:
    if how == backup_records.VERIFY:
        report = repository.verify(generation=name, progress=_paced())
        problems = [f"damaged: {one}" for one in report.damaged] + [
            f"missing: {one}" for one in report.missing
        ]
        return {
            "generation": name,
            "details": {"files": report.checked, "bytes": report.bytes},
            "problems": problems,
        }
    generation = _chosen(repository, name, newest=how == backup_records.DRILL)
    with scratch_folder(settings, how) as folder:
        if how == backup_records.DRILL:
            proof = backup_proof.drill(settings, repository, generation, folder, _paced())
        else:
            randomly = random.Random()
            proof = backup_proof.sample(settings, repository, generation.id, folder, randomly, _paced())
    details = asdict(proof)
    return {"generation": details.pop("generation"), "problems": details.pop("problems"), "details": details}


def _chosen(repository: Repository, name: str | None, *, newest: bool) -> Generation:
    if name is not None or newest:
        return repository.generation(name or "latest")
    return backup_proof.choose(repository.generations(), random.Random()) or repository.generation("latest")


def is_checked(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    """After a check, in the worker, whose log is kept: each problem by name, and the alarm."""
    problems, generation = result["problems"], result["generation"]
    for one in problems:
        log.error("backup %s: %s", generation or "", one)
    how = str(job.payload["how"])
    details = {**result["details"], "problems": problems[:20], "wrong": result["wrong"]}
    with database.session() as session:
        backup_records.replace_generations(session, backup_run.rows_of(result["generations"]))
        backup_records.note(
            session,
            how,
            generation=generation,
            at=utc_now(),
            seconds=result["seconds"],
            ok=not problems,
            details=details,
        )
        if problems:
            told = {"generation": generation, "problem": problems[0][:300], "count": result["wrong"]}
            raise_alarm(session, DAMAGED, generation or "", details=told)
        elif how == backup_records.VERIFY and generation is None:
            for alarm in alarms.unfinished(session):
                if alarm.kind == DAMAGED:
                    clear_alarm(session, DAMAGED, alarm.subject)
        elif how != backup_records.PROOF:  # which may just not have met what is damaged
            clear_alarm(session, DAMAGED, generation or "")
    _note(database, job.id, problems[0] if problems else "")


def restore(settings: Settings, job: Job) -> int:
    """One recording or one room into this installation, or a whole generation into a new folder."""
    generation = str(job.payload["generation"])

    def work(database: Database) -> dict[str, Any]:
        with opened_repository(settings) as repository:
            if (session_id := job.payload.get("recording")) is not None:
                title = recording_return.bring_back(
                    settings, database, repository, generation, session_id, _paced()
                )
                return {"recording": session_id, "title": title}
            if (room := job.payload.get("room")) is not None:
                wish = Wish(str(room), job.payload.get("slug"), job.payload.get("owner"))
                back = room_return.bring_back(
                    settings,
                    database,
                    repository,
                    generation,
                    wish,
                    _paced(),
                    back=job.payload.get("back", ()),
                    is_back=lambda recording: _keep_back(database, job.id, recording),
                )
                return asdict(back)
            to = Path(str(job.payload["to"]))
            return {"to": str(to), "command": restore_all(settings, repository, generation, to, _paced())}

    return _with_database(settings, work)


def is_restored(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    """After a restore, in the worker."""
    message = result.get("command", "")
    if "slug" in result:
        message = f"/rooms/{result['slug']}"
        if result["missing"]:
            message += f", without {len(result['missing'])} recordings: {', '.join(result['missing'])}"
    _note(database, job.id, message)


def _keep_back(database: Database, job_id: str, recording: str) -> None:
    """So that an attempt after this one need not bring it again."""
    with database.session() as session:
        job = session.get(Job, job_id)
        if job is not None:
            job.payload = {**job.payload, "back": [*job.payload.get("back", ()), recording]}


def restore_all(
    settings: Settings, repository: Repository, generation: str, to: Path, progress: Progress
) -> str:
    """A whole generation into an empty folder, ready to be served → the command that serves it.

    Raises BackupError; NoRoom before anything is written.
    """
    chosen = repository.generation(generation)
    _check_folder(settings, chosen, to)

    def finish() -> None:
        """Before that, nobody may serve it."""
        _carry_erasures(settings.storage, to)
        with closing(opened_at(to)) as database:  # an older version's is migrated now, not by the start of it
            far_files.settle(replace(settings, storage=to), database)  # what was in the bucket is at home

    repository.restore(chosen.id, to, finish=finish, progress=progress)
    return serving_command(to)


def _carry_erasures(storage: Path, to: Path) -> None:
    """Who was erased here since the newest backup is erased there, too."""
    known, restored = erasure_list.load(storage), erasure_list.load(to)
    if known != restored:
        write_whole(to / erasure_list.NAME, erasure_list.merged(restored, known))


def serving_command(folder: Path) -> str:
    return f"KODO_STORAGE={shlex.quote(str(folder))} {shlex.quote(sys.executable)} {shlex.quote(str(APP))}"


def _check_folder(settings: Settings, generation: Generation, to: Path) -> None:
    floor = settings.disk_floor_bytes if on_one_disk(to, settings.storage) else 0
    free = max(0, shutil.disk_usage(nearest(to)).free - floor)
    if (to / MARKER).is_dir():  # an attempt that was killed: what it wrote is written over
        free += sum(one.stat().st_size for one in to.rglob("*") if one.is_file())
    if generation.bytes > free:
        raise NoRoom(f"this generation needs {generation.bytes} bytes, and {free} are free in {to}")


def _with_database(
    settings: Settings,
    work: Callable[[Database], dict[str, Any]],
    *,
    patient: tuple[type[BackupError], ...] = (),
) -> int:
    """`patient`: what this job waits for, too, because nobody asked for it who could do something else."""
    os.nice(NICENESS)
    with closing(open_database(settings.database_url)) as database:
        try:
            with _later(patient):
                tell_result(work(database))
        except _REFUSED as error:
            log.error("%s", in_a_line(error))
            return 1
    return 0


@contextmanager
def _later(patient: tuple[type[BackupError], ...]) -> Iterator[None]:
    """What passes by itself is waited for, at the cost of no attempt."""
    try:
        yield
    except RepositoryBusy as error:
        postpone(BUSY_SECONDS, in_a_line(error))
    except AtFloor as error:
        wait_for_disk(in_a_line(error))
    except (TargetUnavailable, OtherRepository, NoRepository) as error:  # an unplugged disk comes back
        postpone(AWAY_SECONDS, in_a_line(error))
    except patient as error:
        if isinstance(error, NoRoom):
            wait_for_disk(in_a_line(error))
        else:
            postpone(AWAY_SECONDS, in_a_line(error))


def _paced() -> Progress:
    """Tells the worker, and reads no more than lectures can spare."""
    pace = Pace(backup_run.BYTES_PER_SECOND)

    def tell(done: int, total: int) -> None:
        tell_progress(min(1.0, done / max(total, 1)), f"{done >> 20} of {total >> 20} MB")
        pace.keep(done)

    return tell


def _note(database: Database, job_id: str, message: str) -> None:
    with database.session() as session:
        job = session.get(Job, job_id)
        if job is not None:
            job.message = message[:500]
