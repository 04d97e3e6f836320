"""The list of people that admins see: filter, search, pages. Pure conditions over indexed columns.

Pages go on behind a user ID, so that 10,000 accounts cost as little as fifty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from people.models import Organization, Role, User
from people.standing import reach_of

PAGE = 50
SEARCH_LENGTH = 100
_AT_ONCE = 1_000


class State(StrEnum):
    """How an account stands."""

    ACTIVE = "active"
    INVITED = "invited"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`search`: part of user ID, name or mail address; None: all."""

    search: str = ""
    role: Role | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One account. `organization`: its name."""

    user: User
    organization: str


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: behind which user ID the next page begins; `total`: of all that was wanted."""

    lines: list[Line]
    more: str | None
    total: int


def state_of(user: User) -> State:
    if not user.active:
        return State.INACTIVE
    return State.ACTIVE if user.password_hash else State.INVITED


def page(transaction: Session, reader: User, wanted: Wanted, after: str = "") -> Page:
    """By user ID, PAGE at a time."""
    counted = select(func.count()).select_from(User).where(*_conditions(reader, wanted))
    total = transaction.scalar(counted) or 0
    found = _lines(transaction, reader, wanted, after if after.isprintable() else "", PAGE + 1)
    more = found[PAGE - 1].user.user_id if len(found) > PAGE else None
    return Page(found[:PAGE], more, total)


def everybody(transaction: Session, reader: User, wanted: Wanted) -> Iterator[Line]:
    """All pages, for a file."""
    after = ""
    while found := _lines(transaction, reader, wanted, after, _AT_ONCE):
        yield from found
        after = found[-1].user.user_id
        transaction.expunge_all()


def _lines(transaction: Session, reader: User, wanted: Wanted, after: str, count: int) -> list[Line]:
    query = select(User, Organization.name).join(Organization, Organization.id == User.organization_id)
    query = query.where(User.user_id > after, *_conditions(reader, wanted))
    rows = transaction.execute(query.order_by(User.user_id).limit(count))
    return [Line(user, organization) for user, organization in rows]


def _conditions(reader: User, wanted: Wanted) -> list[ColumnElement[bool]]:
    reach = reach_of(reader)
    conditions = [reach] if reach is not None else []
    if wanted.role is not None:
        conditions.append(User.role == wanted.role)
    if wanted.state is not None:
        conditions += _in_state(wanted.state)
    if wanted.search:
        text = wanted.search[:SEARCH_LENGTH].lower()
        names = (User.user_id, func.lower(User.display_name), User.email)
        conditions.append(or_(*(name.contains(text, autoescape=True) for name in names)))
    return conditions


def _in_state(state: State) -> list[ColumnElement[bool]]:
    if state is State.INACTIVE:
        return [User.active.is_(False)]
    return [
        User.active.is_(True),
        User.password_hash == "" if state is State.INVITED else User.password_hash != "",
    ]
