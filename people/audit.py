"""The audit log: who did what, when and from where. Append-only, each row chained to the one before.

`note` is called in any transaction of web, worker and command line; the rows are written as that transaction
is about to be committed, in one chain for the whole installation, so that its lock is taken last (no two
transactions wait for each other) and held shortly. The chain goes over ids, never over names: a row's address
and details stand in it by a salted digest, and may be erased with the person (decision 0026).
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, or_, select, update
from sqlalchemy.orm import Session

from library.database import Database, exclusive, utc_now
from people.models import AuditRow, User

security = logging.getLogger("kodo.security")

BEFORE_THE_FIRST = "0" * 64
ACTION_LENGTH = 64
SUBJECT_LENGTH = 200
DETAIL_LENGTH = 500
_WAITING = "kodo.audit"
_CHECKED_AT_ONCE = 1000

Detail = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Act:
    """What a row says, before it has its place in the chain. `details`: as canonical JSON."""

    at: datetime
    actor_id: str | None
    organization_id: str | None
    action: str
    subject: str
    address: str
    details: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: whoever keeps it elsewhere can prove later that nothing up to it was changed."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class WrongRow:
    """Where the chain breaks. `why`: "missing" (rows before it), "changed", "details" (not those noted),
    "end" (the log ends before a row that was seen once).
    """

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`rows`: how many were checked up to the first wrong one; `erased`: of them, without their details."""

    rows: int
    erased: int
    head: Head | None
    wrong: WrongRow | None

    @property
    def ok(self) -> bool:
        return self.wrong is None


def note(
    transaction: Session,
    *,
    action: str,
    actor: User | None,
    organization_id: str | None,
    subject: str = "",
    details: Mapping[str, Detail] = {},
    address: str = "",
    at: datetime | None = None,
) -> None:
    """Have the caller's transaction append a row when it is committed; rolled back, nothing is noted.

    `action`: dotted words, such as `room.access`; `subject`: the id (or slug) of what it was done to, no
    person's name; `details`: what may be erased with a person, no secret and nothing typed into a box of
    passwords; texts are cut at 500 characters. `actor` None: nobody who is signed in, so
    `details={"by": "command line"}` or `"system"`, or a stranger at `address`.
    """
    if not 1 <= len(action) <= ACTION_LENGTH:
        raise ValueError(f"no action of the audit log: {action!r}")
    waiting: list[Act] = transaction.info.setdefault(_WAITING, [])
    waiting.append(
        Act(
            at=(at or utc_now()).astimezone(UTC),
            actor_id=actor.id if actor is not None else None,
            organization_id=organization_id,
            action=action,
            subject=_plain(subject)[:SUBJECT_LENGTH],
            address=_plain(address)[:64],
            details=canonical({name: _detail(value) for name, value in details.items()}),
        )
    )


@event.listens_for(Session, "before_commit")
def _append(transaction: Session) -> None:
    """Write what waits, under the chain's lock, which the commit gives back."""
    if transaction.in_nested_transaction():
        return
    waiting: list[Act] = transaction.info.pop(_WAITING, [])
    if not waiting:
        return
    transaction.flush()
    exclusive(transaction, "audit")
    newest = head(transaction)
    number, previous = (newest.number, newest.hash) if newest is not None else (0, BEFORE_THE_FIRST)
    for act in waiting:
        security.info("%s", act.action, extra=_told(act))
        number += 1
        row = _row(number, act, secrets.token_hex(16), previous)
        previous = row.hash
        transaction.add(row)


def _told(act: Act) -> dict[str, str | None]:
    """For the security log, which also stands where nobody can reach the database; without details."""
    return {
        "actor": act.actor_id,
        "organization": act.organization_id,
        "subject": act.subject,
        "address": act.address,
    }


@event.listens_for(Session, "after_rollback")
def _forget(transaction: Session) -> None:
    transaction.info.pop(_WAITING, None)


def head(transaction: Session) -> Head | None:
    """The newest row; None while there is none."""
    query = select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
    found = transaction.execute(query).first()
    return Head(*found) if found is not None else None


def check(database: Database, *, seen: Head | None = None) -> ChainReport:
    """Read the whole chain, some thousand rows at a time, up to the first wrong one.

    `seen`: a head of before, which must still be in it: the chain alone cannot tell that its end was cut off.
    """
    rows = erased = 0
    newest: Head | None = None
    for row in _all_rows(database):
        if (why := _wrong(row, newest)) is not None:
            return ChainReport(rows, erased, newest, WrongRow(row.number, why))
        newest = Head(row.number, row.hash)
        if seen is not None and seen.number == row.number and seen.hash != row.hash:
            return ChainReport(rows, erased, newest, WrongRow(row.number, "changed"))
        rows += 1
        erased += row.salt is None
    if seen is not None and seen.number > rows:
        return ChainReport(rows, erased, newest, WrongRow(rows + 1, "end"))
    return ChainReport(rows, erased, newest, None)


def erase(transaction: Session, person_id: str, theirs: Iterable[str] = ()) -> int:
    """Forget addresses and details of all that a person did and that was done to them → how many rows.
    `theirs`: ids of rooms and keys of their own, whose names tell of them, too.

    That it was done, to which id and when stays, and the chain with it. The name that is shown comes from the
    table of users. The caller notes the erasure itself.
    """
    of_them = or_(AuditRow.actor_id == person_id, AuditRow.subject.in_([person_id, *theirs]))
    erased = update(AuditRow).where(of_them, AuditRow.salt.is_not(None)).returning(AuditRow.number)
    return len(transaction.scalars(erased.values(address=None, details=None, salt=None)).all())


def canonical(content: Any) -> str:
    """The one JSON text of a value: over it go the digests."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _all_rows(database: Database) -> Iterator[AuditRow]:
    last = 0
    while True:
        query = select(AuditRow).where(AuditRow.number > last).order_by(AuditRow.number)
        with database.reading() as transaction:
            found = list(transaction.scalars(query.limit(_CHECKED_AT_ONCE)))
        yield from found
        if len(found) < _CHECKED_AT_ONCE:
            return
        last = found[-1].number


def _wrong(row: AuditRow, before: Head | None) -> str | None:
    if row.number != (before.number if before is not None else 0) + 1:
        return "missing"
    if row.hash != _hash(row, before.hash if before is not None else BEFORE_THE_FIRST):
        return "changed"
    if row.salt is None:
        return None if row.details is None and row.address is None else "details"
    told = _personal(row.salt, row.address or "", row.details or "")
    return None if told == row.personal_sha256 else "details"


def _row(number: int, act: Act, salt: str, previous: str) -> AuditRow:
    row = AuditRow(
        number=number,
        at=act.at,
        actor_id=act.actor_id,
        organization_id=act.organization_id,
        action=act.action,
        subject=act.subject,
        address=act.address,
        details=act.details,
        salt=salt,
        personal_sha256=_personal(salt, act.address, act.details),
    )
    row.hash = _hash(row, previous)
    return row


def _hash(row: AuditRow, previous: str) -> str:
    """SHA-256 (hex) over the row before and all of this one that stays."""
    content = [
        previous,
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor_id,
        row.organization_id,
        row.action,
        row.subject,
        row.personal_sha256,
    ]
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _personal(salt: str, address: str, details: str) -> str:
    """128 random bits before it: what was erased cannot be found again by trying."""
    return hashlib.sha256(canonical([salt, address, details]).encode()).hexdigest()


def _detail(value: Detail) -> Detail:
    return _plain(value)[:DETAIL_LENGTH] if isinstance(value, str) else value


def _plain(text: str) -> str:
    """What both databases keep as it is: neither control characters (PostgreSQL refuses NUL) nor halves of
    surrogate pairs.
    """
    return "".join(c if c.isprintable() else " " for c in text)
