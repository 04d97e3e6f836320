"""The rules before every endpoint, walked by every kind of person."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from library.database import Database
from people.models import User
from tests.people.front_door import make_app
from tests.people.route_walk import ALL, HOSTS, ROOM_HOSTS, SIGNED_IN, Step, add_people, walk
from tests.people.signed_in import sign_in_client

STEPS = {
    "who": Step("GET", "/who", ALL),
    "people.sign_in_page": Step("GET", "/sign-in", ALL),
    "signed_in": Step("GET", "/in", SIGNED_IN),
    "hosts": Step("GET", "/rooms", HOSTS),
    "studio": Step("GET", "/rooms/algebra/studio", ROOM_HOSTS),
    "api_settings": Step("PATCH", "/api/v1/rooms/algebra", ROOM_HOSTS),
    "forgotten": Step("GET", "/forgotten", frozenset()),
    "no endpoint": Step("GET", "/no-such-address", ALL),
}


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    app = make_app(sqlite_database, tmp_path)
    app.config["WTF_CSRF_ENABLED"] = False  # here only the rules are walked
    return app


@pytest.fixture
def users(sqlite_database: Database) -> dict[str, User]:
    return add_people(sqlite_database)[0]


def test_who_gets_in(app: Flask, users: dict[str, User]) -> None:
    assert walk(app, users, STEPS) == {endpoint: step.let_in for endpoint, step in STEPS.items()}


def test_a_deactivated_operator_is_nobody(
    app: Flask, users: dict[str, User], sqlite_database: Database
) -> None:
    with sqlite_database.session() as session:
        session.get_one(User, users["operator"].id).active = False
    assert "operator" not in walk(app, users, {"signed_in": STEPS["signed_in"]})["signed_in"]


def test_a_room_that_is_not_there_is_not_found(app: Flask, users: dict[str, User]) -> None:
    client = app.test_client()
    sign_in_client(app, client, users["owner"])
    assert client.get("/rooms/nothing/studio").status_code == 404


def test_a_page_sends_to_the_sign_in_and_back(app: Flask, users: dict[str, User]) -> None:
    answer = app.test_client().get("/rooms/algebra/studio?a=1&b=2")
    assert answer.location == "/sign-in?next=%2Frooms%2Falgebra%2Fstudio%3Fa%3D1%26b%3D2"


def test_the_api_names_the_way_in(app: Flask, users: dict[str, User]) -> None:
    answer = app.test_client().get("/api/v1/rooms/algebra")
    assert (answer.status_code, answer.headers["WWW-Authenticate"][:4]) == (401, "Kodo")


def test_changing_needs_the_token_of_the_page(app: Flask, users: dict[str, User]) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    sign_in_client(app, client, users["owner"])
    assert client.patch("/api/v1/rooms/algebra").status_code == 400
    token = client.get("/token").text
    assert client.patch("/api/v1/rooms/algebra", headers={"X-CSRFToken": token}).status_code == 200
