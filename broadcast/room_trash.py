"""Rooms in the trash: thrown away, brought back, and emptied for good after TRASH_TIME (decision 0029).

Called by web threads, the command line, and the thread that removes what is due. A room goes with all that
was recorded in it by one change of its own row, and comes back by one: there is nothing that a process could
be killed in the middle of. What is left in the end is the room's row without a word, for the rows of its
lectures to refer to.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from broadcast import lecture_schedule
from broadcast.event_log import EventFeedRow, EventRow
from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable
from library import jobs
from library.database import Database
from library.keeping import TRASH_TIME
from library.models import Film, LectureSession, ScheduledLecture
from library.upload_file import upload_path
from people import rooms
from people.models import Room, RoomInvitation, RoomLink, StreamKey, User
from settings import Settings

log = logging.getLogger(__name__)

# Of the tables that refer to rooms: what goes with one; of what opens it only what is still good, for what
# was withdrawn stays so where the room comes back out of a backup; what goes before, or is a row of its own.
CONTENT = (RoomInvitation, ScheduledLecture, Film)
OPENS = (StreamKey, RoomLink)
BEFORE = (LectureSession,)
GONE = "~"  # before the id, in place of the address; no room can have such a one


class RoomIsLive(Exception):
    """A lecture is under way in it, or just ending."""


@dataclass(frozen=True, slots=True)
class DeletedRoom:
    """`recordings`: how many come back with it."""

    room: Room
    deleted_at: datetime
    recordings: int


def must_be_over(recorder: RecorderClient, room: Room) -> None:
    """Before `throw_away`, outside of its transaction. Raises RoomIsLive.

    Where no recorder answers nothing begins; what it goes on with later has a row.
    """
    try:
        known = recorder.status()["rooms"].values()
    except (RecorderUnavailable, RecorderRefused) as error:
        log.warning("the recorder was not asked whether room %s is live: %s", room.slug, error)
        return
    if any(one["room_id"] == room.id and (one["session"] or one["publication"]) for one in known):
        raise _is_live(room)


def throw_away(transaction: Session, room_id: str, now: datetime) -> Room:
    """Whoever publishes at this moment wins: adoption brings the room back for a lecture that began.

    Raises RoomNotFound, RoomIsLive.
    """
    lecture_schedule.lock(transaction, room_id)  # which adoption takes, too
    room = transaction.get(Room, room_id, populate_existing=True)
    if room is None or room.uploads or room.deleted_at is not None:
        raise rooms.RoomNotFound(f"there is no room {room_id}")
    live = select(LectureSession.id).where(LectureSession.room_id == room_id, LectureSession.phase != "ended")
    if transaction.scalar(live.limit(1)) is not None:
        raise _is_live(room)
    rooms.throw_away(room, now)
    return room


def _is_live(room: Room) -> RoomIsLive:
    return RoomIsLive(f"a lecture is under way in the room {room.slug}: end it first")


def recordings_of(transaction: Session, room: Room) -> int:
    """What can be watched in it, but for what is in the trash by itself."""
    there = (LectureSession.deleted_at.is_(None), LectureSession.removal.is_(None), LectureSession.bytes > 0)
    query = select(func.count()).select_from(LectureSession)
    return transaction.scalar(query.where(LectureSession.room_id == room.id, *there)) or 0


def in_trash(transaction: Session, person: User, now: datetime) -> list[DeletedRoom]:
    """What `person` may bring back, the last thrown away first."""
    return [
        DeletedRoom(room, room.deleted_at, recordings_of(transaction, room))
        for room in rooms.in_trash(transaction, person, now)
        if room.deleted_at is not None
    ]


def empty_due(settings: Settings, database: Database, now: datetime) -> None:
    """Whose time is over, once all that was recorded in them is ordered away (`library.removals`). Also what
    a return out of a backup has left undone, which has a word though it was removed.

    Raises DatabaseUnavailable, OSError.
    """
    left = select(LectureSession.room_id).where(LectureSession.removal.is_(None))
    due = select(Room.id).where(
        Room.deleted_at <= now - TRASH_TIME, Room.slug.not_like(f"{GONE}%"), Room.id.not_in(left)
    )
    with database.reading() as transaction:
        found = transaction.scalars(due).all()
    for room_id in found:
        _empty(settings, database, room_id, now)


def _empty(settings: Settings, database: Database, room_id: str, now: datetime) -> None:
    """Files before the rows that name them; may be done again."""
    of_it = select(Film.id).where(Film.room_id == room_id)
    with database.session() as transaction:
        films = transaction.scalars(of_it).all()
        for film in films:
            jobs.cancel_all(transaction, film)
    for film in films:
        for path in (settings.media_folder / f"{film}.mkv", upload_path(settings.uploads_folder, film)):
            path.unlink(missing_ok=True)
    with database.session() as transaction:
        lecture_schedule.lock(transaction, room_id)
        room = transaction.get_one(Room, room_id)
        left = select(LectureSession.id).where(
            LectureSession.room_id == room_id, LectureSession.removal.is_(None)
        )
        if room.deleted_at is None or transaction.scalar(left.limit(1)) is not None:
            return  # a lecture of it was found meanwhile
        forget(transaction, room, now)
    log.info("room %s goes: it was in the trash for %s days", room_id, TRASH_TIME.days)


def forget(transaction: Session, room: Room, now: datetime) -> None:
    """All that was said in it and of it; idempotent."""
    for table in CONTENT:
        transaction.execute(delete(table).where(table.room_id == room.id))
    for opening in OPENS:
        of_it = opening.room_id == room.id
        transaction.execute(delete(opening).where(of_it, opening.revoked_at.is_(None)))
        transaction.execute(update(opening).where(of_it).values(label=""))
    for told in (EventRow, EventFeedRow):
        transaction.execute(delete(told).where(told.room_id == room.id))
    room.slug, room.title, room.owner_id, room.password_hash = f"{GONE}{room.id}", "", None, None
    room.removed_at = room.removed_at or now
