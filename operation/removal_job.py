"""The job `remove`: a recording's files go for good, on the disk, in the spill and in the bucket.

Ordered by `library.removals`. Whatever it is killed in, the next attempt goes on: each step may be done
again. It touches nothing of a lecture that runs.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from library import removals
from library.database import Database, open_database, utc_now
from library.disk_store import NAME as DISK
from library.models import Job, LectureSession
from library.object_store import ObjectStoreError, StoreUnavailable
from library.object_stores import open_stores
from operation.far_reader import forget_blocks
from operation.job_output import postpone, tell_progress, tell_result
from operation.recording_files import files_of, is_spilled, may_be_removed, prefixes_of, remove_files
from settings import Settings

NICENESS = 10  # beside lectures that are live
STORE_SECONDS = 300  # a store that is away is asked again after this
SPILL_SECONDS = 60
OTHERS_SECONDS = 10

log = logging.getLogger(__name__)


def work(settings: Settings, job: Job) -> int:
    """Exit code; postponed where something is in the way that passes."""
    os.nice(NICENESS)
    database = open_database(settings.database_url)
    try:
        return _remove(settings, database, job.subject)
    finally:
        database.close()


def done(settings: Settings, database: Database, job: Job, result: dict[str, Any]) -> None:  # noqa: ARG001
    removals.is_removed(database, job.subject, result["stores"], utc_now())


def _remove(settings: Settings, database: Database, session_id: str) -> int:
    with database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        busy = removals.others_at_work(transaction, session_id, utc_now())
        upload_ids = removals.uploads_of(transaction, session_id)
    if row is None or row.removal is None or row.phase != "ended" or not may_be_removed(settings, session_id):
        log.error("session %s: nothing says that its recording may be removed", session_id)
        return 1
    if busy:
        postpone(OTHERS_SECONDS, "another job of this recording is just ending")
        return 0
    if is_spilled(settings, session_id):
        postpone(SPILL_SECONDS, "its takes are on their way back to the disk")
        return 0
    for key, _ in files_of(settings, row):  # by their markers, which go with them
        forget_blocks(settings, settings.storage / key)
    remove_files(settings, row, upload_ids)
    tell_progress(0.5)
    with database.session() as transaction:
        removals.forget(transaction, session_id)
    try:
        stores = _remove_objects(settings, database, session_id)
    except StoreUnavailable as error:
        postpone(STORE_SECONDS, str(error))
        return 0
    except ObjectStoreError as error:
        log.error("%s: %s", type(error).__name__, error)
        return 1
    tell_result({"stores": stores})
    return 0


def _remove_objects(settings: Settings, database: Database, session_id: str) -> list[str]:
    """Also those that the catalogue does not know (yet) → the stores that hold nothing of it any more."""
    with open_stores(settings) as stores:
        for name, store in stores.items():
            if name == DISK:
                continue
            with database.reading() as transaction:
                keys = removals.keys_in(transaction, session_id, name)
            for prefix in prefixes_of(session_id):
                keys.update(one.key for one in store.list_objects(prefix))
            for key in sorted(keys):
                store.delete(key)
        return list(stores)
