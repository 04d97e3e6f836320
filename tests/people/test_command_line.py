"""What `app.py user` and `app.py room` do, and their errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from library.database import Database, utc_now
from people.command_line import (
    COMMAND_ERRORS,
    OrganizationNotFound,
    add_room,
    add_user,
    list_organizations,
    list_rooms,
    new_key,
    organization_of,
)
from people.models import Role
from people.stream_keys import authenticate
from settings import Settings

GOOD = "a long enough secret"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment(
        {"KODO_STORAGE": str(tmp_path), "KODO_PUBLIC_URL": "https://kodo.example"}
    )


def test_from_nothing_to_a_key(database: Database, settings: Settings) -> None:
    user = add_user(database, "Tanaka", Role.LECTURER, GOOD, name="田中 先生")
    assert (user.user_id, user.display_name) == ("tanaka", "田中 先生")
    add_room(database, "algebra", "tanaka", title="代数")
    first, second = (new_key(database, "algebra", settings) for _ in range(2))
    assert first.keys() == {"whip_url", "stream_key", "room_url"}
    assert first["whip_url"] == "https://kodo.example/whip/algebra"
    assert first["room_url"] == "https://kodo.example/rooms/algebra"
    for key in (first, second):
        authenticate(database, "algebra", key["stream_key"], utc_now())
    (line,) = list_rooms(database, settings)
    assert (line.slug, line.title, line.access, line.owner) == ("algebra", "代数", "open", "tanaka")


@pytest.mark.parametrize(
    ("slug", "owner", "words"),
    [
        ("Bad Slug", "tanaka", "a room's address"),
        ("taken", "tanaka", "there is a room taken already"),
        ("new", "nobody", "there is no user nobody"),
        ("new", "watcher", "watcher is a viewer"),
    ],
)
def test_errors_are_words(database: Database, slug: str, owner: str, words: str) -> None:
    add_user(database, "tanaka", Role.LECTURER, GOOD)
    add_user(database, "watcher", Role.VIEWER, GOOD)
    add_room(database, "taken", "tanaka")
    with pytest.raises(COMMAND_ERRORS, match=words):
        add_room(database, slug, owner)


def test_more_errors_are_words(database: Database, settings: Settings) -> None:
    add_user(database, "tanaka", Role.LECTURER, GOOD)
    with pytest.raises(COMMAND_ERRORS, match="there is a user tanaka already"):
        add_user(database, "TANAKA", Role.LECTURER, GOOD)
    with pytest.raises(COMMAND_ERRORS, match="at least 10 characters"):
        add_user(database, "suzuki", Role.LECTURER, "short")
    with pytest.raises(COMMAND_ERRORS, match="there is no room nothing"):
        new_key(database, "nothing", settings)


def test_an_organization_is_found_by_its_slug_alone(database: Database) -> None:
    add_user(database, "sato", Role.ADMIN, GOOD)
    assert [(one.slug, one.recording) for one in list_organizations(database)] == [("default", "always")]
    with database.session() as session:
        assert organization_of(session, "default").recording == "always"
        with pytest.raises(OrganizationNotFound, match="elsewhere"):
            organization_of(session, "elsewhere")
