"""The lists of the front page: what is live, coming up, recorded or found, as one reader may see it.

Queries in the caller's transaction, in web threads. Who sees what is decided in the query
(`people.visible_rooms`, of recordings `people.visible_recordings`), so a page of a list is always full and
costs the same at any depth.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from broadcast.lecture_schedule import is_ahead
from broadcast.list_cursor import Cursor
from library.database import utc_now
from library.keeping import Kept
from library.models import LectureSession, ScheduledLecture
from people.accounts import one_line
from people.models import Room, User
from people.visible_recordings import listed_to as recordings_listed_to
from people.visible_rooms import listed_to

PAGE_LENGTH = 12
MAX_LIVE = 60
MAX_COMING_UP = 12
MAX_SEARCH = 100
_MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class Listed:
    """One session of a list, with its room."""

    session: LectureSession
    room: Room

    @property
    def lecturer(self) -> str:
        """The name; "" when there is none."""
        return self.session.lecturer

    @property
    def seconds(self) -> int:
        """Length of the replay; 0 while it runs."""
        return round(self.session.seconds)


@dataclass(frozen=True, slots=True)
class ComingUp:
    """One lecture that is to be held, with its room and the lecturer's name ("" when there is none)."""

    plan: ScheduledLecture
    room: Room
    lecturer: str


@dataclass(frozen=True, slots=True)
class Recordings:
    """A page of the list, newest first; `more`: where the next one begins, None at the end."""

    listed: tuple[Listed, ...]
    more: Cursor | None


def live_now(transaction: Session, person: User | None, search: str = "") -> tuple[Listed, ...]:
    """Lectures under way, at most MAX_LIVE: on a slate after those with a picture, longest running first."""
    query = _sessions(search).where(LectureSession.phase.in_(("live", "slate")), listed_to(person))
    query = query.order_by(LectureSession.phase, LectureSession.started_at, LectureSession.id)
    return _listed(transaction, query, MAX_LIVE)


def coming_up(
    transaction: Session, person: User | None, now: datetime, search: str = ""
) -> tuple[ComingUp, ...]:
    """The next lectures that are to be held, at most MAX_COMING_UP, next first."""
    query = select(ScheduledLecture, Room, User).join(Room, Room.id == ScheduledLecture.room_id)
    query = query.outerjoin(User, User.id == Room.owner_id).where(is_ahead(now), listed_to(person))
    columns = (ScheduledLecture.title, User.display_name)
    query = query.where(*(_has(word, columns) for word in words_of(search)))
    query = query.order_by(ScheduledLecture.starts_at, ScheduledLecture.id).limit(MAX_COMING_UP)
    rows = transaction.execute(query).all()
    return tuple(ComingUp(plan, room, _name(owner)) for plan, room, owner in rows)


def recordings(
    transaction: Session, person: User | None, search: str = "", before: Cursor | None = None
) -> Recordings:
    """The lectures that have ended and left something, newest first; nothing that is held."""
    query = _sessions(search).where(LectureSession.phase == "ended", LectureSession.bytes > 0)
    query = query.where(recordings_listed_to(person, utc_now()), LectureSession.kept == Kept.PUBLISHED)
    place = tuple_(LectureSession.started_at, LectureSession.id)
    if before is not None:
        query = query.where(place < (before.started_at, before.session_id))
    query = query.order_by(LectureSession.started_at.desc(), LectureSession.id.desc())
    found = _listed(transaction, query, PAGE_LENGTH + 1)
    if len(found) <= PAGE_LENGTH:
        return Recordings(found, None)
    last = found[PAGE_LENGTH - 1].session
    return Recordings(found[:PAGE_LENGTH], Cursor(last.started_at, last.id))


def listed_of(transaction: Session, session_ids: Sequence[str]) -> dict[str, Listed]:
    """Sessions that somebody was found to see, by their ids."""
    query = select(LectureSession, Room).join(Room, Room.id == LectureSession.room_id)
    query = query.where(LectureSession.id.in_(session_ids))
    return {one.session.id: one for one in _listed(transaction, query, len(session_ids))}


def words_of(search: str) -> tuple[str, ...]:
    """Pure: what is looked for, each for itself; an ideographic space parts words as well."""
    return tuple(one_line(search[:MAX_SEARCH]).split()[:_MAX_WORDS])


def _sessions(search: str) -> Select[LectureSession, Room]:
    query = select(LectureSession, Room).join(Room, Room.id == LectureSession.room_id)
    columns = (LectureSession.title, LectureSession.lecturer)
    return query.where(*(_has(word, columns) for word in words_of(search)))


def _has(word: str, columns: Iterable[InstrumentedAttribute[str]]) -> ColumnElement[bool]:
    """In the title or the lecturer's name, in either case; also as typed with full-width letters."""
    forms = {word, unicodedata.normalize("NFKC", word)}
    return or_(*(column.icontains(form, autoescape=True) for column in columns for form in sorted(forms)))


def _listed(transaction: Session, query: Select[LectureSession, Room], most: int) -> tuple[Listed, ...]:
    rows = transaction.execute(query.limit(most)).all()
    return tuple(Listed(session, room) for session, room in rows)


def _name(owner: User | None) -> str:
    return owner.display_name if owner is not None else ""
