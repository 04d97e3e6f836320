"""Rows of one recording, from a generation's database back into the running one.

Called within the caller's transactions, the source's at this version's schema. What refers to people, rooms
or series that are no more is left out or loses the reference; the search finds it again. What the stores
hold of it is for the next scan to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from library import catalogue, jobs, removals, search_index, transcripts
from library.database import Base
from library.disk_store import NAME as DISK
from library.keeping import Kept
from library.models import Job, LectureSession, MediaObject, Series, TranscriptRow

Row = Mapping[str, Any]

CUES = Base.metadata.tables["cues"]
_WITH_SESSION: tuple[Table, ...] = tuple(
    Base.metadata.tables[name] for name in ("transcripts", "tags", "copies", "uploads", "chapters", "watched")
)
_AT_ONCE = 500


class RowsMissing(LookupError):
    """The generation's database knows no such recording."""


class RoomGone(LookupError):
    """The room that it was held in is no more, and it cannot be without one."""


class RoomInTrash(LookupError):
    """The room that it was held in is in the trash: there it would be nobody's."""


@dataclass(frozen=True, slots=True)
class Rows:
    """`session`: its own row; `series`: that of its series; `content`: the others, by table."""

    session: Row
    series: Row | None
    content: Mapping[str, list[Row]]


def read(source: Session, session_id: str) -> Rows:
    """Raises RowsMissing, also for one that was removed for good by then."""
    sessions = Base.metadata.tables["sessions"]
    found = source.execute(select(sessions).where(sessions.c.id == session_id)).mappings().first()
    if found is None or found["removal"] is not None:
        raise RowsMissing(session_id)
    content: dict[str, list[Row]] = {
        table.name: _plain(source, select(table).where(table.c.session_id == session_id))
        for table in _WITH_SESSION
    }
    versions = select(TranscriptRow.id).where(TranscriptRow.session_id == session_id)
    content[CUES.name] = _plain(source, select(CUES).where(CUES.c.transcript_id.in_(versions)))
    series = Base.metadata.tables["series"]
    of_it = source.execute(select(series).where(series.c.id == found["series_id"])).mappings().first()
    return Rows(dict(found), dict(of_it) if of_it is not None else None, content)


def put_back(
    transaction: Session, rows: Rows, now: datetime, hold: timedelta, *, with_room: bool = False
) -> LectureSession:
    """The recording is there again, as it was, out of the trash; idempotent. Raises RoomGone, RoomInTrash.

    One that was held is held for `hold` from now; so is one of which nothing was to be kept. `with_room`: its
    room is coming back, too, and is not here before all of it is.
    """
    session_id = rows.session["id"]
    _check_room(transaction, rows.session["room_id"], with_room=with_room)
    _clear(transaction, session_id)
    row = _put_session(transaction, rows, now, hold)
    for table in (*_WITH_SESSION, CUES):
        _insert(transaction, table, rows.content.get(table.name, ()))
    transaction.flush()
    catalogue.note_words(transaction, row)
    search_index.index_transcript(transaction, session_id, transcripts.current(transaction, session_id))
    return row


def _check_room(transaction: Session, room_id: str, *, with_room: bool) -> None:
    rooms = Base.metadata.tables["rooms"]
    query = select(rooms.c.deleted_at, rooms.c.removed_at).where(rooms.c.id == room_id)
    room = transaction.execute(query).first()
    if room is None or (room.removed_at is not None and not with_room):
        raise RoomGone(room_id)
    if room.deleted_at is not None and not with_room:
        raise RoomInTrash(room_id)


def _clear(transaction: Session, session_id: str) -> None:
    """What is there of it now, and jobs that worked on it: their keys would say that all is done."""
    jobs.cancel_all(transaction, session_id)
    removals.forget(transaction, session_id)
    transaction.execute(delete(Job).where(Job.subject == session_id))
    on_disk = delete(MediaObject).where(MediaObject.session_id == session_id, MediaObject.store == DISK)
    transaction.execute(on_disk)


def _put_session(transaction: Session, rows: Rows, now: datetime, hold: timedelta) -> LectureSession:
    values = {**rows.session, "deleted_at": None, "removal": None, "removal_by": None, "removed_at": None}
    values["series_id"] = _series(transaction, rows.series)
    values["access_epoch"] = catalogue.next_access_epoch(transaction)
    if values["kept"] != Kept.PUBLISHED:
        values |= {"kept": Kept.HELD.value, "held_until": now + hold}
    row = transaction.get(LectureSession, values["id"])
    if row is None:
        row = LectureSession(id=values["id"])
        transaction.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    transaction.flush()
    return row


def _series(transaction: Session, series: Row | None) -> str | None:
    """The one of that title, made again if it is gone."""
    if series is None:
        return None
    same = select(Series).where(
        Series.organization_id == series["organization_id"], Series.title == series["title"]
    )
    found = transaction.scalar(same)
    if found is None:
        found = Series(**series)
        transaction.add(found)
        transaction.flush()
    return found.id


def _insert(transaction: Session, table: Table, rows: Any) -> None:
    fit = [one for row in rows if (one := _fitting(transaction, table, row)) is not None]
    for first in range(0, len(fit), _AT_ONCE):
        transaction.execute(insert(table), fit[first : first + _AT_ONCE])


def _fitting(transaction: Session, table: Table, row: Row) -> Row | None:
    """The row without references to people who are no more; None where it is nothing without them."""
    values = dict(row)
    for column in table.columns:
        refers = any(key.column.table.name == "users" for key in column.foreign_keys)
        if (
            refers
            and values[column.name] is not None
            and not _exists(transaction, "users", values[column.name])
        ):
            if not column.nullable:
                return None
            values[column.name] = None
    return values


def _exists(transaction: Session, table: str, identity: str) -> bool:
    of = Base.metadata.tables[table]
    return transaction.scalar(select(of.c.id).where(of.c.id == identity)) is not None


def _plain(source: Session, query: Any) -> list[Row]:
    return [dict(row) for row in source.execute(query).mappings()]
