"""Pure: who may do what with a room, and why not. No I/O, clock or Flask.

Judged by web views, `people.routes` and the WHIP endpoint on rows that left their transaction.
Deny wins: every function first looks for a reason to refuse, then for one to let in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from people.accounts import hosts
from people.models import Role, Room, RoomAccess, User


class Reason(StrEnum):
    """Why a door is open or shut; pages put it into words."""

    ALLOWED = "allowed"
    SIGN_IN = "sign_in"
    DEACTIVATED = "deactivated"
    NOT_MEMBER = "not_member"
    PASSWORD = "password"  # noqa: S105
    ROLE = "role"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Verdict:
    """True when the door is open."""

    reason: Reason

    def __bool__(self) -> bool:
        return self.reason is Reason.ALLOWED


_OPEN = Verdict(Reason.ALLOWED)


def may_watch(person: User | None, room: Room, unlocked: bool) -> Verdict:
    """Who gets the room's media and feed. `unlocked`: they gave the room's password."""
    if room.access == RoomAccess.OPEN or may_manage(person, room):
        return _OPEN
    if room.access == RoomAccess.PASSWORD:
        return _OPEN if unlocked else Verdict(Reason.PASSWORD)
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    return _OPEN if person.organization_id == room.organization_id else Verdict(Reason.NOT_MEMBER)


def may_host(person: User | None, room: Room) -> Verdict:
    """Who goes live in the room and ends sessions: its owner, its organization's admins, operators."""
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    if not hosts(person):
        return Verdict(Reason.ROLE)
    if person.role == Role.OPERATOR:
        return _OPEN
    if person.organization_id != room.organization_id:
        return Verdict(Reason.NOT_MEMBER)
    if person.role == Role.ADMIN or room.owner_id == person.id:
        return _OPEN
    return Verdict(Reason.NOT_YOURS)


def may_manage(person: User | None, room: Room) -> Verdict:
    """Who changes title, access and stream keys: for now whoever may host."""
    return may_host(person, room)


def may_create_room(person: User | None) -> Verdict:
    """Whoever may hold lectures may have more rooms of their own."""
    if person is None:
        return Verdict(Reason.SIGN_IN)
    if not person.active:
        return Verdict(Reason.DEACTIVATED)
    return _OPEN if hosts(person) else Verdict(Reason.ROLE)
