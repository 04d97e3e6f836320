"""Ends media addresses that were handed out: an organization's, or all that somebody may hold.

Within the caller's transaction. An address is the same text for all who may watch: whoever still may gets a
new one by their page's own retry. Editors' addresses end with their room's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true, update
from sqlalchemy.orm import Session

from library import catalogue
from library.models import LectureSession, Visibility
from people import invitations
from people.models import Role, Room, RoomAccess, RoomInvitation, User


def end_of_organization(transaction: Session, organization_id: str, *, guarded: bool) -> None:
    """Its doors got stricter; `guarded`: it has rules now, so that nothing of it is read without a token."""
    by_token = LectureSession.visibility.not_in([Visibility.ROOM, Visibility.PRIVATE])
    _end(
        transaction,
        Room.organization_id == organization_id,
        and_(LectureSession.organization_id == organization_id, by_token),
        guarded=guarded,
    )


def end_of_person(transaction: Session, user: User) -> None:
    """What `user` may watch as who they are: of their organization, operators of all, and of rooms that they
    are invited to. Nobody has had addresses by an account that was never used.
    """
    if not user.active or not user.password_hash:
        return
    for_members = LectureSession.visibility == Visibility.ORGANIZATION
    if user.role == Role.OPERATOR:
        _end(transaction, true(), for_members)
        return
    invited = select(RoomInvitation.room_id).where(invitations.names(user, at_home=False))
    rooms = or_(
        Room.organization_id == user.organization_id,
        and_(Room.access == RoomAccess.INVITED, Room.id.in_(invited)),
    )
    here = LectureSession.organization_id == user.organization_id
    _end(transaction, rooms, and_(here, for_members))


def _end(
    transaction: Session, rooms: ColumnElement[bool], recordings: ColumnElement[bool], **of_rooms: Any
) -> None:
    epoch = catalogue.next_access_epoch(transaction)  # before rows of rooms, as everywhere
    values = {**of_rooms, "access_epoch": Room.access_epoch + 1}
    transaction.execute(update(Room).where(rooms).values(**values))
    transaction.execute(update(LectureSession).where(recordings).values(access_epoch=epoch))
