"""The catalogue of recordings: lists of them, what people say of them, and the trash.

Called within the caller's transaction, from web threads and the command line. Who may see or edit what is
the caller's to say, as a condition (`people.visible_recordings`), so a page of a list is always full and
costs the same at any depth. What people wrote comes cleaned. Each change of who may watch gets a number of
its own (`access_epoch`), in the order in which they are committed: web processes read on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from library.catalogue_words import folded, words_of
from library.database import exclusive
from library.keeping import TRASH_TIME, Kept
from library.list_place import Place, UnfitPlace
from library.models import LectureSession, Series, Tag, Visibility

PAGE_LENGTH = 24
MAX_PAGE_LENGTH = 100
MAX_SERIES_TOLD = 500
_WHO_MAY_WATCH = ("visibility", "publish_at", "expires_at")


class NotInTrash(LookupError):
    """It is not in the trash, or has been there for longer than TRASH_TIME."""


class NoSeries(LookupError):
    """A glossary is a series', and the recording is in none."""


class StillRunning(Exception):
    """A lecture that runs cannot be put into the trash."""


class NotHeld(LookupError):
    """There is nothing to claim: it is not held, or not any more."""


class IsHeld(Exception):
    """Who may watch it is said once it was claimed."""


class Sort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Filter:
    """`words`: each in title, lecturer, series or a tag; the others as they are written, None: any."""

    words: tuple[str, ...] = ()
    lecturer: str | None = None
    series: str | None = None
    tag: str | None = None
    language: str | None = None
    visibility: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A recording of a list. `series`: its title; `glossary`: the words of its series."""

    session: LectureSession
    series: str | None = None
    tags: tuple[str, ...] = field(default=())
    glossary: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: where the next one begins, None at the end."""

    entries: tuple[Entry, ...]
    more: Place | None


def page(
    transaction: Session,
    seen: ColumnElement[bool],
    chosen: Filter,
    *,
    sort: Sort = Sort.NEWEST,
    after: Place | None = None,
    length: int = PAGE_LENGTH,
) -> Page:
    """Lectures that have ended and left something. Raises UnfitPlace for another sort's place."""
    query = select(LectureSession).where(LectureSession.phase == "ended", LectureSession.bytes > 0, seen)
    query = _filtered(query, chosen)
    column = _COLUMNS[sort]
    keys = (column, LectureSession.id)
    if after is not None:
        here = tuple_(*keys)
        there = tuple_(_value_of(sort, after), after.identity)
        query = query.where(here > there if sort in _ASCENDING else here < there)
    query = query.order_by(*(key.asc() if sort in _ASCENDING else key.desc() for key in keys))
    found = transaction.scalars(query.limit(length + 1)).all()
    entries = _entries(transaction, found[:length])
    return Page(entries, _place_of(sort, found[length - 1]) if len(found) > length else None)


def trash(transaction: Session, edited: ColumnElement[bool], now: datetime) -> tuple[Entry, ...]:
    """What may still be restored, the last thrown away first, at most MAX_PAGE_LENGTH."""
    query = select(LectureSession).where(LectureSession.deleted_at > now - TRASH_TIME, edited)
    query = query.where(LectureSession.removal.is_(None))
    query = query.order_by(LectureSession.deleted_at.desc(), LectureSession.id.desc())
    return _entries(transaction, transaction.scalars(query.limit(MAX_PAGE_LENGTH)).all())


def entry_of(transaction: Session, session_id: str) -> Entry | None:
    """None also for what is no id at all (PostgreSQL refuses NUL)."""
    session = transaction.get(LectureSession, session_id) if session_id.isprintable() else None
    return _entries(transaction, [session])[0] if session is not None else None


def is_gone(session: LectureSession, now: datetime) -> bool:
    """Removed for good, or in the trash for so long that nobody can take it out: there for nobody."""
    thrown_away = session.deleted_at is not None and session.deleted_at <= now - TRASH_TIME
    return session.removal is not None or thrown_away


def change(transaction: Session, session: LectureSession, values: Mapping[str, Any]) -> bool:
    """Set what is given of title, description, lecturer, language, license, visibility, publish_at,
    expires_at, series (a title or None), tags (unique texts) and glossary (of its series, words in one line)
    → whether it changed who may watch. Raises NoSeries, IsHeld.
    """
    plain = {name: value for name, value in values.items() if name not in ("series", "tags", "glossary")}
    changes_access = any(name in plain and plain[name] != getattr(session, name) for name in _WHO_MAY_WATCH)
    if changes_access and session.kept == Kept.HELD:
        raise IsHeld(session.id)
    for name, value in plain.items():
        setattr(session, name, value)
    if "series" in values:
        session.series_id = _series_id(transaction, session.organization_id, values["series"])
    if "glossary" in values:
        _set_glossary(transaction, session.series_id, values["glossary"])
    if "tags" in values:
        _set_tags(transaction, session.id, values["tags"])
    if changes_access:
        session.access_epoch = next_access_epoch(transaction)
    note_words(transaction, session)
    return changes_access


def note_words(transaction: Session, session: LectureSession) -> None:
    """Have it found by what it is called now."""
    entry = _entries(transaction, [session])[0]
    session.words = words_of(session.title, session.lecturer, entry.series, entry.tags)


def throw_away(transaction: Session, session: LectureSession, now: datetime) -> None:
    """Into the trash; idempotent. Raises StillRunning."""
    if session.phase != "ended":
        raise StillRunning(session.id)
    if session.deleted_at is None:
        session.deleted_at = now
        session.access_epoch = next_access_epoch(transaction)


def restore(transaction: Session, session: LectureSession, now: datetime) -> None:
    """Out of the trash. Raises NotInTrash."""
    if session.deleted_at is None or is_gone(session, now):
        raise NotInTrash(session.id)
    session.deleted_at = None
    session.access_epoch = next_access_epoch(transaction)


def claim(transaction: Session, session: LectureSession) -> None:
    """What was held is a recording like any other from now on, a private one at first. Raises NotHeld."""
    if session.kept != Kept.HELD or session.phase != "ended" or session.removal is not None:
        raise NotHeld(session.id)
    session.kept, session.held_until = Kept.PUBLISHED, None
    session.visibility = Visibility.PRIVATE
    session.access_epoch = next_access_epoch(transaction)


def series_titles(transaction: Session, organization_id: str) -> Sequence[str]:
    """The organization's, by title, at most MAX_SERIES_TOLD."""
    query = select(Series.title).where(Series.organization_id == organization_id).order_by(Series.title)
    return transaction.scalars(query.limit(MAX_SERIES_TOLD)).all()


def next_access_epoch(transaction: Session) -> int:
    """For a row whose watchers change. Until the transaction ends nobody else gets one: who sees a number has
    seen all before it.
    """
    exclusive(transaction, "recording-access")
    return 1 + (transaction.scalar(select(func.max(LectureSession.access_epoch))) or 0)


_COLUMNS: Mapping[Sort, InstrumentedAttribute[Any]] = {
    Sort.NEWEST: LectureSession.started_at,
    Sort.OLDEST: LectureSession.started_at,
    Sort.TITLE: LectureSession.title,
    Sort.LENGTH: LectureSession.seconds,
}
_ASCENDING = (Sort.OLDEST, Sort.TITLE)


def _filtered(query: Select[LectureSession], chosen: Filter) -> Select[LectureSession]:
    words = (folded(word) for word in chosen.words)
    query = query.where(*(LectureSession.words.contains(word, autoescape=True) for word in words))
    if chosen.tag is not None:
        query = query.where(LectureSession.id.in_(select(Tag.session_id).where(Tag.tag == chosen.tag)))
    if chosen.series is not None:
        same = select(Series.id).where(Series.title == chosen.series)
        query = query.where(LectureSession.series_id.in_(same))
    columns = {
        LectureSession.lecturer: chosen.lecturer,
        LectureSession.language: chosen.language,
        LectureSession.visibility: chosen.visibility,
    }
    return query.where(*(column == value for column, value in columns.items() if value is not None))


def _value_of(sort: Sort, place: Place) -> Any:
    """The place's value as its column has it. Raises UnfitPlace."""
    if sort in (Sort.NEWEST, Sort.OLDEST):
        return _moment(place.value)
    if isinstance(place.value, str) is not (sort is Sort.TITLE):
        raise UnfitPlace("a place of another sort")
    return place.value


def _moment(value: str | float) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UnfitPlace("a place of another sort") from error
    if moment.tzinfo is None:
        raise UnfitPlace("a moment without its zone")
    return moment


def _place_of(sort: Sort, session: LectureSession) -> Place:
    value = getattr(session, _COLUMNS[sort].key)
    return Place(value.isoformat() if isinstance(value, datetime) else value, session.id)


def _entries(transaction: Session, sessions: Sequence[LectureSession]) -> tuple[Entry, ...]:
    """With their series and tags: two queries for a whole page."""
    tags: dict[str, list[str]] = {}
    ids = [session.id for session in sessions]
    for session_id, tag in transaction.execute(
        select(Tag.session_id, Tag.tag).where(Tag.session_id.in_(ids)).order_by(Tag.session_id, Tag.tag)
    ):
        tags.setdefault(session_id, []).append(tag)
    wanted = {session.series_id for session in sessions if session.series_id is not None}
    rows = transaction.execute(select(Series.id, Series.title, Series.glossary).where(Series.id.in_(wanted)))
    series = {row.id: (row.title, tuple(row.glossary.splitlines())) for row in rows}
    entries = []
    for session in sessions:
        title, glossary = series.get(session.series_id or "", (None, ()))
        entries.append(Entry(session, title, tuple(tags.get(session.id, ())), glossary))
    return tuple(entries)


def _series_id(transaction: Session, organization_id: str, title: str | None) -> str | None:
    """The organization's series of this title, made if there is none."""
    if title is None:
        return None
    exclusive(transaction, f"series:{organization_id}")
    query = select(Series).where(Series.organization_id == organization_id, Series.title == title)
    series = transaction.scalar(query)
    if series is None:
        series = Series(organization_id=organization_id, title=title)
        transaction.add(series)
        transaction.flush()
    return series.id


def _set_glossary(transaction: Session, series_id: str | None, words: Sequence[str]) -> None:
    if series_id is None:
        if words:
            raise NoSeries
        return
    transaction.get_one(Series, series_id).glossary = "\n".join(words)


def _set_tags(transaction: Session, session_id: str, tags: Iterable[str]) -> None:
    transaction.execute(delete(Tag).where(Tag.session_id == session_id))
    transaction.add_all(Tag(session_id=session_id, tag=tag) for tag in tags)
    transaction.flush()
