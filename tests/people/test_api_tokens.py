"""API tokens: made, used, removed; kept as what nobody can use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from library.database import Database, utc_now
from people import api_tokens
from people.api_tokens import ApiTokenNotFound, ApiTokenRefused, TooManyApiTokens, authenticate
from people.command_line import add_token, add_user, list_tokens, remove_token
from people.models import ApiToken, Role, User


@pytest.fixture
def user(database: Database) -> User:
    return add_user(database, "tanaka", Role.LECTURER, "a long enough secret")


def test_a_token_acts_for_its_person_until_it_is_removed(database: Database, user: User) -> None:
    text = add_token(database, "Tanaka", "  back\nup ")
    assert text.startswith("kodoapi_") and len(text) > 50
    assert authenticate(database, text, utc_now()).id == user.id
    (line,) = list_tokens(database)
    assert (line.user, line.label) == ("tanaka", "back up")
    remove_token(database, line.id)
    with pytest.raises(ApiTokenRefused):
        authenticate(database, text, utc_now())
    with pytest.raises(ApiTokenNotFound):
        remove_token(database, line.id)


@pytest.mark.parametrize("text", ["", "kodoapi_", "kodoapi_" + "x" * 43, "\0", "é", "x" * 10_000, "\ud800"])
def test_other_texts_are_refused(database: Database, user: User, text: str) -> None:
    add_token(database, "tanaka", "")
    with pytest.raises(ApiTokenRefused):
        authenticate(database, text, utc_now())


def test_the_database_does_not_hold_what_opens(database: Database, user: User) -> None:
    text = add_token(database, "tanaka", "x")
    with database.reading() as session:
        (row,) = session.scalars(select(ApiToken))
    assert text.removeprefix("kodoapi_") not in str(vars(row))


def test_a_deactivated_persons_token_opens_nothing(database: Database, user: User) -> None:
    text = add_token(database, "tanaka", "x")
    with database.session() as session:
        session.get_one(User, user.id).active = False
    with pytest.raises(ApiTokenRefused):
        authenticate(database, text, utc_now())


def test_its_use_is_noted_once_a_minute(database: Database, user: User) -> None:
    text, now = add_token(database, "tanaka", "x"), utc_now()
    for late, noted in ((0, 0), (59, 0), (61, 61)):
        authenticate(database, text, now + timedelta(seconds=late))
        with database.reading() as session:
            (row,) = session.scalars(select(ApiToken))
        assert row.last_used_at == now + timedelta(seconds=noted)


def test_not_more_than_anybody_can_keep_track_of(
    database: Database, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_tokens, "TOKENS_PER_USER", 2)
    for _ in range(2):
        add_token(database, "tanaka", "x")
    with pytest.raises(TooManyApiTokens):
        add_token(database, "tanaka", "x")
