"""Lectures that are to be held in a room: when one may be planned, and which one a session takes up.

The rules are pure; the rest works within the caller's transaction, in web threads and in adoption's. A plan
is *ahead* until it is held, or until it is so late that no session takes it up any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from broadcast.event_log import iso_utc
from library.database import exclusive
from library.models import ScheduledLecture

MAX_AHEAD = 100
MAX_MINUTES = 24 * 60
FARTHEST = timedelta(days=731)
EARLY = timedelta(minutes=30)
LATE = timedelta(hours=2)
_JUST_NOW = timedelta(minutes=1)  # forms know no seconds: "now" is up to a minute old


class UnfitStart(ValueError):
    """In the past, or farther away than FARTHEST."""


class TooManyAhead(ValueError):
    """The room has MAX_AHEAD plans."""


class NoSuchPlan(LookupError):
    """Not in this room, or not ahead any more."""


def check_start(starts_at: datetime, now: datetime) -> datetime:
    """An aware datetime that may be planned now. Raises UnfitStart."""
    if not now - _JUST_NOW <= starts_at <= now + FARTHEST:
        raise UnfitStart(f"a lecture begins between now and in {FARTHEST.days} days")
    return starts_at


def is_taken_up(starts_at: datetime, at: datetime) -> bool:
    """Whether a session that begins at `at` holds the lecture planned for `starts_at`."""
    return starts_at - EARLY <= at < starts_at + LATE


def nearest(plans: Iterable[ScheduledLecture], at: datetime) -> ScheduledLecture | None:
    """The plan that a session beginning at `at` takes up; of two equally near ones the earlier."""
    fit = (plan for plan in plans if plan.session_id is None and is_taken_up(plan.starts_at, at))
    return min(fit, key=lambda plan: (abs(plan.starts_at - at), plan.starts_at, plan.id), default=None)


def is_ahead(now: datetime) -> ColumnElement[bool]:
    """A condition on `ScheduledLecture`."""
    return ScheduledLecture.session_id.is_(None) & (ScheduledLecture.starts_at > now - LATE)


def plan_payload(plan: ScheduledLecture | None) -> dict[str, Any] | None:
    """As the API and the feed's `scheduled` events tell it."""
    if plan is None:
        return None
    return {
        "id": plan.id,
        "title": plan.title,
        "description": plan.description,
        "starts_at": iso_utc(plan.starts_at),
        "minutes": plan.minutes,
    }


def ahead_of(transaction: Session, room_id: str, now: datetime) -> list[ScheduledLecture]:
    """The room's plans, next first."""
    query = select(ScheduledLecture).where(ScheduledLecture.room_id == room_id, is_ahead(now))
    query = query.order_by(ScheduledLecture.starts_at, ScheduledLecture.id).limit(MAX_AHEAD)
    return list(transaction.scalars(query))


# Asked with each look at a room: put together once.
_NEXT = (
    select(ScheduledLecture)
    .where(
        ScheduledLecture.room_id == bindparam("room"),
        ScheduledLecture.session_id.is_(None),
        ScheduledLecture.starts_at > bindparam("since"),
    )
    .order_by(ScheduledLecture.starts_at, ScheduledLecture.id)
    .limit(1)
)


def next_of(transaction: Session, room_id: str, now: datetime) -> ScheduledLecture | None:
    """The first of `ahead_of`."""
    return transaction.scalar(_NEXT, {"room": room_id, "since": now - LATE})


def due(transaction: Session, room_id: str, at: datetime) -> ScheduledLecture | None:
    """What a session of the room takes up that begins at `at`."""
    query = select(ScheduledLecture).where(
        ScheduledLecture.room_id == room_id, is_ahead(at), ScheduledLecture.starts_at <= at + EARLY
    )
    return nearest(transaction.scalars(query), at)


def lock(transaction: Session, room_id: str) -> None:
    """Until the transaction ends nobody else changes the room's plans; taken before the room's feed."""
    exclusive(transaction, f"scheduled:{room_id}")


def add(
    transaction: Session,
    room_id: str,
    *,
    title: str,
    description: str,
    starts_at: datetime,
    minutes: int,
    now: datetime,
) -> ScheduledLecture:
    """Under `lock`. Raises UnfitStart, TooManyAhead."""
    check_start(starts_at, now)
    count = select(func.count()).where(ScheduledLecture.room_id == room_id, is_ahead(now))
    if transaction.scalars(count).one() >= MAX_AHEAD:
        raise TooManyAhead(f"a room has at most {MAX_AHEAD} lectures ahead")
    plan = ScheduledLecture(
        room_id=room_id, title=title, description=description, starts_at=starts_at, minutes=minutes
    )
    transaction.add(plan)
    transaction.flush()
    return plan


def change(plan: ScheduledLecture, changes: dict[str, Any], now: datetime) -> None:
    """Columns by name. A start that stays is not asked whether it has passed. Raises UnfitStart."""
    starts_at = changes.get("starts_at", plan.starts_at)
    if starts_at != plan.starts_at:
        check_start(starts_at, now)
    for name, value in changes.items():
        setattr(plan, name, value)


def plan_of(transaction: Session, room_id: str, plan_id: str, now: datetime) -> ScheduledLecture:
    """One that is ahead. Raises NoSuchPlan."""
    query = select(ScheduledLecture).where(
        ScheduledLecture.id == plan_id, ScheduledLecture.room_id == room_id, is_ahead(now)
    )
    plan = transaction.scalar(query)
    if plan is None:
        raise NoSuchPlan(plan_id)
    return plan
