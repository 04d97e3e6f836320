"""Rooms: addresses, owners, and what a change of access makes void."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.database import Database
from people import rooms
from people.accounts import create_user, default_organization
from people.models import Role, Room, RoomAccess, User
from people.passwords import UnfitPassword
from people.throttle import PER_ACCOUNT_AND_ADDRESS, Throttle, Throttled

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
        thread.join(20)
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


def test_a_rooms_password_is_throttled_too(database: Database) -> None:
    tanaka, throttle = _user(database), Throttle(database)
    with database.session() as session:
        room = rooms.create_room(
            session, slug="a", title="A", owner=tanaka, access=RoomAccess.PASSWORD, password="1234"
        )
    assert rooms.unlock(throttle, room, "1234", "192.0.2.1")
    for _ in range(PER_ACCOUNT_AND_ADDRESS):
        assert not rooms.unlock(throttle, room, "wrong", "192.0.2.1")
    with pytest.raises(Throttled):
        rooms.unlock(throttle, room, "1234", "192.0.2.1")
    assert rooms.unlock(throttle, room, "1234", "192.0.2.2")


def test_an_unknown_address_is_not_found(database: Database) -> None:
    for slug in ("nothing", "x" * 100_000, "\x00", "\ud800"):
        with pytest.raises(rooms.RoomNotFound), database.reading() as session:
            rooms.room_of(session, slug)
