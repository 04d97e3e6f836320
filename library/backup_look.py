"""Looking into a generation: which recordings and rooms it has. Its database is fetched once and kept for an
hour.

Called in web threads; `LOOKS` of the databases lie below the storage's `.backup/`, and go when others are
looked into. Raises `library.backup.errors`.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, func, outerjoin, select
from sqlalchemy.orm import Session

from library import backup_records, removals
from library.backup_place import DATABASE_FILE, opened_at, opened_repository, scratch, scratch_folder
from library.catalogue_words import folded
from library.database import Base, Database
from library.keeping import TRASH_TIME
from library.models import BackupGeneration, Job, LectureSession
from settings import Settings

LOOKS = 4
KEPT_SECONDS = 3600.0
MAX_FOUND = 50
MAX_LOOKED = 8
_fetching = threading.Lock()


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that a generation has. `gone`: why it is not here now, `trash` or `removed`; else None."""

    id: str
    title: str
    lecturer: str
    room: str
    started_at: datetime
    seconds: float
    generation: str
    generation_at: datetime
    gone: str | None


@dataclass(frozen=True, slots=True)
class KeptRoom:
    """A room that is gone for good, as a generation has it. `owner`: the user ID of whose it was, if that was
    anybody's; `owner_id`: theirs.
    """

    slug: str
    title: str
    owner: str | None
    owner_id: str | None
    recordings: int
    generation: str
    generation_at: datetime


def rooms_gone(settings: Settings, now: Session, *, words: str = "") -> list[KeptRoom]:
    """Each from the newest generation that has it whole; at most MAX_LOOKED are asked."""
    rooms = Base.metadata.tables["rooms"]
    query = select(rooms.c.id, rooms.c.deleted_at).where(rooms.c.removed_at.is_not(None))
    # From then on its recordings went, one after the other.
    since = {row.id: row.deleted_at + TRASH_TIME for row in now.execute(query.limit(MAX_FOUND))}
    found: list[KeptRoom] = []
    looked = 0
    for generation in backup_records.generations(now):
        wanted = [one for one, moment in since.items() if generation.at < moment]
        if not wanted:
            continue
        for room_id, kept in _rooms_in(settings, generation, rooms.c.id.in_(wanted)).items():
            del since[room_id]
            found.append(kept)
        looked += 1
        if looked == MAX_LOOKED:
            break
    return [one for one in found if _is_meant(one, words)]


def rooms_gone_since(
    settings: Settings, now: Session, generation: BackupGeneration, *, words: str = ""
) -> list[KeptRoom]:
    """Those that it has, and that are not here, also where nothing here knows that they ever were."""
    rooms = Base.metadata.tables["rooms"]
    found = _rooms_in(settings, generation, rooms.c.uploads.is_(False))
    here = set(now.scalars(select(rooms.c.id).where(rooms.c.removed_at.is_(None))))
    gone = (kept for room_id, kept in found.items() if room_id not in here and _is_meant(kept, words))
    return list(gone)[:MAX_FOUND]


def _rooms_in(
    settings: Settings, generation: BackupGeneration, wanted: ColumnElement[bool]
) -> dict[str, KeptRoom]:
    rooms, users = Base.metadata.tables["rooms"], Base.metadata.tables["users"]
    sessions = Base.metadata.tables["sessions"]
    there = (sessions.c.removal.is_(None), sessions.c.deleted_at.is_(None), sessions.c.bytes > 0)
    count = select(func.count()).where(sessions.c.room_id == rooms.c.id, *there).scalar_subquery()
    query = select(rooms, users.c.user_id.label("owner"), count.label("recordings"))
    query = query.select_from(outerjoin(rooms, users, users.c.id == rooms.c.owner_id))
    query = query.where(wanted, rooms.c.removed_at.is_(None)).order_by(rooms.c.slug)
    with _opened(settings, generation.id) as database, database.reading() as then:
        rows = then.execute(query).all()
    return {
        row.id: KeptRoom(
            row.slug, row.title, row.owner, row.owner_id, row.recordings, generation.id, generation.at
        )
        for row in rows
    }


def _is_meant(room: KeptRoom, words: str) -> bool:
    return all(folded(word) in folded(f"{room.title} {room.slug}") for word in words.split())


def gone_now(settings: Settings, now: Session, *, words: str = "") -> list[Kept]:
    """What was removed for good, from the newest generation that has it; at most MAX_LOOKED are asked."""
    since = _removed_since(now)
    found: list[Kept] = []
    looked = 0
    for generation in backup_records.generations(now):
        wanted = [one for one, moment in since.items() if moment is None or generation.at < moment]
        if not wanted:
            continue
        for kept in recordings_in(settings, now, generation, only=wanted):
            del since[kept.id]
            found.append(kept)
        looked += 1
        if looked == MAX_LOOKED:
            break
    parts = [folded(word) for word in words.split()]
    return [one for one in found if all(part in folded(f"{one.title} {one.lecturer}") for part in parts)]


def _removed_since(now: Session) -> dict[str, datetime | None]:
    rooms = Base.metadata.tables["rooms"]
    ordered = outerjoin(LectureSession, Job, (Job.subject == LectureSession.id) & (Job.kind == removals.KIND))
    with_room = select(rooms.c.id).where(rooms.c.removed_at.is_not(None))  # and come back with it
    since = func.coalesce(Job.created_at, LectureSession.removed_at, LectureSession.deleted_at)
    query = select(LectureSession.id, since).select_from(ordered)
    query = query.where(LectureSession.removal.is_not(None), LectureSession.room_id.not_in(with_room))
    query = query.order_by(since.desc()).limit(MAX_FOUND)
    return {row[0]: row[1] for row in now.execute(query)}


def recordings_in(
    settings: Settings,
    now: Session,
    generation: BackupGeneration,
    *,
    words: str = "",
    only: Iterable[str] | None = None,
) -> list[Kept]:
    """What it has of lectures, the newest first, at most MAX_FOUND. `now`: the installation's database."""
    with _opened(settings, generation.id) as database, database.reading() as then:
        rooms = Base.metadata.tables["rooms"]
        query = select(LectureSession, rooms.c.title).join(rooms, rooms.c.id == LectureSession.room_id)
        query = query.where(LectureSession.removal.is_(None), LectureSession.bytes > 0)
        if only is not None:
            query = query.where(LectureSession.id.in_(list(only)))
        for word in words.split():
            query = query.where(LectureSession.words.contains(folded(word), autoescape=True))
        rows = then.execute(query.order_by(LectureSession.started_at.desc()).limit(MAX_FOUND)).all()
    gone = _gone(now, [row.id for row, _ in rows])
    return [
        Kept(
            id=row.id,
            title=row.title,
            lecturer=row.lecturer,
            room=room,
            started_at=row.started_at,
            seconds=row.seconds,
            generation=generation.id,
            generation_at=generation.at,
            gone=gone.get(row.id, "removed"),
        )
        for row, room in rows
    ]


def _gone(now: Session, ids: Sequence[str]) -> dict[str, str | None]:
    rooms = Base.metadata.tables["rooms"]
    since = func.coalesce(LectureSession.deleted_at, rooms.c.deleted_at)
    query = select(LectureSession.id, LectureSession.removal, since.label("deleted_at"))
    query = query.join(rooms, rooms.c.id == LectureSession.room_id)
    found = now.execute(query.where(LectureSession.id.in_(ids))).all()
    return {
        row.id: "removed" if row.removal is not None else "trash" if row.deleted_at is not None else None
        for row in found
    }


@contextmanager
def _opened(settings: Settings, generation: str) -> Iterator[Database]:
    folder = scratch(settings) / "looks"
    folder.mkdir(exist_ok=True)
    kept = folder / generation
    with _fetching:
        _forget_old(folder, but=generation)
        if not (kept / DATABASE_FILE).is_file():
            _fetch(settings, generation, kept)
    os.utime(kept)
    with closing(opened_at(kept)) as database:
        yield database


def _fetch(settings: Settings, generation: str, kept: Path) -> None:
    """Whole or not at all: another web process may be at the same."""
    with scratch_folder(settings, "look") as work:
        with opened_repository(settings) as repository:
            repository.restore(generation, work / "it", only=(DATABASE_FILE,))
        shutil.rmtree(kept, ignore_errors=True)
        try:
            os.rename(work / "it", kept)
        except OSError:
            if not (kept / DATABASE_FILE).is_file():
                raise


def _forget_old(folder: Path, *, but: str) -> None:
    others = sorted(
        (one for one in folder.iterdir() if one.name != but), key=lambda one: -one.stat().st_mtime
    )
    for number, one in enumerate(others):
        if number >= LOOKS - 1 or one.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(one, ignore_errors=True)
