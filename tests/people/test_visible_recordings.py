"""The conditions on queries say of every recording what the doors say of it, to every kind of person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, and_, insert, select

from library.database import Database
from library.keeping import Kept
from library.models import LectureSession, Visibility
from people import doors
from people.command_line import add_room
from people.doors import Visit
from people.models import Room, RoomAccess, User
from people.rooms import change_room
from people.visible_recordings import edited_by, listed_to
from tests.people.route_walk import ALL, add_people
from tests.people.test_visible_rooms import invite_some, throw_away, visit_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MOMENTS = (None, NOW, NOW + timedelta(hours=1))
OWNERS = ("owner", "colleague", "foreign-lecturer")


@dataclass
class Hall:
    """Rooms of every access, each with recordings of every visibility, time and state of the trash."""

    database: Database
    users: dict[str, User]
    recordings: list[tuple[LectureSession, Room]]

    def visits(self, person: User | None) -> dict[str, Visit]:
        """How `person` stands before each room."""
        with self.database.reading() as session:
            return {room.id: visit_of(session, room, person) for room in session.scalars(select(Room))}

    def found(self, condition: ColumnElement[bool]) -> set[str]:
        with self.database.reading() as session:
            return set(session.scalars(select(LectureSession.id).where(condition)))

    def judged(self, says: Callable[[LectureSession, Room], object]) -> set[str]:
        return {recording.id for recording, room in self.recordings if says(recording, room)}


@pytest.fixture
def hall(database: Database) -> Iterator[Hall]:
    users, _ = add_people(database)
    for owner, mode in product(OWNERS, RoomAccess):
        room = add_room(database, f"{owner}-{mode}", owner)
        with database.session() as session:
            password = "sesame" if mode is RoomAccess.PASSWORD else None
            change_room(session.get_one(Room, room.id), access=mode, password=password)
    throw_away(database, add_room(database, "deleted", "owner"))
    with database.session() as session:
        for room in session.scalars(select(Room)):
            session.execute(insert(LectureSession), list(rows_of(room)))
    invite_some(database, users)
    with database.reading() as session:
        query = select(LectureSession, Room).join(Room, Room.id == LectureSession.room_id)
        yield Hall(database, users, [(recording, room) for recording, room in session.execute(query)])


def rows_of(room: Room) -> Iterator[dict[str, object]]:
    said = product(Visibility, MOMENTS, MOMENTS, (None, NOW), Kept)
    for n, (visibility, publish_at, expires_at, deleted_at, kept) in enumerate(said):
        yield {
            "id": f"{room.slug}-{n}",
            "room_id": room.id,
            "organization_id": room.organization_id,
            "title": "t",
            "phase": "ended",
            "started_at": NOW,
            "visibility": visibility.value,
            "publish_at": publish_at,
            "expires_at": expires_at,
            "deleted_at": deleted_at,
            "kept": kept.value,
        }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(ALL)),
    active=st.booleans(),
    late=st.sampled_from([-1, 0, 1, 3599, 3600, 3601]),
)
def test_the_conditions_say_what_the_doors_say(hall: Hall, name: str, active: bool, late: int) -> None:
    person, now = hall.users.get(name), NOW + timedelta(seconds=late)
    if person is not None:
        person.active = active
    visits = hall.visits(person)

    def may_edit(recording: LectureSession, room: Room) -> bool:
        return bool(doors.may_edit_recording(person, room, recording))

    def may_watch(recording: LectureSession, room: Room) -> bool:
        return bool(doors.may_watch_recording(person, room, recording, visit=visits[room.id], now=now))

    def is_listed(recording: LectureSession, room: Room) -> bool:
        link_only = recording.visibility == Visibility.UNLISTED and not may_edit(recording, room)
        return may_watch(recording, room) and not link_only

    assert hall.found(edited_by(person)) == hall.judged(may_edit)
    assert hall.found(listed_to(person, now)) == hall.judged(is_listed)


def test_each_sees_more_than_the_one_before(hall: Hall) -> None:
    sizes = [len(hall.found(listed_to(hall.users.get(name), NOW))) for name in ("nobody", "viewer", "owner")]
    assert sizes == sorted(set(sizes))
    assert hall.found(listed_to(hall.users["operator"], NOW)) == hall.judged(
        lambda one, room: not (one.deleted_at or room.deleted_at) and one.kept == Kept.PUBLISHED
    )


def test_what_is_held_is_its_owners_and_what_is_not_kept_nobodys(hall: Hall) -> None:
    owner = hall.users["owner"].id
    of_owner = hall.judged(
        lambda one, room: (
            one.kept == Kept.HELD and not (one.deleted_at or room.deleted_at) and room.owner_id == owner
        )
    )
    for name in sorted(ALL):
        seen = hall.found(and_(listed_to(hall.users.get(name), NOW), LectureSession.kept != Kept.PUBLISHED))
        if name == "owner":
            assert seen == of_owner
        elif name in ("colleague", "foreign lecturer"):
            assert seen and seen.isdisjoint(of_owner)  # theirs
        else:
            assert seen == set(), name
