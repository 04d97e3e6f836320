"""The audit log: rows that nobody changes, in one chain, on both databases and from many threads."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from library.database import Database
from people import audit
from people.audit import Head, WrongRow
from people.command_line import add_user
from people.models import AuditRow, Role, User

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def fill(database: Database, count: int, actor: User | None = None) -> None:
    with database.session() as transaction:
        for number in range(count):
            audit.note(
                transaction,
                action="room.access",
                actor=actor,
                organization_id="o",
                subject=f"room-{number}",
                details={"access": "open", "number": number, "by": None, "was": True},
                address="192.0.2.7",
                at=NOW + timedelta(seconds=number),
            )


def rows_of(database: Database) -> list[AuditRow]:
    with database.reading() as transaction:
        return list(transaction.scalars(select(AuditRow).order_by(AuditRow.number)))


def unlocked(database: Database, statement: object) -> None:
    """What somebody does who has the database itself in hand."""
    with database.session() as transaction:
        name = transaction.get_bind().dialect.name
        for trigger in ("audit_no_update", "audit_no_delete"):
            on = " ON audit" if name == "postgresql" else ""
            transaction.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{on}"))
        transaction.execute(statement)


def test_a_row_says_who_did_what_to_what_when_and_from_where(database: Database) -> None:
    ada = add_user(database, "ada", Role.ADMIN, "a long enough secret")
    fill(database, 1, ada)
    (row,) = [row for row in rows_of(database) if row.action == "room.access"]
    assert (row.actor_id, row.organization_id, row.subject) == (ada.id, "o", "room-0")
    assert (row.at, row.address) == (NOW, "192.0.2.7")
    assert json.loads(row.details or "") == {"access": "open", "number": 0, "by": None, "was": True}
    assert audit.check(database).ok


def test_what_is_rolled_back_is_not_noted(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError), sqlite_database.session() as transaction:
        audit.note(transaction, action="room.access", actor=None, organization_id=None)
        raise RuntimeError
    assert rows_of(sqlite_database) == []
    with sqlite_database.session() as transaction:
        audit.note(transaction, action="a", actor=None, organization_id=None)
        transaction.rollback()
    assert rows_of(sqlite_database) == []


def test_an_empty_log_is_in_order(sqlite_database: Database) -> None:
    report = audit.check(sqlite_database)
    assert (report.ok, report.rows, report.head) == (True, 0, None)


def test_a_long_chain_is_checked_in_pieces(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_CHECKED_AT_ONCE", 7)
    fill(database, 21)
    report = audit.check(database)
    last = rows_of(database)[-1]
    assert (report.ok, report.rows, report.head) == (True, 21, Head(21, last.hash))


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("at", NOW - timedelta(days=1), "changed"),
        ("actor_id", "somebody else", "changed"),
        ("organization_id", None, "changed"),
        ("action", "room.title", "changed"),
        ("subject", "another", "changed"),
        ("personal_sha256", "0" * 64, "changed"),
        ("hash", "0" * 64, "changed"),
        ("details", "{}", "details"),
        ("address", "198.51.100.1", "details"),
        ("salt", "00", "details"),
        ("salt", None, "details"),
    ],
)
def test_a_changed_row_is_named(sqlite_database: Database, column: str, value: object, why: str) -> None:
    fill(sqlite_database, 5)
    unlocked(sqlite_database, update(AuditRow).where(AuditRow.number == 3).values({column: value}))
    report = audit.check(sqlite_database)
    assert (report.wrong, report.rows) == (WrongRow(3, why), 2)


def test_a_row_taken_out_is_missed(sqlite_database: Database) -> None:
    fill(sqlite_database, 5)
    unlocked(sqlite_database, delete(AuditRow).where(AuditRow.number == 3))
    assert audit.check(sqlite_database).wrong == WrongRow(4, "missing")


def test_a_beginning_taken_out_is_missed(sqlite_database: Database) -> None:
    fill(sqlite_database, 5)
    unlocked(sqlite_database, delete(AuditRow).where(AuditRow.number < 3))
    assert audit.check(sqlite_database).wrong == WrongRow(3, "missing")


def test_an_end_cut_off_is_missed_by_who_kept_a_head(database: Database) -> None:
    fill(database, 5)
    seen = audit.check(database).head
    unlocked(database, delete(AuditRow).where(AuditRow.number > 3))
    assert audit.check(database).ok  # the chain alone cannot tell
    assert audit.check(database, seen=seen).wrong == WrongRow(4, "end")
    fill(database, 5)  # other rows in their place
    assert audit.check(database).ok
    assert audit.check(database, seen=seen).wrong == WrongRow(5, "changed")


def test_the_database_itself_refuses_changes(database: Database) -> None:
    fill(database, 2)
    for statement in (
        delete(AuditRow),
        update(AuditRow).values(action="other"),
        update(AuditRow).values(details="{}"),
        update(AuditRow).values(address=None, details=None, salt=None, subject="other"),
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.session() as transaction:
            transaction.execute(statement)
    assert audit.check(database).ok


def test_what_is_erased_of_a_person_leaves_the_chain_whole(database: Database) -> None:
    ada = add_user(database, "ada", Role.ADMIN, "a long enough secret")
    fill(database, 2, ada)
    with database.session() as transaction:
        audit.note(
            transaction,
            action="user.role",
            actor=None,
            organization_id="o",
            subject=ada.id,
            details={"n": "x"},
        )
    fill(database, 1)
    with database.session() as transaction:
        assert audit.erase(transaction, ada.id) == 4  # with her being added
        assert audit.erase(transaction, ada.id) == 0
    report = audit.check(database)
    assert (report.ok, report.erased) == (True, 4)
    for row in rows_of(database)[-4:-1]:
        assert (row.details, row.address, row.salt) == (None, None, None)
    assert rows_of(database)[-1].address == "192.0.2.7"


@pytest.mark.usefixtures("patient")
def test_many_transactions_at_once_make_one_chain(database: Database) -> None:
    """Each takes other locks first and last: none waits for another in a circle."""

    def work() -> None:
        for _ in range(10):
            fill(database, 2)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    report = audit.check(database)
    assert (report.ok, report.rows) == (True, 80)


def test_texts_that_no_database_takes_are_made_plain(database: Database) -> None:
    with database.session() as transaction:
        audit.note(
            transaction,
            action="sign_in.refused",
            actor=None,
            organization_id=None,
            subject="a\x00b\ud800" + "x" * 300,
            details={"text": "\x00\n\ud800" + "y" * 600},
            address="::1%" + "z" * 100,
        )
    (row,) = rows_of(database)
    assert row.subject == "a b " + "x" * 196
    assert json.loads(row.details or "")["text"] == "   " + "y" * 497
    assert audit.check(database).ok


@pytest.mark.parametrize("action", ["", "x" * 65])
def test_an_action_has_a_name(sqlite_database: Database, action: str) -> None:
    with pytest.raises(ValueError, match="no action"), sqlite_database.session() as transaction:
        audit.note(transaction, action=action, actor=None, organization_id=None)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=20),
            st.dictionaries(
                st.text(max_size=5), st.one_of(st.text(), st.integers(), st.booleans(), st.none())
            ),
            st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=5,
    )
)
def test_whatever_is_noted_can_be_checked(acts: list[tuple[str, dict[str, audit.Detail], datetime]]) -> None:
    """Pure: the digest of a row does not depend on how a database gives its values back."""
    before: Head | None = None
    for number, (subject, details, at) in enumerate(acts, 1):
        act = audit.Act(at, None, "o", "a", subject, "", audit.canonical(details))
        row = audit._row(number, act, "salt", before.hash if before is not None else audit.BEFORE_THE_FIRST)
        assert audit._wrong(row, before) is None
        row.subject += "!"
        assert audit._wrong(row, before) == "changed"
        before = Head(row.number, row.hash)
