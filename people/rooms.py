"""Rooms: addresses (slugs), making and changing them, and the password of those that have one.

Called from web threads and the command line, within the caller's transaction where one is passed.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from library.database import exclusive
from library.keeping import TRASH_TIME
from people import passwords
from people.accounts import hosts, one_line
from people.doors import may_bring_back
from people.entry import is_guarded
from people.models import Role, Room, RoomAccess, User
from people.throttle import RoomThrottle

SLUG_LENGTH = 64
TITLE_LENGTH = 200
UPLOADS = "uploads"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")


class UnfitSlug(ValueError):
    """Not usable as a room's address."""


class SlugLooksLikeId(UnfitSlug):
    """Ids and slugs share the place of <room> in live addresses."""


class SlugTaken(ValueError):
    """Another room has this address already."""


class UnfitTitle(ValueError):
    """Empty or too long."""


class RoomPasswordMissing(ValueError):
    """A room that asks for a password needs one."""


class RoomNotFound(LookupError):
    """No room has this address, or the one that has it is in the trash."""


class NotInTrash(LookupError):
    """The room is not in the trash, or has been there for longer than TRASH_TIME."""


def check_slug(slug: str) -> str:
    """`slug` itself if it is fit. Raises UnfitSlug."""
    if not _is_fit(slug):
        raise UnfitSlug(f"a room's address has 1 to {SLUG_LENGTH} of a-z, 0-9, - and _ (inside)")
    if _is_uuid(slug):
        raise SlugLooksLikeId("a room's address may not look like an id")
    return slug


def create_room(
    session: Session,
    *,
    slug: str,
    title: str,
    owner: User,
    access: RoomAccess = RoomAccess.OPEN,
    password: str | None = None,
) -> Room:
    """Add a room of `owner` in the owner's organization.

    Raises UnfitSlug, SlugTaken, UnfitTitle, RoomPasswordMissing, UnfitPassword.
    """
    check_slug(slug)
    exclusive(session, "room-slugs")
    if session.scalar(select(Room.id).where(Room.slug == slug)) is not None:
        raise SlugTaken(f"there is a room {slug} already")
    room = Room(organization_id=owner.organization_id, owner_id=owner.id, slug=slug, title=check_title(title))
    room.guarded = is_guarded(session, room.organization_id)
    _set_access(room, access, password)
    session.add(room)
    session.flush()
    return room


def change_room(
    room: Room,
    *,
    title: str | None = None,
    access: RoomAccess | None = None,
    password: str | None = None,
) -> bool:
    """Change a room that belongs to an open transaction; None leaves as it is.

    True when its media addresses became void (`access_epoch` rose).
    Raises UnfitTitle, RoomPasswordMissing, UnfitPassword.
    """
    if title is not None:
        room.title = check_title(title)
    if access is None and password is None:
        return False
    if access == room.access and password is None:
        return False
    _set_access(room, access or RoomAccess(room.access), password)
    room.access_epoch += 1
    return True


def room_of(session: Session, slug: str) -> Room:
    """Raises RoomNotFound."""
    room = room_ever(session, slug)
    if room.deleted_at is not None:
        raise RoomNotFound(f"the room {slug} was deleted")
    return room


def room_ever(session: Session, slug: str) -> Room:
    """Also one that is in the trash. Raises RoomNotFound."""
    here = (Room.slug == slug, Room.removed_at.is_(None))
    room = session.scalar(select(Room).where(*here)) if _is_fit(slug) else None
    if room is None:
        raise RoomNotFound(f"there is no room {slug}")
    return room


def must_be_free(session: Session, slug: str) -> None:
    """For a room that comes back: none has the address, in the trash or not. Raises UnfitSlug, SlugTaken."""
    check_slug(slug)
    try:
        room_ever(session, slug)
    except RoomNotFound:
        return
    raise SlugTaken(slug)


def throw_away(room: Room, now: datetime) -> None:
    """Into the trash: nobody enters it, or has an address of its media, from then on; idempotent."""
    if room.deleted_at is None:
        room.deleted_at = now
        room.access_epoch += 1


def bring_back(room: Room, now: datetime) -> None:
    """Out of the trash, with all it had. Raises NotInTrash."""
    if room.deleted_at is None or room.removed_at is not None or room.deleted_at <= now - TRASH_TIME:
        raise NotInTrash(room.slug)
    room.deleted_at = None
    room.access_epoch += 1


def in_trash(session: Session, person: User, now: datetime) -> list[Room]:
    """What `person` may bring back, the last thrown away first."""
    query = select(Room).where(Room.deleted_at > now - TRASH_TIME, Room.removed_at.is_(None))
    if person.role != Role.OPERATOR:
        query = query.where(Room.organization_id == person.organization_id)
    rooms = session.scalars(query.order_by(Room.deleted_at.desc(), Room.id.desc()))
    return [room for room in rooms if may_bring_back(person, room)]


def rooms_of(session: Session, user: User) -> list[Room]:
    """The rooms that the user holds lectures in, oldest first."""
    query = select(Room).where(Room.owner_id == user.id, Room.uploads.is_(False), Room.deleted_at.is_(None))
    return list(session.scalars(query.order_by(Room.created_at, Room.id)))


def uploads_room(session: Session, organization_id: str, owner_id: str | None) -> Room:
    """What somebody's uploads to the library belong to, made if there is none: the doors of rooms are theirs.

    It asks for a password that nobody has, so that only its owner, admins and operators are let in.
    """
    exclusive(session, f"uploads-room:{organization_id}:{owner_id}")
    query = select(Room).where(Room.uploads, Room.organization_id == organization_id)
    query = query.where(Room.owner_id == owner_id if owner_id is not None else Room.owner_id.is_(None))
    room = session.scalar(query.order_by(Room.created_at, Room.id).limit(1))
    if room is None:
        room = Room(
            organization_id=organization_id,
            owner_id=owner_id,
            slug=f"{UPLOADS}-{secrets.token_hex(8)}",
            title=UPLOADS,
            access=RoomAccess.PASSWORD,
            uploads=True,
            guarded=is_guarded(session, organization_id),
        )
        session.add(room)
        session.flush()
    return room


def ensure_own_room(session: Session, user: User, title: str) -> Room | None:
    """The first room of whoever may host, made if there is none; None for viewers."""
    if not hosts(user):
        return None
    exclusive(session, f"own-room:{user.id}")
    if owned := rooms_of(session, user):
        return owned[0]
    return create_room(session, slug=free_slug(session, user.user_id), title=title, owner=user)


def free_slug(session: Session, user_id: str) -> str:
    """A slug made from a user ID that no room has yet; a random one for other scripts than Latin."""
    exclusive(session, "room-slugs")
    base = slug_from(user_id)
    candidates = [base] if base else []
    candidates += [f"{base or 'room'}-{secrets.token_hex(3)}" for _ in range(20)]
    taken = set(session.scalars(select(Room.slug).where(Room.slug.in_(candidates))))
    return next(slug for slug in candidates if slug not in taken)


def slug_from(user_id: str) -> str:
    """Pure: what of a user ID (of a mail address: before the @) can stand in an address; maybe nothing."""
    plain = unicodedata.normalize("NFKD", user_id.split("@", 1)[0]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-")
    return "" if _is_uuid(slug) else slug


def check_title(title: str) -> str:
    """Trimmed to one line. Raises UnfitTitle."""
    line = one_line(title)
    if not 1 <= len(line) <= TITLE_LENGTH:
        raise UnfitTitle(f"a title has 1 to {TITLE_LENGTH} characters")
    return line


def unlock(throttle: RoomThrottle, room: Room, password: str, *, address: str, browser: str) -> bool:
    """Whether it is the room's password. Raises Throttled, TooBusy, DatabaseUnavailable."""
    throttle.check(room.id, address, browser)
    right = passwords.matches(room.password_hash, password)
    note = throttle.succeeded if right else throttle.failed
    note(room.id, address, browser)
    return right


def _set_access(room: Room, access: RoomAccess, password: str | None) -> None:
    if access is not RoomAccess.PASSWORD:
        room.access, room.password_hash = access, None
        return
    if password is not None:
        passwords.check_fitness(password, shortest=passwords.ROOM_PASSWORD_LENGTH)
        room.password_hash = passwords.hash_password(password)
    if room.password_hash is None:
        raise RoomPasswordMissing("a room that asks for a password needs one")
    room.access = access


def _is_fit(slug: str) -> bool:
    return len(slug) <= SLUG_LENGTH and _SLUG.fullmatch(slug) is not None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
