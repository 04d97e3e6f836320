"""Browsers that are signed in: one row each, which its cookie names. Ending a row ends the cookie at once.

Called from web threads and the command line. Reading is one query for person and row together; the time of
the last use is written at most every few minutes, and where it cannot be written the log tells.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from library.database import Database, DatabaseUnavailable, exclusive
from people.models import SignIn, User

LIFETIME = timedelta(days=14)  # after its last use
NOTE_EVERY = timedelta(minutes=5)
PER_PERSON = 50  # the longest unused goes
USER_AGENT_LENGTH = 300

log = logging.getLogger(__name__)


def begin(transaction: Session, user: User, *, address: str, user_agent: str, now: datetime) -> SignIn:
    """One more browser of the person. What was not used for LIFETIME goes, of everybody."""
    exclusive(transaction, f"sign-ins:{user.id}")
    transaction.execute(delete(SignIn).where(SignIn.last_used_at <= now - LIFETIME))
    longest_unused = select(SignIn.id).where(SignIn.user_id == user.id).order_by(SignIn.last_used_at.desc())
    transaction.execute(delete(SignIn).where(SignIn.id.in_(longest_unused.offset(PER_PERSON - 1))))
    agent = "".join(c for c in user_agent if c.isprintable())[:USER_AGENT_LENGTH]
    row = SignIn(user_id=user.id, created_at=now, last_used_at=now, address=address[:64], user_agent=agent)
    transaction.add(row)
    transaction.flush()
    return row


def look_up(database: Database, sign_in_id: str, now: datetime) -> tuple[SignIn, User] | None:
    """The row, while it is good, and whose it is. Raises DatabaseUnavailable."""
    query = select(SignIn, User).join(User, User.id == SignIn.user_id)
    with database.reading() as transaction:
        found = transaction.execute(query.where(SignIn.id == sign_in_id)).first()
    if found is None or found[0].last_used_at <= now - LIFETIME:
        return None
    return found[0], found[1]


def note_use(database: Database, row: SignIn, now: datetime) -> None:
    """At most every NOTE_EVERY; a locked or read-only database must not keep anybody out."""
    if now - row.last_used_at < NOTE_EVERY:
        return
    try:
        with database.session() as transaction:
            used = update(SignIn).where(SignIn.id == row.id, SignIn.last_used_at < now)
            transaction.execute(used.values(last_used_at=now))
    except DatabaseUnavailable as error:
        log.warning("the use of sign-in %s could not be noted: %s", row.id, error)


def of_person(transaction: Session, user_id: str, now: datetime) -> list[SignIn]:
    """Those that are good, the last used first."""
    query = select(SignIn).where(SignIn.user_id == user_id, SignIn.last_used_at > now - LIFETIME)
    return list(transaction.scalars(query.order_by(SignIn.last_used_at.desc(), SignIn.id.desc())))


def end(transaction: Session, user_id: str, sign_in_id: str) -> bool:
    """Whether the person had it."""
    ended = delete(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user_id)
    return transaction.execute(ended.returning(SignIn.id)).first() is not None


def end_all(transaction: Session, user: User) -> int:
    """Sign the person (a row of this transaction) out everywhere → how many browsers that were."""
    user.session_epoch = User.session_epoch + 1
    transaction.flush()
    transaction.refresh(user)
    return len(
        transaction.scalars(delete(SignIn).where(SignIn.user_id == user.id).returning(SignIn.id)).all()
    )
