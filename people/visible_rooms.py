"""`doors.may_watch` as a condition on queries: which rooms' lectures are listed to somebody.

Pure. A room behind a password is listed to those who manage it only: to anybody else it is known by its link,
whether or not they have given the password; so is one that they entered by a link. A test holds this against
the doors, for every kind of person.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select, true

from people import invitations
from people.accounts import hosts
from people.models import Role, Room, RoomAccess, RoomInvitation, User


def listed_to(person: User | None) -> ColumnElement[bool]:
    """A condition on `Room`."""
    return and_(Room.deleted_at.is_(None), _open_to(person))


def _open_to(person: User | None) -> ColumnElement[bool]:
    is_open: ColumnElement[bool] = Room.access == RoomAccess.OPEN
    if person is None or not person.active:
        return is_open
    if person.role == Role.OPERATOR:
        return true()
    own_organization = Room.organization_id == person.organization_id
    # What names somebody elsewhere names them at home, too.
    invited = or_(_on_list(person, at_home=False), and_(own_organization, _on_list(person, at_home=True)))
    is_open = or_(is_open, and_(Room.access == RoomAccess.INVITED, invited))
    if person.role == Role.ADMIN:
        return or_(is_open, own_organization)
    for_members = and_(own_organization, Room.access == RoomAccess.MEMBERS)
    if not hosts(person):
        return or_(is_open, for_members)
    return or_(is_open, for_members, and_(own_organization, Room.owner_id == person.id))


def _on_list(person: User, *, at_home: bool) -> ColumnElement[bool]:
    return Room.id.in_(select(RoomInvitation.room_id).where(invitations.names(person, at_home=at_home)))
