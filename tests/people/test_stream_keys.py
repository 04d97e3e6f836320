"""Stream keys: shown once, hashed, several per room, revocable; usable while the database is locked."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from library.database import Database
from people.accounts import create_user, default_organization
from people.models import Role, Room, StreamKey
from people.rooms import create_room
from people.stream_keys import (
    KEYS_PER_ROOM,
    StreamKeyRefused,
    TooManyStreamKeys,
    authenticate,
    create_stream_key,
    looks_like_stream_key,
    revoke_stream_key,
    stream_keys_of,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def rooms(database: Database) -> list[Room]:
    with database.session() as session:
        owner = create_user(
            session,
            user_id="tanaka",
            password="a long enough secret",
            role=Role.LECTURER,
            organization=default_organization(session),
        )
        return [create_room(session, slug=slug, title=slug, owner=owner) for slug in ("a", "b")]


def _new_key(database: Database, room: Room) -> tuple[StreamKey, str]:
    with database.session() as session:
        return create_stream_key(session, room, "OBS")


def test_a_key_opens_its_room_and_only_that(database: Database, rooms: list[Room]) -> None:
    key, token = _new_key(database, rooms[0])
    assert looks_like_stream_key(token)
    assert [row.id for row in authenticate(database, "a", token, NOW)] == [key.id, rooms[0].id]
    for slug, wrong in (
        ("b", token),
        ("a", token[:-1]),
        ("a", ""),
        ("a", "kodo_" + "x" * 43),
        ("a", key.token_sha256),
    ):
        with pytest.raises(StreamKeyRefused):
            authenticate(database, slug, wrong, NOW)


def test_only_its_hash_is_kept(database: Database, rooms: list[Room]) -> None:
    _, token = _new_key(database, rooms[0])
    with database.reading() as session:
        row = session.scalars(select(StreamKey)).one()
    assert token not in repr(vars(row)) and token.removeprefix("kodo_") not in repr(vars(row))


def test_revoking_one_leaves_the_others(database: Database, rooms: list[Room]) -> None:
    (one, one_token), (_, two_token) = _new_key(database, rooms[0]), _new_key(database, rooms[0])
    with database.session() as session:
        assert not revoke_stream_key(session, rooms[1], one.id, NOW)
        assert revoke_stream_key(session, rooms[0], one.id, NOW)
        assert not revoke_stream_key(session, rooms[0], one.id, NOW)
        assert len(stream_keys_of(session, rooms[0])) == 1
    with pytest.raises(StreamKeyRefused):
        authenticate(database, "a", one_token, NOW)
    authenticate(database, "a", two_token, NOW)


def test_its_use_is_noted_once_a_minute(database: Database, rooms: list[Room]) -> None:
    _, token = _new_key(database, rooms[0])
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        authenticate(database, "a", token, NOW + timedelta(seconds=seconds))
        with database.reading() as session:
            last_used_at = session.scalars(select(StreamKey.last_used_at)).one()
        assert last_used_at == NOW + timedelta(seconds=noted)


def test_a_locked_database_keeps_nobody_from_going_live(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        organization = default_organization(session)
        owner = create_user(
            session, user_id="t", password="a long enough secret", role=Role.ADMIN, organization=organization
        )
        room = create_room(session, slug="a", title="a", owner=owner)
        _, token = create_stream_key(session, room, "OBS")
    other = sqlite3.connect(Path(str(sqlite_database.engine.url.database)), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert authenticate(sqlite_database, "a", token, NOW)[1].id == room.id
    other.close()


def test_a_room_has_not_endless_keys(database: Database, rooms: list[Room]) -> None:
    with database.session() as session:
        for _ in range(KEYS_PER_ROOM):
            create_stream_key(session, rooms[0], "x" * 500)
        with pytest.raises(TooManyStreamKeys):
            create_stream_key(session, rooms[0], "one more")
        create_stream_key(session, rooms[1], "another room's")


@pytest.mark.parametrize("token", ["", "kodo_", "kodo_short", "studio_" + "x" * 41])
def test_what_is_no_stream_key_does_not_look_like_one(token: str) -> None:
    assert not looks_like_stream_key(token)
