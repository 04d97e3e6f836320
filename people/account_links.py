"""Links that set a password once: an invitation, or a reset. Only the token's SHA-256 is kept.

Called from web threads and the command line. Looking at a link (mail programs do) does not use it up; setting
the password does, with all other links of the account and all browsers that are signed in to it. Setting a
password by a link of two requests at once: one of them has it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from library.database import Database, exclusive
from people import audit, passwords, sign_ins
from people.models import AccountLink, LinkKind, User
from people.stream_keys import token_sha256

INVITATION_VALID = timedelta(days=7)
ADMINS_RESET_VALID = timedelta(hours=24)
ASKED_RESET_VALID = timedelta(hours=1)
ASKED_AT_ONCE = 3  # so many resets that were asked for by mail may be open: a flood fills no mailbox
_AT_ONCE = 500
_TOKEN_LENGTH = 43  # 32 bytes in base64url without padding


class LinkRefused(Exception):
    """Unknown, used, too old, or of an account that is deactivated: which of them is not told."""


@dataclass(frozen=True, slots=True)
class Link:
    """`path`: below the public address; the only time that it is seen."""

    kind: LinkKind
    path: str
    expires_at: datetime


def issue(
    transaction: Session, user: User, now: datetime, *, valid: timedelta | None = None, more: bool = False
) -> Link:
    """A link for the account: an invitation as long as it has no password, else a reset.

    The links before are void, but where there may be `more`.
    """
    if not more:
        void(transaction, user.id)
    return issue_many(transaction, [user], now, valid=valid)[0]


def issue_many(
    transaction: Session, users: Iterable[User], now: datetime, *, valid: timedelta | None = None
) -> list[Link]:
    """One link each, in one statement; those before stay."""
    transaction.execute(delete(AccountLink).where(AccountLink.expires_at <= now))
    links, rows = [], []
    for user in users:
        token = secrets.token_urlsafe(32)
        kind = LinkKind.RESET if user.password_hash else LinkKind.INVITATION
        usual = INVITATION_VALID if kind is LinkKind.INVITATION else ADMINS_RESET_VALID
        link = Link(kind, f"/{kind.value}/{token}", now + (valid or usual))
        links.append(link)
        rows.append(
            {
                "token_sha256": token_sha256(token),
                "kind": kind.value,
                "user_id": user.id,
                "created_at": now,
                "expires_at": link.expires_at,
            }
        )
    if rows:
        transaction.execute(insert(AccountLink), rows)
    return links


def void(transaction: Session, user_id: str) -> None:
    """No link of the account sets anything any more."""
    transaction.execute(delete(AccountLink).where(AccountLink.user_id == user_id))


def void_invitations(transaction: Session, user_ids: Sequence[str]) -> None:
    """No link of these opens anything any more; some hundreds at a time, for SQLite's sake."""
    for begin in range(0, len(user_ids), _AT_ONCE):
        some = user_ids[begin : begin + _AT_ONCE]
        transaction.execute(delete(AccountLink).where(AccountLink.user_id.in_(some)))


def may_ask_again(transaction: Session, user: User, now: datetime) -> bool:
    """Whether one more reset may be mailed: those in the mailbox are good as they are."""
    open_ones = AccountLink.user_id == user.id, AccountLink.expires_at > now
    return (transaction.scalar(select(func.count()).where(*open_ones)) or 0) < ASKED_AT_ONCE


def holder(transaction: Session, kind: LinkKind, token: str, now: datetime) -> User:
    """Whose password the link sets. Raises LinkRefused."""
    digest = token_sha256(token)
    row = transaction.get(AccountLink, digest) if len(token) == _TOKEN_LENGTH else None
    if row is None or not hmac.compare_digest(row.token_sha256, digest):
        raise LinkRefused("unknown or used")
    user = transaction.get_one(User, row.user_id)
    # An invitation is over with the first password, however it was set.
    invited = row.kind == LinkKind.RESET or not user.password_hash
    if row.kind != kind or row.expires_at <= now or not user.active or not invited:
        raise LinkRefused("too old")
    return user


def redeem(
    database: Database, kind: LinkKind, token: str, password: str, *, address: str, now: datetime
) -> User:
    """Set the password. Raises LinkRefused, UnfitPassword, DatabaseUnavailable."""
    with database.reading() as transaction:
        user = holder(transaction, kind, token, now)
    passwords.check_fitness(password, user_id=user.user_id)
    # Outside the transaction that writes: the hash takes tens of milliseconds, and SQLite has one writer.
    password_hash = passwords.hash_password(password)
    with database.session() as transaction:
        exclusive(transaction, f"account:{user.id}")
        user = holder(transaction, kind, token, now)
        user.password_hash = password_hash
        void(transaction, user.id)
        sign_ins.end_all(transaction, user)
        action = "user.joined" if kind is LinkKind.INVITATION else "password.reset"
        audit.note(
            transaction,
            action=action,
            actor=user,
            organization_id=user.organization_id,
            subject=user.id,
            address=address,
            at=now,
        )
    return user
