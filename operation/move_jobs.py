"""The jobs `move` (recordings leave the disk for the bucket, by policy) and `home` (one comes back).

`are_moved` and `is_home` run in the worker, the others in its subprocesses.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcast import last_played
from library import object_catalogue, object_moves, object_scan
from library.database import Database, open_database, utc_now
from library.disk_store import NAME as DISK
from library.models import Job, JobWait, LectureSession
from library.object_moves import Candidate, Movable
from library.object_store import ObjectStore, SourceChanged
from operation import far_files
from operation.far_files import BusyNow, CopyDamaged, NoRoom
from operation.far_reader import far_reader_of_jobs
from operation.job_output import postpone, tell_progress, tell_result, wait_for_disk
from operation.object_jobs import NICENESS, POSTPONE_SECONDS, with_stores
from recorder.far_media import MediaUnavailable
from settings import Settings

BUSY_SECONDS = 60

log = logging.getLogger(__name__)


def move(settings: Settings, job: Job) -> int:
    """Those that the settings tell, or that the payload names, one after the other."""

    def work(database: Database, stores: Mapping[str, ObjectStore]) -> dict[str, Any]:
        targets = [store for name, store in stores.items() if name != DISK]
        return _move_all(settings, database, targets, job.payload.get("sessions"))

    return with_stores(settings, work)


def _move_all(
    settings: Settings, database: Database, targets: Sequence[ObjectStore], named: list[str] | None
) -> dict[str, Any]:
    moved: list[str] = []
    left: dict[str, str] = {}
    freed = 0
    far_files.settle(settings, database)
    for target in targets:
        with database.reading() as session:
            found = object_moves.movable(session, target.name, utc_now() - object_scan.SETTLED)
        chosen = _chosen(settings, found, named)
        tally = _Tally(sum(row.bytes for one in chosen for row in one.files))
        for one in chosen:
            try:
                freed += far_files.move(settings, database, target, one.session_id, one.files, tally.add)
                moved.append(one.session_id)
            except (BusyNow, CopyDamaged, SourceChanged, FileNotFoundError) as error:
                log.warning("recording %s stays: %s", one.session_id, error)
                left[one.session_id] = str(error)
    return {"moved": moved, "freed": freed, "left": left}


class _Tally:
    """Bytes of copies that were read, told as they grow."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, max(total, 1)

    def add(self, count: int) -> None:
        self._done += count
        tell_progress(self._done / self._total, f"{self._done >> 20} of {self._total >> 20} MB")


def _chosen(settings: Settings, found: Sequence[Movable], named: list[str] | None) -> list[Movable]:
    if named is not None:
        return [one for one in found if one.session_id in named and not one.busy]
    days, mark = settings.objects_keep_local_days, settings.objects_disk_mark_bytes
    keep = timedelta(days=days) if days is not None else None
    missing = max(0, (mark or 0) - shutil.disk_usage(settings.storage).free)
    candidates = [_candidate(settings, one) for one in found]
    ids = [one.session_id for one in object_moves.to_move(candidates, utc_now(), keep, missing)]
    by_id = {one.session_id: one for one in found}
    return [by_id[one] for one in ids]


def _candidate(settings: Settings, one: Movable) -> Candidate:
    played = last_played.when(settings.session_roots, one.session_id)
    used_at = max(one.ended_at, datetime.fromtimestamp(played or 0.0, UTC))
    return Candidate(one.session_id, sum(row.bytes for row in one.files), used_at, one.busy)


def are_moved(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    """After moving, in the worker: how much was, for who looks at the job."""
    for session_id in result["moved"]:
        log.info("recording %s is in the object store now", session_id)
    words = f"{len(result['moved'])} moved, {result['freed'] >> 20} MB freed"
    if result["left"]:
        words += f", {len(result['left'])} stay: {next(iter(result['left'].values()))}"
    _note(database, job.id, words)


def home(settings: Settings, job: Job) -> int:
    """All files of one recording."""
    os.nice(NICENESS)
    database = open_database(settings.database_url)
    far = far_reader_of_jobs(settings)
    try:
        with database.reading() as session:
            lecture = session.get(LectureSession, job.subject)
        if lecture is None:
            log.error("there is no recording %s", job.subject)
            return 1
        tell_result({"bytes": far_files.bring_home(settings, database, far, lecture, progress=_tell_bytes)})
    finally:
        far.close()
        database.close()
    return 0


def is_home(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    _note(database, job.id, f"{result['bytes'] >> 20} MB came home")


@contextmanager
def postponed() -> Iterator[None]:
    """What a job that needs files of the bucket waits for. MediaDamaged passes: it is a failure."""
    try:
        yield
    except MediaUnavailable as error:
        postpone(POSTPONE_SECONDS, str(error))
    except BusyNow as error:
        postpone(BUSY_SECONDS, str(error), JobWait.LATER)
    except NoRoom as error:
        wait_for_disk(str(error))


@contextmanager
def brought_home(settings: Settings, session_id: str, kind: str) -> Iterator[None]:
    """A recording's takes, or its MP4, are on the disk while a job reads them; fetched first if need be."""
    with far_files.at_home(settings, session_id, (kind,), _tell_bytes):
        yield


TAKES, MP4 = object_catalogue.TAKE, object_catalogue.MP4


def _tell_bytes(done: int, total: int) -> None:
    tell_progress(0.0, f"fetched {done >> 20} of {total >> 20} MB from the object store")


def _note(database: Database, job_id: str, message: str) -> None:
    with database.session() as session:
        job = session.get(Job, job_id)
        if job is not None:
            job.message = message[:500]
