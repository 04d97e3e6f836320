"""The API of accounts and the pages over it: whole flows, other organizations' admins, hostile input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from people import passwords
from people.accounts import user_of
from people.api_tokens import add_api_token
from people.models import AuditRow, Role, SignIn, User
from tests.broadcast.web_stage import PASSWORD, WebStage, csrf_token
from tests.mail_server import running_mail_server
from tests.people.signed_in import sign_in_client
from tests.people.test_standing import make

PEOPLE = "/api/v1/people"
ACCOUNT = "/api/v1/account"
BETTER = "a better secret still"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    built = WebStage(tmp_path)
    yield built
    built.close()


@pytest.fixture
def admin(stage: WebStage) -> User:
    return make(stage.database, "boss", Role.ADMIN)


def _row(stage: WebStage, user: User) -> User:
    with stage.database.reading() as session:
        return session.get_one(User, user.id)


def _person(stage: WebStage, user_id: str) -> User:
    with stage.database.reading() as session:
        return user_of(session, user_id)


def _actions(stage: WebStage) -> list[str]:
    with stage.database.reading() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.number)))


def _send(client: FlaskClient, method: str, path: str, body: Any = None) -> TestResponse:
    return client.open(path, method=method, json=body, headers={"X-CSRFToken": csrf_token(client)})


def test_an_invitation_without_mail_shows_its_link(stage: WebStage, admin: User) -> None:
    told = stage.call("POST", PEOPLE, {"user_id": "Mori", "role": "lecturer", "email": "M@x.jp"}, user=admin)
    assert (told.status_code, told.json["person"]["state"], told.json["link"]["mail"]) == (
        201,
        "invited",
        "off",
    )
    url = told.json["link"]["url"]
    assert re.fullmatch(r"http://localhost:8000/invitation/[\w-]{43}", url)
    page = stage.client().get(url.removeprefix("http://localhost:8000"))
    assert (
        page.status_code == 200 and "mori" in page.text and page.headers["Referrer-Policy"] == "no-referrer"
    )
    listed = stage.call("GET", f"{PEOPLE}?state=invited&q=MORI", user=admin).json
    assert (listed["total"], listed["people"][0]["email"]) == (1, "m@x.jp")
    assert "mori" in stage.client(admin).get("/admin/people?state=invited").text
    again = stage.call("POST", PEOPLE, {"user_id": "mori"}, user=admin)
    assert (again.status_code, again.content_type) == (409, "application/problem+json")
    person = told.json["person"]["id"]
    assert stage.call("DELETE", f"{PEOPLE}/{person}", user=admin).status_code == 204
    assert stage.client().get(url.removeprefix("http://localhost:8000")).status_code == 404
    assert _actions(stage)[-2:] == ["user.invited", "user.invitation_removed"]


def test_an_invitation_by_mail_shows_no_link(tmp_path: Path) -> None:
    with running_mail_server() as server:
        stage = WebStage(tmp_path, KODO_SMTP_URL=server.url, KODO_MAIL_FROM="kodo@x.jp")
        admin = make(stage.database, "boss", Role.ADMIN)
        server.refuses = {"gone@x.jp"}
        answers = [
            stage.call("POST", PEOPLE, {"user_id": f"u{n}", "email": email}, user=admin).json["link"]
            for n, email in enumerate(("ok@x.jp", "gone@x.jp", ""))
        ]
    outcomes = [(one["mail"], one["url"] is None) for one in answers]
    assert outcomes == [("sent", True), ("refused", False), ("nowhere", False)]
    assert "http://localhost:8000/invitation/" in server.taken[0].text
    down = stage.call("POST", PEOPLE, {"user_id": "u9", "email": "ok@x.jp"}, user=admin).json["link"]
    assert (down["mail"], down["url"] is None) == ("unavailable", False)
    stage.close()


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": "x", "email": "a@x.jp\nBcc: b@x.jp"},
        {"user_id": "a b"},
        {"user_id": "x", "role": "king"},
        {"user_id": "\x00"},
        {"user_id": "\ud800"},
        {"user_id": 7},
        {"user_id": "x" * 300},
        {},
    ],
)
def test_unfit_invitations_are_refused(stage: WebStage, admin: User, body: dict[str, Any]) -> None:
    client = stage.client(admin)
    headers = {"X-CSRFToken": csrf_token(client), "Content-Type": "application/json"}
    answer = client.post(PEOPLE, data=json.dumps(body), headers=headers)  # with halves of surrogate pairs
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_roles_deactivation_and_their_limits(stage: WebStage, admin: User) -> None:
    lecturer = f"{PEOPLE}/{stage.lecturer.id}"
    browser = stage.client(stage.lecturer)
    with stage.database.session() as session:
        _, token = add_api_token(session, user_of(session, "lecturer"), "robot")
    robot = {"Authorization": f"Bearer {token}"}
    assert (
        browser.get(ACCOUNT).status_code
        == stage.app.test_client().get(ACCOUNT, headers=robot).status_code
        == 200
    )
    assert stage.call("PATCH", lecturer, {"role": "operator"}, user=admin).status_code == 403
    assert stage.call("PATCH", lecturer, {"role": "admin"}, user=admin).json["role"] == "admin"
    assert stage.call("PATCH", f"{PEOPLE}/{admin.id}", {"active": False}, user=admin).status_code == 409
    assert stage.call("PATCH", lecturer, {"active": False}, user=admin).json["state"] == "inactive"
    assert (
        browser.get(ACCOUNT).status_code
        == stage.app.test_client().get(ACCOUNT, headers=robot).status_code
        == 401
    )
    assert stage.call("POST", f"{lecturer}/link", user=admin).status_code == 409
    last = stage.call("PATCH", f"{PEOPLE}/{admin.id}", {"role": "viewer"}, user=admin)
    assert last.status_code == 409
    assert stage.call("PATCH", lecturer, {"active": True}, user=admin).json["state"] == "active"
    assert browser.get(ACCOUNT).status_code == 401  # signing in again is theirs
    assert _actions(stage)[-3:] == ["user.role", "user.deactivated", "user.activated"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_organizations_people_are_not_there(stage: WebStage, admin: User, method: str) -> None:
    foreign = make(stage.database, "foreign", Role.ADMIN, elsewhere=True)
    for path in (f"{PEOPLE}/{stage.lecturer.id}", f"{PEOPLE}/{stage.lecturer.id}/sign-ins"):
        if (method, path.endswith("sign-ins")) == ("PATCH", True):
            continue
        body = {"active": False} if method == "PATCH" else None
        assert stage.call(method, path, body, user=foreign).status_code == 404
    assert stage.call("POST", f"{PEOPLE}/{stage.lecturer.id}/link", user=foreign).status_code == 404
    assert stage.client(foreign).get(f"/admin/people/{stage.lecturer.id}").status_code == 404
    listed = stage.call("GET", PEOPLE, user=foreign).json["people"]
    assert [one["user_id"] for one in listed] == ["foreign"]
    assert "lecturer," not in stage.client(foreign).get(f"{PEOPLE}.csv").text
    assert _row(stage, stage.lecturer).active


def test_an_admin_takes_no_operators_account_over(stage: WebStage, admin: User) -> None:
    operator = make(stage.database, "op", Role.OPERATOR)
    path = f"{PEOPLE}/{operator.id}"
    for method, where, body in (
        ("PATCH", path, {"email": "mine@x.jp"}),
        ("PATCH", path, {"role": "viewer"}),
        ("POST", f"{path}/link", None),
        ("DELETE", f"{path}/sign-ins", None),
        ("DELETE", path, None),
    ):
        assert stage.call(method, where, body, user=admin).status_code == 403, (method, where)
    page = stage.client(admin).get(f"/admin/people/{operator.id}").text
    assert "person-form" not in page and "Only an operator" in page


# The own account


def test_the_own_password_ends_all_other_browsers(stage: WebStage) -> None:
    here, there = stage.client(stage.lecturer), stage.client(stage.lecturer)
    devices = here.get(ACCOUNT).json["sign_ins"]
    assert ([one["current"] for one in devices].count(True), len(devices)) == (1, 2)
    for body, status in (
        ({"password": "wrong", "new_password": BETTER}, 403),
        ({"password": PASSWORD, "new_password": "lecturer2025"}, 422),
        ({"password": PASSWORD, "new_password": BETTER}, 204),
    ):
        assert _send(here, "PUT", f"{ACCOUNT}/password", body).status_code == status
    assert here.get(ACCOUNT).status_code == 200 and there.get(ACCOUNT).status_code == 401
    assert passwords.matches(_row(stage, stage.lecturer).password_hash, BETTER)
    noted = [row for row in _all(stage) if row.action == "password.changed"]
    assert len(noted) == 1 and BETTER not in str(vars(noted[0]))


def _all(stage: WebStage) -> list[AuditRow]:
    with stage.database.reading() as session:
        return list(session.scalars(select(AuditRow)))


def test_the_mail_address_asks_for_the_password(stage: WebStage) -> None:
    """Whoever finds an open browser must not make the account theirs by a reset."""
    client = stage.client(stage.lecturer)
    assert _send(client, "PATCH", ACCOUNT, {"email": "mine@x.jp"}).status_code == 403
    assert _send(client, "PATCH", ACCOUNT, {"display_name": "佐藤\n太郎"}).json["display_name"] == "佐藤 太郎"
    both = {"email": "Sato@x.jp", "password": PASSWORD}
    assert _send(client, "PATCH", ACCOUNT, both).json["email"] == "sato@x.jp"
    bad = {"email": "a@x.jp\r\nBcc: b@x.jp", "password": PASSWORD}
    assert _send(client, "PATCH", ACCOUNT, bad).status_code == 422
    assert _send(client, "PATCH", ACCOUNT, {"email": "sato@x.jp"}).status_code == 200  # it is so already


def test_guessing_the_password_of_an_open_browser_is_throttled(stage: WebStage) -> None:
    client = stage.client(stage.lecturer)
    for _ in range(10):
        stage.app.extensions["kodo.people"].throttle.begin("lecturer", "127.0.0.1")
    answer = _send(client, "PUT", f"{ACCOUNT}/password", {"password": PASSWORD, "new_password": BETTER})
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)


def test_browsers_are_ended_one_by_one_and_all(stage: WebStage, admin: User) -> None:
    here, there, third = (stage.client(stage.lecturer) for _ in range(3))
    other = next(one["id"] for one in there.get(ACCOUNT).json["sign_ins"] if one["current"])
    stranger = stage.client(stage.member)
    assert _send(stranger, "DELETE", f"{ACCOUNT}/sign-ins/{other}").status_code == 404
    assert _send(here, "DELETE", f"{ACCOUNT}/sign-ins/{other}").status_code == 204
    assert [one.get(ACCOUNT).status_code for one in (here, there, third)] == [200, 401, 200]
    assert _send(here, "DELETE", f"{ACCOUNT}/sign-ins").status_code == 204
    assert [one.get(ACCOUNT).status_code for one in (here, third)] == [401, 401]
    sign_in_client(stage.app, third, stage.lecturer)
    listed = stage.call("GET", f"{PEOPLE}/{stage.lecturer.id}/sign-ins", user=admin).json["sign_ins"]
    path = f"{PEOPLE}/{stage.lecturer.id}/sign-ins"
    assert [(one["address"], one["current"]) for one in listed] == [("127.0.0.1", False)]
    assert stage.call("DELETE", f"{path}/{listed[0]['id']}", user=admin).status_code == 204
    assert third.get(ACCOUNT).status_code == 401
    assert stage.call("DELETE", path, user=admin).status_code == 204
    with stage.database.reading() as session:
        assert not session.scalars(select(SignIn).where(SignIn.user_id == stage.lecturer.id)).all()


# CSV


def test_csv_in_and_out_again(stage: WebStage, admin: User) -> None:
    client = stage.client(admin)
    headers = {"X-CSRFToken": csrf_token(client), "Content-Type": "text/csv"}
    data = "user_id,name,role,email\r\nmori,'=1+1,講師,m@x.jp\r\nkan,=cmd|x,,\r\n".encode("cp932")

    def take_in(query: str, body: bytes = data) -> TestResponse:
        return client.post(f"{PEOPLE}/import{query}", data=body, headers=headers)

    assert take_in("?dry_run=true").json == {"made": 2, "known": 0, "wrong": [], "wrong_count": 0}
    assert stage.call("GET", f"{PEOPLE}?state=invited", user=admin).json["total"] == 0
    wrong = take_in("", data + b"a b,x,,\r\n").json
    assert (wrong["made"], wrong["wrong_count"], wrong["wrong"][0]["line"]) == (0, 1, 4)
    assert take_in("").json["made"] == 2
    assert (take_in("", b"\x81\n").status_code, take_in("", b"").json["reason"]) == (422, "empty")
    written = client.get(f"{PEOPLE}.csv?state=invited")
    assert written.content_type.startswith("text/csv") and written.data.startswith(b"\xef\xbb\xbf")
    assert "mori,'=1+1,lecturer,m@x.jp,invited" in written.text and "kan,'=cmd|x" in written.text
    assert take_in("", written.data).json["known"] == 2
    links = client.post(f"{PEOPLE}/invitations.csv", data={"csrf_token": csrf_token(client)})
    paths = re.findall(r"http://localhost:8000(/invitation/[\w-]{43})", links.text)
    assert len(paths) == 2
    assert [stage.client().get(path).status_code for path in paths] == [200, 200]
    hidden = stage.call("PATCH", f"{PEOPLE}/{_person(stage, 'kan').id}", {"role": "operator"}, user=admin)
    assert hidden.status_code == 403
    make(stage.database, "op", Role.OPERATOR, password_hash="")  # whose link would be a way up
    again = client.post(f"{PEOPLE}/invitations.csv", data={"csrf_token": csrf_token(client)}).text
    assert "mori" in again and "op," not in again
    assert stage.client().get(paths[0]).status_code == 404  # those before are void
    assert {"user.imported", "user.invitation_links"} <= set(_actions(stage))


def test_the_list_is_filtered_by_its_address(stage: WebStage, admin: User) -> None:
    client = stage.client(admin)
    everybody = client.get("/admin/people?q=&role=king&state=&after=%00").text
    assert all(name in everybody for name in ("boss", "lecturer", "member"))
    found = client.get("/admin/people?role=viewer").text
    assert "member" in found and f"/admin/people/{stage.lecturer.id}" not in found
    assert "<b>" not in client.get("/admin/people?q=<b>x</b>").text
