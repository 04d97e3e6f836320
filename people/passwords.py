"""Passwords of accounts and rooms: which are fit, and Argon2id hashing bounded in memory.

Called from web threads and the command line. A hash takes 64 MiB, so few are compared at a time:
a burst of sign-ins waits its turn (and is then told to come again) instead of exhausting memory.
Making a hash does not queue: it happens inside write transactions, which must not wait for guests.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ACCOUNT_PASSWORD_LENGTH = 10
ROOM_PASSWORD_LENGTH = 4
MAX_LENGTH = 1_000
_WAIT_SECONDS = 10.0

_hasher = PasswordHasher()  # Argon2id, RFC 9106's second recommendation: 64 MiB, 3 passes
_slots = threading.BoundedSemaphore(3)

_COMMON = """
    password12 password123 password1234 passw0rd123 p@ssw0rd123 passwordpassword mypassword
    1234567890 0123456789 0987654321 12345678910 123456789a 123456789q 1q2w3e4r5t 1qaz2wsx3edc
    qwertyuiop qwerty12345 qwerty123456 asdfghjkl; zxcvbnm,./ abcdefghij abc1234567 a123456789
    administrator adminadmin admin12345 administrator1 changeme123 changeme1234 letmein123 letmein1234
    iloveyou123 welcome123 welcome1234 lecturer123 kodokodokodo sakura12345
    """
_FORBIDDEN = frozenset(_COMMON.split())


class UnfitPassword(ValueError):
    """`reason`: `short`, `long` or `common`; `limit`: the length in question; the text is English."""

    def __init__(self, reason: str, text: str, limit: int = 0) -> None:
        super().__init__(text)
        self.reason, self.limit = reason, limit


class TooBusy(Exception):
    """Too many passwords are being checked at this moment; come again in some seconds."""


def check_fitness(password: str, *, user_id: str = "", shortest: int = ACCOUNT_PASSWORD_LENGTH) -> None:
    """Raises UnfitPassword. Length counts; kinds of characters are left to people."""
    if len(password) < shortest:
        raise UnfitPassword("short", f"the password needs at least {shortest} characters", shortest)
    if len(password) > MAX_LENGTH:
        raise UnfitPassword("long", f"the password has more than {MAX_LENGTH} characters", MAX_LENGTH)
    folded = _normalized(password).casefold()
    monotonous = shortest >= ACCOUNT_PASSWORD_LENGTH and len(set(folded)) < 3
    if monotonous or folded in _FORBIDDEN or (user_id and folded == user_id):
        raise UnfitPassword("common", "this password is among the first that anyone would try")


def hash_password(password: str) -> str:
    """An Argon2id hash in PHC form; takes tens of milliseconds."""
    return _hasher.hash(_normalized(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes as long when there is no hash to compare with. Raises TooBusy."""
    if len(password) > MAX_LENGTH:
        return False
    with _slot():
        try:
            right = _hasher.verify(password_hash or _nobodys_hash(), _normalized(password))
        except (VerificationError, InvalidHashError):
            return False
    return right and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")


def _normalized(password: str) -> str:
    # RFC 8265 4.2: keyboards differ in how they compose the same characters.
    return unicodedata.normalize("NFC", password)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise TooBusy("too many passwords are being checked")
    try:
        yield
    finally:
        _slots.release()
