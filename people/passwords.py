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

# What people type first where ten characters are asked for: as it stands, …
_COMMON = """
    1234567890 0123456789 0987654321 12345678910 1234567891 123456789a 123456789q 1q2w3e4r5t 1q2w3e4r5t6y
    1qaz2wsx3edc zaq12wsxcde3 q1w2e3r4t5 qwertyuiop qwerty12345 asdfghjkl; zxcvbnm,./ abcdefghij abc1234567
    a123456789 aa12345678 abcd123456 abcd1234567 1111122222 1122334455 0000011111 3141592653 31415926535
    p@ssw0rd123 passw0rd123 password@123 iloveyou123 letmein123
    """
_FORBIDDEN = frozenset(_COMMON.split())
# … and words of which it is not enough to add some digits, or to write them twice.
_WORDS = """
    password passwd passw pass mypassword admin administrator adminadmin root user guest test login signin
    welcome letmein changeme secret master default monkey dragon sunshine princess football baseball qwerty
    qwertyui asdf asdfgh asdfghjkl zxcvbn zxcvbnm abcdef abcdefg abcdefgh iloveyou lecturer lecture teacher
    student university daigaku gakkou gakko sensei kodo koudou kougi
    sakura arigatou arigato aishiteru daisuki konnichiwa konnichiha ohayou sayonara sayounara nihon nippon
    tokyo toukyou osaka oosaka kyoto kyouto hokkaido japan himawari tanpopo doraemon pokemon pikachu totoro
    naruto onepiece dragonball gundam kitty hellokitty momotaro fujisan samurai ninja takahashi tanaka suzuki
    yamada watanabe hanako taro tarou yuki haruka pasuwado ひみつ さくら ありがとう あいしてる パスワード
    """
_FORBIDDEN_WORDS = frozenset(_WORDS.split())
_ADDED = 8  # so many digits and signs around a word do not make it a secret


class UnfitPassword(ValueError):
    """`reason`: `short`, `long` or `common`; `limit`: the length in question; the text is English."""

    def __init__(self, reason: str, text: str, limit: int = 0) -> None:
        super().__init__(text)
        self.reason, self.limit = reason, limit


class TooBusy(Exception):
    """Too many passwords are being checked at this moment; come again in some seconds."""


def check_fitness(password: str, *, user_id: str = "", shortest: int = ACCOUNT_PASSWORD_LENGTH) -> None:
    """Raises UnfitPassword. Length counts; kinds of characters are left to people. Compared as NFKC, so that
    full-width letters do not make a common one rare. `user_id`: folded; "" for a room's password.
    """
    if len(password) < shortest:
        raise UnfitPassword("short", f"the password needs at least {shortest} characters", shortest)
    if len(password) > MAX_LENGTH:
        raise UnfitPassword("long", f"the password has more than {MAX_LENGTH} characters", MAX_LENGTH)
    folded = unicodedata.normalize("NFKC", password).casefold()
    of_account = shortest >= ACCOUNT_PASSWORD_LENGTH
    if folded in _FORBIDDEN or (of_account and _is_guessed(folded, user_id)):
        raise UnfitPassword("common", "this password is among the first that anyone would try")


def _is_guessed(folded: str, user_id: str) -> bool:
    """Pure: hardly any different characters, or one word that everybody tries, with little around it."""
    if len(set(folded)) < 4:
        return True
    letters = "".join(c for c in folded if c.isalpha())
    words = {letters, letters[: len(letters) // 2]} if _is_twice(letters) else {letters}
    own = {user_id, "".join(c for c in user_id.split("@", 1)[0] if c.isalpha())} - {""}
    if folded in own or (user_id and folded == user_id * 2):
        return True
    return len(folded) - len(letters) <= _ADDED and bool(words & (_FORBIDDEN_WORDS | own))


def _is_twice(letters: str) -> bool:
    half = len(letters) // 2
    return half > 0 and letters[:half] * 2 == letters


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
    return right and bool(password_hash)


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")


def _normalized(password: str) -> bytes:
    # RFC 8265 4.2: keyboards differ in how they compose the same characters. JSON may hold half of a pair.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise TooBusy("too many passwords are being checked")
    try:
        yield
    finally:
        _slots.release()
