"""The jobs that look after the files of recordings: `scan` reads them, `store` copies them into the bucket.

`are_checked` and `are_copied` run in the worker, the others in its subprocesses. Who orders them:
`library.object_care`.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from library import object_catalogue, object_copies, object_moves, object_scan
from library.database import Database, open_database, utc_now
from library.disk_store import NAME as DISK
from library.models import Job
from library.object_store import ObjectStore, ObjectStoreError, StoreUnavailable
from library.object_stores import open_stores
from operation.far_files import told_by_marker
from operation.job_output import postpone, tell_progress, tell_result
from operation.recording_files import files_of
from settings import Settings

NICENESS = 10  # beside lectures that are live
POSTPONE_SECONDS = 300  # a store that is away is asked again after this

log = logging.getLogger(__name__)


def forget(settings: Settings, path: Path) -> None:
    """An MP4 that is made anew is no damaged one: the next scan takes it up as it is then."""
    database = open_database(settings.database_url)
    try:
        with database.session() as transaction:
            object_catalogue.forget(transaction, DISK, [path.relative_to(settings.storage).as_posix()])
    finally:
        database.close()


def scan(settings: Settings, _: Job) -> int:
    """What is damaged is no failed job: its message names it."""
    now = utc_now()

    def work(database: Database, stores: Mapping[str, ObjectStore]) -> dict[str, Any]:
        scanned = object_scan.take_up_and_scan(
            database,
            stores,
            settings.storage,
            lambda lecture: files_of(settings, lecture),
            before=now - object_scan.RECHECK,
            moved=told_by_marker(settings),
            progress=_tell_bytes,
        )
        return asdict(scanned)

    return with_stores(settings, work)


def store(settings: Settings, _: Job) -> int:
    """Copies of all that ended, in each store but the disk."""
    now = utc_now()

    def work(database: Database, stores: Mapping[str, ObjectStore]) -> dict[str, Any]:
        object_scan.take_up(
            database,
            settings.storage,
            lambda one: files_of(settings, one),
            now=now,
            moved=told_by_marker(settings),
        )
        copied = {
            name: asdict(object_copies.copy_all(database, settings.storage, target, progress=_tell_bytes))
            for name, target in stores.items()
            if name != DISK
        }
        return {"copied": copied, "swept": object_copies.sweep(list(stores.values()), now)}

    return with_stores(settings, work)


def are_checked(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """After a scan, in the worker, whose log is kept: each damaged one by name."""
    for word, level in (("mended", logging.WARNING), ("damaged", logging.ERROR)):
        for one in result[word]:
            log.log(level, "%s: %s in %s: %s", word, one["key"], one["store"], one["reason"])
    object_scan.note_result(database, job.id, result)
    if settings.objects is not None:
        with database.session() as transaction:
            object_copies.enqueue(transaction, f"after:{job.id}")


def are_copied(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:
    """After copying, in the worker: what turned out to be damaged meanwhile. What has a copy may move."""
    for name, copied in result["copied"].items():
        for key in copied["damaged"]:
            log.error("damaged: %s on the disk, not copied to %s", key, name)
    if settings.objects_keep_local_days is not None or disk_is_low(settings):
        with database.session() as transaction:
            object_moves.order(transaction, f"after:{job.id}")


def disk_is_low(settings: Settings) -> bool:
    """Whether recordings are to make room."""
    mark = settings.objects_disk_mark_bytes
    return mark is not None and shutil.disk_usage(settings.storage).free < mark


def with_stores(
    settings: Settings,
    work: Callable[[Database, Mapping[str, ObjectStore]], dict[str, Any]],
) -> int:
    """A store that is away now is asked again later; one that refuses is a failed job that says why."""
    os.nice(NICENESS)
    database = open_database(settings.database_url)
    try:
        with open_stores(settings) as stores:
            result = work(database, stores)
    except StoreUnavailable as error:
        postpone(POSTPONE_SECONDS, str(error))
        return 0
    except ObjectStoreError as error:
        log.error("%s: %s", type(error).__name__, error)
        return 1
    finally:
        database.close()
    tell_result(result)
    return 0


def _tell_bytes(done: int, total: int) -> None:
    tell_progress(done / max(total, 1), f"{done >> 20} of {total >> 20} MB")
