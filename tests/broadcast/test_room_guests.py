"""Who is invited into a room, and links that open it: lists, cookies, recordings, taking back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from people import invitations, room_links
from people.accounts import UnfitUserId
from people.invitations import MAX_INVITED, fold_name, read_names
from people.models import AuditRow, Role, RoomLink, User
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_doors_api import House
from tests.broadcast.web_stage import PASSWORD, SECRET, csrf_token

ROOM = "/api/v1/rooms/hall"
LATER = datetime.now(UTC) + timedelta(days=7)


class Hall(House):
    """The room `hall` for invited people, and a lecture in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.own("PATCH", ROOM, {"access": "invited"})
        self.writer: SessionWriter = self.begin()

    def own(self, method: str, path: str, body: Any = None) -> Any:
        """As the room's lecturer."""
        return self.call(method, path, body, who=self.stage.lecturer)

    def invite(self, *names: str) -> Any:
        return self.own("POST", f"{ROOM}/invited", {"text": "\n".join(names)})

    def link(self, label: str = "guests", until: datetime = LATER) -> Any:
        return self.own("POST", f"{ROOM}/links", {"label": label, "expires_at": until.isoformat()}).json

    def by_link(self, link: Any) -> FlaskClient:
        """A browser that came by it."""
        client = self.client()
        assert client.get(_path(link["url"])).location == "/rooms/hall"
        return client


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.entry.close()
    hall.stage.close()


def _path(url: str) -> str:
    return url.removeprefix("http://localhost:8000").removeprefix("http://localhost")


def _media(client: FlaskClient) -> str | None:
    """What of the lecture under way this browser is given."""
    told = client.get(ROOM).json
    assert told is not None
    url: str | None = told["session"]["hls_url"]
    assert (url is not None) == told["may_watch"] == (told["refusal"] is None)
    return _path(url) if url is not None else None


def test_who_is_invited_watches_by_user_id_or_mail_address(hall: Hall) -> None:
    member = hall.client(hall.stage.member)
    assert _media(member) is None and member.get(ROOM).json["refusal"] == "invited"  # type: ignore[index]
    assert hall.room()["refusal"] == "sign_in"
    assert hall.invite("Member").json["added"] == 1
    media = _media(member)
    assert media is not None and member.get(media).status_code == 200
    assert hall.own("DELETE", f"{ROOM}/invited", {"names": ["member"]}).json["removed"] == 1
    # Out at the origin at once, also by the address of before.
    assert member.get(media).status_code == 403 and _media(member) is None
    with hall.stage.database.session() as transaction:
        transaction.get_one(User, hall.stage.member.id).email = "member@example.net"
    hall.invite("Dr. Member <Member@Example.net>")
    assert _media(member) is not None
    with hall.stage.database.session() as transaction:
        transaction.get_one(User, hall.stage.member.id).active = False
    assert _media(member) is None


def test_nobody_comes_in_by_typing_somebody_elses_address(hall: Hall) -> None:
    hall.invite("guest@example.net")
    mine = {"email": "guest@example.net", "password": PASSWORD}
    assert hall.call("PATCH", "/api/v1/account", mine, who=hall.stage.member).status_code == 200
    assert hall.room(hall.stage.member)["refusal"] == "invited"
    with hall.stage.database.session() as transaction:  # as when an admin says whose it is
        transaction.get_one(User, hall.stage.member.id).email_unchecked = False
    assert hall.room(hall.stage.member)["may_watch"]


def test_another_organizations_admin_makes_no_account_that_comes_in(hall: Hall) -> None:
    """They give any address to any account, and take any user ID that is free."""
    hall.invite("rector@example.ac.jp", "rector", "operator")
    with hall.stage.database.session() as transaction:
        guest = transaction.get_one(User, hall.operator.id)
        guest.role = Role.ADMIN
    assert hall.room(hall.operator)["may_watch"], "was there when it was invited"
    for user_id, email in (("x1", "rector@example.ac.jp"), ("rector", ""), ("rector@example.ac.jp", "")):
        new = {"user_id": user_id, "display_name": "x", "role": "viewer", "email": email}
        assert hall.call("POST", "/api/v1/people", new, who=hall.operator).status_code == 201
        with hall.stage.database.session() as transaction:
            made = transaction.scalars(select(User).where(User.user_id == user_id)).one()
            made.password_hash = guest.password_hash
        assert hall.room(made)["refusal"] == "invited", user_id
    hall.own("DELETE", f"{ROOM}/invited", {"names": ["rector"]})
    hall.invite("rector")  # now that somebody has it: on purpose
    with hall.stage.database.reading() as transaction:
        made = transaction.scalars(select(User).where(User.user_id == "rector")).one()
    assert hall.room(made)["may_watch"]


def test_several_hundred_are_pasted_at_once(hall: Hall) -> None:
    names = [f"student{number}@example.ac.jp" for number in range(700)]
    told = hall.invite(*names, "member", "two@@signs", "Student7@Example.ac.jp").json
    assert (told["added"], len(told["invited"]), told["unfit"]) == (701, 701, ["two@@signs"])
    more = hall.invite(*(f"x{number}" for number in range(MAX_INVITED)))
    assert more.status_code == 422 and hall.own("GET", f"{ROOM}/invited").json["invited"] == told["invited"]


def test_what_is_pasted_in_all_the_usual_ways() -> None:
    text = 'tanaka, Sato;"Suzuki, Jiro" <suzuki@example.ac.jp>\r\nIto <ITO@example.net>、 yamada\ttanaka'
    pasted = read_names(text)
    assert pasted.names == ("tanaka", "sato", "suzuki@example.ac.jp", "ito@example.net", "yamada")
    assert pasted.unfit == ()


@given(st.text(max_size=200))
def test_whatever_is_pasted_is_a_name_or_named(text: str) -> None:
    for name in read_names(text).names:
        assert fold_name(name) == name
    with pytest.raises(UnfitUserId):
        fold_name("a b@c d")


def test_a_link_opens_the_room_for_its_browser_until_it_is_taken_back(hall: Hall) -> None:
    link = hall.link("Guests from Kyoto")
    stranger, guest = hall.client(), hall.by_link(link)
    assert _media(stranger) is None
    media = _media(guest)
    assert media is not None and guest.get(media).status_code == 200
    listed = hall.own("GET", f"{ROOM}/links").json["links"]
    assert [(one["label"], one["counts"], one["url"]) for one in listed] == [
        ("Guests from Kyoto", True, link["url"])
    ]
    over = hall.own("DELETE", f"{ROOM}/links/{link['id']}").json
    assert (over["counts"], over["url"]) == (False, None)
    assert guest.get(media).status_code == 403 and _media(guest) is None
    assert guest.get(_path(link["url"])).status_code == 403
    with hall.stage.database.reading() as transaction:
        actions = set(transaction.scalars(select(AuditRow.action)))
    assert {"room.link_made", "room.link_revoked"} <= actions


def test_the_address_bar_never_shows_it_and_only_a_signed_id_exists(hall: Hall) -> None:
    link = hall.link()
    answer = hall.client().get(_path(link["url"]))
    assert (answer.status_code, answer.location) == (303, "/rooms/hall")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=" in cookie
    token = link["url"].rsplit("/", 1)[1]
    assert token.encode() not in hall.stage.database_path.read_bytes()
    for forged in (
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        link["id"],
        f"{link['id']}.{'0' * 32}",
        "x",
    ):
        assert hall.client().get(f"/rooms/hall/enter/{forged}").status_code == 404
    foreign = hall.client()
    foreign.set_cookie(f"kodo_link_{hall.stage.hall.id}", room_links.token_of(b"t" * 32, link["id"]))
    assert _media(foreign) is None


def test_a_link_of_another_room_opens_nothing_here(hall: Hall) -> None:
    hall.own("POST", "/api/v1/rooms", {"title": "Other", "slug": "other", "access": "members"})
    made = {"label": "x", "expires_at": LATER.isoformat()}
    link = hall.own("POST", "/api/v1/rooms/other/links", made).json
    token = link["url"].rsplit("/", 1)[1]
    assert hall.client().get(f"/rooms/hall/enter/{token}").status_code == 403
    client = hall.client()
    client.set_cookie(f"kodo_link_{hall.stage.hall.id}", token)
    assert _media(client) is None
    assert hall.own("DELETE", f"{ROOM}/links/{link['id']}").status_code == 404


def test_a_link_ends_by_itself(hall: Hall) -> None:
    link = hall.link()
    guest = hall.by_link(link)
    media = _media(guest)
    with hall.stage.database.session() as transaction:
        transaction.get_one(RoomLink, link["id"]).expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert _media(guest) is None and guest.get(_path(link["url"])).status_code == 403
    # What was handed out goes on to its bucket's end: nobody took anything back.
    assert media is not None and guest.get(media).status_code == 200


@pytest.mark.parametrize("access", ["members", "password", "invited"])
def test_a_link_opens_a_room_of_every_access_and_recordings_as_the_room(hall: Hall, access: str) -> None:
    hall.own("PATCH", ROOM, {"access": access, **({"password": "sesame"} if access == "password" else {})})
    guest = hall.by_link(hall.link())
    assert _media(guest) is not None
    hall.writer.end()
    hall.adopt(hall.writer)
    recording = f"/api/v1/recordings/{hall.writer.session_id}"
    assert guest.get(f"/watch/{hall.writer.session_id}").status_code == 200
    told = guest.get(recording).json
    assert told is not None and guest.get(_path(told["hls_url"])).status_code == 200
    assert hall.client().get(recording).status_code in (401, 403)
    hall.own("PATCH", recording, {"visibility": "organization"})
    assert guest.get(recording).status_code == 401


def test_links_have_a_name_and_end_within_a_year(hall: Hall) -> None:
    now = datetime.now(UTC)
    for body in (
        {"label": " ", "expires_at": LATER.isoformat()},
        {"label": "x", "expires_at": (now - timedelta(seconds=1)).isoformat()},
        {"label": "x", "expires_at": (now + timedelta(days=400)).isoformat()},
        {"label": "x", "expires_at": "2027-01-01T00:00:00"},  # of which zone?
        {"label": "x"},
    ):
        assert hall.own("POST", f"{ROOM}/links", body).status_code == 422, body


def test_the_organizations_doors_stand_before_links_too(hall: Hall) -> None:
    link = hall.link()
    guest = hall.by_link(link)
    assert _media(guest) is not None
    hall.add("allow", "203.0.113.0/24", "192.0.2.9")
    assert _media(guest) is not None
    guest.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert _media(guest) is None and guest.get(ROOM).json["refusal"] == "kept_out"  # type: ignore[index]


def test_who_gave_the_password_stays_in_when_a_link_is_taken_back(hall: Hall) -> None:
    hall.own("PATCH", ROOM, {"access": "password", "password": "sesame"})
    knows = hall.client()
    headers = {"X-CSRFToken": csrf_token(knows)}
    assert knows.post(f"{ROOM}/unlock", json={"password": "sesame"}, headers=headers).status_code == 204
    link = hall.link()
    before = _media(knows)
    hall.own("DELETE", f"{ROOM}/links/{link['id']}")
    assert before is not None and knows.get(before).status_code == 403
    after = _media(knows)  # the page asks again by itself
    assert after is not None and knows.get(after).status_code == 200


def test_nobody_who_races_with_the_taking_back_keeps_a_picture(hall: Hall) -> None:
    """Whatever a browser was given while its link was being taken back opens nothing once that is done."""
    for _ in range(5):
        link = hall.link()
        guests = [hall.by_link(link) for _ in range(3)]
        given: list[str] = []
        done = threading.Event()

        def ask(guest: FlaskClient, given: list[str] = given, done: threading.Event = done) -> None:
            while not done.is_set():
                media = _media(guest)
                if media is not None:
                    given.append(media)

        threads = [threading.Thread(target=ask, args=(guest,)) for guest in guests]
        for thread in threads:
            thread.start()
        while not given:
            pass
        hall.own("DELETE", f"{ROOM}/links/{link['id']}")
        done.set()
        for thread in threads:
            thread.join()
        stranger = hall.client()
        assert given and {stranger.get(media).status_code for media in set(given)} == {403}


def test_an_invitation_list_is_kept_when_the_room_is_opened_and_shut_again(hall: Hall) -> None:
    hall.invite("member")
    for access, refusal in (("open", None), ("invited", None), ("members", None)):
        hall.own("PATCH", ROOM, {"access": access})
        assert hall.room(hall.stage.member)["refusal"] == refusal
    with hall.stage.database.reading() as transaction:
        assert invitations.invited_to(transaction, hall.stage.hall.id) == ["member"]
    assert SECRET not in b"".join(repr(hint).encode() for hint in hall.stage.hints)


@pytest.mark.parametrize("piece", ["a", "a ", "a<", "<", '"a', ">a<", "a,", "a@b.example "])
@pytest.mark.serial
def test_a_long_list_takes_no_time(piece: str) -> None:
    began = time.process_time()
    read_names(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 5  # some tenths; by a rule that begins anew everywhere, minutes
