"""Whoever is kept out from now on reads no media by what they hold, and publishes nothing: at once."""

from __future__ import annotations

from typing import Any

import pytest

from app import _parser
from broadcast.recorder_client import RecorderClient, RecorderUnavailable
from library.models import LectureSession
from operation import administration
from people import host_names, invitations
from people.host_names import Lookup
from people.models import Role, Room, RoomAccess, User
from tests.broadcast.test_doors_api import CAMPUS, DOORS, HOME, House, house  # noqa: F401

PEOPLE = "/api/v1/people"


def let_in(house: House, access: RoomAccess) -> None:
    with house.stage.database.session() as transaction:
        transaction.get_one(Room, house.stage.hall.id).access = access
    house.stage.book.refresh()


def recording(house: House, visibility: str | None) -> str:
    """One that has ended, of the hall → its address in the API; None: nothing was ever said of it."""
    writer = house.begin()
    writer.end()
    house.adopt(writer)
    if visibility is not None:
        with house.stage.database.session() as transaction:
            row = transaction.get_one(LectureSession, writer.session_id)
            row.visibility, row.access_epoch = visibility, row.access_epoch + 1
        house.stage.book.refresh()
    return f"/api/v1/recordings/{writer.session_id}"


def whole(house: House, path: str, who: User) -> Any:
    """The address that opens all of a recording to who may edit it."""
    return house.call("GET", f"{path}/edit", who=who).json["hls_url"]


@pytest.mark.parametrize("visibility", [None, "room", "private", "organization", "public"])
def test_stricter_doors_end_what_editors_hold(house: House, visibility: str | None) -> None:
    lecturer, path = house.stage.lecturer, recording(house, visibility)
    before = whole(house, path, lecturer)
    assert house.reads(before) == 200
    house.add("deny", "203.0.113.0/24")
    assert house.reads(before) == 403
    assert house.reads(whole(house, path, lecturer)) == 200


def test_a_rooms_new_access_ends_what_editors_hold(house: House) -> None:
    lecturer, path = house.stage.lecturer, recording(house, "private")
    before = whole(house, path, lecturer)
    house.call("PATCH", "/api/v1/rooms/hall", {"access": "members"}, who=lecturer)
    house.stage.book.refresh()
    assert house.reads(before) == 403
    assert house.reads(whole(house, path, lecturer)) == 200


@pytest.mark.parametrize("visibility", [None, "private", "organization"])
@pytest.mark.parametrize("change", [{"active": False}, {"role": "viewer"}])
def test_who_edits_no_more_reads_no_more(
    house: House, visibility: str | None, change: dict[str, object]
) -> None:
    path = recording(house, visibility)
    before = whole(house, path, house.stage.lecturer)
    house.call("PATCH", f"{PEOPLE}/{house.stage.lecturer.id}", change, who=house.admin)
    assert house.reads(before) == 403
    assert house.reads(whole(house, path, house.admin)) == 200
    assert house.stage.hints[-1] == {"kind": "access", "room": ""}  # other processes look at once, too


def test_a_member_who_is_deactivated_reads_no_more(house: House) -> None:
    path = recording(house, "organization")
    shown = house.call("GET", path, who=house.stage.member).json["hls_url"]
    let_in(house, RoomAccess.MEMBERS)
    writer = house.begin()
    live = house.room(house.stage.member)["session"]["hls_url"]
    assert [house.reads(one) for one in (shown, live)] == [200, 200]
    member = f"{PEOPLE}/{house.stage.member.id}"
    house.call("PATCH", member, {"role": "lecturer"}, who=house.admin)
    house.call("PATCH", member, {"display_name": "M"}, who=house.admin)
    assert [house.reads(one) for one in (shown, live)] == [200, 200], "more is no reason to ask anew"
    house.call("PATCH", member, {"active": False}, who=house.admin)
    assert [house.reads(one) for one in (shown, live)] == [403, 403]
    again = (
        house.room(house.stage.lecturer)["session"]["hls_url"],
        house.call("GET", path, who=house.stage.lecturer).json["hls_url"],
    )
    assert [house.reads(one) for one in again] == [200, 200]
    writer.end()


def test_operators_and_guests_hold_addresses_of_other_organizations(house: House) -> None:
    second = house.call("POST", PEOPLE, {"user_id": "second", "role": "operator"}, who=house.operator).json[
        "person"
    ]["id"]
    with house.stage.database.session() as transaction:
        hash_of = transaction.get_one(User, house.admin.id).password_hash
        transaction.get_one(User, second).password_hash = hash_of
        guest = User(
            organization_id=house.operator.organization_id,
            user_id="guest",
            display_name="guest",
            password_hash=hash_of,
            role=Role.VIEWER,
        )
        transaction.add(guest)
        invitations.invite(transaction, transaction.get_one(Room, house.stage.hall.id), ["guest"])
    let_in(house, RoomAccess.INVITED)
    writer = house.begin()
    live = house.room(guest)["session"]["hls_url"]
    assert house.reads(live) == 200
    house.call("PATCH", f"{PEOPLE}/{guest.id}", {"active": False}, who=house.operator)
    assert house.reads(live) == 403
    by_operator = house.room(house.operator)["session"]["hls_url"]
    assert house.reads(by_operator) == 200
    with house.stage.database.reading() as transaction:
        chief = transaction.get_one(User, second)
    house.call("PATCH", f"{PEOPLE}/{house.operator.id}", {"role": "admin"}, who=chief)
    assert house.reads(by_operator) == 403
    writer.end()


# Who publishes


class Recorder:
    """Answers in the recorder's place; `revoked`: what it was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, house: House) -> None:
        self.house, self.revoked = house, list[str]()
        self.rooms: dict[str, Any] = {}
        self.away = False
        monkeypatch.setattr(RecorderClient, "status", lambda _: self._status())
        monkeypatch.setattr(RecorderClient, "revoke", lambda _, one: self.revoked.append(one))

    def _status(self) -> dict[str, Any]:
        if self.away:
            raise RecorderUnavailable("it starts again")
        return {"rooms": self.rooms}

    def lives(self, credential: str, address: str = CAMPUS, *, known: tuple[str, ...] = ()) -> None:
        """In the hall; `known`: who published in this lecture before."""
        publisher = {"credential": credential, "address": address}
        hall = self.house.stage.hall.id
        self.rooms["hall"] = {"room_id": hall, "publisher": publisher, "credentials": [credential, *known]}

    def told(self) -> list[str]:
        told, self.revoked = self.revoked, []
        return sorted(told)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, house: House) -> Recorder:
    recorder = Recorder(monkeypatch, house)
    recorder.rooms["kodo-probe"] = {"room_id": "probe", "publisher": None, "credentials": ["probe:1"]}
    return recorder


@pytest.mark.parametrize("rules", [("deny", "lecturer"), ("allow", "admin", "member")])
def test_who_is_kept_out_is_cut_off(house: House, recorder: Recorder, rules: tuple[str, ...]) -> None:
    """A stream key stands for its room's owner."""
    key, _ = house.stage.stream_key()
    studio = f"studio:{house.stage.lecturer.id}"
    admins = f"studio:{house.admin.id}"
    recorder.lives(admins, known=(key, studio))
    assert house.add(*rules).json["added"] == len(rules) - 1
    assert recorder.told() == sorted([key, studio])
    house.add("deny", "somebody")
    assert recorder.told() == sorted([key, studio])  # a recorder that was told in vain is told again
    house.call("DELETE", DOORS, {"ids": _ids(house)}, who=house.admin)
    assert recorder.told() == []  # nothing got stricter


def test_where_somebody_publishes_from_is_judged(house: House, recorder: Recorder) -> None:
    studio = f"studio:{house.stage.lecturer.id}"
    recorder.lives(studio, HOME)
    house.add("deny", "203.0.113.0/24")
    assert recorder.told() == []
    house.add("allow", CAMPUS)
    assert recorder.told() == [studio]
    recorder.lives(studio, f"::ffff:{CAMPUS}")
    house.add("deny", "203.0.114.0/24")
    assert recorder.told() == []
    recorder.lives(studio, "")  # not known
    house.add("deny", "203.0.115.0/24")
    assert recorder.told() == []


@pytest.mark.parametrize(
    ("state", "names", "cut"),
    [
        (host_names.State.CONFIRMED, ("pc.example.ac.jp",), False),
        (host_names.State.NAMELESS, (), True),
        (host_names.State.LATE, (), False),
        (host_names.State.FAILED, (), False),
    ],
)
def test_a_silent_name_server_ends_no_lecture(
    house: House,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    state: host_names.State,
    names: tuple[str, ...],
    cut: bool,
) -> None:
    monkeypatch.setattr(host_names.HostNames, "of", lambda *_: Lookup(state, names))
    studio = f"studio:{house.stage.lecturer.id}"
    recorder.lives(studio, HOME)
    house.add("allow", CAMPUS, ".example.ac.jp")
    assert recorder.told() == ([studio] if cut else [])


def test_another_organizations_rooms_are_left_alone(house: House, recorder: Recorder) -> None:
    recorder.lives(f"studio:{house.operator.id}")
    path = f"{DOORS}?organization=elsewhere"
    assert house.call("POST", path, {"effect": "deny", "text": HOME}, who=house.operator).json["added"] == 1
    assert recorder.told() == []


def test_without_a_recorder_the_doors_change_all_the_same(house: House, recorder: Recorder) -> None:
    recorder.away = True
    assert house.add("deny", "lecturer").json["added"] == 1


def test_the_command_line_cuts_off_too(house: House, recorder: Recorder) -> None:
    studio = f"studio:{house.stage.lecturer.id}"
    recorder.lives(studio)
    doors(house, "add", "deny", HOME)
    assert recorder.told() == []
    doors(house, "add", "allow", "lecturer", "admin")
    assert recorder.told() == []
    doors(house, "remove", "lecturer")
    assert recorder.told() == [studio]


def doors(house: House, *words: str) -> None:
    parsed = _parser().parse_args(["doors", *words])
    administration.COMMANDS[f"doors {words[0]}"](house.stage.settings, parsed)


def _ids(house: House) -> list[str]:
    return [rule["id"] for rule in house.call("GET", DOORS, who=house.admin).json["rules"]]
