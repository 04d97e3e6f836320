"""Lists show the lectures of exactly those rooms whose doors are open to their reader without a password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from library.database import Database, utc_now
from people import doors, invitations, rooms
from people.command_line import add_room
from people.doors import Visit
from people.models import Room, RoomAccess, RoomInvitation, User
from people.rooms import change_room
from people.visible_rooms import listed_to
from tests.people.route_walk import ALL, add_people

ROOM_OWNERS = ("owner", "colleague", "foreign-lecturer", "admin")


@pytest.fixture
def users(database: Database) -> dict[str, User]:
    """With a room of each access for some of them, one that has lost its owner, and lists of the invited."""
    users, _ = add_people(database)
    for owner in ROOM_OWNERS:
        for mode in RoomAccess:
            slug = f"{owner}-{mode}"
            add_room(database, slug, owner)
            with database.session() as session:
                room = session.scalars(select(Room).where(Room.slug == slug)).one()
                change_room(room, access=mode, password="sesame" if mode is RoomAccess.PASSWORD else None)
                if owner == "admin":
                    room.owner_id = None
    throw_away(database, add_room(database, "deleted", "owner"))
    invite_some(database, users)
    return users


def throw_away(database: Database, room: Room) -> None:
    with database.session() as session:
        rooms.throw_away(session.get_one(Room, room.id), utc_now())


def invite_some(database: Database, users: dict[str, User]) -> None:
    """Into the rooms `owner-invited`, by user ID, and `colleague-invited`, by mail address: of two of the
    organization, and of a foreign admin, who wrote it into their own organization's account.
    """
    with database.session() as session:
        for name in ("viewer", "owner", "foreign admin"):
            users[name].email = "guest@example.net"
            session.get_one(User, users[name].id).email = "guest@example.net"
        rooms = {room.slug: room for room in session.scalars(select(Room))}
        invited = [users["viewer"].user_id, users["foreign lecturer"].user_id, "nobody-yet"]
        invitations.invite(session, rooms["owner-invited"], invited)
        invitations.invite(session, rooms["colleague-invited"], ["guest@example.net"])
        # Of no use while the room is for members.
        invitations.invite(session, rooms["colleague-members"], [users["foreign lecturer"].user_id])


def judged(database: Database, person: User | None) -> tuple[set[str], set[str]]:
    """What the query finds, and what the doors say."""
    with database.reading() as session:
        found = set(session.scalars(select(Room.slug).where(listed_to(person))))
        rooms = list(session.scalars(select(Room)))
        visits = {room.id: visit_of(session, room, person) for room in rooms}
    return found, {room.slug for room in rooms if doors.may_watch(person, room, visits[room.id])}


def visit_of(session: Session, room: Room, person: User | None) -> Visit:
    return Visit(invited=person is not None and invitations.is_invited(session, room, person))


def test_the_query_says_what_the_doors_say(database: Database, users: dict[str, User]) -> None:
    sizes = {}
    for name in ALL:
        found, expected = judged(database, users.get(name))
        assert found == expected, name
        sizes[name] = len(found)
    assert sizes["operator"] == len(RoomAccess) * len(ROOM_OWNERS) + 1
    assert sizes["nobody"] < sizes["viewer"] < sizes["owner"] < sizes["admin"] < sizes["operator"]


def test_who_comes_in_by_a_list(database: Database, users: dict[str, User]) -> None:
    def seen(name: str) -> set[str]:
        return judged(database, users[name])[0] & {"owner-invited", "colleague-invited"}

    assert seen("viewer") == {"owner-invited", "colleague-invited"}
    assert seen("foreign lecturer") == {"owner-invited"}
    assert seen("foreign admin") == set()


INVITED = datetime(2026, 11, 26, 12, tzinfo=UTC)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["viewer", "foreign lecturer", "foreign admin"]),
    user_id=st.sampled_from(["guest", "guest@example.net", "somebody"]),
    email=st.sampled_from([None, "guest@example.net", "other@example.net"]),
    unchecked=st.booleans(),
    age=st.sampled_from([-1, 0, 1]),
    listed=st.lists(st.sampled_from(["guest", "guest@example.net", "nobody"]), unique=True),
)
def test_what_names_an_account(
    database: Database,
    users: dict[str, User],
    name: str,
    user_id: str,
    email: str | None,
    unchecked: bool,
    age: int,
    listed: list[str],
) -> None:
    """A naive model; who may watch is what is listed. `age`: of the account when it was invited."""
    with database.session() as session:
        for other in ("viewer", "foreign lecturer", "foreign admin"):  # as the example before left them
            session.get_one(User, users[other].id).user_id = other
        session.flush()
        person = session.get_one(User, users[name].id)
        person.user_id, person.email, person.email_unchecked = user_id, email, unchecked
        person.created_at = INVITED - timedelta(seconds=age)
        room = session.scalars(select(Room).where(Room.slug == "owner-invited")).one()
        session.execute(delete(RoomInvitation).where(RoomInvitation.room_id == room.id))
        session.add_all(RoomInvitation(room_id=room.id, value=one, created_at=INVITED) for one in listed)
    found, expected = judged(database, person)
    assert found == expected
    at_home = name == "viewer"
    by_id = user_id in listed and (at_home or ("@" not in user_id and age >= 0))
    by_email = at_home and email in listed and not unchecked
    assert ("owner-invited" in found) == (by_id or by_email)


@pytest.mark.parametrize("name", ["viewer", "owner", "admin", "operator"])
def test_a_deactivated_account_sees_what_a_stranger_sees(
    database: Database, users: dict[str, User], name: str
) -> None:
    users[name].active = False
    assert judged(database, users[name]) == judged(database, None)
