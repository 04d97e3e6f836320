"""Alarms as rows, on both databases: raised and cleared idempotently, one open of a kind and subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from library import alarms
from library.alarm_states import Notice, told
from library.alarms import clear_alarm, raise_alarm
from library.database import Database, new_id
from library.models import AlarmRow

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def test_raising_again_is_no_second_alarm(database: Database) -> None:
    for minute in range(3):
        with database.session() as transaction:
            at = NOW + timedelta(minutes=minute)
            raise_alarm(transaction, "backup.failed", details={"minute": minute}, now=at)
    with database.reading() as transaction:
        (alarm,) = alarms.unfinished(transaction)
    assert (alarm.since, alarm.details, alarm.told_at) == (NOW, {"minute": 2}, None)


def test_subjects_and_kinds_are_troubles_of_their_own(database: Database) -> None:
    with database.session() as transaction:
        raise_alarm(transaction, "backup.failed", now=NOW)
        raise_alarm(transaction, "backup.damaged", "a", now=NOW)
        raise_alarm(transaction, "backup.damaged", "b", now=NOW)
        clear_alarm(transaction, "backup.damaged", "a", now=NOW)
        assert clear_alarm(transaction, "backup.damaged", "c", now=NOW) is None
    with database.reading() as transaction:
        found = [(one.kind, one.subject) for one in alarms.unfinished(transaction) if one.is_open]
    assert found == [("backup.failed", ""), ("backup.damaged", "b")]


def test_an_alarm_is_unfinished_until_its_end_was_told(database: Database) -> None:
    with database.session() as transaction:
        alarm = raise_alarm(transaction, "backup.late", now=NOW)
        alarms.save(transaction, told(alarm, Notice.TROUBLE, NOW))
        over = clear_alarm(transaction, "backup.late", now=NOW + timedelta(minutes=5))
        assert over is not None and not over.is_open and over.told_at == NOW
        assert [one.id for one in alarms.unfinished(transaction)] == [alarm.id]
        alarms.save(transaction, told(over, Notice.RECOVERY, NOW + timedelta(minutes=6)))
        assert not alarms.unfinished(transaction)
        assert clear_alarm(transaction, "backup.late") is None


def test_what_comes_back_soon_is_a_new_alarm_that_knows_of_the_old_one(database: Database) -> None:
    with database.session() as transaction:
        first = raise_alarm(transaction, "backup.late", now=NOW)
        clear_alarm(transaction, "backup.late", now=NOW)
        second = raise_alarm(transaction, "backup.late", now=NOW + timedelta(minutes=1))
        kept = clear_alarm(transaction, "backup.late", now=NOW + timedelta(minutes=2))
        assert kept is not None and kept.is_open  # once bitten
    assert second.id != first.id and second.again == 1


def test_the_database_keeps_a_second_open_one_out(database: Database) -> None:
    with pytest.raises(IntegrityError), database.session() as transaction:
        for _ in range(2):
            transaction.add(AlarmRow(id=new_id(), kind="k", subject="s", details={}, since=NOW, again=0))


def test_old_ones_are_forgotten_and_open_ones_are_not(database: Database) -> None:
    with database.session() as transaction:
        raise_alarm(transaction, "a", now=NOW)
        clear_alarm(transaction, "a", now=NOW)
        raise_alarm(transaction, "b", now=NOW)
        alarms.forget_before(transaction, NOW + timedelta(days=400))
        assert transaction.scalar(select(func.count()).select_from(AlarmRow)) == 1
        assert [one.kind for one in alarms.latest(transaction, None)] == ["b"]
