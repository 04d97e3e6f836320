"""Links that open a room to whoever has them, until a day and unless taken back.

A link's token is its row's id, signed with the installation's secret: nothing that opens a room is kept in
the database, and its makers can read the link again. The browser that came by it keeps the token in a cookie;
each time an address of media is asked for, the row is asked whether it still counts. Within the caller's
transaction, in web threads.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from library.database import new_id
from people.accounts import one_line
from people.models import Room, RoomLink

LABEL_LENGTH = 100
LONGEST = timedelta(days=366)
MAX_LINKS = 200  # of a room, those that are over included
_TOKEN = re.compile(r"([0-9a-f-]{36})\.([0-9a-f]{32})", re.ASCII)


class UnfitLink(ValueError):
    """`reason`: label, expiry or too_many."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def make_link(
    transaction: Session, room: Room, *, label: str, expires_at: datetime, now: datetime
) -> RoomLink:
    """Raises UnfitLink."""
    line = one_line(label)
    if not 1 <= len(line) <= LABEL_LENGTH:
        raise UnfitLink("label")
    if not now < expires_at <= now + LONGEST:
        raise UnfitLink("expiry")
    if len(links_of(transaction, room.id)) >= MAX_LINKS:
        raise UnfitLink("too_many")
    link = RoomLink(id=new_id(), room_id=room.id, label=line, created_at=now, expires_at=expires_at)
    transaction.add(link)
    transaction.flush()
    return link


def links_of(transaction: Session, room_id: str) -> Sequence[RoomLink]:
    """The newest first."""
    query = select(RoomLink).where(RoomLink.room_id == room_id)
    return transaction.scalars(query.order_by(RoomLink.created_at.desc(), RoomLink.id.desc())).all()


def revoke_link(transaction: Session, room: Room, link_id: str, now: datetime) -> RoomLink | None:
    """Take a link back; every media address that was handed out before is void then. None: no such link."""
    link = transaction.get(RoomLink, link_id)
    if link is None or link.room_id != room.id:
        return None
    if link.revoked_at is None:
        link.revoked_at = now
        room.access_epoch += 1
    return link


def counts(link: RoomLink | None, room: Room, now: datetime) -> bool:
    """Pure: whether it opens the room now."""
    if link is None or link.room_id != room.id:
        return False
    return link.revoked_at is None and now < link.expires_at


def token_of(secret: bytes, link_id: str) -> str:
    return f"{link_id}.{_mac(secret, link_id)}"


def link_id_in(secret: bytes, token: str) -> str | None:
    """The id of the link whose token it is; None for a forged one."""
    match = _TOKEN.fullmatch(token)
    if match is None or not hmac.compare_digest(_mac(secret, match[1]), match[2]):
        return None
    return match[1]


def cookie_name(room: Room) -> str:
    return f"kodo_link_{room.id}"


def _mac(secret: bytes, link_id: str) -> str:
    return hmac.digest(secret, f"kodo room link v1\0{link_id}".encode(), hashlib.sha256).hex()[:32]
