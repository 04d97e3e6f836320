"""Erasing a person: the account becomes an empty one that nobody can use, and nothing says whose it was.

Called by web threads, the command line, and at each start for those whom a restored database knows again
(`repeat`). In order: noted in `erasures.jsonl`; shut out in one transaction; their recordings, some at a
time; the account, and all rows that are the person's alone. Each step may be repeated, so one that was cut
off is finished by the next start. What was said and written in lectures that are kept is not looked into.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from broadcast import session_rows
from library import catalogue, erasure_list, films, jobs, removals
from library.database import Base, Database, utc_now
from library.erasure_list import Erased
from library.keeping import Removal
from library.models import Film, LectureSession, NoticeMail, ScheduledLecture, Visit
from people import audit, media_addresses
from people.entry_rules import Kind
from people.models import (
    ApiToken,
    EntryRule,
    Organization,
    Room,
    RoomInvitation,
    SignInAttempt,
    StreamKey,
    User,
)
from people.rooms import slug_from
from people.stream_keys import token_sha256
from settings import Settings

log = logging.getLogger(__name__)

AT_ONCE = 50
PREFIX = "erased-"
NAME_LENGTH = 200
# Of the tables that refer to people: whose rows go; what stays, and refers to the empty account from then on.
GO = frozenset({"api_tokens.user_id", "sign_ins.user_id", "account_links.user_id", "watched.user_id"})
STAY = frozenset(
    {"rooms.owner_id", "sessions.removal_by", "media.owner_id", "uploads.owner_id", "transcripts.author"}
)


class Lectures(StrEnum):
    """What becomes of what a person has recorded: it stays under another name, or goes for good."""

    KEEP = "keep"
    REMOVE = "remove"


class StillLive(Exception):
    """One of their lectures is under way."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What an erasure would be about. `elsewhere`: recordings of others that name the person as lecturer."""

    rooms: int
    lectures: int
    visits: int
    elsewhere: int


def is_erased(person: User) -> bool:
    return not person.active and person.user_id.startswith(PREFIX) and not person.password_hash


def extent(transaction: Session, person: User) -> Extent:
    rooms = _rooms(transaction, person.id)
    own, named = LectureSession.room_id.in_([one.id for one in rooms]), LectureSession.removal.is_(None)
    elsewhere = (LectureSession.organization_id == person.organization_id) & ~own
    by_name = LectureSession.lecturer == person.display_name

    def count(table: type[Base], *conditions: object) -> int:
        query = select(func.count()).select_from(table)
        return transaction.scalar(query.where(*conditions)) or 0  # type: ignore[arg-type]

    return Extent(
        rooms=len([one for one in rooms if not one.uploads]),
        lectures=count(LectureSession, own, named),
        visits=count(Visit, Visit.user_id == person.id),
        elsewhere=count(LectureSession, elsewhere, named, by_name) if person.display_name else 0,
    )


def erase(
    settings: Settings,
    database: Database,
    person: User,
    lectures: Lectures,
    *,
    name: str,
    by: User | None,
    address: str = "",
) -> None:
    """`name`: what stands where their name stood. Raises StillLive, DatabaseUnavailable, OSError."""
    with database.reading() as transaction:
        _refuse_while_live(transaction, person.id)
    admin = by.id if by is not None else None
    told = Erased(person.id, lectures.value, name[:NAME_LENGTH], utc_now().isoformat(), admin)
    erasure_list.add(settings.storage, told)
    _carry_out(settings, database, told, by, address)


def repeat(settings: Settings, database: Database) -> int:
    """Erase again whom the database knows, though they were erased → how many. Raises DatabaseUnavailable."""
    again = 0
    for told in erasure_list.load(settings.storage):
        with database.reading() as transaction:
            person = transaction.get(User, told.person)
        if person is not None and not is_erased(person):
            log.warning("user %s was erased on %s and is erased again", told.person, told.at[:10])
            _carry_out(settings, database, told, None, "")
            again += 1
    return again


def _carry_out(settings: Settings, database: Database, told: Erased, by: User | None, address: str) -> None:
    now = utc_now()
    with database.session() as transaction:
        person = transaction.get_one(User, told.person)
        called = person.display_name
        _shut_out(transaction, person, now)
        rooms = [one.id for one in _rooms(transaction, person.id)]
    for room in rooms:
        if told.lectures == Lectures.REMOVE:
            _remove_films(settings, database, room)
        _pass_on(database, room, told, called, now)
    with database.session() as transaction:
        person = transaction.get_one(User, told.person)
        _empty(transaction, person, told, called)
        audit.note(
            transaction,
            action="user.erased",
            actor=by,
            organization_id=person.organization_id,
            subject=person.id,
            details={"lectures": told.lectures, "by": "system" if by is None else None},
            address=address,
            at=now,
        )


def _shut_out(transaction: Session, person: User, now: datetime) -> None:
    """From here on nobody acts as this person, by whatever they hold."""
    media_addresses.end_of_person(transaction, person)
    person.active = False
    person.session_epoch += 1
    rooms = select(Room.id).where(Room.owner_id == person.id)
    keys = Base.metadata.tables["stream_keys"]
    transaction.execute(
        update(keys).where(keys.c.room_id.in_(rooms), keys.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    for table, column in _columns(GO):
        if table.name != "watched":
            transaction.execute(delete(table).where(table.c[column] == person.id))
    transaction.execute(
        delete(ScheduledLecture).where(
            ScheduledLecture.room_id.in_(rooms), ScheduledLecture.session_id.is_(None)
        )
    )


def _pass_on(database: Database, room_id: str, told: Erased, called: str, now: datetime) -> None:
    """Their recordings in a room: removed, or under the other name; some in each transaction."""
    last = ""
    while True:
        with database.session() as transaction:
            query = select(LectureSession).where(LectureSession.room_id == room_id, LectureSession.id > last)
            rows = transaction.scalars(query.order_by(LectureSession.id).limit(AT_ONCE)).all()
            for row in rows:
                if told.lectures == Lectures.REMOVE and row.phase == "ended":
                    removals.order(transaction, row, Removal.OWNER, now, by=told.by)
                    row.lecturer = ""  # the rest of it goes with its files
                elif row.removal is None and row.lecturer == called:
                    catalogue.change(transaction, row, {"lecturer": told.name})
                    transaction.flush()
                    session_rows.describe(transaction, row)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].id


def _remove_films(settings: Settings, database: Database, room_id: str) -> None:
    with database.session() as transaction:
        gone: Sequence[Film] = transaction.scalars(select(Film).where(Film.room_id == room_id)).all()
        for film in gone:
            jobs.cancel_all(transaction, film.id)
            films.remove(transaction, film)
    for film in gone:
        for path in (settings.media_folder / f"{film.id}.mkv", settings.uploads_folder / f"{film.id}.part"):
            _unlink(path)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s is left over: %s", path, error)


def _empty(transaction: Session, person: User, told: Erased, called: str) -> None:
    """The account, and what is the person's alone."""
    rooms = _rooms(transaction, person.id)
    in_their_rooms = StreamKey.room_id.in_([room.id for room in rooms])
    theirs = [
        *(room.id for room in rooms),
        *transaction.scalars(select(StreamKey.id).where(in_their_rooms)),
        *transaction.scalars(select(ApiToken.id).where(ApiToken.user_id == person.id)),
    ]
    for room in rooms:
        room.title, room.slug = unnamed(room.title, room.slug, person.user_id, called, told.name)
    for table, column in _columns(GO):
        transaction.execute(delete(table).where(table.c[column] == person.id))
    transaction.execute(
        delete(SignInAttempt).where(SignInAttempt.account_sha256 == token_sha256(person.user_id))
    )
    transaction.execute(update(Visit).where(Visit.user_id == person.id).values(user_id=None))
    transaction.execute(delete(NoticeMail).where(NoticeMail.user_id == person.id))
    audit.erase(transaction, person.id, theirs)
    nameless = f"{PREFIX}{secrets.token_hex(4)}"
    _take_off_lists(transaction, person, nameless)
    person.user_id, person.display_name = nameless, told.name
    person.password_hash, person.role = "", "viewer"
    person.email = person.language = person.last_sign_in_at = None


def unnamed(title: str, slug: str, user_id: str, called: str, name: str) -> tuple[str, str]:
    """Pure but for chance: a room's title and address without the person whose room it was."""
    if called:
        title = title.replace(called, name)[:NAME_LENGTH]
    of_user_id = slug_from(user_id)
    if of_user_id and f"{slug}-".startswith(f"{of_user_id}-"):
        slug = f"room-{secrets.token_hex(4)}"
    return title, slug


def _take_off_lists(transaction: Session, person: User, nameless: str) -> None:
    """Lists that name people by what they are called. A rule of the doors stays under the account's new ID:
    were it gone, a list of those let in might be empty, and let everybody in.
    """
    names = {person.user_id}
    if person.email is not None:
        others = select(User.id).where(User.email == person.email, User.id != person.id)
        if transaction.scalar(others.limit(1)) is None:
            names.add(person.email)
    transaction.execute(delete(RoomInvitation).where(RoomInvitation.value.in_(names)))
    rules = (EntryRule.kind == Kind.PERSON, EntryRule.value == person.user_id)
    concerned = select(EntryRule.organization_id).where(*rules)
    transaction.execute(
        update(Organization)
        .where(Organization.id.in_(concerned))
        .values(doors_version=Organization.doors_version + 1)
    )
    transaction.execute(update(EntryRule).where(*rules).values(value=nameless, note=""))


def _columns(names: frozenset[str]) -> list[tuple[Table, str]]:
    parts = (name.split(".") for name in sorted(names))
    return [(Base.metadata.tables[table], column) for table, column in parts]


def _rooms(transaction: Session, person_id: str) -> Sequence[Room]:
    return transaction.scalars(select(Room).where(Room.owner_id == person_id)).all()


def _refuse_while_live(transaction: Session, person_id: str) -> None:
    rooms = select(Room.id).where(Room.owner_id == person_id)
    live = select(LectureSession.id).where(LectureSession.room_id.in_(rooms), LectureSession.phase != "ended")
    if transaction.scalar(live.limit(1)) is not None:
        raise StillLive(person_id)
