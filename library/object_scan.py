"""The integrity scan: files of ended recordings go into the catalogue, and what it has is read through.

The job `scan` runs each night and reads what was not read for RECHECK; `app.py objects verify` reads all.
Each object's row is written as soon as it is done, so a scan that was killed goes on where it was. What is
damaged is mended from a whole copy in another store, where there is one, and named in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from library import jobs, object_catalogue, object_copies, recordings
from library.database import Database, utc_now
from library.disk_store import NAME as DISK
from library.keeping import Kept
from library.models import Job, LectureSession, MediaObject
from library.object_store import (
    Damage,
    ObjectStore,
    Progress,
    SourceChanged,
    StoredObject,
    damage_of,
    facts_of,
    no_progress,
)

KIND = "scan"
LANE = "objects"
QUIET_HOUR = 3
RECHECK = timedelta(days=30)
SETTLED = timedelta(minutes=10)  # after its end nobody writes to a recording's takes
_PAGE = 100
_NAMED_IN_MESSAGE = 5
_MESSAGE_LENGTH = 500  # of the job's column

Files = Callable[[LectureSession], Iterable[tuple[str, str]]]  # of an ended session: key and kind
Moved = Callable[[str], StoredObject | None]  # what a key's file was, if the disk has given it up


def _nothing_moved(_: str) -> StoredObject | None:
    return None


@dataclass(frozen=True, slots=True)
class Found:
    """An object that is not what it was."""

    key: str
    store: str
    session: str | None
    reason: str


@dataclass(slots=True)
class Scanned:
    """`taken_up`: files new in the catalogue. `elsewhere`: objects in stores that are not set here.

    `damaged`: all that is known to be, not only what this scan found.
    """

    taken_up: int = 0
    checked: int = 0
    bytes: int = 0
    elsewhere: int = 0
    mended: list[Found] = field(default_factory=list)
    damaged: list[Found] = field(default_factory=list)


def order(database: Database, now: datetime) -> None:
    """Have one scan a night (after QUIET_HOUR by the server's clock), the first at once; idempotent.

    Raises DatabaseUnavailable.
    """
    night = (now.astimezone() - timedelta(hours=QUIET_HOUR)).date()
    key = f"{KIND}:{night.isoformat()}"
    with database.reading() as session:
        if session.scalar(select(Job.id).where(Job.key == key)) is not None:
            return
    with database.session() as session:
        jobs.enqueue(session, kind=KIND, key=key, subject="objects", payload={}, lane=LANE)


def take_up(
    database: Database, storage: Path, files_of: Files, *, now: datetime, moved: Moved = _nothing_moved
) -> int:
    """Put files of ended sessions that the catalogue lacks into it, and replaced MP4s out of it → how many
    are new. Raises DatabaseUnavailable, OSError.
    """
    with database.session() as session:
        object_catalogue.forget_deleted(session, DISK)
    count = 0
    for page in _pages(database, now - SETTLED):
        ids = [one.id for one in page]
        with database.reading() as session:
            known: dict[str | None, dict[str, str]] = {}
            given_up: set[str] = set()
            for row in object_catalogue.of_sessions(session, DISK, ids):
                known.setdefault(row.session_id, {})[row.key] = row.kind
                if row.moved_at is not None:
                    given_up.add(row.key)
            being_made = recordings.being_made(session, ids)
        for one in page:
            files = dict(files_of(one))
            if one.id in being_made:  # its MP4 is going to be another; until then a moved one is to be had
                files = {k: v for k, v in files.items() if v != object_catalogue.MP4 or k in given_up}
            count += _take_up_session(database, storage, one, files, known.get(one.id, {}), moved)
    return count


def _take_up_session(
    database: Database,
    storage: Path,
    lecture: LectureSession,
    files: dict[str, str],
    known: dict[str, str],
    moved: Moved,
) -> int:
    """`files`, `known`: key → kind. A take that is known and gone stays: that is damage."""
    replaced = [key for key in known.keys() - files.keys() if known[key] == object_catalogue.MP4]
    if replaced:
        with database.session() as session:
            object_catalogue.forget(session, DISK, replaced)
    count = 0
    for key in sorted(files.keys() - known.keys()):
        if (told := moved(key)) is not None:
            with database.session() as session:
                object_catalogue.note_moved(session, DISK, told, kind=files[key], session_id=lecture.id)
            continue
        try:
            facts = facts_of(storage / key)
        except (FileNotFoundError, SourceChanged):
            continue  # moved or made anew meanwhile: the next scan's
        with database.session() as session:
            told = StoredObject(key, facts.bytes, facts.sha256)
            object_catalogue.note(session, DISK, told, kind=files[key], session_id=lecture.id)
        count += 1
    return count


def take_up_and_scan(
    database: Database,
    stores: Mapping[str, ObjectStore],
    storage: Path,
    files_of: Files,
    *,
    before: datetime,
    moved: Moved = _nothing_moved,
    progress: Progress = no_progress,
) -> Scanned:
    """Both; what was just taken up has been read, and is not read again. Raises what they raise."""
    taken_up = take_up(database, storage, files_of, now=utc_now(), moved=moved)
    scanned = scan(database, stores, storage, before=before, progress=progress)
    scanned.taken_up = taken_up
    return scanned


def scan(
    database: Database,
    stores: Mapping[str, ObjectStore],
    storage: Path,
    *,
    before: datetime,
    clock: Callable[[], datetime] = utc_now,
    progress: Progress = no_progress,
) -> Scanned:
    """Read through what was not read since `before`, in these stores, then mend what is damaged.

    Raises DatabaseUnavailable, StoreUnavailable, StoreRefused: what was read by then is noted.
    """
    done = Scanned()
    with database.reading() as session:
        total = object_catalogue.bytes_due(session, stores, before)
        done.elsewhere = object_catalogue.count_elsewhere(session, stores)
    found: dict[str, Damage] = {}
    for name, store in stores.items():
        for row in _due(database, name, before):
            if (damage := _check(database, store, row, clock())) is not None:
                found[row.id] = damage
            done.checked += 1
            done.bytes += row.bytes
            progress(done.bytes, total)
    with database.reading() as session:
        rows = [row for row in object_catalogue.damaged(session) if row.store in stores]
    for row in rows:  # also what earlier scans found: somebody may have mended it by hand
        damage = found.get(row.id) or _check(database, stores[row.store], row, clock())
        if damage is not None:
            mended = object_copies.mend(database, stores, row, storage / ".objects" / "mending")
            told = done.mended if mended else done.damaged
            told.append(Found(row.key, row.store, row.session_id, damage))
    return done


def _check(database: Database, store: ObjectStore, row: MediaObject, at: datetime) -> Damage | None:
    damage = damage_of(store, StoredObject(row.key, row.bytes, row.sha256))
    with database.session() as session:
        object_catalogue.note_check(session, row, damage, at)
    return damage


def note_result(database: Database, job_id: str, result: Mapping[str, Any]) -> None:
    """Leave in the job's message what was found, the damaged ones by name."""
    keys = {name: [one["key"] for one in result[name]] for name in ("mended", "damaged")}
    with database.session() as session:
        job = session.get(Job, job_id)
        if job is not None:
            job.message = summary(int(result["checked"]), **keys)[:_MESSAGE_LENGTH]


def summary(checked: int, *, mended: Sequence[str], damaged: Sequence[str]) -> str:
    """One line for people; the first few keys of the damaged and the mended are named."""
    parts = [f"{checked} checked"]
    parts += [
        f"{len(keys)} {word}: {_named(keys)}"
        for word, keys in (("damaged", damaged), ("mended", mended))
        if keys
    ]
    return ", ".join(parts if len(parts) > 1 else [*parts, "all whole"])


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - _NAMED_IN_MESSAGE
    return ", ".join(keys[:_NAMED_IN_MESSAGE]) + (f" and {more} more" if more > 0 else "")


def _pages(database: Database, ended_before: datetime) -> Iterator[Sequence[LectureSession]]:
    after = ""
    while True:
        query = select(LectureSession).where(
            LectureSession.id > after,
            LectureSession.ended_at < ended_before,
            LectureSession.kept == Kept.PUBLISHED,  # of what is held there is one copy to delete
            LectureSession.removal.is_(None),
        )
        with database.reading() as session:
            page = session.scalars(query.order_by(LectureSession.id).limit(_PAGE)).all()
        if not page:
            return
        yield page
        after = page[-1].id


def _due(database: Database, store: str, before: datetime) -> Iterator[MediaObject]:
    """Rows that are noted as they are given out leave the next page."""
    while True:
        with database.reading() as session:
            page = object_catalogue.due(session, store, before, _PAGE)
        if not page:
            return
        yield from page
