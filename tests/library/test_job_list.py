"""Lists of jobs: those of one organization or all, in their order, page by page; and waiting for them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from library import job_list
from library.database import Database
from library.jobs import JobNotFound, Jobs, enqueue
from library.models import Film, Job, LectureSession
from operation import job_commands
from people.models import Organization, Room

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@dataclass
class Office:
    """Two organizations with a recording each; the first has a film, too."""

    database: Database
    own: str = ""
    other: str = ""
    film: str = ""

    def __post_init__(self) -> None:
        with self.database.session() as session:
            self.own, self.other = (self._organization(session, name) for name in ("own", "other"))
            room = session.query(Room).filter_by(organization_id=self.own).one()
            film = Film(room_id=room.id, organization_id=self.own, title="A film", bytes=1)
            session.add(film)
            session.flush()
            self.film = film.id

    def _organization(self, session: Any, name: str) -> str:
        organization = Organization(name=name, slug=name)
        session.add(organization)
        session.flush()
        room = Room(organization_id=organization.id, slug=name, title=name)
        session.add(room)
        session.flush()
        lecture = LectureSession(room_id=room.id, organization_id=organization.id, title=f"Lecture of {name}")
        lecture.id, lecture.phase, lecture.started_at = f"session-{name}", "ended", NOW
        session.add(lecture)
        return str(organization.id)

    def add(self, key: str, subject: str, **changes: Any) -> Job:
        with self.database.session() as session:
            job = enqueue(session, kind="mp4", key=key, subject=subject, payload={}, lane="export")
            for name, value in changes.items():
                setattr(job, name, value)
        return job


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def _at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_an_organization_sees_its_own_and_the_installation_all(office: Office) -> None:
    own, film = office.add("a", "session-own"), office.add("b", office.film)
    other, nobodys = office.add("c", "session-other"), office.add("d", "storage")
    with office.database.reading() as transaction:
        seen = {one.job.id: one for one in job_list.waiting(transaction, office.own)}
        assert set(seen) == {own.id, film.id}
        assert (seen[own.id].title, seen[own.id].session_id) == ("Lecture of own", "session-own")
        assert (seen[film.id].title, seen[film.id].session_id) == ("A film", None)
        everything = {one.job.id for one in job_list.waiting(transaction, None)}
        assert everything == {own.id, film.id, other.id, nobodys.id}
        assert job_list.find(transaction, office.own, other.id) is None
        assert job_list.find(transaction, office.own, nobodys.id) is None
        assert job_list.find(transaction, None, nobodys.id) is not None
        assert job_list.counts(transaction, office.own) == {"running": 0, "waiting": 2, "failed": 0}
        assert job_list.counts(transaction, None)["waiting"] == 4


def test_each_list_has_its_order(office: Office) -> None:
    for number, at in enumerate((20, 10, 30)):
        office.add(f"w{number}", "session-own", not_before=_at(at))
        office.add(f"r{number}", "session-own", state="running", started_at=_at(at))
        office.add(f"f{number}", "session-own", state="failed", finished_at=_at(at))
    keys: Callable[[Sequence[job_list.Listed]], list[str]] = lambda found: [one.job.key for one in found]  # noqa: E731
    with office.database.reading() as transaction:
        assert keys(job_list.waiting(transaction, None)) == ["w1", "w0", "w2"]
        assert keys(job_list.running(transaction, None)) == ["r1", "r0", "r2"]
        assert keys(job_list.failed(transaction, office.own)) == ["f2", "f0", "f1"]


def test_history_goes_on_where_it_was_left(office: Office) -> None:
    total = job_list.PAGE_LENGTH * 2 + 3
    for number in range(total):
        state = "cancelled" if number % 3 == 0 else "done"
        office.add(f"h{number}", "session-own", state=state, finished_at=_at(number // 2))
    seen: list[str] = []
    with office.database.reading() as transaction:
        page, more = job_list.ended(transaction, office.own)
        while more is not None:
            seen += [one.job.id for one in page]
            page, more = job_list.ended(transaction, office.own, more)
        seen += [one.job.id for one in page]
    assert len(seen) == len(set(seen)) == total


def test_jobs_by_name(office: Office) -> None:
    first = office.add("a", "session-own", created_at=_at(0))
    second = office.add("b", "session-own", created_at=_at(1))
    pictures = office.add("c", "session-own", kind="pictures", created_at=_at(0))
    with office.database.reading() as transaction:
        newest = {job.id for job in job_list.named(transaction, ["session-own"])}
        assert newest == {second.id, pictures.id}
        assert [job.id for job in job_list.named(transaction, [first.id])] == [first.id]
        assert [job.id for job in job_list.newest(transaction, ["waiting"], 2)] == [pictures.id, second.id]
        assert job_list.newest(transaction, ["done"], 2) == []


def test_what_is_told_of_a_job(office: Office) -> None:
    values = {"state": "running", "progress": 0.25, "paced_at": _at(0), "started_at": _at(0)}
    told = job_list.told(office.add("a", "session-own", **values), _at(10))
    assert (told["progress"], told["remaining_seconds"]) == (0.25, 30)
    told = job_list.told(office.add("b", "session-own", **{**values, "state": "failed"}), _at(10))
    assert told["remaining_seconds"] is None


class Patience:
    """A clock that moves as one sleeps, and what happens meanwhile."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.now = 0.0
        self._events = list(events)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._events:
            self._events.pop(0)()


def _wait(office: Office, patience: Patience, *names: str, timeout: float | None = 5.0) -> None:
    parsed = argparse.Namespace(id=list(names), timeout=timeout)
    job_commands.wait(office.database, parsed, clock=patience.clock, sleep=patience.sleep)


def _lease(office: Office) -> Job:
    job = Jobs(office.database).lease("one", "export", ["mp4"], LEASE)
    assert job is not None
    return job


def test_waiting_ends_when_all_are_done_those_that_came_meanwhile_too(office: Office) -> None:
    jobs = Jobs(office.database)
    office.add("a", "session-own")
    patience = Patience(
        lambda: office.add("b", "session-other"),
        lambda: jobs.finish(_lease(office)),
        lambda: jobs.finish(_lease(office)),
    )
    _wait(office, patience, timeout=None)
    assert patience.now == 1.5
    _wait(office, Patience())


def test_waiting_for_one_that_fails_or_is_late_says_so(office: Office) -> None:
    jobs = Jobs(office.database)
    job = office.add("a", "session-own", max_attempts=1)
    with pytest.raises(job_commands.JobsNotDone, match="the time is over"):
        _wait(office, patience := Patience(), timeout=2)
    assert patience.now == 2
    for names in ((), (job.id,), ("session-own",)):
        with pytest.raises(job_commands.JobsNotDone, match="failed: broken"):
            _wait(office, Patience(lambda: jobs.fail(_lease(office), "broken")), *names)
        jobs.retry(job.id)
        with office.database.session() as session:
            session.get_one(Job, job.id).max_attempts = job.max_attempts = job.max_attempts + 1
    with pytest.raises(JobNotFound):
        _wait(office, Patience(), "nothing")


def test_one_that_is_cancelled_is_not_done_only_if_it_was_asked_for(office: Office) -> None:
    jobs = Jobs(office.database)
    job = office.add("a", "session-own")
    _wait(office, Patience(lambda: jobs.cancel_named("session-own")))
    with pytest.raises(job_commands.JobsNotDone, match="cancelled"):
        _wait(office, Patience(), job.id)
    with pytest.raises(JobNotFound):
        jobs.cancel_named("session-own")
