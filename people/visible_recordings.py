"""The doors of recordings as conditions on queries: which are listed to somebody, which are theirs to edit.

Pure. Conditions on `LectureSession` alone, of sessions that have ended; a test holds them against
`doors.may_watch_recording` and `doors.may_edit_recording` for every kind of person. What is unlisted, and
what lies behind a room's password, is listed to its editors only; what is held, to its room's owner.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from library.database import utc_now
from library.keeping import Kept
from library.models import LectureSession, Visibility
from people.accounts import hosts
from people.models import Role, Room, User
from people.visible_rooms import listed_to as rooms_listed_to


def listed_to(person: User | None, now: datetime | None = None) -> ColumnElement[bool]:
    """What lists and searches show `person` (now, if no moment is given); nothing that is in the trash."""
    edited = edited_by(person)
    # Two conditions, the first of which an index answers by itself.
    shown, its_time = or_(edited, *_shown_to(person)), or_(edited, _is_its_time(now or utc_now()))
    kept = or_(_is_published(), and_(edited, LectureSession.kept == Kept.HELD))
    return and_(shown, its_time, kept, LectureSession.deleted_at.is_(None), _has_its_room())


def edited_by(person: User | None) -> ColumnElement[bool]:
    """What `person` may edit, in the trash or not; nothing of a room that is in the trash."""
    if person is None or not hosts(person):
        return false()
    own_rooms = LectureSession.room_id.in_(_rooms_of(person))
    return and_(_managed_by(person), or_(_is_published(), own_rooms), _has_its_room())


def _has_its_room() -> ColumnElement[bool]:
    return LectureSession.room_id.not_in(select(Room.id).where(Room.deleted_at.is_not(None)))


def _managed_by(person: User) -> ColumnElement[bool]:
    if person.role == Role.OPERATOR:
        return true()
    own_organization = LectureSession.organization_id == person.organization_id
    if person.role == Role.ADMIN:
        return own_organization
    return and_(own_organization, LectureSession.room_id.in_(_rooms_of(person)))


def _shown_to(person: User | None) -> list[ColumnElement[bool]]:
    rooms = select(Room.id).where(rooms_listed_to(person))
    as_its_room = and_(LectureSession.visibility == Visibility.ROOM, LectureSession.room_id.in_(rooms))
    shown = [LectureSession.visibility == Visibility.PUBLIC, as_its_room]
    if person is not None and person.active:
        own_organization = LectureSession.organization_id == person.organization_id
        shown.append(and_(LectureSession.visibility == Visibility.ORGANIZATION, own_organization))
    return shown


def _is_published() -> ColumnElement[bool]:
    return LectureSession.kept == Kept.PUBLISHED


def _is_its_time(now: datetime) -> ColumnElement[bool]:
    published, expires = LectureSession.publish_at, LectureSession.expires_at
    return and_(or_(published.is_(None), published <= now), or_(expires.is_(None), expires > now))


def _rooms_of(person: User) -> Select[str]:
    return select(Room.id).where(Room.owner_id == person.id)
