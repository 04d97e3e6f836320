"""One room comes back out of a generation into the running installation, with what was recorded in it.

Called by the job `restore`, in its own process. First the room's rows, as of one that is gone for good still;
then one recording after the other; last the room is there. Whatever it is killed in, the next attempt goes on
behind the recordings that are back; what a job that was called off has brought is nobody's, and goes after 30
days, unless another job goes over it. Decision 0029.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from broadcast import erasure, lecture_schedule
from broadcast.event_log import EventLog
from broadcast.room_trash import GONE
from library import erasure_list
from library.backup.errors import NoRoom, ObjectDamaged, ObjectMissing
from library.backup.repository import Repository
from library.backup.values import Progress, no_progress
from library.backup_place import database_of
from library.database import Base, Database, exclusive, utc_now
from library.models import LectureSession, ScheduledLecture
from library.returned_rows import RowsMissing
from operation.recording_return import FilesMissing, bring_back_from
from people import accounts, rooms
from people.entry import is_guarded
from people.models import Organization, Room, RoomInvitation, RoomLink, StreamKey, User
from settings import Settings

log = logging.getLogger(__name__)

Row = dict[str, Any]
# What one recording lacks is no reason to leave the others.
_NOT_WHOLE = (FilesMissing, RowsMissing, ObjectMissing, ObjectDamaged)


class RoomMissing(LookupError):
    """The generation knows no room of this address, or only that there was one."""


class RoomIsHere(Exception):
    """It needs no bringing back, or but out of the trash."""


class AddressTaken(ValueError):
    """Another room has the address now, or it is none."""


class OwnerGone(LookupError):
    """Whose room it was is no more, and nobody was named in their place."""


class OwnerUnfit(ValueError):
    """Who was named may hold no lectures, or belongs to another organization."""


class OwnerErased(Exception):
    """Whose room it was is erased, with all lectures: nothing of it comes back."""


class OrganizationGone(LookupError):
    """The organization that it belonged to is not here."""


ERRORS = (RoomMissing, RoomIsHere, AddressTaken, OwnerGone, OwnerUnfit, OwnerErased, OrganizationGone)


@dataclass(frozen=True, slots=True)
class Wish:
    """`room`: its address in the generation; `slug`, `owner` (a user ID): None: as they were then."""

    room: str
    slug: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """`missing`: ids of recordings that the generation has not whole."""

    slug: str
    title: str
    recordings: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Then:
    """What the generation tells. `recordings`: ids and bytes, the oldest first; `erased`: what named people
    who are erased now.
    """

    room: Row
    owner: User | None
    rows: dict[str, list[Row]]
    recordings: tuple[tuple[str, int], ...]
    erased: frozenset[str]


def bring_back(
    settings: Settings,
    database: Database,
    repository: Repository,
    generation: str,
    wish: Wish,
    progress: Progress = no_progress,
    *,
    back: Sequence[str] = (),
    is_back: Callable[[str], None] = lambda _recording: None,
) -> Back:
    """`back`: recordings that an attempt before this one has brought; `is_back`: told of each as it is there.

    Raises ERRORS, BackupError.
    """
    with database_of(settings, repository, generation) as then:
        with then.reading() as source:
            told = _read(settings, source, wish.room)
        left = [one for one in told.recordings if one[0] not in back]
        _check_disk(settings, sum(size for _, size in left))
        with database.session() as session:
            slug, title = _put_room(settings, session, EventLog(database), told, wish, again=bool(back))
        missing = []
        done, total = 0, max(1, sum(size for _, size in left))
        for recording, size in left:

            def tell(read: int, of: int, done: int = done, size: int = size) -> None:
                progress(done + size * read // max(of, 1), total)

            try:
                bring_back_from(
                    settings, database, repository, generation, then, recording, tell, with_room=True
                )
            except _NOT_WHOLE as error:
                log.error("recording %s: %s: %s", recording, type(error).__name__, error)
                missing.append(recording)
            is_back(recording)
            done += size
    with database.session() as session:
        room = session.get_one(Room, told.room["id"])
        room.deleted_at = room.removed_at = None
        room.access_epoch += 1
    return Back(slug, title, len(told.recordings) - len(missing), tuple(missing))


def _read(settings: Settings, then: Session, slug: str) -> _Then:
    """Raises RoomMissing, OwnerErased."""
    try:
        room = rooms.room_ever(then, slug)
    except rooms.RoomNotFound as error:
        raise RoomMissing(slug) from error
    if room.uploads:
        raise RoomMissing(slug)
    owner = then.get(User, room.owner_id) if room.owner_id is not None else None
    gone = erasure_list.load(settings.storage)
    if owner is not None and (owner.id, erasure.Lectures.REMOVE) in {
        (one.person, one.lectures) for one in gone
    }:
        raise OwnerErased(owner.id)
    people = (then.get(User, one.person) for one in gone)
    names = {name for one in people if one is not None for name in (one.user_id, one.email) if name}
    plans = (ScheduledLecture.session_id.is_(None), ScheduledLecture.room_id == room.id)
    rows = {
        StreamKey.__tablename__: _rows(then, StreamKey, StreamKey.room_id == room.id),
        RoomLink.__tablename__: _rows(then, RoomLink, RoomLink.room_id == room.id),
        RoomInvitation.__tablename__: _rows(then, RoomInvitation, RoomInvitation.room_id == room.id),
        ScheduledLecture.__tablename__: _rows(then, ScheduledLecture, *plans),
    }
    there = (LectureSession.removal.is_(None), LectureSession.deleted_at.is_(None), LectureSession.bytes > 0)
    query = select(LectureSession.id, LectureSession.bytes, LectureSession.mp4_bytes)
    query = query.where(LectureSession.room_id == room.id, *there).order_by(LectureSession.started_at)
    found = tuple((one, size + (mp4 or 0)) for one, size, mp4 in then.execute(query))
    (facts,) = _rows(then, Room, Room.id == room.id)
    return _Then(facts, owner, rows, found, frozenset(names))


def _rows(then: Session, table: type[Base], *conditions: Any) -> list[Row]:
    return [dict(row) for row in then.execute(select(table.__table__).where(*conditions)).mappings()]


def _check_disk(settings: Settings, need: int) -> None:
    free = shutil.disk_usage(settings.storage).free - settings.disk_floor_bytes
    if need > free:
        raise NoRoom(f"the room needs {need} bytes, and {max(0, free)} are free beside lectures' own")


def _put_room(
    settings: Settings, session: Session, event_log: EventLog, told: _Then, wish: Wish, *, again: bool
) -> tuple[str, str]:
    """All but its recordings; idempotent → its address and title. `again`: this job may have done all, but
    for saying so. Raises ERRORS.
    """
    exclusive(session, "room-slugs")
    now = utc_now()
    values = {**told.room, "deleted_at": now, "removed_at": now}
    room = session.get(Room, values["id"])
    if room is not None and room.removed_at is None:
        if again:
            return room.slug, room.title
        raise RoomIsHere(room.slug)
    if session.get(Organization, values["organization_id"]) is None:
        raise OrganizationGone(values["organization_id"])
    owner = _owner(session, told, wish)
    is_new_owner = told.owner is not None and (owner is None or owner.id != told.owner.id)
    values |= _called(settings, session, told, wish, room)
    values["owner_id"] = owner.id if owner is not None else None
    values["guarded"] = is_guarded(session, values["organization_id"])
    values["access_epoch"] = 1 + max(values["access_epoch"], room.access_epoch if room is not None else 0)
    if room is None:
        session.add(room := Room(id=values["id"]))
    for name, value in values.items():
        setattr(room, name, value)
    session.flush()
    for key in told.rows[StreamKey.__tablename__] if is_new_owner else ():
        key["revoked_at"] = key["revoked_at"] or now  # it may be in the encoder of whoever owned the room
    _put_rows(session, told, now)
    event_log.number_anew(session, room.id)
    return room.slug, room.title


def _owner(session: Session, told: _Then, wish: Wish) -> User | None:
    """Raises OwnerGone, OwnerUnfit."""
    if wish.owner is not None:
        try:
            named = accounts.user_of(session, wish.owner)
        except (accounts.UserNotFound, accounts.UnfitUserId) as error:
            raise OwnerUnfit(wish.owner) from error
        if not accounts.hosts(named) or named.organization_id != told.room["organization_id"]:
            raise OwnerUnfit(wish.owner)
        return named
    if told.owner is None:
        return None
    owner = session.get(User, told.owner.id)
    if owner is None or erasure.is_erased(owner):
        raise OwnerGone(f"{wish.room}: name whose room it is to be (--owner)")
    return owner


def _called(
    settings: Settings, session: Session, told: _Then, wish: Wish, room: Room | None
) -> dict[str, str]:
    """Its title and address; neither says who was erased. Raises AddressTaken."""
    title, slug = str(told.room["title"]), str(told.room["slug"])
    for one in erasure_list.load(settings.storage):
        if told.owner is not None and one.person == told.owner.id:
            owner = told.owner
            title, slug = erasure.unnamed(title, slug, owner.user_id, owner.display_name, one.name)
    if slug != told.room["slug"] and room is not None and not room.slug.startswith(GONE):
        slug = room.slug  # which an attempt before this one has drawn
    slug = wish.slug or slug
    try:
        rooms.check_slug(slug)
    except rooms.UnfitSlug as error:
        raise AddressTaken(slug) from error
    if session.scalar(select(Room.id).where(Room.slug == slug, Room.id != told.room["id"])) is not None:
        raise AddressTaken(slug)
    return {"title": title, "slug": slug}


def _put_rows(session: Session, told: _Then, now: datetime) -> None:
    """What opens the room, but for what is known to be withdrawn; who is invited; what is yet to be held."""
    for table in told.rows:
        for row in told.rows[table]:
            if table == RoomInvitation.__tablename__ and row["value"] in told.erased:
                continue
            past = now - lecture_schedule.LATE
            if table == ScheduledLecture.__tablename__ and row["starts_at"] <= past:
                continue
            _insert(session, Base.metadata.tables[table], row)


def _insert(session: Session, table: Table, row: Row) -> None:
    same = [column == row[column.name] for column in table.primary_key.columns]
    if session.execute(select(table).where(*same)).first() is None:
        session.execute(insert(table), row)
