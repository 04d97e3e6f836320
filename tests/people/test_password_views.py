"""Invitations and resets over HTTP: the mail, the same answer for all, and what the links leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from library.database import Database, utc_now
from people import standing
from people.accounts import default_organization
from people.command_line import add_user
from people.models import Role, SignInAttempt, User
from people.standing import By
from people.throttle import PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, RESETS_PER_ADDRESS, Throttle
from tests.mail_server import MailServer, running_mail_server
from tests.people.front_door import Browser, make_app

GOOD = "a long enough secret"
BETTER = "a better secret still"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path, server: MailServer) -> Flask:
    return make_app(
        sqlite_database,
        tmp_path,
        public_url="https://kodo.example",
        KODO_SMTP_URL=server.url,
        KODO_MAIL_FROM="Kodo <kodo@x.jp>",
    )


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app, "https://kodo.example")


@pytest.fixture
def sato(sqlite_database: Database) -> User:
    user = add_user(sqlite_database, "sato", Role.LECTURER, GOOD, name="佐藤")
    _change(sqlite_database, user, email="sato@x.jp", language="ja")
    return user


def _change(database: Database, user: User, **values: object) -> None:
    with database.session() as session:
        for name, value in values.items():
            setattr(session.get_one(User, user.id), name, value)


def _ask(browser: Browser, account: str) -> str:
    answer = browser.submit("/forgotten-password", account=account)
    assert answer.status_code == 200
    return answer.text


def _link_in(text: str) -> str:
    found = re.search(r"^https://kodo\.example(/(?:reset|invitation)/[\w-]{43})$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def test_a_reset_by_mail_is_in_the_receivers_language_and_works_once(
    browser: Browser, server: MailServer, sato: User
) -> None:
    _ask(browser, "ＳＡＴＯ")
    (mail,) = server.wait_for(1)
    assert (mail.to, mail.message["Subject"]) == (["sato@x.jp"], "Kodoの新しいパスワード")
    assert "佐藤 様" in mail.text and "ユーザーID：sato" in mail.text
    path = _link_in(mail.text)
    for _ in range(2):  # mail programs look at links
        page = browser.get(path)
        assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert "The two" in browser.submit(path, password=BETTER, again=GOOD).text
    assert "at least 10" in browser.submit(path, password="short", again="short").text
    done = browser.submit(path, password=BETTER, again=BETTER)
    assert (done.status_code, done.location, browser.get("/who").text) == (303, "/rooms", "sato")
    assert done.headers["Referrer-Policy"] == "no-referrer"
    assert Browser(browser.client.application, browser.base_url).get(path).status_code == 404
    assert Browser(browser.client.application, browser.base_url).sign_in("sato", GOOD).status_code == 401


def test_by_mail_address_and_each_account_of_it(
    browser: Browser, server: MailServer, sqlite_database: Database, sato: User
) -> None:
    second = add_user(sqlite_database, "sato2", Role.VIEWER, GOOD)
    _change(sqlite_database, second, email="sato@x.jp")
    _ask(browser, " Sato@X.jp")
    texts = [mail.text for mail in server.wait_for(2)]
    assert len({_link_in(text) for text in texts}) == 2
    assert "Your user ID is: sato2" in texts[1]  # nobody knows their language: that of the page


def test_the_answer_is_the_same_for_all_and_mails_go_to_few(
    browser: Browser, server: MailServer, sqlite_database: Database, sato: User
) -> None:
    for name, values in {"gone": {"active": False}, "mailless": {"email": None}}.items():
        _change(
            sqlite_database,
            add_user(sqlite_database, name, Role.VIEWER, GOOD),
            **{"email": "g@x.jp", **values},
        )
    asked = ["gone", "mailless", "nobody", "", "\x00", "a b\r\nBcc: x@x.jp", "x" * 300, *["sato"] * 5]
    answers = {re.sub(r"value=\S+", "", _ask(browser, one)) for one in asked}
    assert len(answers) == 1
    server.wait_for(3)
    with sqlite_database.session() as session:  # what was open is void with the old address
        standing.describe(session, By(None, "", utc_now()), session.get_one(User, sato.id), email="last@x.jp")
    _ask(browser, "sato")
    assert [one.to for one in server.wait_for(4)] == [["sato@x.jp"]] * 3 + [["last@x.jp"]]


def test_who_asks_too_often_waits_whoever_they_ask_for(
    browser: Browser, server: MailServer, sato: User
) -> None:
    for number in range(RESETS_PER_ADDRESS):
        _ask(browser, f"nobody{number}")
    with pytest.raises(Exception, match="too many"):
        browser.client.application.config["PROPAGATE_EXCEPTIONS"] = True
        browser.submit("/forgotten-password", account="sato")
    assert server.taken == []


def test_no_client_chooses_where_a_link_leads(app: Flask, server: MailServer, sato: User) -> None:
    """A Host header of the attacker's gets into no mail."""
    elsewhere = Browser(app, "https://evil.example")
    _ask(elsewhere, "sato")
    assert "evil.example" not in server.wait_for(1)[0].raw.decode()
    _link_in(server.taken[0].text)


def test_with_the_mail_server_down_the_answer_is_the_same(
    sqlite_database: Database, tmp_path: Path, sato: User
) -> None:
    with running_mail_server() as stopped:
        url = stopped.url
    app = make_app(sqlite_database, tmp_path, KODO_SMTP_URL=url, KODO_MAIL_FROM="kodo@x.jp")
    assert "True True" in _ask(Browser(app), "sato")


def test_without_a_mail_server_it_says_whom_to_ask(
    sqlite_database: Database, tmp_path: Path, sato: User
) -> None:
    browser = Browser(make_app(sqlite_database, tmp_path))
    assert "False False" in browser.get("/forgotten-password").text
    assert "False False" in _ask(browser, "sato")


def test_an_invitation_over_http(browser: Browser, sqlite_database: Database) -> None:
    now = utc_now()
    with sqlite_database.session() as session:
        _, link = standing.invite(
            session, By(None, "", now), default_organization(session), user_id="mori", role=Role.LECTURER
        )
    assert browser.sign_in("mori", "").status_code == 401
    assert "mori" in browser.get(link.path).text
    assert (
        browser.client.post(link.path, base_url=browser.base_url).status_code == 400
    )  # without the page's token
    assert browser.get(link.path.replace("/invitation/", "/reset/")).status_code == 404
    done = browser.submit(link.path, password=GOOD, again=GOOD)
    assert (done.status_code, browser.get("/who").text) == (303, "mori")


# Signing in


def test_a_cookie_of_before_is_nobody_after(browser: Browser, sato: User) -> None:
    """Fixation: what an attacker planted, or copied before, is worth nothing after signing in or out."""
    browser.get("/sign-in")
    planted = browser.client.get_cookie("__Host-kodo_session", domain="kodo.example")
    browser.sign_in("sato", GOOD)
    signed_in = browser.client.get_cookie("__Host-kodo_session", domain="kodo.example")
    assert planted is not None and signed_in is not None and planted.value != signed_in.value
    thief = Browser(browser.client.application, browser.base_url)
    thief.client.set_cookie("__Host-kodo_session", planted.value, domain="kodo.example", secure=True)
    assert thief.get("/who").text == "nobody"
    thief.client.set_cookie("__Host-kodo_session", signed_in.value, domain="kodo.example", secure=True)
    assert thief.get("/who").text == "sato"
    token = browser.get("/token").text
    headers = {"X-CSRFToken": token, "Referer": "https://kodo.example/"}
    browser.client.post("/sign-out", headers=headers, base_url=browser.base_url)
    assert thief.get("/who").text == "nobody"  # also the copy


def test_an_attacker_at_the_same_address_keeps_no_known_browser_out(
    browser: Browser, app: Flask, sqlite_database: Database, sato: User
) -> None:
    browser.sign_in("sato", GOOD)
    browser.client.delete_cookie("__Host-kodo_session", domain="kodo.example")
    throttle: Throttle = app.extensions["kodo.people"].throttle
    for number in range(PER_ADDRESS):  # at one account, and at many others, from the campus's one address
        throttle.begin("sato" if number < PER_ACCOUNT_AND_ADDRESS else f"user{number}", "127.0.0.1")
    strange = Browser(app, "https://kodo.example")
    assert [strange.sign_in(name, GOOD).status_code for name in ("sato", "mori")] == [429, 429]
    assert browser.sign_in("sato", GOOD).status_code == 303
    browser.client.delete_cookie("__Host-kodo_session", domain="kodo.example")
    assert browser.sign_in("mori", GOOD).status_code == 429  # it is known to one account only
    assert browser.sign_in("sato", "wrong").status_code == 401
    with sqlite_database.reading() as session:
        place = session.scalars(
            select(SignInAttempt.address).where(SignInAttempt.address != "127.0.0.1")
        ).one()
    for _ in range(PER_ACCOUNT_AND_ADDRESS - 1):
        throttle.begin("sato", place)
    assert browser.sign_in("sato", GOOD).status_code == 429  # and has no more tries than others


@pytest.mark.parametrize("value", ["", "x", "x" * 1500, "W10.forged"])
def test_a_forged_known_browser_is_none(browser: Browser, sato: User, value: str) -> None:
    browser.client.set_cookie("kodo_known", value, domain="kodo.example", secure=True)
    assert browser.sign_in("sato", GOOD).status_code == 303
