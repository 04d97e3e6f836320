"""The doors by hypothesis: any person, room and recording, held against sentences written down naively.

That the queries of lists say the same is in test_visible_rooms.py and test_visible_recordings.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from library.keeping import Kept
from library.models import Visibility
from people import doors
from people.doors import STRANGER, Visit
from people.models import Role, Room, User

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
MANY = settings(max_examples=400, deadline=None)


@dataclass
class Recording:
    visibility: str
    publish_at: datetime | None
    expires_at: datetime | None
    deleted_at: datetime | None
    kept: str
    downloads: bool


PERSONS = st.none() | st.builds(
    User,
    id=st.sampled_from(["one", "two"]),
    organization_id=st.sampled_from(["here", "there"]),
    role=st.sampled_from([role.value for role in Role]),
    active=st.booleans(),
)
ROOMS = st.builds(
    Room,
    organization_id=st.just("here"),
    owner_id=st.sampled_from([None, "one", "two"]),
    access=st.sampled_from(["open", "members", "password", "invited"]),
)
VISITS = st.builds(
    Visit,
    unlocked=st.booleans(),
    linked=st.booleans(),
    invited=st.booleans(),
    kept_out=st.sampled_from([False, False, True]),
)
TIMES = st.sampled_from([None, NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1)])
RECORDINGS = st.builds(
    Recording,
    visibility=st.sampled_from([one.value for one in Visibility]),
    publish_at=TIMES,
    expires_at=TIMES,
    deleted_at=st.sampled_from([None, None, None, NOW]),
    kept=st.sampled_from([Kept.PUBLISHED.value, Kept.PUBLISHED.value, Kept.HELD.value, Kept.NONE.value]),
    downloads=st.booleans(),
)


# The model: one sentence each, true or false


def belongs(person: User | None) -> bool:
    return person is not None and person.active and person.organization_id == "here"


def runs(person: User | None, room: Room) -> bool:
    """Operators everywhere, admins at home, lecturers in rooms of their own."""
    if person is None or not person.active:
        return False
    at_home = person.organization_id == "here"
    return (
        person.role == "operator"
        or (person.role == "admin" and at_home)
        or (person.role == "lecturer" and at_home and room.owner_id == person.id)
    )


def enters(person: User | None, room: Room, visit: Visit) -> bool:
    opened = {
        "open": True,
        "members": belongs(person),
        "password": visit.unlocked,
        "invited": person is not None and person.active and visit.invited,
    }[room.access]
    return not visit.kept_out and (opened or visit.linked or runs(person, room))


def edits(person: User | None, room: Room, recording: Recording) -> bool:
    mine = person is not None and room.owner_id == person.id
    return runs(person, room) and (recording.kept == "published" or mine)


def watches(person: User | None, room: Room, recording: Recording, visit: Visit) -> bool:
    if recording.deleted_at is not None or recording.kept == "none" or visit.kept_out:
        return False
    if edits(person, room, recording):
        return True
    begun = recording.publish_at is None or recording.publish_at <= NOW
    over = recording.expires_at is not None and recording.expires_at <= NOW
    if recording.kept == "held" or not begun or over:
        return False
    return {
        "private": False,
        "unlisted": True,
        "public": True,
        "organization": belongs(person),
        "room": enters(person, room, visit),
    }[recording.visibility]


# Held against it


@MANY
@given(PERSONS, ROOMS, VISITS)
def test_rooms(person: User | None, room: Room, visit: Visit) -> None:
    assert bool(doors.may_watch(person, room, visit)) is enters(person, room, visit)
    assert bool(doors.may_host(person, room)) is runs(person, room)
    assert bool(doors.may_manage(person, room)) is runs(person, room)


@MANY
@given(PERSONS, ROOMS, RECORDINGS, VISITS)
def test_recordings(person: User | None, room: Room, recording: Recording, visit: Visit) -> None:
    seen = watches(person, room, recording, visit)
    edited = edits(person, room, recording)
    told = {"visit": visit, "now": NOW}
    assert bool(doors.may_watch_recording(person, room, recording, **told)) is seen
    assert bool(doors.may_edit_recording(person, room, recording)) is edited
    got = doors.may_download(person, room, recording, **told)
    assert bool(got) is (seen and (recording.downloads or edited))


@MANY
@given(PERSONS, ROOMS, RECORDINGS)
def test_who_is_deactivated_is_a_stranger(person: User | None, room: Room, recording: Recording) -> None:
    if person is not None:
        person.active = False
    told = {"visit": STRANGER, "now": NOW}
    assert bool(doors.may_watch(person, room, STRANGER)) is bool(doors.may_watch(None, room, STRANGER))
    assert not doors.may_host(person, room) and not doors.may_create_room(person)
    assert not doors.may_edit_recording(person, room, recording)
    as_stranger = bool(doors.may_watch_recording(None, room, recording, **told))
    assert bool(doors.may_watch_recording(person, room, recording, **told)) is as_stranger


@MANY
@given(PERSONS, ROOMS, RECORDINGS, VISITS)
def test_a_password_a_link_and_an_invitation_open_and_never_shut(
    person: User | None, room: Room, recording: Recording, visit: Visit
) -> None:
    for key in ("unlocked", "linked", "invited"):
        without, with_it = (replace(visit, **{key: given}) for given in (False, True))
        assert bool(doors.may_watch(person, room, without)) <= bool(doors.may_watch(person, room, with_it))
        seen = [
            bool(doors.may_watch_recording(person, room, recording, visit=one, now=NOW))
            for one in (without, with_it)
        ]
        assert seen[0] <= seen[1]
