"""The front door over HTTP: sign in and out, the set-up link, cookies, CSRF, where `next` may lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from library.database import Database, utc_now
from people.command_line import add_user
from people.models import Role, User
from people.rooms import rooms_of
from people.setup_link import issue_setup_link
from people.sign_in_views import safe_next
from people.throttle import PER_ACCOUNT_AND_ADDRESS
from tests.people.front_door import Browser, make_app

GOOD = "a long enough secret"


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    return make_app(sqlite_database, tmp_path)


@pytest.fixture
def tanaka(sqlite_database: Database) -> User:
    return add_user(sqlite_database, "tanaka", Role.LECTURER, GOOD)


def _change(database: Database, user: User, **values: object) -> None:
    with database.session() as session:
        row = session.get_one(User, user.id)
        for name, value in values.items():
            setattr(row, name, value)


def test_a_lecturer_signs_in_finds_a_room_and_signs_out(
    app: Flask, sqlite_database: Database, tanaka: User
) -> None:
    browser = Browser(app)
    answer = browser.sign_in("Tanaka", GOOD)
    assert (answer.status_code, answer.location, browser.get("/who").text) == (303, "/rooms", "tanaka")
    with sqlite_database.reading() as session:
        assert [(room.slug, room.title) for room in rooms_of(session, tanaka)] == [
            ("tanaka", "tanaka's room")
        ]
    token = browser.get("/token").text
    assert browser.client.post("/sign-out", headers={"X-CSRFToken": token}).status_code == 303
    assert browser.get("/who").text == "nobody"


def test_a_wrong_password_keeps_what_was_typed_but_not_the_password(app: Flask, tanaka: User) -> None:
    answer = Browser(app).submit("/sign-in", user_id="<b>tanaka", password="wrong password", next="/in")
    assert answer.status_code == 401
    assert "The user ID or the password is wrong." in answer.text
    assert "&lt;b&gt;tanaka" in answer.text and "/in" in answer.text and "wrong password" not in answer.text


def test_too_many_attempts_are_told_when_to_come_again(app: Flask, tanaka: User) -> None:
    browser = Browser(app)
    for _ in range(PER_ACCOUNT_AND_ADDRESS):
        browser.sign_in("tanaka", "wrong")
    answer = browser.sign_in("tanaka", GOOD)
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 800) == (429, True)
    assert "try again in 15 minutes" in answer.text or "try again in 16 minutes" in answer.text


@pytest.mark.parametrize("change", [{"active": False}, {"session_epoch": 1}])
def test_a_deactivated_or_changed_account_is_out_at_once(
    app: Flask, sqlite_database: Database, tanaka: User, change: dict[str, object]
) -> None:
    browser = Browser(app)
    browser.sign_in("tanaka", GOOD)
    assert browser.get("/who").text == "tanaka"
    _change(sqlite_database, tanaka, **change)
    assert browser.get("/who").text == "nobody"


def test_the_cookie_is_guarded_and_not_believed_when_changed(app: Flask, tanaka: User) -> None:
    browser = Browser(app)
    cookie = browser.sign_in("tanaka", GOOD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    value = cookie.split(";")[0].split("=", 1)[1]
    browser.client.set_cookie("kodo_session", value[:-4] + "AAAA")
    assert browser.get("/who").text == "nobody"


def test_over_tls_the_cookie_is_secure(sqlite_database: Database, tmp_path: Path, tanaka: User) -> None:
    app = make_app(sqlite_database, tmp_path, public_url="https://kodo.example")
    answer = Browser(app, "https://kodo.example").sign_in("tanaka", GOOD)
    assert (answer.status_code, "Secure" in answer.headers["Set-Cookie"]) == (303, True)


def test_nothing_of_the_session_before_is_kept(app: Flask, tanaka: User) -> None:
    browser = Browser(app)
    with browser.client.session_transaction() as session:
        session["planted"] = "by someone else"
    browser.sign_in("tanaka", GOOD)
    with browser.client.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/setup/x"])
def test_a_form_from_elsewhere_is_refused(app: Flask, tanaka: User, path: str) -> None:
    answer = app.test_client().post(path, data={"user_id": "tanaka", "password": GOOD})
    assert (answer.status_code, "CSRF" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "target",
    [
        *[None, "", "rooms", "javascript:x", "https://evil.example", "//evil.example", "///evil.example"],
        *["/\\evil.example", "\\\\evil", "/\t/evil.example", "/\n/evil.example", "/ /evil", "/" + "x" * 3000],
    ],
)
def test_next_never_leads_away(target: str | None) -> None:
    assert safe_next(target) == "/rooms"


@pytest.mark.parametrize("target", ["/", "/rooms/a/studio", "/rooms/a?next=//b", "/rooms/%E6%95%B0", "/a#b"])
def test_next_leads_on(target: str) -> None:
    assert safe_next(target) == target


def test_who_is_signed_in_is_sent_on(app: Flask, tanaka: User) -> None:
    browser = Browser(app)
    assert browser.sign_in("tanaka", GOOD, then="/rooms/tanaka/studio").location == "/rooms/tanaka/studio"
    assert browser.get("/sign-in?next=/in").location == "/in"


def test_the_setup_link_makes_an_admin_who_is_signed_in(app: Flask, sqlite_database: Database) -> None:
    link = issue_setup_link(sqlite_database, "", utc_now())
    assert link is not None
    browser = Browser(app)
    assert browser.get(link).status_code == 200
    fields = {"user_id": "boss", "display_name": "Boss", "organization": "大学"}
    short = browser.submit(link, password="short", **fields)
    assert (short.status_code, "at least 10" in short.text, "大学" in short.text) == (400, True, True)
    done = browser.submit(link, password=GOOD, **fields)
    assert (done.status_code, done.location, browser.get("/who").text) == (303, "/rooms", "boss")
    stranger = Browser(app)
    assert stranger.get(link).status_code == 404
    assert stranger.submit(link, password=GOOD, **fields).status_code == 404


def test_an_unknown_setup_link_is_not_found(app: Flask) -> None:
    assert Browser(app).get("/setup/" + "x" * 43).status_code == 404
