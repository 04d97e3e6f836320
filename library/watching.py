"""What each signed-in viewer has watched of each recording: one row of `watched` for each.

Called within the caller's transaction, in web threads. How far somebody is follows from what the recording
shows now (`LectureSession.shown`), so it is right also after the edit list has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from library import watched_spans
from library.database import exclusive
from library.models import LectureSession, WatchedRow
from library.watched_spans import Span, Spans, Watched


def note(
    transaction: Session,
    person_id: str,
    session: LectureSession,
    claims: Sequence[Span],
    position: float,
    now: datetime,
) -> Watched:
    """What `person_id` has watched, with what a page of theirs claims. Devices come one after the other.

    Raises UnfitClaim.
    """
    exclusive(transaction, f"watched:{person_id}:{session.id}")
    row = transaction.get(WatchedRow, (person_id, session.id))
    known = _watched(row) if row is not None else None
    end = end_of(session)
    watched = watched_spans.watched_after(known, claims, position, end=end, now=now.timestamp())
    if row is None:
        row = WatchedRow(user_id=person_id, session_id=session.id)
        transaction.add(row)
    row.spans, row.position = watched_spans.packed(watched.spans), watched.position
    row.credit, row.updated_at = watched.credit, now
    return watched


def of_person(
    transaction: Session, person_id: str | None, session_ids: Sequence[str]
) -> Mapping[str, Watched]:
    """Of these recordings those that the person has watched anything of; one query."""
    if person_id is None or not session_ids:
        return {}
    query = select(WatchedRow).where(WatchedRow.user_id == person_id, WatchedRow.session_id.in_(session_ids))
    return {row.session_id: _watched(row) for row in transaction.scalars(query)}


def completion_of(watched: Watched, session: LectureSession) -> float:
    """Which share of what the recording shows was watched, 0 to 1."""
    shown = shown_spans(session)
    length = watched_spans.seconds_of(shown) if session.shown else session.seconds
    return watched_spans.completion(watched.spans, shown, length)


def place_to_go_on(watched: Watched, session: LectureSession) -> float:
    """Seconds of the session's clock; 0 for the beginning."""
    return watched_spans.place_to_go_on(watched.position, shown_spans(session))


def shown_spans(session: LectureSession) -> Spans:
    """What the replay shows; all of the session where its row is older than that is written down."""
    if session.shown:
        return watched_spans.unpacked(session.shown)
    return ((0.0, _clock_seconds(session)),)


def end_of(session: LectureSession) -> float:
    """Where the recording ends on the session's clock, also what of it is not shown (any more)."""
    return max(shown_spans(session)[-1][1], _clock_seconds(session))


def _clock_seconds(session: LectureSession) -> float:
    ended = session.ended_at or session.started_at
    return max(session.seconds, (ended - session.started_at).total_seconds())


def _watched(row: WatchedRow) -> Watched:
    at = row.updated_at.astimezone(UTC).timestamp()
    return Watched(watched_spans.unpacked(row.spans), row.position, row.credit, at)
