"""An organization's doors over a database: lists, sign-in, API, WHIP, media; forged addresses, lying ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from broadcast.adoption import adopt_session
from library.models import LectureSession
from people import api_tokens, host_names
from people.entry import Entry
from people.host_names import HostNames
from people.models import AuditRow, EntryRule, Organization, Role, Room, User
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import PASSWORD, SDP, WebStage, csrf_token
from tests.people.name_server import NameServer, reverse, take_time

CAMPUS, HOME = "192.0.2.9", "198.51.100.7"
DOORS = "/api/v1/doors"


class House:
    """The stage with an admin, who like everybody comes from an address that a test gives."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.stage = WebStage(folder, **environment)
        self.folder = folder
        people = self.stage.app.extensions["kodo.people"]
        self.entry: Entry = people.entry
        with self.stage.database.session() as transaction:
            member = transaction.get_one(User, self.stage.member.id)
            self.admin = User(
                organization_id=member.organization_id,
                user_id="admin",
                display_name="admin",
                password_hash=member.password_hash,
                role=Role.ADMIN,
            )
            elsewhere = Organization(name="elsewhere", slug="elsewhere")
            transaction.add_all([self.admin, elsewhere])
            transaction.flush()
            self.operator = User(
                organization_id=elsewhere.id,
                user_id="operator",
                display_name="operator",
                password_hash=member.password_hash,
                role=Role.OPERATOR,
            )
            transaction.add(self.operator)

    def client(self, user: User | None = None, address: str = CAMPUS) -> FlaskClient:
        client = self.stage.client(user)
        client.environ_base["REMOTE_ADDR"] = address
        return client

    def call(
        self, method: str, path: str, body: Any = None, *, who: User | None = None, address: str = CAMPUS
    ) -> Any:
        client = self.client(who, address)
        headers = {"X-CSRFToken": csrf_token(client)} if method != "GET" else {}
        return client.open(path, method=method, json=body, headers=headers)

    def add(self, effect: str, *values: str, address: str = CAMPUS, **more: Any) -> Any:
        body = {"effect": effect, "text": "\n".join(values), **more}
        return self.call("POST", DOORS, body, who=self.admin, address=address)

    def room(self, who: User | None = None, address: str = CAMPUS) -> Any:
        return self.call("GET", "/api/v1/rooms/hall", who=who, address=address).json

    def begin(self) -> SessionWriter:
        """A lecture in the hall."""
        writer = SessionWriter(self.folder, room_id=self.stage.hall.id)
        writer.begin_take()
        writer.parts(12)
        self.adopt(writer)
        return writer

    def adopt(self, writer: SessionWriter) -> None:
        adopt_session(self.stage.settings, self.stage.database, writer.session_id)
        self.stage.book.refresh()

    def reads(self, url: str | None, address: str = CAMPUS) -> int:
        assert url is not None
        return self.client(None, address).get(url.removeprefix("http://localhost")).status_code


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.entry.close()
    house.stage.close()


def _sign_in(house: House, user_id: str, address: str, **headers: str) -> Any:
    client = house.client(None, address)
    form = {"user_id": user_id, "password": PASSWORD, "csrf_token": csrf_token(client)}
    return client.post("/sign-in", data=form, headers=headers)


def test_lists_are_made_filtered_and_unmade(house: House) -> None:
    told = house.add("deny", "Sato, left in March", "203.0.113.0/24, spam", ".evil.example.net").json
    assert (told["added"], told["total"], told["unfit"]) == (3, 3, [])
    assert house.add("deny", "sato").json["added"] == 0  # is there already
    kinds = {(rule["effect"], rule["kind"], rule["value"], rule["note"]) for rule in told["rules"]}
    assert ("deny", "person", "sato", "left in March") in kinds
    assert ("deny", "network", "203.0.113.0/24", "spam") in kinds
    found = house.call("GET", f"{DOORS}?q=march", who=house.admin).json
    assert (found["found"], found["total"]) == (1, 3)
    assert house.call("GET", f"{DOORS}?effect=allow", who=house.admin).json["found"] == 0
    gone = house.call("DELETE", DOORS, {"ids": [found["rules"][0]["id"]]}, who=house.admin).json
    assert (gone["removed"], gone["total"]) == (1, 2)


def test_a_line_that_is_no_rule_changes_nothing_and_is_named(house: House) -> None:
    told = house.add("deny", "sato", "192.0.2.7/24", "", "two words").json
    assert told["total"] == 0 and told["unfit_count"] == 2
    assert [line["line"] for line in told["unfit"]] == [2, 4]
    assert "192.0.2.0/24" in told["unfit"][0]["reason"]


def test_a_dotted_user_id_is_denied_and_one_of_elsewhere_is_asked_about(house: House) -> None:
    with house.stage.database.session() as transaction:
        transaction.get_one(User, house.stage.lecturer.id).user_id = "taro.yamada"
        transaction.get_one(User, house.operator.id).user_id = "jiro.yamada"
    told = house.add("deny", "Taro.Yamada").json
    assert [(rule["kind"], rule["value"]) for rule in told["rules"]] == [("person", "taro.yamada")]
    assert _sign_in(house, "taro.yamada", CAMPUS).status_code == 403
    told = house.add("deny", "jiro.yamada").json
    assert told["added"] == 0 and told["total"] == 1
    [unfit] = told["unfit"]
    assert "deny,host,jiro.yamada" in unfit["reason"]
    assert house.add("deny", "deny,person,jiro.yamada").json["added"] == 1


def test_csv_goes_out_and_in_again(house: House) -> None:
    house.add("deny", "203.0.113.0/24,=SUM(A1)", ".evil.example.net", "sato")
    house.add("allow", f"{CAMPUS}")
    file = house.client(house.admin).get("/admin/doors.csv")
    assert file.text.splitlines()[0] == "\ufeffeffect,kind,value,note"
    assert "'=SUM(A1)" in file.text
    with house.stage.database.reading() as transaction:
        before = {
            (row.effect, row.kind, row.value, row.note) for row in transaction.scalars(select(EntryRule))
        }
    house.call("DELETE", DOORS, {"ids": [_ids(house)[0]]}, who=house.admin)
    again = house.add("allow", file.text, replace=True).json
    assert again["total"] == 4
    with house.stage.database.reading() as transaction:
        rows = transaction.scalars(select(EntryRule)).all()
    assert {(row.effect, row.kind, row.value, row.note) for row in rows} == before


def _ids(house: House) -> list[str]:
    return [rule["id"] for rule in house.call("GET", DOORS, who=house.admin).json["rules"]]


@pytest.mark.parametrize(
    "rules", [("deny", CAMPUS), ("allow", "203.0.113.0/24"), ("deny", "admin"), ("allow", "sato")]
)
def test_who_makes_rules_cannot_lock_themselves_out(house: House, rules: tuple[str, str]) -> None:
    refused = house.add(*rules)
    assert refused.status_code == 409 and CAMPUS in refused.json["detail"]
    assert house.call("GET", DOORS, who=house.admin).json["total"] == 0
    assert house.room(house.stage.member)["may_watch"]


def test_an_operator_of_elsewhere_may_and_a_foreign_admin_may_not(house: House) -> None:
    path = f"{DOORS}?organization=default"
    body = {"effect": "deny", "text": CAMPUS}
    with house.stage.database.session() as transaction:
        transaction.get_one(User, house.operator.id).role = Role.ADMIN
    assert house.call("POST", path, body, who=house.operator).status_code == 403
    with house.stage.database.session() as transaction:
        transaction.get_one(User, house.operator.id).role = Role.OPERATOR
    assert house.call("POST", path, body, who=house.operator).json["added"] == 1
    assert house.call("GET", f"{DOORS}?organization=nowhere", who=house.operator).status_code == 404
    assert house.call("GET", "/admin/doors", who=house.operator).status_code == 200
    assert house.call("GET", DOORS, who=house.admin).status_code == 403, (
        "the admin is out: app.py doors lets in"
    )


def test_changes_are_in_the_audit_log(house: House) -> None:
    house.add("deny", "sato")
    with house.stage.database.reading() as transaction:
        row = transaction.scalars(select(AuditRow).where(AuditRow.action == "doors.changed")).one()
    assert (row.actor_id, row.address) == (house.admin.id, CAMPUS)


def test_sign_in_api_and_tokens_are_shut_to_who_is_denied(house: House) -> None:
    with house.stage.database.session() as transaction:
        _, token = api_tokens.add_api_token(transaction, house.stage.lecturer, "test")
    house.add("deny", HOME)
    bearer = {"Authorization": f"Bearer {token}"}
    for address, status, page in ((CAMPUS, 303, 200), (HOME, 403, 403)):
        assert _sign_in(house, "lecturer", address).status_code == status
        assert house.client(house.stage.lecturer, address).get("/rooms").status_code == page
        assert (
            house.client(None, address).get("/api/v1/rooms/hall/stream-keys", headers=bearer).status_code
            == page
        )
    refused = house.client(house.stage.lecturer, HOME).get("/rooms").text
    assert HOME in refused
    out = house.call("POST", "/sign-out", who=house.stage.lecturer, address=HOME)
    assert out.status_code == 303, "who is kept out may still sign out"


def test_a_wrong_password_from_a_denied_address_tells_nothing_else(house: House) -> None:
    house.add("deny", HOME)
    client = house.client(None, HOME)
    form = {"user_id": "lecturer", "password": "wrong", "csrf_token": csrf_token(client)}
    assert client.post("/sign-in", data=form).status_code == 401


def test_a_forged_header_opens_nothing(house: House) -> None:
    house.add("allow", CAMPUS)
    assert _sign_in(house, "lecturer", HOME).status_code == 403
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        forged = _sign_in(
            house, "lecturer", HOME, **{header: f"for={CAMPUS}" if header == "Forwarded" else CAMPUS}
        )
        assert forged.status_code == 403, header


def test_behind_a_trusted_proxy_the_clients_address_counts(tmp_path: Path) -> None:
    house = House(tmp_path, KODO_TRUSTED_PROXIES="127.0.0.1")
    try:
        assert _sign_in(house, "admin", "127.0.0.1", **{"X-Forwarded-For": CAMPUS}).status_code == 303
        with house.stage.database.session() as transaction:
            organization = transaction.get_one(Organization, house.admin.organization_id)
            organization.doors_version += 1
            rule = EntryRule(
                organization_id=organization.id, effect="allow", kind="network", value=f"{CAMPUS}/32"
            )
            transaction.add(rule)
        for told, status in ((CAMPUS, 303), (f"{CAMPUS}, {HOME}", 403), (f"::ffff:{CAMPUS}", 303)):
            answer = _sign_in(house, "admin", "127.0.0.1", **{"X-Forwarded-For": told})
            assert answer.status_code == status, told
    finally:
        house.entry.close()
        house.stage.close()


def test_ipv4_mapped_into_ipv6_meets_ipv4_rules(house: House) -> None:
    house.add("deny", HOME)
    assert _sign_in(house, "lecturer", f"::ffff:{HOME}").status_code == 403
    house.add("deny", "::ffff:203.0.113.0/120")
    assert _sign_in(house, "lecturer", "203.0.113.5").status_code == 403


def test_encoders_and_studios_are_judged_where_they_publish(house: House) -> None:
    """Without a recorder an encoder that is let in hears 503."""
    _, key = house.stage.stream_key()
    offer = {"data": "v=0", "content_type": SDP}
    token = house.call("POST", "/api/v1/rooms/hall/publish-token", {}, who=house.stage.lecturer).json["token"]
    house.add("deny", HOME)
    for address, status in ((CAMPUS, 503), (HOME, 403)):
        for bearer in (key, token):
            headers = {"Authorization": f"Bearer {bearer}"}
            answer = house.client(None, address).post("/whip/hall", headers=headers, **offer)
            assert answer.status_code == status, (address, answer.text)
    # A stream key stands for the room's owner.
    house.add("deny", "lecturer")
    headers = {"Authorization": f"Bearer {key}"}
    assert house.client().post("/whip/hall", headers=headers, **offer).status_code == 403


def test_an_open_room_of_a_guarded_organization_is_read_by_tokens_which_end_when_rules_get_stricter(
    house: House,
) -> None:
    writer = house.begin()
    opened = house.room()["session"]["hls_url"]
    assert "/live/open/" in opened and house.reads(opened) == 200
    assert house.add("deny", "203.0.113.0/24").status_code == 200
    # Everybody knows the old address: nobody gets anything by it.
    assert house.reads(opened) == 403
    guarded = house.room()["session"]["hls_url"]
    assert "/live/open/" not in guarded and house.reads(guarded) == 200
    out = house.room(address="203.0.113.7")
    assert (out["may_watch"], out["refusal"], out["live_base"], out["feed"]) == (
        False,
        "kept_out",
        None,
        None,
    )
    assert out["session"]["hls_url"] is None and out["session"]["title"] is None
    # A rule more that denies ends what was handed out before, at the origin at once.
    house.add("deny", HOME)
    assert house.reads(guarded) == 403
    newer = house.room()["session"]["hls_url"]
    assert house.reads(newer) == 200
    # What makes it no stricter ends nothing.
    house.call("DELETE", DOORS, {"ids": [_ids(house)[0]]}, who=house.admin)
    assert house.reads(newer) == 200
    house.call("DELETE", DOORS, {"ids": _ids(house)}, who=house.admin)
    assert house.room()["session"]["hls_url"] == opened and house.reads(opened) == 200
    writer.end()


@pytest.mark.parametrize("visibility", ["public", "unlisted", "organization", "room"])
def test_recordings_are_guarded_with_their_organization(house: House, visibility: str) -> None:
    writer = house.begin()
    writer.end()
    house.adopt(writer)
    path = f"/api/v1/recordings/{writer.session_id}"
    with house.stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, writer.session_id)
        row.visibility, row.access_epoch = visibility, row.access_epoch + 1
    house.stage.book.refresh()
    before = house.call("GET", path, who=house.stage.member).json["hls_url"]
    assert house.reads(before) == 200
    house.add("deny", HOME)
    assert house.reads(before) == 403
    after = house.call("GET", path, who=house.stage.member).json["hls_url"]
    assert house.reads(after) == 200
    out = house.call("GET", path, who=house.stage.member, address=HOME)
    assert out.status_code == 403
    listed = house.call("GET", "/api/v1/recordings", who=house.stage.member).json["recordings"]
    hidden = house.call("GET", "/api/v1/recordings", address=HOME).json["recordings"]
    assert all(one["hls_url"] is None for one in hidden)
    assert bool(listed) == (visibility != "unlisted")
    assert house.client(None, HOME).get(f"/watch/{writer.session_id}/poster.webp").status_code in (401, 403)
    assert house.client(None, HOME).get(f"{path}/transcript").status_code in (401, 403)
    oembed = f"/oembed?url=http://localhost:8000/watch/{writer.session_id}"
    assert house.client().get(oembed).status_code != 200


def test_a_new_room_of_a_guarded_organization_is_guarded(house: House) -> None:
    house.add("deny", HOME)
    made = house.call("POST", "/api/v1/rooms", {"title": "New", "slug": "new"}, who=house.stage.lecturer).json
    assert "/live/open" not in made["live_base"]
    with house.stage.database.reading() as transaction:
        assert all(room.guarded for room in transaction.scalars(select(Room)))


def test_the_form_says_why_and_what_was_looked_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    take_time(monkeypatch)
    with NameServer(
        {(reverse(HOME), "PTR"): ["pc1.example.ac.jp."], ("pc1.example.ac.jp", "A"): [HOME]}
    ) as server:
        house.entry.names = server.names()
        house.add("allow", CAMPUS, ".example.ac.jp")

        def tried(user: str, address: str) -> Any:
            return house.call(
                "POST", f"{DOORS}/try", {"user_id": user, "address": address}, who=house.admin
            ).json

        here = tried("lecturer", CAMPUS)
        assert (here["let_in"], here["why"], here["rules"]) == (
            True,
            "allowed",
            [f"allow network {CAMPUS}/32"],
        )
        named = tried("lecturer", f"::ffff:{HOME}")
        assert (named["let_in"], named["lookup"], named["names"]) == (
            True,
            "confirmed",
            ["pc1.example.ac.jp"],
        )
        assert named["address"] == HOME and ".example.ac.jp" in named["words"]
        server.records[(reverse("198.51.100.8"), "PTR")] = ["pc1.example.ac.jp."]
        lying = tried("", "198.51.100.8")
        assert (lying["let_in"], lying["why"], lying["lookup"]) == (False, "not_from", "unconfirmed")
        assert "pc1.example.ac.jp" in lying["lookup_words"]
        assert tried("x", "nowhere")["status"] == 422
        house.entry.names.close()


def test_a_name_server_that_hangs_keeps_out_and_holds_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_names, "LOOKUP_SECONDS", 0.3)
    with NameServer({}, silent=("7.100.51.198",)) as server:
        house.entry.names = HostNames(server.resolver())
        house.add("allow", CAMPUS, ".example.ac.jp")
        out = house.room(address=HOME)
        assert (out["may_watch"], out["refusal"]) == (False, "kept_out")
        house.entry.names.close()


def test_ten_thousand_rules_are_taken_and_one_more_is_not(house: House) -> None:
    lines = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(9_999)]
    assert house.add("deny", *lines).json["total"] == 9_999
    assert house.add("deny", HOME).json["total"] == 10_000
    assert house.add("deny", "203.0.113.1").status_code == 422
    told = house.call("GET", DOORS, who=house.admin).json
    assert (len(told["rules"]), told["found"]) == (200, 10_000)
    assert house.room(address="10.3.9.1")["refusal"] == "kept_out"
    assert house.room()["may_watch"]


def test_the_page(house: House) -> None:
    page = house.client(house.admin).get("/admin/doors")
    assert page.status_code == 200 and CAMPUS in page.text
    assert house.client(house.stage.lecturer).get("/admin/doors").status_code == 403
