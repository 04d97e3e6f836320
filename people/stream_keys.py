"""Stream keys: what OBS and other encoders publish with. Shown once, kept as SHA-256, revocable.

Called from web threads and the command line. 256 random bits need no slow hash: nobody guesses them.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.database import Database, DatabaseUnavailable
from people.accounts import hosts, one_line
from people.models import ApiToken, Room, StreamKey, User

PREFIX = "kodo_"
LABEL_LENGTH = 100
KEYS_PER_ROOM = 100
_TOKEN_LENGTH = len(PREFIX) + 43  # 32 bytes in base64url without padding
_NOTE_EVERY = timedelta(minutes=1)

log = logging.getLogger(__name__)


class StreamKeyRefused(Exception):
    """Unknown, another room's, or of a room whose owner holds no lectures any more."""


class StreamKeyRevoked(StreamKeyRefused):
    """It was this room's key once."""


class TooManyStreamKeys(ValueError):
    """The room has as many valid keys as it may."""


def create_stream_key(session: Session, room: Room, label: str) -> tuple[StreamKey, str]:
    """One more key of the room, with its token: the only time the token is seen. Raises TooManyStreamKeys."""
    if len(stream_keys_of(session, room)) >= KEYS_PER_ROOM:
        raise TooManyStreamKeys(f"a room has at most {KEYS_PER_ROOM} stream keys: revoke some")
    token = PREFIX + secrets.token_urlsafe(32)
    line = one_line(label)[:LABEL_LENGTH] or "OBS"
    key = StreamKey(room_id=room.id, label=line, token_sha256=token_sha256(token))
    session.add(key)
    session.flush()
    return key, token


def stream_keys_of(session: Session, room: Room) -> list[StreamKey]:
    """The room's valid keys, oldest first."""
    query = select(StreamKey).where(StreamKey.room_id == room.id, StreamKey.revoked_at.is_(None))
    return list(session.scalars(query.order_by(StreamKey.created_at, StreamKey.id)))


def revoke_stream_key(session: Session, room: Room, key_id: str, now: datetime) -> bool:
    """False if the room has no such valid key. The caller tells the recorder, which may be using it."""
    revoked = session.execute(
        update(StreamKey)
        .where(StreamKey.id == key_id, StreamKey.room_id == room.id, StreamKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(StreamKey.id)
    )
    return revoked.first() is not None


def authenticate(database: Database, slug: str, token: str, now: datetime) -> tuple[StreamKey, Room]:
    """The key and its room.

    Raises StreamKeyRefused, StreamKeyRevoked; DatabaseUnavailable if it cannot be looked up.
    """
    digest = token_sha256(token)
    with database.reading() as session:
        key = session.scalar(select(StreamKey).where(StreamKey.token_sha256 == digest))
        room = session.get(Room, key.room_id) if key is not None else None
        owner = session.get(User, room.owner_id) if room is not None and room.owner_id is not None else None
    if key is None or room is None or not hmac.compare_digest(key.token_sha256, digest):
        raise StreamKeyRefused("unknown stream key")
    if room.slug != slug or room.deleted_at is not None:
        raise StreamKeyRefused("another room's stream key")
    if key.revoked_at is not None:
        raise StreamKeyRevoked("a revoked stream key")
    if owner is not None and not hosts(owner):
        raise StreamKeyRefused("a stream key of somebody who may hold no lectures any more")
    # A locked or read-only database must not keep a lecturer from going live.
    note_use(database, key, now, "stream key")
    return key, room


def looks_like_stream_key(token: str) -> bool:
    return token.startswith(PREFIX) and len(token) == _TOKEN_LENGTH


def token_sha256(token: str) -> str:
    """Hex, as stored and as the recorder knows it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def note_use(database: Database, secret: StreamKey | ApiToken, now: datetime, called: str) -> None:
    """At most once a minute; where it cannot be written, the log tells, by `called` and its id."""
    if secret.last_used_at is not None and abs(now - secret.last_used_at) < _NOTE_EVERY:
        return
    kind = type(secret)
    try:
        with database.session() as session:
            session.execute(update(kind).where(kind.id == secret.id).values(last_used_at=now))
    except DatabaseUnavailable as error:
        log.warning("the use of %s %s could not be noted: %s", called, secret.id, error)
