"""Who may do what with a room: every person against every kind of room, written out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from library.keeping import Kept
from library.models import LectureSession, Visibility
from people.doors import Reason, Visit, may_create_room, may_download, may_host, may_manage, may_watch
from people.models import Role, Room, RoomAccess, User

PEOPLE: dict[str, User | None] = {
    "nobody": None,
    "viewer": User(id="v", organization_id="here", role=Role.VIEWER, active=True),
    "owner": User(id="owner", organization_id="here", role=Role.LECTURER, active=True),
    "colleague": User(id="c", organization_id="here", role=Role.LECTURER, active=True),
    "admin": User(id="a", organization_id="here", role=Role.ADMIN, active=True),
    "foreign lecturer": User(id="fl", organization_id="there", role=Role.LECTURER, active=True),
    "foreign admin": User(id="fa", organization_id="there", role=Role.ADMIN, active=True),
    "operator": User(id="o", organization_id="there", role=Role.OPERATOR, active=True),
    "deactivated owner": User(id="owner", organization_id="here", role=Role.LECTURER, active=False),
    "deactivated operator": User(id="o", organization_id="here", role=Role.OPERATOR, active=False),
    "owner turned viewer": User(id="owner", organization_id="here", role=Role.VIEWER, active=True),
    "owner gone elsewhere": User(id="owner", organization_id="there", role=Role.LECTURER, active=True),
}
HOSTS = {"owner", "admin", "operator"}
MEMBERS = HOSTS | {"viewer", "colleague", "owner turned viewer"}


def _room(access: str) -> Room:
    return Room(id="r", organization_id="here", owner_id="owner", access=access, access_epoch=1)


def _let_in(access: str, unlocked: bool = False, **visit: bool) -> set[str]:
    how = Visit(unlocked=unlocked, **visit)
    return {name for name, person in PEOPLE.items() if may_watch(person, _room(access), how)}


def test_an_open_room_is_open_to_all() -> None:
    assert _let_in("open", False) == set(PEOPLE)


def test_a_members_room_is_its_organizations() -> None:
    assert _let_in("members", False) == MEMBERS
    assert _let_in("members", True) == MEMBERS


def test_a_password_opens_for_all_and_hosts_need_none() -> None:
    assert _let_in("password", False) == HOSTS
    assert _let_in("password", True) == set(PEOPLE)


def test_who_is_invited_needs_an_account_that_is_alive() -> None:
    assert _let_in("invited") == HOSTS
    alive = {name for name, person in PEOPLE.items() if person is not None and person.active}
    assert _let_in("invited", invited=True) == alive
    for access in ("members", "password"):
        assert _let_in(access, invited=True) == _let_in(access)


@pytest.mark.parametrize("access", list(RoomAccess))
def test_a_link_opens_every_room_and_the_organizations_doors_shut_every_one(access: str) -> None:
    assert _let_in(access, linked=True) == set(PEOPLE)
    for visit in ({}, {"linked": True}, {"unlocked": True}, {"invited": True}):
        assert _let_in(access, kept_out=True, **visit) == set()
    refused = may_watch(None, _room(access), Visit(linked=True, kept_out=True))
    assert refused.reason is Reason.KEPT_OUT


def test_an_access_that_nobody_knows_is_shut_to_strangers() -> None:
    assert not _let_in("something new", True) - MEMBERS


@pytest.mark.parametrize("access", list(RoomAccess))
def test_hosting_and_managing(access: str) -> None:
    assert {name for name, person in PEOPLE.items() if may_host(person, _room(access))} == HOSTS
    assert {name for name, person in PEOPLE.items() if may_manage(person, _room(access))} == HOSTS


def test_a_room_without_an_owner_is_the_admins() -> None:
    room = Room(id="r", organization_id="here", owner_id=None, access="open")
    assert {name for name, person in PEOPLE.items() if may_host(person, room)} == {"admin", "operator"}


@pytest.mark.parametrize("visibility", list(Visibility))
def test_who_gets_a_recording_as_a_file(visibility: Visibility) -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    watching, having = set[str](), set[str]()
    for offered, names in ((True, watching), (False, having)):
        row = LectureSession(visibility=visibility, downloads=offered, kept=Kept.PUBLISHED)
        for name, person in PEOPLE.items():
            if may_download(person, _room("open"), row, visit=Visit(), now=now):
                names.add(name)
    assert having == HOSTS <= watching
    reason = may_download(None, _room("open"), row, visit=Visit(), now=now).reason
    assert reason is not Reason.NO_DOWNLOADS or "nobody" in watching, "who may not watch hears that first"


def test_who_may_have_more_rooms() -> None:
    assert {name for name, person in PEOPLE.items() if may_create_room(person)} == {
        *("owner", "colleague", "admin", "operator"),
        *("foreign lecturer", "foreign admin", "owner gone elsewhere"),
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody", Reason.SIGN_IN),
        ("deactivated owner", Reason.DEACTIVATED),
        ("viewer", Reason.ROLE),
        ("foreign admin", Reason.NOT_MEMBER),
        ("colleague", Reason.NOT_YOURS),
    ],
)
def test_the_reason_is_told(name: str, reason: Reason) -> None:
    assert may_host(PEOPLE[name], _room("open")).reason is reason
