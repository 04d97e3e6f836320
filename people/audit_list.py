"""The audit log as people look at it: filtered, the newest first, page by page, with the names of today.

Queries in the caller's transaction. `organization_id` None: of the whole installation. Names are those that
people, rooms and recordings have now; who is not there any more is an id (decision 0026).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from library.database import Database
from library.models import LectureSession
from people.accounts import UnfitUserId, fold_user_id
from people.audit import Detail
from people.models import AuditRow, Organization, Room, User

PAGE_LENGTH = 50
MAX_PAGE_LENGTH = 500
MAX_WHO = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """`who`: part of a name or of a user ID, or an id; `what`: an action, or what it begins with before the
    dot; `since` ≤ when < `until`. Empty and None: all.
    """

    who: str = ""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row with names. `details` None: erased with the person."""

    number: int
    at: datetime
    actor_id: str | None
    actor: str | None
    action: str
    subject: str
    subject_name: str | None
    address: str | None
    details: dict[str, Detail] | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`more`: the number before which the next page goes on; None: that was all."""

    lines: tuple[Line, ...]
    more: int | None


def page(
    transaction: Session,
    organization_id: str | None,
    chosen: Filter,
    *,
    before: int | None = None,
    length: int = PAGE_LENGTH,
) -> AuditPage:
    """The newest first, behind the row `before`."""
    query = _rows(organization_id, chosen)
    if before is not None:
        query = query.where(AuditRow.number < before)
    rows = list(transaction.scalars(query.order_by(AuditRow.number.desc()).limit(length + 1)))
    lines = tuple(_with_names(transaction, rows[:length]))
    return AuditPage(lines, lines[-1].number if len(rows) > length else None)


def everything(database: Database, organization_id: str | None, chosen: Filter) -> Iterator[Line]:
    """All that fits, a page at a time, each in a transaction of its own: for files."""
    before: int | None = None
    while True:
        with database.reading() as transaction:
            found = page(transaction, organization_id, chosen, before=before, length=MAX_PAGE_LENGTH)
        yield from found.lines
        if found.more is None:
            return
        before = found.more


def _rows(organization_id: str | None, chosen: Filter) -> Select[AuditRow]:
    query = select(AuditRow)
    if organization_id is not None:
        query = query.where(AuditRow.organization_id == organization_id)
    if chosen.who:
        query = query.where(or_(AuditRow.actor_id == chosen.who, AuditRow.actor_id.in_(_called(chosen.who))))
    if chosen.what:
        group = AuditRow.action.startswith(f"{chosen.what}.", autoescape=True)
        query = query.where(or_(AuditRow.action == chosen.what, group))
    if chosen.since is not None:
        query = query.where(AuditRow.at >= chosen.since)
    if chosen.until is not None:
        query = query.where(AuditRow.at < chosen.until)
    return query


def _called(who: str) -> Select[str]:
    """The people with this in their name or user ID."""
    try:
        folded = fold_user_id(who)
    except UnfitUserId:
        folded = who.casefold()
    named = func.lower(User.display_name).contains(who.lower(), autoescape=True)
    return select(User.id).where(or_(User.user_id.contains(folded, autoescape=True), named))


def _with_names(transaction: Session, rows: Sequence[AuditRow]) -> Iterator[Line]:
    ids = {row.subject for row in rows} | {row.actor_id for row in rows if row.actor_id is not None}
    people = _people(transaction, ids)
    names = _things(transaction, ids - people.keys()) | people
    for row in rows:
        yield Line(
            number=row.number,
            at=row.at,
            actor_id=row.actor_id,
            actor=people.get(row.actor_id) if row.actor_id is not None else None,
            action=row.action,
            subject=row.subject,
            subject_name=names.get(row.subject),
            address=row.address or None,
            details=json.loads(row.details) if row.details is not None else None,
            hash=row.hash,
        )


def _people(transaction: Session, ids: set[str]) -> dict[str, str]:
    """What they are called, with the user ID."""
    query = select(User.id, User.display_name, User.user_id).where(User.id.in_(ids))
    return {
        one: name if name.casefold() == user_id else f"{name} ({user_id})"
        for one, name, user_id in transaction.execute(query)
    }


def _things(transaction: Session, ids: set[str]) -> dict[str, str]:
    """Titles of rooms and recordings, names of organizations."""
    found: dict[str, str] = {}
    for key, name in (
        (Room.id, Room.title),
        (LectureSession.id, LectureSession.title),
        (Organization.id, Organization.name),
    ):
        found |= {
            one: title for one, title in transaction.execute(select(key, name).where(key.in_(ids))) if title
        }
    return found
