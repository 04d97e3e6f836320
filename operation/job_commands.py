"""What `app.py jobs list`, `wait`, `cancel` and `retry` do: print, and raise typed errors."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from broadcast.event_log import iso_utc
from library import job_list
from library.database import Database, utc_now
from library.jobs import OPEN_STATES, JobNotFound, Jobs
from library.models import Job, JobState
from people import command_line

POLL_SECONDS = 0.5
MAX_LISTED = 1000


class JobsNotDone(Exception):
    """One failed or was cancelled, or the time is over."""


def list_jobs(database: Database, parsed: argparse.Namespace) -> None:
    with database.reading() as transaction:
        jobs = job_list.newest(transaction, parsed.state or (), parsed.limit)
    now = utc_now()
    if parsed.json:
        print(json.dumps([_in_json(job, now) for job in jobs], ensure_ascii=False, indent=2))
        return
    for job in jobs:
        words = job.error if job.state == JobState.FAILED else job.message
        share = f"{job.progress:.0%}"
        print("\t".join((job.id, job.state, job.kind, job.subject, share, words or "")))


def cancel(database: Database, parsed: argparse.Namespace) -> None:
    stopped = [job for name in parsed.id for job in Jobs(database).cancel_named(name)]
    _print(_noted(database, "job.cancelled", stopped))


def retry(database: Database, parsed: argparse.Namespace) -> None:
    _print(_noted(database, "job.retried", Jobs(database).retry(parsed.id)))


def _noted(database: Database, action: str, jobs: list[Job]) -> list[Job]:
    with database.session() as transaction:
        for job in jobs:
            more = {"kind": job.kind, "of": job.subject}
            command_line.note_command(transaction, action, None, job.id, **more)
    return jobs


def wait(
    database: Database,
    parsed: argparse.Namespace,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return once all are done. Raises JobsNotDone, JobNotFound."""
    deadline = clock() + parsed.timeout if parsed.timeout is not None else float("inf")
    seen: set[str] = set()
    while True:
        jobs = _waited_for(database, parsed.id, seen)
        seen |= {job.id for job in jobs}
        still_open = [job for job in jobs if job.state in OPEN_STATES]
        if not still_open:
            break
        if clock() >= deadline:
            raise JobsNotDone(f"the time is over and {_names(still_open)} not done")
        sleep(min(POLL_SECONDS, max(0.0, deadline - clock())))
    # Of all jobs, one may be cancelled because a later one does its work.
    nothing_done = (JobState.FAILED, JobState.CANCELLED) if parsed.id else (JobState.FAILED,)
    if wrong := [job for job in jobs if job.state in nothing_done]:
        raise JobsNotDone("; ".join(f"{job.kind} {job.id} {job.state}: {job.error or '-'}" for job in wrong))


def _waited_for(database: Database, names: Sequence[str], seen: set[str]) -> list[Job]:
    """Those that are named; else all that are open, and those that were when it was looked before."""
    with database.reading() as transaction:
        if not names:
            open_now = job_list.newest(transaction, OPEN_STATES, MAX_LISTED)
            return job_list.named(transaction, seen | {job.id for job in open_now})
        jobs = job_list.named(transaction, names)
    for name in names:
        if not any(name in (job.id, job.subject) for job in jobs):
            raise JobNotFound(f"no job is called {name}, nor is one for a session of that name")
    return jobs


def _names(jobs: Sequence[Job]) -> str:
    shown = ", ".join(f"{job.kind} {job.id} ({job.state})" for job in jobs[:10])
    return f"{shown} and {len(jobs) - 10} more are" if len(jobs) > 10 else f"{shown} is"


def _print(jobs: Iterable[Job]) -> None:
    for job in jobs:
        print(f"{job.id}\t{job.kind}\t{job.subject}")


def _in_json(job: Job, now: datetime) -> dict[str, Any]:
    told = job_list.told(job, now)
    return {key: iso_utc(value) if isinstance(value, datetime) else value for key, value in told.items()}
