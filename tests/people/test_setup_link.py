"""The set-up link: one first admin, once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from library.database import Database
from people.accounts import UnfitUserId, hosts
from people.command_line import add_user
from people.models import Organization, Role, SetupLink, User
from people.passwords import UnfitPassword
from people.rooms import UnfitTitle
from people.setup_link import VALID_FOR, SetupLinkRefused, is_valid, issue_setup_link, redeem

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GOOD = {
    "user_id": "boss",
    "display_name": "The Boss",
    "password": "a long enough secret",
    "organization_name": "大学",
}


def _issue(database: Database, now: datetime = NOW) -> str:
    link = issue_setup_link(database, "https://kodo.example", now)
    assert link is not None and link.startswith("https://kodo.example/setup/")
    return link.rsplit("/", 1)[1]


def test_it_makes_an_operator_with_an_organization(database: Database) -> None:
    user = redeem(database, _issue(database), now=NOW, **GOOD)
    assert (user.user_id, user.display_name, user.role, hosts(user)) == ("boss", "The Boss", "operator", True)
    with database.reading() as session:
        assert session.get_one(Organization, user.organization_id).name == "大学"


def test_it_works_once_and_then_no_link_is_given(database: Database) -> None:
    first, second = _issue(database), _issue(database)
    redeem(database, first, now=NOW, **GOOD)
    for token in (first, second):
        assert not is_valid(database, token, NOW)
        with pytest.raises(SetupLinkRefused):
            redeem(database, token, now=NOW, **(GOOD | {"user_id": "second"}))
    assert issue_setup_link(database, "https://kodo.example", NOW) is None
    with database.reading() as session:
        assert len(session.scalars(select(User)).all()) == 1


@pytest.mark.usefixtures("patient")
def test_two_who_come_at_once_make_one_admin(database: Database) -> None:
    tokens, outcomes = [_issue(database), _issue(database)], []

    def come(number: int) -> None:
        try:
            redeem(database, tokens[number], now=NOW, **(GOOD | {"user_id": f"boss{number}"}))
            outcomes.append("made")
        except SetupLinkRefused:
            outcomes.append("refused")

    threads = [threading.Thread(target=come, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert sorted(outcomes) == ["made", "refused"]


def test_earlier_links_survive_a_restart_for_a_week(database: Database) -> None:
    token = _issue(database)
    _issue(database, NOW + timedelta(days=1))
    assert is_valid(database, token, NOW + VALID_FOR - timedelta(seconds=1))
    assert not is_valid(database, token, NOW + VALID_FOR)
    with pytest.raises(SetupLinkRefused):
        redeem(database, token, now=NOW + VALID_FOR, **GOOD)


def test_only_its_hash_is_kept(database: Database) -> None:
    token = _issue(database)
    with database.reading() as session:
        assert token not in session.scalars(select(SetupLink.token_sha256)).one()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"user_id": " "}, UnfitUserId),
        ({"password": "short"}, UnfitPassword),
        ({"organization_name": ""}, UnfitTitle),
    ],
)
def test_a_mistake_uses_nothing_up(
    database: Database, change: dict[str, str], error: type[Exception]
) -> None:
    token = _issue(database)
    with pytest.raises(error):
        redeem(database, token, now=NOW, **(GOOD | change))
    redeem(database, token, now=NOW, **GOOD)


def test_lecturers_made_before_are_in_the_same_organization(database: Database) -> None:
    lecturer = add_user(database, "tanaka", Role.LECTURER, "a long enough secret")
    assert redeem(database, _issue(database), now=NOW, **GOOD).organization_id == lecturer.organization_id


def test_an_admin_from_the_command_line_needs_no_link(database: Database) -> None:
    add_user(database, "boss", Role.ADMIN, "a long enough secret")
    assert issue_setup_link(database, "https://kodo.example", NOW) is None
