"""The leased table: who gets a job, who has lost it, when it is tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from library.database import Database
from library.job_pace import time_left
from library.jobs import JobNotFound, Jobs, LeaseLost, back_off, enqueue
from library.models import Job

LEASE = timedelta(seconds=30)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock=clock)


@pytest.fixture
def add(database: Database, clock: Clock) -> Callable[..., Job]:
    def add(key: str = "mp4:1", **changes: Any) -> Job:
        values: dict[str, Any] = {"kind": "mp4", "subject": "1", "payload": {"a": "講"}, "lane": "media"}
        with database.session() as session:
            return enqueue(session, key=key, not_before=clock(), **(values | changes))

    return add


def _lease(jobs: Jobs, owner: str = "one", lane: str = "media") -> Job | None:
    return jobs.lease(owner, lane, ["mp4"], LEASE)


def _must_lease(jobs: Jobs, owner: str = "one") -> Job:
    job = _lease(jobs, owner)
    assert job is not None
    return job


def test_a_key_is_one_job(jobs: Jobs, add: Callable[..., Job]) -> None:
    assert add().id == add().id
    assert _lease(jobs) is not None
    assert _lease(jobs) is None


def test_a_leased_job_is_marked_and_carries_its_payload(jobs: Jobs, add: Callable[..., Job]) -> None:
    add()
    job = _must_lease(jobs)
    assert (job.state, job.owner, job.attempt, job.payload) == ("running", "one", 1, {"a": "講"})


def test_a_worker_gets_only_its_lane_kinds_and_what_is_due(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    add("a", lane="other")
    add("b", kind="unknown")
    with_later = add("c")
    assert (_must_lease(jobs)).id == with_later.id
    assert _lease(jobs) is None


def test_the_oldest_is_first(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    first = add("a")
    clock.advance(seconds=1)
    add("b")
    assert _must_lease(jobs).id == first.id


@pytest.mark.usefixtures("patient")
def test_each_job_goes_to_one_of_many_workers(
    database: Database, jobs: Jobs, add: Callable[..., Job]
) -> None:
    for number in range(12):
        add(f"job:{number}")
    got: list[str] = []

    def work(owner: str) -> None:
        while (job := _lease(jobs, owner)) is not None:
            got.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(got) == len(set(got)) == 12


def test_heartbeats_keep_a_lease(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add()
    job = _must_lease(jobs)
    for _ in range(4):
        clock.advance(seconds=20)
        jobs.extend(job, LEASE, 0.5, "half")
        assert _lease(jobs, "two") is None
    assert (jobs.get(job.id).progress, jobs.get(job.id).message) == (0.5, "half")


def test_progress_stays_within_its_bounds(jobs: Jobs, add: Callable[..., Job]) -> None:
    add()
    job = _must_lease(jobs)
    jobs.extend(job, LEASE, 7.0, "x" * 5000)
    assert (jobs.get(job.id).progress, len(jobs.get(job.id).message)) == (1.0, 500)


def test_who_lost_the_lease_can_write_no_more(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add()
    lost = _must_lease(jobs, "one")
    clock.advance(seconds=31)
    taken = _must_lease(jobs, "two")
    assert (taken.id, taken.attempt) == (lost.id, 2)
    writes: list[Callable[[], None]] = [
        lambda: jobs.extend(lost, LEASE),
        lambda: jobs.finish(lost),
        lambda: jobs.fail(lost, "x"),
        lambda: jobs.release(lost),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    jobs.finish(taken)
    assert jobs.get(taken.id).state == "done"


def test_the_same_worker_is_fenced_from_its_own_older_attempt(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    add()
    older = _must_lease(jobs)
    clock.advance(seconds=31)
    _must_lease(jobs)
    with pytest.raises(LeaseLost):
        jobs.finish(older)


def test_failures_wait_longer_each_time_and_end(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add(max_attempts=3)
    for seconds in (10, 20):
        job = _must_lease(jobs)
        jobs.fail(job, "disk full")
        clock.advance(seconds=seconds - 1)
        assert _lease(jobs) is None
        clock.advance(seconds=1)
    jobs.fail(_must_lease(jobs), "disk still full")
    clock.advance(days=1)
    assert _lease(jobs) is None
    assert (jobs.get(job.id).state, jobs.get(job.id).error) == ("failed", "disk still full")


def test_back_off_is_bounded() -> None:
    assert back_off(1) == timedelta(seconds=10)
    assert back_off(1000) == timedelta(hours=1)


def test_a_job_that_kills_its_workers_is_given_up(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    poison, healthy = add("a", max_attempts=2), add("b")
    for _ in range(2):
        assert _must_lease(jobs).id == poison.id
        clock.advance(seconds=31)
    assert _must_lease(jobs).id == healthy.id
    assert jobs.get(poison.id).state == "failed"
    assert "lost 2 times" in (jobs.get(poison.id).error or "")


def test_a_released_job_is_free_at_once_and_has_spent_no_attempt(jobs: Jobs, add: Callable[..., Job]) -> None:
    add(max_attempts=1)
    for _ in range(3):
        jobs.release(_must_lease(jobs))
    job = _must_lease(jobs)
    jobs.finish(job)
    assert jobs.get(job.id).attempt == 4


def test_a_postponed_job_waits_says_why_and_has_spent_no_attempt(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    add()
    for _ in range(5):
        job = _must_lease(jobs)
        jobs.postpone(job, timedelta(minutes=5), "the disk is full")
        seen = jobs.get(job.id)
        assert (seen.state, seen.message, seen.max_attempts - seen.attempt) == (
            "waiting",
            "the disk is full",
            3,
        )
        assert _lease(jobs) is None
        clock.advance(minutes=5)
    with pytest.raises(LeaseLost):
        jobs.postpone(job, timedelta(minutes=5), "")


def _give_up(jobs: Jobs, clock: Clock) -> Job:
    for _ in range(3):
        jobs.fail(job := _must_lease(jobs), "broken")
        clock.advance(hours=1)
    assert jobs.get(job.id).state == "failed"
    return job


def test_a_job_that_was_given_up_is_done_again_with_new_attempts(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    add("mp4:1")
    failed = _give_up(jobs, clock)
    add("mp4:2", subject="2")
    assert [job.id for job in jobs.retry()] == [failed.id], "the one that waits is left alone"
    seen = jobs.get(failed.id)
    assert (seen.state, seen.finished_at, seen.max_attempts - seen.attempt) == ("waiting", None, 3)
    assert jobs.retry() == []
    jobs.finish(_must_lease(jobs))


def test_what_is_done_again_can_be_named_by_job_or_subject(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    job = add(subject="session")
    for name in (job.id, "session"):
        with pytest.raises(JobNotFound):
            jobs.retry(name)  # it has not ended
        jobs.finish(_must_lease(jobs))
        assert [again.id for again in jobs.retry(name)] == [job.id]


def test_a_released_job_keeps_its_place(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    first = add("a")
    clock.advance(seconds=1)
    add("b")
    job = _must_lease(jobs)
    clock.advance(seconds=1)
    jobs.release(job)
    assert _must_lease(jobs).id == first.id


def test_others_of_the_lane_go_before_one_that_backs_off(
    jobs: Jobs, add: Callable[..., Job], clock: Clock
) -> None:
    poisoned = add("a")
    clock.advance(seconds=1)
    others = [add("b"), add("c")]
    jobs.fail(_must_lease(jobs), "broken file")
    for other in others:
        job = _must_lease(jobs)
        assert job.id == other.id
        jobs.finish(job)
    clock.advance(seconds=10)
    assert _must_lease(jobs).id == poisoned.id


def test_lanes_that_have_something_to_do(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add("a", lane="one")
    add("b", lane="two", kind="unknown")
    assert jobs.due(["mp4"]) == {"one"}
    job = _lease(jobs, lane="one")
    assert jobs.due(["mp4"]) == set() and job is not None
    clock.advance(seconds=31)
    assert jobs.due(["mp4"]) == {"one"}, "its lease has run out"


def test_why_a_job_waits(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    assert add().waits_for is None
    jobs.fail(job := _must_lease(jobs), "broken", "one\ntwo")
    seen = jobs.get(job.id)
    assert (seen.waits_for, seen.error, seen.log) == ("retry", "broken", "one\ntwo")
    clock.advance(seconds=10)
    jobs.postpone(_must_lease(jobs), timedelta(minutes=5), "no model", "model")
    assert jobs.get(job.id).waits_for == "model"
    clock.advance(minutes=5)
    assert _must_lease(jobs).waits_for is None


def test_what_no_database_takes_is_no_trouble(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add()
    job = _must_lease(jobs)
    jobs.extend(job, LEASE, 0.1, "half \ud800 a\0character")
    jobs.fail(job, "nul \0", "\udfff\0")
    seen = jobs.get(job.id)
    assert (seen.message, seen.error, seen.log) == (
        "half \ufffd a\ufffdcharacter",
        "nul \ufffd",
        "\ufffd\ufffd",
    )


def test_a_worker_knows_what_it_still_holds(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add("a"), add("b")
    one, two = _must_lease(jobs), _must_lease(jobs)
    assert jobs.still_held("one") == {(one.id, 1), (two.id, 1)}
    jobs.cancel(one.id)
    assert jobs.still_held("one") == {(two.id, 1)}
    clock.advance(seconds=31)
    assert _must_lease(jobs, "two").id == two.id
    assert jobs.still_held("one") == set()


def test_the_pace_is_that_of_the_newest_attempt(jobs: Jobs, add: Callable[..., Job], clock: Clock) -> None:
    add()
    job = _must_lease(jobs)
    clock.advance(seconds=20)
    jobs.extend(job, LEASE, 0.4)  # it took up what an earlier attempt had done
    assert time_left(jobs.get(job.id), clock()) is None
    clock.advance(seconds=10)
    jobs.extend(job, LEASE, 0.5)
    assert time_left(jobs.get(job.id), clock()) == timedelta(seconds=50)
    jobs.fail(job, "broken")
    clock.advance(seconds=10)
    again = _must_lease(jobs)
    jobs.extend(again, LEASE, 0.1)
    clock.advance(seconds=30)
    assert time_left(jobs.get(job.id), clock()) is None


def _done(jobs: Jobs, job: Job) -> None:
    leased = _must_lease(jobs)
    assert leased.id == job.id
    jobs.finish(leased)


def test_old_ended_jobs_go_when_a_later_one_took_their_place(
    jobs: Jobs, add: Callable[..., Job], clock: Clock, database: Database
) -> None:
    def made(key: str, **changes: Any) -> Job:
        clock.advance(seconds=1)
        with database.session() as session:
            job = session.get_one(Job, add(key, **changes).id)
            job.created_at = clock()
        return job

    first, only = made("scan:1"), made("mp4:2", subject="2")
    _done(jobs, first), _done(jobs, only)
    cancelled, last = made("scan:2"), made("scan:3")
    jobs.cancel(cancelled.id)
    assert jobs.clean_up() == 0
    clock.advance(days=31)
    _done(jobs, last)
    assert jobs.clean_up() == 2
    for gone in (first, cancelled):
        with pytest.raises(JobNotFound):
            jobs.get(gone.id)
    clock.advance(days=365)
    assert jobs.clean_up() == 0
    assert {jobs.get(only.id).state, jobs.get(last.id).state} == {"done"}


def test_cancelling(jobs: Jobs, add: Callable[..., Job]) -> None:
    waiting = add("a")
    assert jobs.cancel(waiting.id)
    assert not jobs.cancel(waiting.id)
    assert _lease(jobs) is None
    add("b")
    running = _must_lease(jobs)
    assert jobs.cancel(running.id)
    with pytest.raises(LeaseLost):
        jobs.extend(running, LEASE)
    assert jobs.get(running.id).state == "cancelled"


def test_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    assert not jobs.cancel("nothing")
    with pytest.raises(JobNotFound):
        jobs.get("nothing")
