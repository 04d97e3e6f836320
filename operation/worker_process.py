"""The worker process, the process of one job, and the table of all kinds of jobs.

`run` is `app.py worker`: it leases jobs and starts `app.py job run ID` for each. `run_job` is that
subprocess: it does one job's work, tells its progress as JSON lines, and its result in the last one.
A new kind is a module `operation/<kind>_job.py` with `work` and `done`, and a line in `KINDS`.
"""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from library import (
    backup_schedule,
    copies,
    films,
    notices,
    object_copies,
    object_moves,
    object_scan,
    pictures,
    recordings,
    removals,
    uploads,
)
from library.database import Database, open_database
from library.jobs import Jobs
from library.models import Job
from library.transcription import orders
from library.worker import DEFAULT_MEMORY_BYTES, Handling, Worker
from operation import (
    backup_jobs,
    film_job,
    healing_job,
    import_job,
    move_jobs,
    mp4_job,
    notice_mail_job,
    object_jobs,
    pictures_job,
    poster_job,
    removal_job,
    transcription_job,
)
from recorder.far_media import MediaDamaged
from settings import Settings, SettingsError

log = logging.getLogger(__name__)

importlib.import_module("people.models")  # sessions refer to rooms: the mapper must know both

APP = Path(__file__).resolve().parent.parent / "app.py"

Work = Callable[[Settings, Job], int]
Done = Callable[[Settings, Database, Job, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How the jobs of a kind are done.

    `work`: in a process of its own, it speaks by `operation.job_output` → exit code; what is heavy is
    imported in it, not by its module, which the worker loads, too. `done`: in the worker, with the result,
    before the job counts as done; may be called again after a crash. `lane`: which jobs it queues up with.
    `memory_bytes`: most that the process and its children may have for themselves (`library.process_memory`).
    """

    work: Work
    done: Done
    lane: str
    memory_bytes: int = DEFAULT_MEMORY_BYTES


KINDS: Mapping[str, Kind] = {
    recordings.KIND: Kind(mp4_job.work, mp4_job.done, recordings.LANE),
    films.KIND: Kind(film_job.work, film_job.done, films.LANE),
    uploads.KIND: Kind(import_job.work, import_job.done, uploads.LANE),
    copies.KIND: Kind(healing_job.work, healing_job.done, copies.LANE),
    pictures.KIND: Kind(pictures_job.work, pictures_job.done, pictures.LANE),
    pictures.POSTER_KIND: Kind(poster_job.work, poster_job.done, pictures.LANE),
    object_scan.KIND: Kind(object_jobs.scan, object_jobs.are_checked, object_scan.LANE),
    object_copies.KIND: Kind(object_jobs.store, object_jobs.are_copied, object_copies.LANE),
    object_moves.KIND: Kind(move_jobs.move, move_jobs.are_moved, object_moves.LANE),
    object_moves.HOME_KIND: Kind(move_jobs.home, move_jobs.is_home, object_moves.HOME_LANE),
    notices.KIND: Kind(notice_mail_job.work, notice_mail_job.done, notices.LANE),
    removals.KIND: Kind(removal_job.work, removal_job.done, removals.LANE),
    backup_schedule.KIND: Kind(backup_jobs.back_up, backup_jobs.is_backed_up, backup_schedule.LANE),
    backup_schedule.CHECK_KIND: Kind(backup_jobs.check, backup_jobs.is_checked, backup_schedule.LANE),
    backup_schedule.RESTORE_KIND: Kind(
        backup_jobs.restore, backup_jobs.is_restored, backup_schedule.RESTORE_LANE
    ),
    orders.KIND: Kind(
        transcription_job.work, transcription_job.done, orders.LANE, transcription_job.MEMORY_BYTES
    ),
}


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT → exit code."""
    database = open_database(settings.database_url)
    worker = Worker(
        database,
        {name: _handling(settings, database, kind) for name, kind in KINDS.items()},
        lanes=lanes(settings),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        worker.run()
    finally:
        database.close()
    return 0


def lanes(settings: Settings) -> dict[str, int]:
    """How many jobs of each lane run at a time: one, or what `KODO_JOB_LANES` says."""
    known = dict.fromkeys((kind.lane for kind in KINDS.values()), 1)
    for lane, most in settings.job_lanes:
        if lane not in known:
            raise SettingsError("KODO_JOB_LANES", f"{lane!r} is none of {', '.join(sorted(known))}")
        known[lane] = most
    return known


def run_job(settings: Settings, job_id: str) -> int:
    """Do one job in this process → exit code. Asked to end, it removes what is half done on its way out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    database = open_database(settings.database_url)
    try:
        job = Jobs(database).get(job_id)
    finally:
        database.close()
    kind = KINDS.get(job.kind)
    if kind is None:
        log.error("job %s: nobody here knows the kind %s", job_id, job.kind)
        return 1
    code = 0  # also of one that was postponed
    try:
        with move_jobs.postponed():
            code = kind.work(settings, job)
    except MediaDamaged as error:
        log.error("what was moved into the object store cannot be had from it: %s", error)
        return 1
    return code


def _handling(settings: Settings, database: Database, kind: Kind) -> Handling:
    def done(job: Job, result: dict[str, Any]) -> None:
        kind.done(settings, database, job, result)

    return Handling(_command, done, kind.memory_bytes)


def _command(job: Job) -> list[str]:
    return [sys.executable, str(APP), "job", "run", job.id]
