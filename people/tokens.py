"""Signed values that people carry: the studio's publish token and the cookie of an unlocked room.

Pure but for the injected clock; checked without the database, so that a studio can still reconnect
while it is away. Made and read in web processes with the installation's secret.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from people.models import Room

PUBLISH_SECONDS = 300
UNLOCK_SECONDS = 12 * 3600
_MAX_LENGTH = 1_000

Clock = Callable[[], float]


class TokenRefused(Exception):
    """Forged, malformed, or older than it may be."""


@dataclass(frozen=True, slots=True)
class PublishToken:
    """Who (`person_id`: users.id) may start publishing where (`room_id`), and whether by taking over.

    A studio that reconnects by itself names what it goes on with: its session, which a token for another one
    does not open anew, and its last publication, the only one it displaces while a picture arrives.
    """

    person_id: str
    room_id: str
    takeover: bool
    session_id: str | None = None
    publication_id: str | None = None


def issue_publish_token(secret: bytes, token: PublishToken, *, clock: Clock = time.time) -> tuple[str, float]:
    """The token's text and when it expires (Unix seconds). It starts a publication, it does not limit one."""
    payload = list(astuple(token))
    text = _serializer(secret, "publish", clock).dumps(payload)
    return str(text), clock() + PUBLISH_SECONDS


def read_publish_token(secret: bytes, text: str, *, clock: Clock = time.time) -> PublishToken:
    """Raises TokenRefused. That the person may still host is the caller's to check when it can."""
    payload = _load(secret, "publish", text, PUBLISH_SECONDS, clock)
    if not (isinstance(payload, list) and len(payload) == len(fields(PublishToken))):
        raise TokenRefused("not a publish token")
    names = (str, str, bool, str | None, str | None)
    if not all(isinstance(item, kind) for item, kind in zip(payload, names, strict=True)):
        raise TokenRefused("not a publish token")
    return PublishToken(*payload)


def unlock_cookie_name(room: Room) -> str:
    return f"kodo_unlocked_{room.id}"


def issue_unlock(secret: bytes, room: Room, *, clock: Clock = time.time) -> str:
    """The cookie's value for someone who gave the room's password; good for UNLOCK_SECONDS."""
    return str(_serializer(secret, "unlock", clock).dumps(_lock_of(room)))


def is_unlocked(secret: bytes, room: Room, cookie: str | None, *, clock: Clock = time.time) -> bool:
    """Whether the cookie opens this room with its present password."""
    if not cookie or room.password_hash is None:
        return False
    try:
        return bool(_load(secret, "unlock", cookie, UNLOCK_SECONDS, clock) == _lock_of(room))
    except TokenRefused:
        return False


def issue_text(secret: bytes, purpose: str, text: str, *, clock: Clock = time.time) -> str:
    """A token that carries `text`, of no use for another purpose."""
    return str(_serializer(secret, purpose, clock).dumps(text))


def read_text(secret: bytes, purpose: str, token: str, max_age: int, *, clock: Clock = time.time) -> str:
    """What it carries. Raises TokenRefused."""
    return str(_load(secret, purpose, token, max_age, clock))


def _lock_of(room: Room) -> list[Any]:
    digest = hashlib.sha256((room.password_hash or "").encode()).hexdigest()[:32]
    return [room.id, digest]


def _load(secret: bytes, salt: str, text: str, max_age: int, clock: Clock) -> Any:
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise TokenRefused("not a token")
    try:
        return _serializer(secret, salt, clock).loads(text, max_age=max_age)
    except BadData as error:
        raise TokenRefused(str(error)) from error


def _serializer(secret: bytes, salt: str, clock: Clock) -> URLSafeTimedSerializer:
    class ClockedSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(clock())

    return URLSafeTimedSerializer(secret, salt=f"kodo.{salt}", signer=ClockedSigner)
