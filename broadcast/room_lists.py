"""What the own rooms list: rooms with their latest sessions.

Pure but for the queries; called by the pages' views in web threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from library.models import LectureSession
from people.models import Room


@dataclass(frozen=True, slots=True)
class OwnRoom:
    """A room with its latest session."""

    room: Room
    session: LectureSession | None


def with_latest_sessions(transaction: Session, rooms: Iterable[Room]) -> list[OwnRoom]:
    return [OwnRoom(room, _latest(transaction, room)) for room in rooms]


def _latest(transaction: Session, room: Room) -> LectureSession | None:
    there = LectureSession.deleted_at.is_(None)
    query = select(LectureSession).where(LectureSession.room_id == room.id, there)
    return transaction.scalar(query.order_by(LectureSession.started_at.desc()).limit(1))
