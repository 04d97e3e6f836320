"""Personal data: all of it comes out, without secrets; erased, none is left, also in a restored database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import broadcast.event_log  # noqa: F401 - its tables belong to the schema
from broadcast import erasure
from broadcast.erasure import Lectures, StillLive
from library import erasure_list, usage
from library.database import Base, utc_now
from library.erasure_list import Erased
from library.models import Device, LectureSession, ScheduledLecture, Visit, WatchedRow
from library.usage import Heard, Quality
from people import audit
from people.api_tokens import add_api_token
from people.command_line import add_room, add_user
from people.models import (
    ApiToken,
    AuditRow,
    EntryRule,
    Organization,
    Role,
    Room,
    RoomInvitation,
    StreamKey,
    User,
)
from people.stream_keys import create_stream_key
from tests.broadcast.web_stage import PASSWORD, WebStage

NAME, LABEL = "田中 由紀", "Former lecturer"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    one = WebStage(tmp_path)
    yield one
    one.close()


class Person:
    """A lecturer with a room, three recordings, keys, tokens, visits, audit rows; and their admin."""

    def __init__(self, stage: WebStage) -> None:
        self.stage, self.database = stage, stage.database
        add_user(self.database, "tanaka", Role.LECTURER, PASSWORD, name=NAME)
        self.room = add_room(self.database, "tanaka", "tanaka", title=f"{NAME}'s room")
        self.admin = add_user(self.database, "admin", Role.ADMIN, PASSWORD)
        with self.database.session() as transaction:
            self.user = transaction.scalars(select(User).where(User.user_id == "tanaka")).one()
            self.user.email = "yuki@example.org"
            self.token = add_api_token(transaction, self.user, "script")[1]
            self.key = create_stream_key(transaction, transaction.get_one(Room, self.room.id), "OBS")[1]
            self.lectures(transaction)
            for name in ("tanaka", "yuki@example.org"):
                transaction.add(RoomInvitation(room_id=self.room.id, value=name))
            for name, note in (("tanaka", f"{NAME}, part time"), ("admin", "")):
                rule = {"effect": "allow", "kind": "person", "value": name, "note": note}
                transaction.add(EntryRule(organization_id=self.user.organization_id, **rule))
            audit.note(
                transaction,
                action="room.access",
                actor=self.user,
                organization_id=self.user.organization_id,
                details={"title": f"{NAME}'s room"},
                address="192.0.2.77",
            )

    def lectures(self, transaction: Session) -> None:
        now = utc_now()
        for n, lecturer in enumerate((NAME, NAME, "somebody else")):
            row = LectureSession(
                id=f"lecture{n}",
                room_id=self.room.id,
                organization_id=self.room.organization_id,
                title="講義",
                phase="ended",
                started_at=now - timedelta(hours=n),
                ended_at=now,
                bytes=1,
                lecturer=lecturer,
            )
            transaction.add(row)
        transaction.flush()
        transaction.add(ScheduledLecture(room_id=self.room.id, title="次回", starts_at=now, minutes=60))
        watched = {"position": 1.0, "credit": 0.0, "updated_at": now, "spans": [[0, 5]]}
        transaction.add(WatchedRow(user_id=self.user.id, session_id="lecture0", **watched))
        told = (self.room.organization_id, self.room.id, "lecture0", self.user.id, "tab-one", "page-one")
        usage.write(transaction, [Heard(*told, False, Device.PHONE, now, now, Quality(seconds=9))])

    def erase(self, lectures: Lectures = Lectures.KEEP) -> User:
        settings = self.stage.settings
        erasure.erase(settings, self.database, self.user, lectures, name=LABEL, by=self.admin)
        with self.database.reading() as transaction:
            return transaction.get_one(User, self.user.id)

    def everything(self) -> str:
        """Whatever stands in any table."""
        with self.database.reading() as transaction:
            return "\n".join(
                str(tuple(row))
                for table in Base.metadata.sorted_tables
                for row in transaction.execute(select(table))
            )


@pytest.fixture
def person(stage: WebStage) -> Person:
    return Person(stage)


# Having it


def test_one_has_all_that_is_kept_of_oneself_without_secrets(stage: WebStage, person: Person) -> None:
    answer = stage.client(person.user).get("/account/data.json")
    told = json.loads(answer.data)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert told["account"]["email"] == "yuki@example.org"
    assert len(told["lectures"]) == 3 and told["visits"][0]["seconds"] == 9
    assert told["watched"][0]["spans"] == [[0, 5]]
    assert sorted(one["value"] for one in told["invited_to_rooms"]) == ["tanaka", "yuki@example.org"]
    assert told["doors"][0]["note"] == f"{NAME}, part time"
    assert [one["action"] for one in told["audit"]] == ["user.added", "room.access"]
    assert told["audit"][1]["address"] == "192.0.2.77"
    for secret in (person.token, person.key, person.user.password_hash, "sha256"):
        assert secret not in answer.text


def test_admins_have_that_of_their_own_people(stage: WebStage, person: Person) -> None:
    path = f"/admin/people/{person.user.id}/data"
    assert NAME in stage.client(person.admin).get(path).text
    assert stage.client(person.admin).get(f"{path}.json").json["account"]["display_name"] == NAME
    with stage.database.session() as transaction:
        other = Organization(name="x", slug="x")
        transaction.add(other)
        transaction.flush()
        transaction.get_one(User, person.user.id).organization_id = other.id
    assert stage.client(person.admin).get(path).status_code == 404
    assert stage.client(person.admin).get("/admin/people/%00/data.json").status_code == 404


# Erasing


def test_every_table_that_refers_to_people_is_named() -> None:
    refer = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "users"
    }
    assert refer == erasure.GO | erasure.STAY


def test_nothing_is_left_of_who_it_was(person: Person) -> None:
    before = person.everything()
    for trace in (NAME, "tanaka", "yuki@example.org", "192.0.2.77"):
        assert trace in before
    left = person.erase()
    after = person.everything()
    for trace in (NAME, "tanaka", "yuki@example.org", "192.0.2.77"):
        assert trace not in after, trace
    assert erasure.is_erased(left) and left.display_name == LABEL and left.session_epoch == 1
    with person.database.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(ApiToken)) == 0
        assert transaction.scalar(select(StreamKey.revoked_at)) is not None
        assert [one.lecturer for one in lectures(transaction)] == [LABEL, LABEL, "somebody else"]
        visit = transaction.scalars(select(Visit)).one()
        assert (visit.user_id, visit.seconds) == (None, 9)
        rules = {(one.value, one.note) for one in transaction.scalars(select(EntryRule))}
        assert rules == {(left.user_id, ""), ("admin", "")}, "a list that gets empty lets everybody in"
        assert transaction.scalar(select(Organization.doors_version)) == 1
    assert audit.check(person.database).ok


def test_an_address_of_two_accounts_stays_on_lists(person: Person) -> None:
    other = add_user(person.database, "suzuki", Role.VIEWER, PASSWORD)
    with person.database.session() as transaction:
        transaction.get_one(User, other.id).email = "yuki@example.org"
    person.erase()
    with person.database.reading() as transaction:
        assert transaction.scalars(select(RoomInvitation.value)).all() == ["yuki@example.org"]


def lectures(transaction: Session) -> list[LectureSession]:
    return list(transaction.scalars(select(LectureSession).order_by(LectureSession.id)))


def test_lectures_may_go_for_good(person: Person) -> None:
    person.erase(Lectures.REMOVE)
    with person.database.reading() as transaction:
        assert {one.removal for one in lectures(transaction)} == {"owner"}


def test_nobody_acts_as_an_erased_person(stage: WebStage, person: Person) -> None:
    cookie = stage.client(person.user)
    person.erase()
    assert cookie.get("/rooms").status_code == 302
    bearer = {"Authorization": f"Bearer {person.token}"}
    assert stage.client().get("/api/v1/jobs", headers=bearer).status_code == 401


def test_not_while_a_lecture_of_theirs_is_live(person: Person) -> None:
    with person.database.session() as transaction:
        transaction.get_one(LectureSession, "lecture0").phase = "live"
    with pytest.raises(StillLive):
        person.erase()
    assert erasure_list.load(person.stage.settings.storage) == []


def _copy(source: Path, target: Path) -> None:
    """As SQLite copies a database that is in use."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@pytest.mark.parametrize("lectures_", list(Lectures))
def test_a_restored_database_is_erased_again(person: Person, tmp_path: Path, lectures_: Lectures) -> None:
    old = tmp_path / "generation.db"
    _copy(person.stage.database_path, old)
    person.erase(lectures_)
    _copy(old, person.stage.database_path)
    assert NAME in person.everything()
    assert erasure.repeat(person.stage.settings, person.database) == 1
    assert erasure.repeat(person.stage.settings, person.database) == 0
    assert NAME not in person.everything()


def test_one_that_was_cut_off_is_finished_at_the_next_start(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "_empty", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        person.erase()
    monkeypatch.undo()
    assert erasure.repeat(person.stage.settings, person.database) == 1
    assert NAME not in person.everything()


def test_admins_erase_by_the_user_id_and_neither_themselves_nor_operators(
    stage: WebStage, person: Person
) -> None:
    operator = add_user(stage.database, "operator", Role.OPERATOR, PASSWORD)
    api = "/api/v1/people/{}/erasure"
    body = {"lectures": "keep", "user_id": "tanaka"}

    def post(one: User, **more: str) -> int:
        answer = stage.call("POST", api.format(one.id), {**body, **more}, user=person.admin)
        return answer.status_code

    assert stage.client(person.admin).get(api.format(person.user.id)).json["lectures"] == 3
    assert post(person.user, user_id="satou") == 422
    assert post(person.user, lectures="sell") == 422
    assert post(person.admin, user_id="admin") == 403
    assert post(operator, user_id="operator") == 403
    assert post(person.user) == 200
    assert post(person.user) == 403, "erased already"
    page = stage.client(person.admin).get(f"/admin/people/{person.user.id}/data").text
    assert "erase-form" not in page and "empty account" in page
    with stage.database.reading() as transaction:
        row = transaction.scalars(select(AuditRow).where(AuditRow.action == "user.erased")).one()
    assert (row.actor_id, row.subject) == (person.admin.id, person.user.id)


# The list beside the database

ONE = Erased("0199", "keep", "元講師", "2026-11-26T00:00:00+00:00", None)


@given(st.integers(0, 400), st.integers(1, 3))
def test_a_torn_line_hides_no_whole_one(cut: int, count: int) -> None:
    lines = [Erased(f"person{n}", "keep", "元講師", "2026-11-26", None) for n in range(count)]
    whole = erasure_list.merged(lines)
    read = erasure_list.parse(whole[:cut] + b"\n" + erasure_list.merged([ONE]))
    assert read[-1] == ONE
    assert (
        read[:-1] == lines[: whole[:cut].count(b"\n")] or read[:-1] == lines[: whole[:cut].count(b"\n") + 1]
    )


def test_a_list_is_added_to_and_merged(tmp_path: Path) -> None:
    assert erasure_list.load(tmp_path) == []
    erasure_list.add(tmp_path, ONE)
    with open(tmp_path / erasure_list.NAME, "ab") as file:
        file.write(b'{"person": "torn')
    second = Erased("0200", "remove", "x", "2026-11-27", "0199")
    erasure_list.add(tmp_path, second)
    assert erasure_list.load(tmp_path) == [ONE, second]
    assert erasure_list.parse(erasure_list.merged([second], [ONE, second])) == [second, ONE]
