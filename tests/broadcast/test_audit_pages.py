"""The audit log as admins see it, and that what people do in the application is in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from library.database import Database
from people import audit, audit_list
from people.audit_list import Filter
from people.command_line import add_token, add_user, new_key, remove_token
from people.intrusion_signs import Sign, recent
from people.models import AuditRow, Organization, Role, User
from tests.broadcast.web_stage import PASSWORD, WebStage, csrf_token

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStage]:
    stage = WebStage(tmp_path_factory.mktemp("audit"))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def admin(stage: WebStage) -> User:
    return add_user(stage.database, "admin", Role.ADMIN, PASSWORD, name="<b>Ada</b>")


@pytest.fixture(scope="module")
def operator(stage: WebStage) -> User:
    return add_user(stage.database, "operator", Role.OPERATOR, PASSWORD)


def noted(stage: WebStage) -> list[AuditRow]:
    with stage.database.reading() as transaction:
        return list(transaction.scalars(select(AuditRow).order_by(AuditRow.number)))


def last(stage: WebStage, count: int = 1) -> list[tuple[str, dict[str, object]]]:
    return [(row.action, json.loads(row.details or "{}")) for row in noted(stage)[-count:]]


# What is noted


def test_signing_in_and_out_and_what_was_refused(stage: WebStage, admin: User) -> None:
    client = stage.client()
    form = {"csrf_token": csrf_token(client), "user_id": "admin", "password": "wrong wrong"}
    client.post("/sign-in", data=form)
    client.post("/sign-in", data={**form, "user_id": "my secret typed here"})
    client.post("/sign-in", data={**form, "password": PASSWORD})
    client.post("/sign-out", data={"csrf_token": csrf_token(client)})
    assert last(stage, 4) == [
        ("sign_in.refused", {"reason": "password"}),
        ("sign_in.refused", {"reason": "unknown"}),
        ("sign_in.accepted", {}),
        ("sign_in.out", {}),
    ]
    rows = noted(stage)[-4:]
    assert [row.actor_id for row in rows] == [None, None, admin.id, admin.id]
    assert {row.address for row in rows} == {"127.0.0.1"}
    assert all("secret" not in str(vars(row)) for row in rows)
    people = stage.app.extensions["kodo.people"]
    people.signs.write()
    with stage.database.reading() as transaction:
        seen = recent(transaction, datetime.now(UTC))
    assert sum(one.count for one in seen if one.kind is Sign.SIGN_IN) == 2


def test_what_is_done_to_a_room(stage: WebStage, admin: User) -> None:
    change = {"access": "password", "password": "sesame"}
    assert stage.call("PATCH", "/api/v1/rooms/hall", change, user=admin).status_code == 200
    assert stage.call("PATCH", "/api/v1/rooms/hall", {"title": "Hall"}, user=admin).status_code == 200
    assert stage.call("PATCH", "/api/v1/rooms/hall", {"access": "open"}, user=admin).status_code == 200
    key = stage.call("POST", "/api/v1/rooms/hall/stream-keys", {"label": "OBS"}, user=admin).json
    stage.call("DELETE", f"/api/v1/rooms/hall/stream-keys/{key['id']}", user=admin)
    stage.call("POST", "/api/v1/rooms", {"title": "New", "slug": "new"}, user=admin)
    assert last(stage, 6) == [
        ("room.access", {"room": "hall", "from": "open", "to": "password", "new_password": True}),
        ("room.title", {"room": "hall"}),
        ("room.access", {"room": "hall", "from": "password", "to": "open", "new_password": False}),
        ("stream_key.made", {"room": "hall", "label": "OBS"}),
        ("stream_key.revoked", {"room": "hall"}),
        ("room.created", {"room": "new", "access": "open"}),
    ]
    assert "sesame" not in str([vars(row) for row in noted(stage)])


def test_what_is_refused_leaves_no_line(stage: WebStage, admin: User) -> None:
    before = len(noted(stage))
    assert stage.call("PATCH", "/api/v1/rooms/hall", {"access": "password"}, user=admin).status_code == 422
    assert stage.call("PATCH", "/api/v1/rooms/hall", {"title": "Mine"}, user=stage.member).status_code == 403
    assert len(noted(stage)) == before


def test_the_organizations_rule(stage: WebStage, admin: User) -> None:
    stage.call("PATCH", "/api/v1/organization", {"recording": "choice"}, user=admin)
    assert last(stage) == [("organization.recording", {"from": "always", "to": "choice"})]


def test_commands(stage: WebStage, admin: User) -> None:
    new_key(stage.database, "hall", stage.settings)
    add_token(stage.database, "admin", "script")
    made = last(stage)[0][1]
    remove_token(stage.database, str(made["token"]))
    by = {"by": "command line"}
    assert last(stage, 3) == [
        ("stream_key.made", {**by, "room": "hall"}),
        ("api_token.made", {**by, "token": made["token"]}),
        ("api_token.removed", {**by, "token": made["token"]}),
    ]


def test_forged_tokens_are_counted_not_noted(stage: WebStage) -> None:
    before = len(noted(stage))
    client = stage.client()
    forged = "v1.room.1.99999999999." + "A" * 43
    for _ in range(3):
        assert client.get(f"/live/{forged}/session/index.m3u8").status_code == 403
        assert client.get("/api/v1/rooms/hall", headers={"Authorization": "Bearer no"}).status_code == 401
        answer = client.post(
            "/whip/hall", data="v=0", content_type="application/sdp", headers={"Authorization": "Bearer no"}
        )
        assert answer.status_code == 401
    stage.app.extensions["kodo.people"].signs.write()
    with stage.database.reading() as transaction:
        seen = {one.kind: one.count for one in recent(transaction, datetime.now(UTC))}
    assert {Sign.MEDIA_TOKEN: 3, Sign.API_TOKEN: 3, Sign.PUBLISH_TOKEN: 3}.items() <= seen.items()
    assert len(noted(stage)) == before


# How it is looked at


def test_the_page_tells_who_did_what(stage: WebStage, admin: User) -> None:
    page = stage.client(admin).get("/admin/audit").text
    assert "&lt;b&gt;Ada&lt;/b&gt; (admin)" in page and "<b>Ada" not in page
    assert "Who may enter a room changed" in page and "127.0.0.1" in page
    assert "verify --seen" not in page  # the installation's, for operators


def test_operators_are_told_the_seal(stage: WebStage, operator: User) -> None:
    page = stage.client(operator).get("/admin/audit").text
    newest = noted(stage)[-1]
    assert f"{newest.number}:{newest.hash}" in page


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("what=stream_key", {"stream_key.made", "stream_key.revoked"}),
        ("what=room.title", {"room.title"}),
        ("who=ADA&what=sign_in", {"sign_in.accepted", "sign_in.out"}),
        ("who=nobody+here", set()),
        ("since=2099-01-01T00:00:00Z", set()),
        ("until=2001-01-01T00:00:00Z", set()),
        ("what=%25", set()),
        ("who=%25", set()),
    ],
)
def test_filters(stage: WebStage, admin: User, query: str, actions: set[str]) -> None:
    found = stage.client(admin).get(f"/api/v1/audit?{query}").json["acts"]
    assert {one["action"] for one in found} == actions


@pytest.mark.parametrize(
    "query",
    [
        "since=nonsense",
        "until=0001-01-01",
        "zone=x&since=2026-01-01",
        "before=-5",
        f"before={10**30}",
        "zone=9999999",
    ],
)
def test_nonsense_in_the_address_does_no_harm(stage: WebStage, admin: User, query: str) -> None:
    assert stage.client(admin).get(f"/admin/audit?{query}").status_code == 200


def test_pages_lead_through_all_of_it(stage: WebStage, operator: User) -> None:
    client, found, before = stage.client(operator), [], ""
    while True:
        told = client.get(f"/api/v1/audit?limit=3{before}").json
        found += [one["number"] for one in told["acts"]]
        if told["more"] is None:
            break
        before = f"&before={told['more']}"
    assert found == list(range(len(noted(stage)), 0, -1))


def test_an_admin_sees_their_organization_alone(stage: WebStage, admin: User, operator: User) -> None:
    with stage.database.session() as transaction:
        other = Organization(name="Elsewhere", slug="elsewhere")
        transaction.add(other)
        transaction.flush()
        for organization_id in (other.id, None):
            audit.note(transaction, action="backup.run", actor=None, organization_id=organization_id)
    assert stage.client(admin).get("/api/v1/audit?what=backup").json["acts"] == []
    assert len(stage.client(operator).get("/api/v1/audit?what=backup").json["acts"]) == 2
    assert "backup" not in stage.client(admin).get("/admin/audit.csv").text


def test_the_csv_is_all_of_it_and_calculates_nothing(stage: WebStage, operator: User) -> None:
    with stage.database.session() as transaction:
        audit.note(
            transaction,
            action="room.title",
            actor=None,
            organization_id=None,
            subject="=1+1",
            details={"by": "system", "title": 'a "quoted", one'},
        )
    answer = stage.client(operator).get("/admin/audit.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [int(row["number"]) for row in rows] == list(range(len(noted(stage)), 0, -1))
    assert rows[0]["subject"] == "'=1+1"
    assert json.loads(rows[0]["details"])["title"] == 'a "quoted", one'
    assert rows[0]["hash"] == noted(stage)[-1].hash


def test_who_is_erased_is_shown_by_their_id(stage: WebStage, operator: User) -> None:
    gone = User(id="gone-for-good", organization_id="x")
    with stage.database.session() as transaction:
        audit.note(
            transaction, action="room.title", actor=gone, organization_id=None, details={"t": "private"}
        )
    with stage.database.session() as transaction:
        audit.erase(transaction, "gone-for-good")
    page = stage.client(operator).get("/admin/audit?who=gone-for-good").text
    assert "gone-for-good" in page and "Erased" in page and "secret" not in page.split("<tbody>")[1]
    assert audit.check(stage.database).ok


def test_the_same_on_both_databases(database: Database) -> None:
    ada = add_user(database, "ada", Role.ADMIN, PASSWORD, name="Ada L_velace")
    with database.session() as transaction:
        for number in range(7):
            audit.note(
                transaction,
                action=("room.title", "room_x.title")[number % 2],
                actor=ada,
                organization_id=ada.organization_id,
                subject=ada.id,
                at=NOW + timedelta(hours=number),
            )
    chosen = Filter(who="l_v", what="room", since=NOW, until=NOW + timedelta(hours=5))
    with database.reading() as transaction:
        first = audit_list.page(transaction, ada.organization_id, chosen, length=2)
        rest = audit_list.page(transaction, ada.organization_id, chosen, before=first.more, length=2)
    assert [line.number for line in first.lines + rest.lines] == [6, 4, 2]
    assert (first.more, rest.more) == (4, None)
    assert {(line.actor, line.subject_name) for line in first.lines} == {("Ada L_velace (ada)",) * 2}
    assert len(list(audit_list.everything(database, None, Filter(who="ada")))) == 7
