"""One backup and one proof a day, made up for after downtime, whatever the clock does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from time import tzset

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from library import backup_records
from library.backup_schedule import (
    BackupCare,
    is_late,
    last_due,
    next_due,
    open_job,
    order_backup,
    order_restore,
)
from library.database import Database
from library.models import BackupGeneration, Job, JobState

AT = time(3)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days are this machine's: here they are UTC's."""
    monkeypatch.setenv("TZ", "UTC")
    tzset()
    yield
    monkeypatch.undo()
    tzset()


@given(MOMENTS, st.times().map(lambda one: one.replace(second=0, microsecond=0)))
def test_a_moment_lies_between_two_that_backups_are_due_at(now: datetime, at: time) -> None:
    last, following = last_due(now, at), next_due(now, at)
    assert last <= now < following
    assert timedelta(hours=22) < following - last < timedelta(hours=26)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_backup_is_late_after_a_day_and_some_hours(now: datetime, age: timedelta) -> None:
    assert is_late(now - age, None, now) == (age > timedelta(hours=30))
    assert is_late(None, now - age, now) == (age > timedelta(hours=30))
    assert not is_late(None, None, now)


class Days:
    """A care whose clock is set by the test."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.late: list[bool] = []
        self.database = database
        self.care = BackupCare(
            database, AT, tell_late=lambda _, late: self.late.append(late), clock=lambda: self.now
        )

    def look(self, passed: timedelta = timedelta(0)) -> list[tuple[str, str]]:
        """Kind and key of all jobs, in the order in which they were asked for."""
        self.now += passed
        self.care.step()
        with self.database.reading() as session:
            return [(one.kind, one.key) for one in session.scalars(select(Job).order_by(Job.id))]

    def proven(self) -> None:
        """The open proof ends."""
        with self.database.session() as session:
            job = open_job(session, "backup-check")
            assert job is not None
            job.state = JobState.DONE

    def done(self, *, well: bool = True) -> None:
        """The open backup ends."""
        with self.database.session() as session:
            job = open_job(session, "backup")
            assert job is not None
            job.state = JobState.DONE if well else JobState.FAILED
            if well:
                session.add(
                    BackupGeneration(
                        id=job.key,
                        at=self.now,
                        reason="daily",
                        objects=1,
                        bytes=1,
                        bytes_new=1,
                        verified=True,
                    )
                )


@pytest.fixture
def days(database: Database) -> Iterator[Days]:
    yield Days(database)


def test_a_new_installation_has_its_first_backup_at_once_and_then_its_proof(days: Days) -> None:
    assert days.look() == [("backup", "backup:2026-11-26")]
    assert days.look(timedelta(minutes=1)) == [("backup", "backup:2026-11-26")]
    days.done()
    assert days.look(timedelta(minutes=1))[1:] == [("backup-check", "backup-check:2026-11-26")]
    assert len(days.look(timedelta(minutes=1))) == 2


def test_after_a_weekend_without_power_one_is_made_up_for(days: Days) -> None:
    days.look()
    days.done()
    days.look()
    assert days.look(3 * DAY)[2:] == [("backup", "backup:2026-11-29")]
    assert len(days.look(timedelta(minutes=1))) == 3
    assert days.look(timedelta(hours=15))[3:] == [], "today's is still under way"


def test_a_failed_backup_is_told_as_late_and_the_older_one_is_still_proven(days: Days) -> None:
    days.look()
    days.done()
    days.look()
    days.proven()
    days.look(DAY)
    days.done(well=False)
    assert days.look(timedelta(minutes=1))[3:] == [("backup-check", "backup-check:2026-11-27")]
    assert not days.late[-1]
    days.look(timedelta(hours=7))
    assert days.late[-1]


def test_proofs_that_wait_do_not_pile_up(days: Days) -> None:
    days.look()
    days.done()
    days.look()  # its proof waits, for room on the disk
    days.look(DAY)
    days.done()
    assert [kind for kind, _ in days.look(timedelta(minutes=1))] == ["backup", "backup-check", "backup"]
    days.proven()
    assert days.look(timedelta(minutes=1))[3:] == [("backup-check", "backup-check:2026-11-27")]


def test_a_clock_that_ran_ahead_costs_no_day(days: Days) -> None:
    days.look()
    days.done()
    for _ in range(3):
        days.look(DAY)
        days.done()
    days.now = NOON + timedelta(hours=16)  # it is set right
    assert days.look()[-1] == ("backup", "backup:2026-11-27:2")
    days.done()
    assert not days.late[-1]
    assert len(days.look(timedelta(minutes=1))) == len(days.look(timedelta(minutes=1)))


def test_a_clock_far_ahead_makes_one_backup_and_no_flood(days: Days) -> None:
    days.look()
    days.done()
    days.look()
    assert days.look(3650 * DAY)[2:] == [("backup", f"backup:{(NOON + 3650 * DAY).date()}")]
    days.done()
    days.now = NOON + timedelta(hours=1)
    days.look()
    with days.database.reading() as session:
        assert backup_records.newest_at(session, days.now) == NOON


def test_a_folder_whose_name_is_long_is_restored_to_again(database: Database) -> None:
    to = "/srv/" + "x" * 900
    with database.session() as session:
        first = order_restore(session, NOON, "1", to=to)
        first.state = JobState.DONE
        assert order_restore(session, NOON + DAY, "1", to=to).id != first.id
        assert order_restore(session, NOON, "1", to=f"{to}y").id != first.id
        assert order_restore(session, NOON, "1", to=to).id == first.id


def test_a_backup_by_hand_after_the_time_is_the_days(days: Days) -> None:
    with days.database.session() as session:
        order_backup(session, days.now, reason="by hand")
    days.done()
    assert [kind for kind, _ in days.look(timedelta(minutes=1))] == ["backup", "backup-check"]
    assert len(days.look(timedelta(hours=14))) == 2, "before three in the morning"
    assert days.look(timedelta(hours=2))[2:] == [("backup", "backup:2026-11-27")]
