"""The route × role walk: every endpoint of an application is tried by every kind of person.

`PEOPLE` are made by `add_people` around one room; a table says per endpoint how to reach it and who
gets in. "Out" is 401, 403 or being sent to the sign-in page; whatever else is the endpoint's own answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import TestResponse

from library.database import Database
from people.command_line import add_room, add_user
from people.models import Organization, Role, Room, User
from tests.people.signed_in import sign_in_client

PASSWORD = "a long enough secret"
SLUG = "algebra"
ALL = frozenset(
    {"nobody", "viewer", "colleague", "owner", "foreign lecturer", "foreign admin", "admin", "operator"}
)
SIGNED_IN = ALL - {"nobody"}
ADMINS = frozenset({"foreign admin", "admin", "operator"})
OPERATORS = frozenset({"operator"})
HOSTS = SIGNED_IN - {"viewer"}
ROOM_HOSTS = frozenset({"owner", "admin", "operator"})

_ROLES = {
    "viewer": Role.VIEWER,
    "colleague": Role.LECTURER,
    "owner": Role.LECTURER,
    "foreign lecturer": Role.LECTURER,
    "foreign admin": Role.ADMIN,
    "admin": Role.ADMIN,
    "operator": Role.OPERATOR,
}


@dataclass(frozen=True, slots=True)
class Step:
    """How an endpoint is reached and who gets in. `body`: sent as JSON."""

    method: str
    path: str
    let_in: frozenset[str]
    body: Mapping[str, object] | None = None


def add_people(database: Database) -> tuple[dict[str, User], Room]:
    """One account of each kind, and the room `algebra` of `owner`. All have one password's one hash."""
    first = add_user(database, "owner", _ROLES["owner"], PASSWORD)
    users = {"owner": first}
    with database.session() as session:
        elsewhere = Organization(name="elsewhere", slug="elsewhere")
        session.add(elsewhere)
        session.flush()
        for name in _ROLES.keys() - users:
            users[name] = User(
                organization_id=elsewhere.id if name.startswith("foreign") else first.organization_id,
                user_id=name.replace(" ", "-"),
                display_name=name,
                password_hash=first.password_hash,
                role=_ROLES[name],
            )
            session.add(users[name])
    return users, add_room(database, SLUG, "owner")


def walk(app: Flask, users: Mapping[str, User], steps: Mapping[str, Step]) -> dict[str, frozenset[str]]:
    """Who got in, per endpoint. Each person takes each step with a session of their own."""
    return {
        endpoint: frozenset(name for name in ALL if is_in(_take(app, users.get(name), step)))
        for endpoint, step in steps.items()
    }


def _take(app: Flask, user: User | None, step: Step) -> TestResponse:
    client = app.test_client()
    if user is not None:
        sign_in_client(app, client, user)
    return client.open(step.path, method=step.method, json=step.body)


def is_in(answer: TestResponse) -> bool:
    """Whether the door was open."""
    sent_to_sign_in = answer.status_code == 302 and (answer.location or "").startswith("/sign-in?next=")
    return answer.status_code not in (401, 403) and not sent_to_sign_in
