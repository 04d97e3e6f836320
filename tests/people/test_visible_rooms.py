"""Lists show the lectures of exactly those rooms whose doors are open to their reader without a password."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from library.database import Database
from people import doors
from people.command_line import add_room
from people.models import Room, RoomAccess, User
from people.rooms import change_room
from people.visible_rooms import listed_to
from tests.people.route_walk import ALL, add_people

ROOM_OWNERS = ("owner", "colleague", "foreign-lecturer", "admin")


@pytest.fixture
def users(database: Database) -> dict[str, User]:
    """With a room of each access for some of them, and one that has lost its owner."""
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
    return users


def judged(database: Database, person: User | None) -> tuple[set[str], set[str]]:
    """What the query finds, and what the doors say."""
    with database.reading() as session:
        found = set(session.scalars(select(Room.slug).where(listed_to(person))))
        rooms = list(session.scalars(select(Room)))
    return found, {room.slug for room in rooms if doors.may_watch(person, room, unlocked=False)}


def test_the_query_says_what_the_doors_say(database: Database, users: dict[str, User]) -> None:
    sizes = {}
    for name in ALL:
        found, expected = judged(database, users.get(name))
        assert found == expected, name
        sizes[name] = len(found)
    assert sizes["operator"] == 3 * len(ROOM_OWNERS) + 1
    assert sizes["nobody"] < sizes["viewer"] < sizes["owner"] < sizes["admin"] < sizes["operator"]


@pytest.mark.parametrize("name", ["viewer", "owner", "admin", "operator"])
def test_a_deactivated_account_sees_what_a_stranger_sees(
    database: Database, users: dict[str, User], name: str
) -> None:
    users[name].active = False
    assert judged(database, users[name]) == judged(database, None)
