"""Lists show the lectures of exactly those rooms whose doors are open to their reader without a password."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.database import Database
from people import doors, invitations
from people.command_line import add_room
from people.doors import Visit
from people.models import Room, RoomAccess, User
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
    invite_some(database, users)
    return users


def invite_some(database: Database, users: dict[str, User]) -> None:
    """Into the rooms `owner-invited`, by user ID, and `colleague-invited`, by mail address."""
    with database.session() as session:
        users["foreign lecturer"].email = "guest@example.net"
        session.get_one(User, users["foreign lecturer"].id).email = "guest@example.net"
        rooms = {room.slug: room for room in session.scalars(select(Room))}
        invitations.invite(session, rooms["owner-invited"], [users["viewer"].user_id, "nobody-yet"])
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


@pytest.mark.parametrize("name", ["viewer", "owner", "admin", "operator"])
def test_a_deactivated_account_sees_what_a_stranger_sees(
    database: Database, users: dict[str, User], name: str
) -> None:
    users[name].active = False
    assert judged(database, users[name]) == judged(database, None)
