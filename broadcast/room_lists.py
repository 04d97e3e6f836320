"""What the front page and the own rooms list: rooms with their sessions, as one reader may see them.

Pure but for the queries; called by the pages' views in web threads. Rooms behind a password are
listed to those who may host in them only: to anybody else such a room is known by its link.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from library.models import LectureSession
from people import doors
from people.models import Room, User

RECENT = 12
_LOOKED_AT = 200  # sessions read to find those that this reader may see


@dataclass(frozen=True, slots=True)
class Listed:
    """One session of a list, with its room and the lecturer's name ("" when there is none)."""

    session: LectureSession
    room: Room
    lecturer: str

    @property
    def seconds(self) -> int:
        """Length; 0 while it runs."""
        ended_at = self.session.ended_at
        return 0 if ended_at is None else max(0, round((ended_at - self.session.started_at).total_seconds()))


@dataclass(frozen=True, slots=True)
class OwnRoom:
    """A room with its latest session."""

    room: Room
    session: LectureSession | None


def live_now(transaction: Session, person: User | None) -> list[Listed]:
    """Lectures under way, longest running first."""
    query = _sessions().where(LectureSession.phase != "ended").order_by(LectureSession.started_at)
    return _visible(transaction, query, person)


def recent_recordings(transaction: Session, person: User | None) -> list[Listed]:
    """The last lectures that have ended and left something, newest first."""
    ended = _sessions().where(LectureSession.phase == "ended", LectureSession.bytes > 0)
    return _visible(transaction, ended.order_by(LectureSession.started_at.desc()), person)[:RECENT]


def with_latest_sessions(transaction: Session, rooms: Iterable[Room]) -> list[OwnRoom]:
    return [OwnRoom(room, _latest(transaction, room)) for room in rooms]


def _sessions() -> Select[LectureSession, Room, User]:
    query = select(LectureSession, Room, User).join(Room, Room.id == LectureSession.room_id)
    return query.outerjoin(User, User.id == Room.owner_id)


def _visible(
    transaction: Session, query: Select[LectureSession, Room, User], person: User | None
) -> list[Listed]:
    rows = transaction.execute(query.limit(_LOOKED_AT)).all()
    return [
        Listed(session, room, owner.display_name if owner is not None else "")
        for session, room, owner in rows
        if doors.may_watch(person, room, unlocked=False)
    ]


def _latest(transaction: Session, room: Room) -> LectureSession | None:
    query = select(LectureSession).where(LectureSession.room_id == room.id)
    return transaction.scalar(query.order_by(LectureSession.started_at.desc()).limit(1))
