"""Second copies: recordings lie on the disk, and a bucket gets each of their files; either mends the other.

Called by the jobs `store` and `scan`. A copy counts once the store told length and SHA-256 and they are the
catalogue's; every file's row is written as it is done, so that a killed job goes on where it was.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library import jobs, object_catalogue
from library.database import Database, utc_now
from library.disk_store import NAME as DISK
from library.models import Job, LectureSession, MediaObject
from library.object_store import (
    Damage,
    NoSuchObject,
    ObjectDamaged,
    ObjectStore,
    OtherContent,
    Progress,
    SourceChanged,
    StoreFull,
    no_progress,
)

KIND = "store"
LANE = "objects"
SWEPT_AFTER = timedelta(days=7)
_PAGE = 100

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Copied:
    """`removed`: copies that nothing needs any more. `damaged`: keys of files that are not what they were."""

    copied: int
    bytes: int
    removed: int
    damaged: list[str]


def order(database: Database, now: datetime, settled: timedelta) -> None:
    """Have copies made when a session has ended `settled` ago or more, after the last job began; idempotent.

    Raises DatabaseUnavailable.
    """
    with database.reading() as session:
        ended = session.scalar(
            select(func.max(LectureSession.ended_at)).where(LectureSession.ended_at <= now - settled)
        )
        last = session.scalar(select(func.max(Job.created_at)).where(Job.kind == KIND))
    if ended is not None and (last is None or ended > last - settled):
        with database.session() as session:
            enqueue(session, f"{ended.isoformat()}")


def enqueue(session: Session, name: str) -> Job:
    """The job that brings copies up to date; the same name is the same job."""
    return jobs.enqueue(session, kind=KIND, key=f"{KIND}:{name}", subject="objects", payload={}, lane=LANE)


def copy_all(
    database: Database, storage: Path, target: ObjectStore, *, progress: Progress = no_progress
) -> Copied:
    """Bring the copies in `target` up to the catalogue. Raises DatabaseUnavailable, StoreUnavailable,
    StoreRefused, ObjectDamaged: what was copied by then is noted.
    """
    done = Copied(0, 0, _remove_left_over(database, target), [])
    _note_moved_copies(database, target)
    total = sum(row.bytes for row in _without_copy(database, target.name))
    for row in _without_copy(database, target.name):
        try:
            told = target.put(
                row.key,
                storage / row.key,
                sha256=row.sha256,
                progress=lambda part, _: progress(done.bytes + part, total),
            )
        except (FileNotFoundError, SourceChanged):
            continue  # the scan says what became of it
        except OtherContent:
            if _note_damage(database, row):
                done.damaged.append(row.key)
            continue
        with database.session() as session:
            object_catalogue.note(session, target.name, told, kind=row.kind, session_id=row.session_id)
        done.copied, done.bytes = done.copied + 1, done.bytes + row.bytes
        progress(done.bytes, total)
    return done


def mend(database: Database, stores: Mapping[str, ObjectStore], damaged: MediaObject, scratch: Path) -> bool:
    """Put a whole copy of another of these stores in the place of a damaged object → whether there was one.

    `scratch`: a folder for the content on its way. Raises DatabaseUnavailable, StoreUnavailable,
    StoreRefused.
    """
    with database.reading() as session:
        copies = object_catalogue.whole_copies(session, damaged, stores)
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    for copy in copies:
        with TemporaryDirectory(dir=scratch) as folder:
            fetched = Path(folder) / "content"
            if _fetch(stores[copy.store], copy, fetched):
                try:
                    stores[damaged.store].put(damaged.key, fetched, anew=True)
                except (StoreFull, ObjectDamaged) as error:
                    log.warning("%s could not be mended: %s", damaged.key, error)
                    return False
                with database.session() as session:
                    object_catalogue.note_check(session, damaged, None, utc_now())
                return True
    return False


def sweep(stores: Sequence[ObjectStore], now: datetime) -> int:
    """Drop uploads that nobody went on with for a week → how many."""
    return sum(len(store.sweep(now - SWEPT_AFTER)) for store in stores)


def _fetch(store: ObjectStore, copy: MediaObject, path: Path) -> bool:
    """Whether what came is what it should be."""
    digest = hashlib.sha256()
    try:
        with open(path, "wb") as file:
            for chunk in store.chunks(copy.key):
                digest.update(chunk)
                file.write(chunk)
    except (NoSuchObject, ObjectDamaged):
        return False
    return digest.hexdigest() == copy.sha256


def _remove_left_over(database: Database, target: ObjectStore) -> int:
    with database.reading() as session:
        rows = object_catalogue.left_over(session, target.name, DISK)
    for row in rows:
        target.delete(row.key)
        with database.session() as session:
            object_catalogue.forget(session, target.name, [row.key])
    return len(rows)


def _note_damage(database: Database, row: MediaObject) -> bool:
    """Whether the row is still the one that was copied from: a file that was moved is not damaged."""
    with database.session() as session:
        return object_catalogue.note_check(session, row, Damage.CONTENT, utc_now())


def _note_moved_copies(database: Database, target: ObjectStore) -> None:
    """After the database was lost: what the disk has given up is there, though no row says so."""
    with database.reading() as session:
        rows = object_catalogue.moved_without_copy(session, DISK, target.name)
    for row in rows:
        with suppress(NoSuchObject):
            told = target.head(row.key)
            if (told.bytes, told.sha256) == (row.bytes, row.sha256):
                with database.session() as session:
                    object_catalogue.note(
                        session, target.name, told, kind=row.kind, session_id=row.session_id
                    )


def _without_copy(database: Database, target: str) -> Iterator[MediaObject]:
    after = ""
    while True:
        with database.reading() as session:
            page = object_catalogue.without_copy(session, DISK, target, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].key
