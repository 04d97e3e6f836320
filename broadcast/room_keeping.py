"""What becomes of a room's lectures, as its viewers and speakers are told: the one under way, else the next;
and of an organization's, as its admins are.

In the caller's transaction, in web threads and for the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast.event_log import EventFeedRow, EventLog
from broadcast.session_rows import kept_event, next_kept
from library.keeping import Kept, RecordingRule
from library.models import LectureSession
from people.models import Organization, Room, User

MOST_LISTED = 50


def live_row(transaction: Session, room: Room) -> LectureSession | None:
    """The room's lecture under way."""
    query = select(LectureSession).where(LectureSession.room_id == room.id)
    newest = transaction.scalar(query.order_by(LectureSession.started_at.desc()).limit(1))
    return newest if newest is not None and newest.phase != "ended" else None


def kept_in(transaction: Session, room: Room) -> Kept:
    row = live_row(transaction, room)
    return Kept(row.kept) if row is not None else next_kept(transaction, room)


def lecturer_chooses(transaction: Session, room: Room) -> bool:
    """Whether the room's organization leaves it to its lecturers."""
    rule = transaction.get_one(Organization, room.organization_id).recording
    return rule == RecordingRule.CHOICE


def told(transaction: Session, room: Room, days: int, *, may_host: bool) -> dict[str, Any]:
    """As the API says it. `days`: how long a recording is held."""
    kept = kept_in(transaction, room)
    may_choose = may_host and kept is not Kept.NONE and lecturer_chooses(transaction, room)
    return {"kept": kept.value, "days": days, "may_choose": may_choose}


@dataclass(frozen=True, slots=True)
class HeldRecording:
    """That it is there, and when it goes."""

    room: str
    started_at: datetime
    held_until: datetime


@dataclass(frozen=True, slots=True)
class RemovedRecording:
    """`removed_at` None: its files are being removed. `by`: a name, None where a rule removed it."""

    room: str
    started_at: datetime
    removal: str
    by: str | None
    removed_at: datetime | None


def held(transaction: Session, organization_id: str) -> list[HeldRecording]:
    """What is held in the organization, the next to go first."""
    query = select(Room.title, LectureSession.started_at, LectureSession.held_until)
    query = query.join(Room, Room.id == LectureSession.room_id)
    query = query.where(
        LectureSession.organization_id == organization_id,
        LectureSession.held_until.is_not(None),
        LectureSession.removal.is_(None),
    )
    rows = transaction.execute(query.order_by(LectureSession.held_until).limit(MOST_LISTED)).all()
    return [HeldRecording(room, started_at, until) for room, started_at, until in rows if until is not None]


def removed(transaction: Session, organization_id: str) -> list[RemovedRecording]:
    """What was removed for good in the organization, the last first."""
    query = select(
        Room.title,
        LectureSession.started_at,
        LectureSession.removal,
        User.display_name,
        LectureSession.removed_at,
    )
    query = query.join(Room, Room.id == LectureSession.room_id)
    query = query.outerjoin(User, User.id == LectureSession.removal_by)
    query = query.where(
        LectureSession.organization_id == organization_id, LectureSession.removal.is_not(None)
    )
    query = query.order_by(LectureSession.deleted_at.desc()).limit(MOST_LISTED)
    return [
        RemovedRecording(room, started_at, removal or "", by, removed_at)
        for room, started_at, removal, by, removed_at in transaction.execute(query)
    ]


def set_rule(
    transaction: Session, event_log: EventLog, organization: Organization, rule: RecordingRule, days: int
) -> list[str]:
    """For lectures that begin from now on; whoever has a room of it open is told → in which rooms, but for
    those with a lecture under way.
    """
    organization.recording = rule.value
    transaction.flush()
    query = select(Room).where(Room.organization_id == organization.id)
    rooms = transaction.scalars(query.where(Room.id.in_(select(EventFeedRow.room_id))).order_by(Room.id))
    told = [room for room in rooms.all() if live_row(transaction, room) is None]
    for room in told:
        event_log.append(transaction, room.id, kept_event(next_kept(transaction, room), days))
    return [room.id for room in told]
