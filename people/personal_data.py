"""What is kept of a person, as one document: for themselves, or for an admin who is asked for it.

Called within the caller's transaction. No secrets: no hashes of passwords or keys. Times are ISO 8601 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from library.models import (
    Film,
    LectureSession,
    Notice,
    ScheduledLecture,
    TranscriptRow,
    Upload,
    Visit,
    WatchedRow,
)
from people.entry_rules import Kind
from people.models import (
    ApiToken,
    AuditRow,
    EntryRule,
    Organization,
    Room,
    RoomInvitation,
    SignIn,
    StreamKey,
    User,
)

FORMAT = "kodo personal data 1"


def export(transaction: Session, person: User, now: datetime) -> dict[str, Any]:
    """All of it, under words that say what it is. Watching goes a year back, as it is kept."""
    rooms = transaction.scalars(select(Room).where(Room.owner_id == person.id)).all()
    ids = [one.id for one in rooms]
    return {
        "format": FORMAT,
        "exported_at": _moment(now),
        "account": _account(transaction, person),
        "signed_in": _all(transaction, SignIn, SignIn.user_id == person.id),
        "api_tokens": _all(transaction, ApiToken, ApiToken.user_id == person.id, without=("token_sha256",)),
        "rooms": [_row(one, ("password_hash",)) for one in rooms],
        "stream_keys": _all(transaction, StreamKey, StreamKey.room_id.in_(ids), without=("token_sha256",)),
        "lectures": _all(transaction, LectureSession, LectureSession.room_id.in_(ids), without=_INTERNAL),
        "planned_lectures": _all(transaction, ScheduledLecture, ScheduledLecture.room_id.in_(ids)),
        "uploads": _all(transaction, Upload, Upload.owner_id == person.id),
        "films": _all(transaction, Film, Film.owner_id == person.id),
        "transcripts_written": _all(transaction, TranscriptRow, TranscriptRow.author == person.id),
        "watched": _all(transaction, WatchedRow, WatchedRow.user_id == person.id),
        "visits": _all(transaction, Visit, Visit.user_id == person.id),
        "notices_written": _all(transaction, Notice, Notice.created_by == person.id),
        "invited_to_rooms": _all(transaction, RoomInvitation, RoomInvitation.value.in_(_names(person))),
        "doors": _all(
            transaction, EntryRule, (EntryRule.kind == Kind.PERSON) & (EntryRule.value == person.user_id)
        ),
        "audit": _audit(transaction, person),
    }


def _names(person: User) -> list[str]:
    """Under which others may have put them on a list."""
    return [person.user_id, *([person.email] if person.email is not None else [])]


_INTERNAL = ("words", "state_version", "mp4_path", "poster", "access_epoch")


def _account(transaction: Session, person: User) -> dict[str, Any]:
    organization = transaction.get(Organization, person.organization_id)
    told = _row(person, ("password_hash", "session_epoch"))
    return {**told, "organization": organization.name if organization is not None else None}


def _audit(transaction: Session, person: User) -> list[dict[str, Any]]:
    """What they did, and what was done to them; who did that is another person's."""
    theirs = or_(AuditRow.actor_id == person.id, AuditRow.subject == person.id)
    rows = transaction.scalars(select(AuditRow).where(theirs).order_by(AuditRow.number))
    return [
        {
            "at": _moment(one.at),
            "action": one.action,
            "by": "you" if one.actor_id == person.id else "another",
            "subject": one.subject,
            "address": one.address if one.actor_id == person.id else None,
            "details": json.loads(one.details) if one.details else None,
        }
        for one in rows
    ]


def _all(
    transaction: Session, table: Any, condition: Any, without: Sequence[str] = ()
) -> list[dict[str, Any]]:
    return [_row(one, without) for one in transaction.scalars(select(table).where(condition))]


def _row(row: Any, without: Sequence[str] = ()) -> dict[str, Any]:
    return {
        column.key: _value(getattr(row, column.key))
        for column in type(row).__table__.columns
        if column.key not in without
    }


def _value(value: Any) -> Any:
    return _moment(value) if isinstance(value, datetime) else value


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
