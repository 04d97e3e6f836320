"""Rooms: addresses, owners, and what a change of access makes void."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from library.database import Database
from people import rooms
from people.accounts import create_user, default_organization
from people.models import Role, Room, RoomAccess, SignInAttempt, User
from people.passwords import UnfitPassword
from people.throttle import ROOM_PER_ADDRESS, ROOM_PER_BROWSER, RoomThrottle, Throttle, Throttled

GOOD = "a long enough secret"


def _user(database: Database, user_id: str = "tanaka", role: Role = Role.LECTURER) -> User:
    with database.session() as session:
        organization = default_organization(session)
        return create_user(session, user_id=user_id, password=GOOD, role=role, organization=organization)


def _own_room(database: Database, user: User) -> Room | None:
    with database.session() as session:
        return rooms.ensure_own_room(session, user, "a title")


@pytest.mark.parametrize("slug", ["a", "algebra-1", "math_2026", "0", "a" * 64])
def test_fit_addresses(slug: str) -> None:
    assert rooms.check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "-a",
        "a-",
        "A",
        "a b",
        "a/b",
        "..",
        "数学",
        "a" * 65,
        "a\n",
        "01934f6e-7c2a-7000-8000-000000000000",
        "f" * 32,
    ],
)
def test_unfit_addresses_are_refused(slug: str) -> None:
    with pytest.raises(rooms.UnfitSlug):
        rooms.check_slug(slug)


@pytest.mark.parametrize(
    ("user_id", "slug"),
    [
        ("tanaka", "tanaka"),
        ("t.anaka@example.ac.jp", "t-anaka"),
        ("josé", "jose"),
        ("田中", ""),
        ("@x", ""),
        ("f" * 32, ""),
    ],
)
def test_the_address_that_an_id_gives(user_id: str, slug: str) -> None:
    assert rooms.slug_from(user_id) == slug


@given(st.text(max_size=64))
def test_every_id_gives_a_fit_address_or_none(user_id: str) -> None:
    slug = rooms.slug_from(user_id)
    assert slug == "" or (rooms.check_slug(f"{slug}-abcdef") and rooms.check_slug(slug))


def test_who_may_host_finds_one_room_and_keeps_it(database: Database) -> None:
    tanaka = _user(database)
    first = _own_room(database, tanaka)
    assert first is not None
    assert (first.slug, first.title, first.owner_id, first.access) == ("tanaka", "a title", tanaka.id, "open")
    second = _own_room(database, tanaka)
    assert second is not None and second.id == first.id


def test_a_viewer_gets_no_room(database: Database) -> None:
    assert _own_room(database, _user(database, role=Role.VIEWER)) is None


def test_a_taken_address_and_other_scripts_get_a_number(database: Database) -> None:
    slugs = [_own_room(database, _user(database, name)) for name in ("tanaka@a.jp", "tanaka@b.jp", "田中")]
    names = [room.slug for room in slugs if room]
    assert names[0] == "tanaka"
    assert names[1].startswith("tanaka-") and names[2].startswith("room-")


@pytest.mark.usefixtures("patient")
def test_signing_in_twice_at_once_makes_one_room(database: Database) -> None:
    tanaka, made = _user(database), []

    def come() -> None:
        room = _own_room(database, tanaka)
        assert room is not None
        made.append(room.id)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert (len(made), len(set(made))) == (4, 1)


def test_one_address_is_one_room(database: Database) -> None:
    tanaka = _user(database)
    with database.session() as session:
        rooms.create_room(session, slug="algebra", title="Algebra", owner=tanaka)
    with pytest.raises(rooms.SlugTaken), database.session() as session:
        rooms.create_room(session, slug="algebra", title="Algebra", owner=tanaka)


def test_only_a_change_of_access_or_password_voids_addresses(database: Database) -> None:
    tanaka = _user(database)
    with database.session() as session:
        room = rooms.create_room(session, slug="a", title="A", owner=tanaka)
        assert not rooms.change_room(room, title="  B \n\x00 C ")
        assert not rooms.change_room(room, access=RoomAccess.OPEN)
        assert rooms.change_room(room, access=RoomAccess.PASSWORD, password="1234")
        assert rooms.change_room(room, password="5678")
        assert rooms.change_room(room, access=RoomAccess.MEMBERS)
    assert (room.title, room.access_epoch, room.password_hash) == ("B C", 4, None)


def test_what_makes_no_sense_is_refused(database: Database) -> None:
    tanaka = _user(database)
    with database.session() as session:
        room = rooms.create_room(session, slug="a", title="A", owner=tanaka)
        with pytest.raises(rooms.RoomPasswordMissing):
            rooms.change_room(room, access=RoomAccess.PASSWORD)
        with pytest.raises(UnfitPassword):
            rooms.change_room(room, access=RoomAccess.PASSWORD, password="123")
        for title in ("", "  ", "x" * 201):
            with pytest.raises(rooms.UnfitTitle):
                rooms.change_room(room, title=title)
        assert (room.access, room.access_epoch) == ("open", 1)


HALL = "192.0.2.1"


class Door:
    """A room with the password 1234, and who stands before it."""

    def __init__(self, database: Database) -> None:
        self.now = datetime(2026, 11, 25, 1, tzinfo=UTC)
        self.throttle = RoomThrottle(database, clock=lambda: self.now)
        owner = _user(database)
        with database.session() as session:
            self.room = rooms.create_room(
                session, slug="a", title="A", owner=owner, access=RoomAccess.PASSWORD, password="1234"
            )

    def opens(self, password: str, browser: str, address: str = HALL) -> bool:
        return rooms.unlock(self.throttle, self.room, password, address=address, browser=browser)

    def note_failures(self, count: int) -> None:
        """Of as many browsers in the hall; without the time that judging takes."""
        for number in range(count):
            self.throttle.failed(self.room.id, HALL, f"mistyped {number}")


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


def test_who_guesses_a_rooms_password_keeps_out_himself_alone(door: Door) -> None:
    for _ in range(ROOM_PER_BROWSER):
        assert not door.opens("wrong", "guesser")
    with pytest.raises(Throttled) as throttled:
        door.opens("1234", "guesser")
    assert 890 < throttled.value.retry_after <= 901
    assert door.opens("1234", "neighbour")
    door.now += timedelta(seconds=throttled.value.retry_after)
    assert door.opens("1234", "guesser")


def test_a_hall_behind_one_address_comes_in_at_once(door: Door) -> None:
    """All type at the same moment, more than one may mistype, and some do."""
    with ThreadPoolExecutor(5) as hall:
        opened = list(hall.map(lambda n: door.opens("1234" if n % 5 else "1243", f"student {n}"), range(60)))
    assert opened == [bool(n % 5) for n in range(60)]


def test_guessing_with_ever_new_browsers_ends_too_and_signing_in_does_not_suffer(
    door: Door, database: Database
) -> None:
    door.note_failures(ROOM_PER_ADDRESS)
    with pytest.raises(Throttled):
        door.opens("1234", "another browser")
    assert door.opens("1234", "another browser", "192.0.2.2")
    Throttle(database, clock=lambda: door.now).begin("tanaka", HALL)
    door.now += timedelta(minutes=15)
    assert door.opens("1234", "another browser")


def test_who_mistyped_and_then_came_in_is_not_counted(door: Door, database: Database) -> None:
    assert not door.opens("1243", "student")
    assert door.opens("1234", "student")
    with database.reading() as session:
        assert session.scalars(select(SignInAttempt)).all() == []


def test_an_unknown_address_is_not_found(database: Database) -> None:
    for slug in ("nothing", "x" * 100_000, "\x00", "\ud800"):
        with pytest.raises(rooms.RoomNotFound), database.reading() as session:
            rooms.room_of(session, slug)
