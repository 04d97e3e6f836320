"""What admins may do to whom; the last admin; deactivation; the list of people; sign-ins as rows."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from library.database import Database, new_id, open_database
from people import directory, invitations, sign_ins, standing, stream_keys
from people.accounts import UnfitEmail, default_organization, user_of
from people.devices import Device, device_of
from people.directory import PAGE, State, Wanted
from people.models import AccountLink, AuditRow, Organization, Role, Room, RoomAccess, SignIn, User
from people.rooms import create_room, room_of
from people.sign_ins import LIFETIME, NOTE_EVERY, PER_PERSON
from people.standing import AboveYou, By, LastAdmin, NotInvited, Oneself, may_look_after
from people.stream_keys import StreamKeyRefused

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
BY = By(None, "", NOW)


def make(database: Database, name: str, role: Role, *, elsewhere: bool = False, **more: object) -> User:
    with database.session() as session:
        organization = default_organization(session)
        if elsewhere:
            organization = session.scalar(select(Organization).where(Organization.slug == "elsewhere")) or (
                Organization(name="Elsewhere", slug="elsewhere")
            )
            session.add(organization)
            session.flush()
        user = User(
            organization_id=organization.id,
            user_id=name,
            display_name=str(more.pop("display_name", name)),
            password_hash=str(more.pop("password_hash", "$argon2id$made")),
            role=role,
            **more,
        )
        session.add(user)
    return user


def role_of(database: Database, user: User) -> str:
    with database.reading() as session:
        return session.get_one(User, user.id).role


# Who may do what to whom


def _person(role: Role, organization: str, *, active: bool = True) -> User:
    return User(id=f"{role}-{organization}", organization_id=organization, role=role, active=active)


def test_who_looks_after_whom() -> None:
    everybody = [_person(role, organization) for role in Role for organization in ("here", "there")]
    for actor, person in itertools.product(everybody, everybody):
        expected = actor.role == Role.OPERATOR or (
            actor.role == Role.ADMIN
            and actor.organization_id == person.organization_id
            and person.role != Role.OPERATOR
        )
        assert may_look_after(actor, person) is expected, (actor.id, person.id)
    assert not may_look_after(_person(Role.OPERATOR, "here", active=False), everybody[0])


def test_nobody_gives_a_role_above_their_own(sqlite_database: Database) -> None:
    admin, sato = make(sqlite_database, "admin", Role.ADMIN), make(sqlite_database, "sato", Role.VIEWER)
    by = By(admin, "192.0.2.1", NOW)
    with sqlite_database.session() as session:
        with pytest.raises(AboveYou):
            standing.change_role(session, by, session.get_one(User, sato.id), Role.OPERATOR)
        with pytest.raises(AboveYou):
            standing.invite(session, by, default_organization(session), user_id="x", role=Role.OPERATOR)
        standing.change_role(session, by, session.get_one(User, sato.id), Role.ADMIN)
    assert role_of(sqlite_database, sato) == Role.ADMIN
    with sqlite_database.reading() as session:
        (row,) = session.scalars(select(AuditRow))
    assert (row.action, row.actor_id, row.subject, row.address) == (
        "user.role",
        admin.id,
        sato.id,
        "192.0.2.1",
    )


@pytest.mark.parametrize("address", ["a@x.jp\nBcc: b@x.jp", "a@x.jp\r", "nobody", "<a@x.jp>"])
def test_no_address_with_a_line_feed(sqlite_database: Database, address: str) -> None:
    sato = make(sqlite_database, "sato", Role.VIEWER)
    with sqlite_database.session() as session:
        with pytest.raises(UnfitEmail):
            standing.describe(session, BY, session.get_one(User, sato.id), email=address)
        with pytest.raises(UnfitEmail):
            standing.invite(
                session, BY, default_organization(session), user_id="x", role=Role.VIEWER, email=address
            )


# The last admin


def test_the_last_admin_stays(sqlite_database: Database) -> None:
    operator = make(sqlite_database, "op", Role.OPERATOR)
    foreign = make(sqlite_database, "foreign", Role.ADMIN, elsewhere=True)
    make(sqlite_database, "invited", Role.OPERATOR, password_hash="")  # who may never come
    make(sqlite_database, "gone", Role.OPERATOR, active=False)
    with sqlite_database.session() as session:
        for user, role in ((operator, Role.VIEWER), (operator, Role.ADMIN), (foreign, Role.LECTURER)):
            with pytest.raises(LastAdmin):
                standing.change_role(session, BY, session.get_one(User, user.id), role)
        for user in (operator, foreign):
            with pytest.raises(LastAdmin):
                standing.deactivate(session, BY, session.get_one(User, user.id))
    second = make(sqlite_database, "second", Role.OPERATOR)
    with sqlite_database.session() as session:
        standing.change_role(session, BY, session.get_one(User, operator.id), Role.VIEWER)
        with pytest.raises(LastAdmin):
            standing.deactivate(session, BY, session.get_one(User, second.id))
        with pytest.raises(Oneself):
            standing.deactivate(session, By(second, "", NOW), session.get_one(User, second.id))


@pytest.mark.usefixtures("patient")
def test_two_admins_who_demote_each_other_at_once_leave_one(database: Database, database_url: str) -> None:
    pair = [make(database, name, Role.ADMIN) for name in ("one", "two")]
    processes = [open_database(database_url) for _ in pair]
    together = threading.Barrier(2)

    def demote(number: int) -> bool:
        together.wait(60)
        try:
            with processes[number].session() as session:
                by = By(pair[number], "", NOW)
                standing.change_role(session, by, session.get_one(User, pair[1 - number].id), Role.VIEWER)
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, range(2))) == [False, True]
    for one in processes:
        one.close()
    assert sorted(role_of(database, one) for one in pair) == ["admin", "viewer"]


# Deactivation


def test_whoever_is_deactivated_is_out_and_keeps_what_is_theirs(database: Database) -> None:
    make(database, "op", Role.OPERATOR)
    sato = make(database, "sato", Role.LECTURER)
    with database.session() as session:
        room = create_room(session, slug="sato", title="Room", owner=session.get_one(User, sato.id))
        key, token = stream_keys.create_stream_key(session, room, "OBS")
        row = sign_ins.begin(session, sato, address="", user_agent="", now=NOW)
        standing.new_link(session, BY, session.get_one(User, sato.id))
    assert stream_keys.authenticate(database, "sato", token, NOW)[0].id == key.id
    with database.session() as session:
        user = session.get_one(User, sato.id)
        assert standing.credentials_of(session, user) == [f"studio:{sato.id}", key.id]
        standing.deactivate(session, BY, user)
    with pytest.raises(StreamKeyRefused):
        stream_keys.authenticate(database, "sato", token, NOW)
    assert sign_ins.look_up(database, row.id, NOW) is None
    with database.session() as session:
        assert session.scalars(select(AccountLink)).all() == []
        assert session.get_one(Room, room.id).owner_id == sato.id
        standing.activate(session, BY, session.get_one(User, sato.id))
    assert stream_keys.authenticate(database, "sato", token, NOW)[0].id == key.id
    with database.session() as session:
        standing.change_role(session, BY, session.get_one(User, sato.id), Role.VIEWER)
    with pytest.raises(StreamKeyRefused):  # viewers hold no lectures
        stream_keys.authenticate(database, "sato", token, NOW)


@pytest.mark.parametrize(
    ("role", "change", "ended"),
    [
        (Role.VIEWER, None, {"here", "asked"}),
        (Role.VIEWER, Role.ADMIN, set()),
        (Role.ADMIN, Role.LECTURER, {"here", "asked"}),
        (Role.OPERATOR, Role.ADMIN, {"here", "there", "asked"}),
    ],
)
def test_what_takes_something_away_ends_media_addresses(
    sqlite_database: Database, role: Role, change: Role | None, ended: set[str]
) -> None:
    """`change` None: deactivated. Of rooms here, elsewhere, and elsewhere one that they are invited to."""
    for name, more in (("sato", {}), ("op", {}), ("there", {"elsewhere": True})):
        make(sqlite_database, name, role if name == "sato" else Role.OPERATOR, **more)  # type: ignore[arg-type]
    with sqlite_database.session() as session:
        for slug, owner in (("here", "op"), ("there", "there"), ("asked", "there")):
            create_room(session, slug=slug, title=slug, owner=user_of(session, owner))
        asked = room_of(session, "asked")
        asked.access = RoomAccess.INVITED
        invitations.invite(session, asked, ["sato"])

    def change_it() -> set[str]:
        with sqlite_database.session() as session:
            before = {room.slug: room.access_epoch for room in session.scalars(select(Room))}
            user = user_of(session, "sato")
            if change is None:
                standing.deactivate(session, BY, user)
            else:
                standing.change_role(session, BY, user, change)
            session.flush()
            after = {room.slug: room.access_epoch for room in session.scalars(select(Room))}
        return {slug for slug, epoch in after.items() if epoch > before[slug]}

    assert change_it() == ended
    assert change_it() == set()


def test_an_invitation_that_was_never_used_ends_no_addresses(sqlite_database: Database) -> None:
    make(sqlite_database, "op", Role.OPERATOR)
    make(sqlite_database, "sato", Role.LECTURER, password_hash="")
    with sqlite_database.session() as session:
        room = create_room(session, slug="r", title="r", owner=user_of(session, "op"))
        standing.deactivate(session, BY, user_of(session, "sato"))
        session.refresh(room)
        assert room.access_epoch == 1


def test_an_invitation_is_taken_back_but_no_account(database: Database) -> None:
    used = make(database, "used", Role.VIEWER)
    with database.session() as session:
        invited, _ = standing.invite(
            session, BY, default_organization(session), user_id="sato", role=Role.LECTURER
        )
        owner, _ = standing.invite(
            session, BY, default_organization(session), user_id="owner", role=Role.LECTURER
        )
        create_room(session, slug="given", title="Room", owner=owner)
    with database.session() as session:
        standing.remove_invited(session, BY, session.get_one(User, invited.id))
    for one in (used, owner):  # somebody has been here; a room was given to it
        with pytest.raises(NotInvited), database.session() as session:
            standing.remove_invited(session, BY, session.get_one(User, one.id))
    with database.reading() as session:
        assert set(session.scalars(select(User.user_id))) == {"used", "owner"}


# Sign-ins as rows


def test_sign_ins_are_few_noted_seldom_and_end(database: Database) -> None:
    sato, other = make(database, "sato", Role.VIEWER), make(database, "other", Role.VIEWER)
    with database.session() as session:
        rows = [
            sign_ins.begin(
                session, sato, address="::1", user_agent="x\n" * 400, now=NOW + timedelta(seconds=n)
            )
            for n in range(PER_PERSON + 3)
        ]
        assert len(rows[0].user_agent) == 300 and "\n" not in rows[0].user_agent
        assert len(sign_ins.of_person(session, sato.id, NOW)) == PER_PERSON
        assert not sign_ins.end(session, other.id, rows[-1].id)
    assert sign_ins.look_up(database, rows[0].id, NOW) is None  # the longest unused went
    last = rows[-1]
    for later, written in ((NOTE_EVERY - timedelta(seconds=1), False), (NOTE_EVERY, True)):
        at = last.last_used_at + later
        sign_ins.note_use(database, last, at)
        found = sign_ins.look_up(database, last.id, at)
        assert found is not None and (found[0].last_used_at == at) is written
    assert sign_ins.look_up(database, last.id, NOW + LIFETIME + timedelta(hours=1)) is None
    with database.session() as session:
        user = session.get_one(User, sato.id)
        assert (sign_ins.end_all(session, user), user.session_epoch) == (PER_PERSON, 1)
        sign_ins.begin(session, other, address="", user_agent="", now=NOW)
        sign_ins.begin(session, sato, address="", user_agent="", now=NOW + LIFETIME)
        assert [row.user_id for row in session.scalars(select(SignIn))] == [sato.id]  # old ones go, of all


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            Device("Chrome", "Windows"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
            Device("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604",
            Device("Safari", "iPhone"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            Device("Firefox", "Linux"),
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/126 Mobile Safari", Device("Chrome", "Android")),
        ("curl/8.5.0", Device("", "")),
        ("", Device("", "")),
    ],
)
def test_devices_in_words(user_agent: str, device: Device) -> None:
    assert device_of(user_agent) == device


# The list


def test_the_list_filters_searches_and_goes_on(database: Database) -> None:
    admin = make(database, "admin", Role.ADMIN)
    operator = make(database, "op", Role.OPERATOR, elsewhere=True)
    make(database, "aiko", Role.LECTURER, display_name="佐藤 愛子", email="aiko@x.jp")
    make(database, "50%_off", Role.VIEWER, password_hash="")
    make(database, "gone", Role.VIEWER, active=False, display_name="Straße")

    def ids(reader: User, after: str = "", **wanted: object) -> list[str]:
        with database.reading() as session:
            return [
                line.user.user_id for line in directory.page(session, reader, Wanted(**wanted), after).lines
            ]

    assert ids(admin) == sorted(["admin", "aiko", "50%_off", "gone"])
    assert ids(operator) == sorted(["admin", "aiko", "50%_off", "gone", "op"])
    assert (ids(admin, search="愛子"), ids(admin, search="AIKO@X")) == (["aiko"], ["aiko"])
    assert (ids(admin, search="%"), ids(admin, search="_")) == (
        ["50%_off"],
        ["50%_off"],
    )  # signs, no wildcards
    assert ids(admin, role=Role.LECTURER) == ["aiko"]
    states = [ids(admin, state=state) for state in State]
    assert states == [["admin", "aiko"], ["50%_off"], ["gone"]]
    assert ids(admin, after="admin") == ["aiko", "gone"]
    assert ids(admin, after="\x00") == ids(admin)  # PostgreSQL refuses NUL


def test_ten_thousand_accounts_are_listed_by_their_pages(database: Database) -> None:
    admin = make(database, "admin", Role.ADMIN)
    row = {"organization_id": admin.organization_id, "password_hash": "", "role": "viewer", "created_at": NOW}
    rows = [
        {
            **row,
            "id": new_id(),
            "user_id": f"s{n:05}",
            "display_name": f"学生 {n}",
            "active": True,
            "session_epoch": 0,
        }
        for n in range(10_000)
    ]
    with database.session() as session:
        session.execute(insert(User), rows)
    with database.reading() as session:
        first = directory.page(session, admin, Wanted())
        second = directory.page(session, admin, Wanted(), first.more or "")
        found = directory.page(session, admin, Wanted(search="9999"))
        everybody = sum(1 for _ in directory.everybody(session, admin, Wanted()))
    assert (len(first.lines), first.total, everybody) == (PAGE, 10_001, 10_001)
    assert second.lines[0].user.user_id == "s00049"
    assert [line.user.user_id for line in found.lines] == ["s09999"]
