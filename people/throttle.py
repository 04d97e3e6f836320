"""How often someone may try a password: counted in the database, so that all web processes agree.

Signing in (`Throttle`): an attempt is noted before the password is looked at and struck out when it was
right, so parallel attempts cannot slip past the count. Limits hold per (account, address) and per address:
failures from elsewhere never keep an account's owner out.

Whoever is at the attacker's own address is let in from a browser that is known (`people.known_browser`): its
random name then stands for the address.

Asking for a reset (`ResetThrottle`): per address, whether or not there is such an account.

A room's password (`RoomThrottle`) is known to a whole lecture hall, which comes from one address in one
minute: failures alone are noted, per browser and, many more, per address, and apart from those of signing in.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from library.database import Database, exclusive, new_id, utc_now
from people.models import SignInAttempt

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_ADDRESS = 10
PER_ADDRESS = 100
RESETS_PER_ADDRESS = 30
ROOM_PER_BROWSER = 10
ROOM_PER_ADDRESS = 200


class Throttled(Exception):
    """Too many failures. `retry_after`: seconds until the next attempt is let in."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many failed attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class Throttle:
    """`begin` before a password is checked, `succeeded` when it was right."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def begin(self, account: str, address: str) -> None:
        """Note an attempt. Raises Throttled (and notes nothing), DatabaseUnavailable."""
        now = self._clock()
        place = network_of(address)
        with self._database.session() as session:
            exclusive(session, f"sign-in:{place}")
            session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - WINDOW))
            here = SignInAttempt.address == place
            both = here & (SignInAttempt.account_sha256 == _digest(account))
            _refuse_from(session, both, PER_ACCOUNT_AND_ADDRESS, now)
            _refuse_from(session, here, PER_ADDRESS, now)
            session.add(SignInAttempt(id=new_id(), account_sha256=_digest(account), address=place, at=now))

    def succeeded(self, account: str, address: str) -> None:
        """Forget this account's failures from this address."""
        with self._database.session() as session:
            session.execute(
                delete(SignInAttempt).where(
                    SignInAttempt.address == network_of(address),
                    SignInAttempt.account_sha256 == _digest(account),
                )
            )


class ResetThrottle:
    """`ask` before anything is looked up."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def ask(self, address: str) -> None:
        """Raises Throttled, DatabaseUnavailable."""
        now, place = self._clock(), f"reset {network_of(address)}"[:64]
        with self._database.session() as session:
            exclusive(session, f"sign-in:{place}")
            session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - WINDOW))
            _refuse_from(session, SignInAttempt.address == place, RESETS_PER_ADDRESS, now)
            session.add(SignInAttempt(id=new_id(), account_sha256=_digest(""), address=place, at=now))


class RoomThrottle:
    """`check` before a room's password is looked at, then `failed` or `succeeded`.

    Attempts that are being judged at this moment are not counted yet: at most as many as a web process has
    threads can pass beyond a limit.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def check(self, room_id: str, address: str, browser: str) -> None:
        """Only reads. Raises Throttled, DatabaseUnavailable."""
        now = self._clock()
        here = (SignInAttempt.address == _door(room_id, address)) & (SignInAttempt.at > now - WINDOW)
        with self._database.reading() as session:
            _refuse_from(
                session, here & (SignInAttempt.account_sha256 == _digest(browser)), ROOM_PER_BROWSER, now
            )
            _refuse_from(session, here, ROOM_PER_ADDRESS, now)

    def failed(self, room_id: str, address: str, browser: str) -> None:
        """Note a wrong password."""
        now, door = self._clock(), _door(room_id, address)
        with self._database.session() as session:
            session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - WINDOW))
            session.add(SignInAttempt(id=new_id(), account_sha256=_digest(browser), address=door, at=now))

    def succeeded(self, room_id: str, address: str, browser: str) -> None:
        """Forget what this browser mistyped. Writes only if it did."""
        mistyped = (SignInAttempt.address == _door(room_id, address)) & (
            SignInAttempt.account_sha256 == _digest(browser)
        )
        with self._database.reading() as session:
            if session.scalar(select(SignInAttempt.id).where(mistyped).limit(1)) is None:
                return
        with self._database.session() as session:
            session.execute(delete(SignInAttempt).where(mistyped))


def _door(room_id: str, address: str) -> str:
    """A room as one place tries it: never equal to a place, so that it does not count for signing in."""
    return "room " + _digest(f"{room_id} {network_of(address)}")[:32]


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or an IPv6 /64 (one household has 2^64 addresses)."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _refuse_from(session: Session, where: ColumnElement[bool], limit: int, now: datetime) -> None:
    count, oldest = session.execute(select(func.count(), func.min(SignInAttempt.at)).where(where)).one()
    if count >= limit:
        raise Throttled(max(1, int((oldest + WINDOW - now).total_seconds()) + 1))


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()
