"""Signed values: who changes, steals or keeps one gets nowhere."""

from __future__ import annotations

import pytest

from people.models import Room
from people.tokens import (
    PUBLISH_SECONDS,
    UNLOCK_SECONDS,
    PublishToken,
    TokenRefused,
    is_unlocked,
    issue_publish_token,
    issue_unlock,
    read_publish_token,
)

SECRET = b"s" * 32
TOKEN = PublishToken("person", "room", takeover=True)


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def _room(epoch: int = 1, password_hash: str | None = "hash", room_id: str = "room") -> Room:
    return Room(id=room_id, access="password", access_epoch=epoch, password_hash=password_hash)


def test_a_publish_token_says_who_where_and_how_long() -> None:
    clock = Clock()
    text, expires = issue_publish_token(SECRET, TOKEN, clock=clock)
    assert read_publish_token(SECRET, text, clock=clock) == TOKEN
    assert expires == clock.now + PUBLISH_SECONDS
    clock.now = expires
    assert read_publish_token(SECRET, text, clock=clock) == TOKEN
    clock.now = expires + 1
    with pytest.raises(TokenRefused):
        read_publish_token(SECRET, text, clock=clock)


def test_a_publish_token_keeps_what_a_studio_goes_on_with() -> None:
    token = PublishToken("person", "room", False, session_id="session", publication_id="publication")
    text, _ = issue_publish_token(SECRET, token, clock=Clock())
    assert read_publish_token(SECRET, text, clock=Clock()) == token


def test_every_changed_character_is_noticed() -> None:
    text, _ = issue_publish_token(SECRET, TOKEN, clock=Clock())
    for position in range(len(text) - 1):  # the last one holds padding bits
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(TokenRefused):
            read_publish_token(SECRET, changed, clock=Clock())


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "x" * 10_000, "é", "\ud800", "kodo_" + "x" * 43])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        read_publish_token(SECRET, text, clock=Clock())


def test_another_installations_token_and_another_kind_are_refused() -> None:
    foreign, _ = issue_publish_token(b"t" * 32, TOKEN, clock=Clock())
    for text in (foreign, issue_unlock(SECRET, _room(), clock=Clock())):
        with pytest.raises(TokenRefused):
            read_publish_token(SECRET, text, clock=Clock())


def test_an_unlocked_room_stays_so_for_its_time() -> None:
    clock = Clock()
    cookie = issue_unlock(SECRET, _room(), clock=clock)
    assert is_unlocked(SECRET, _room(), cookie, clock=clock)
    clock.now += UNLOCK_SECONDS + 1
    assert not is_unlocked(SECRET, _room(), cookie, clock=clock)


def test_who_gave_the_password_need_not_give_it_again_when_somebody_elses_link_is_taken_back() -> None:
    """Only a new password shuts out who knew the old one; each has a salt of its own."""
    cookie = issue_unlock(SECRET, _room(), clock=Clock())
    assert is_unlocked(SECRET, _room(epoch=2), cookie, clock=Clock())


@pytest.mark.parametrize("room", [_room(password_hash="new"), _room(password_hash=None), _room(room_id="r2")])
def test_a_changed_or_another_room_is_shut(room: Room) -> None:
    assert not is_unlocked(SECRET, room, issue_unlock(SECRET, _room(), clock=Clock()), clock=Clock())


@pytest.mark.parametrize("cookie", [None, "", "x", "a.b.c"])
def test_no_or_a_bad_cookie_opens_nothing(cookie: str | None) -> None:
    assert not is_unlocked(SECRET, _room(), cookie, clock=Clock())
