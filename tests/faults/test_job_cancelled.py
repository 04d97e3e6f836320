"""A job of each kind is cancelled at work: it ends within a second and leaves nothing half done."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from library.jobs import Jobs
from tests.broadcast import test_film_job
from tests.broadcast.web_stage import WebStage
from tests.faults import FULL
from tests.faults.test_job_killed import CASES, Case, has_ended, job_of, programs, stage
from tests.installation import command_line, wait_for

__all__ = ["stage"]  # the fixture

# The figure, and a little, is for a machine that does nothing else; `make test` may share it.
MOST_SECONDS = 1.5 if FULL else 5.0
ATTEMPTS = 20  # a short job may be done before a busy machine's test gets round to it


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", CASES)
def test_a_cancelled_job_ends_within_a_second_and_leaves_nothing(
    stage: WebStage, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with test_film_job.worker(stage.settings) as worker:
        for attempt in range(ATTEMPTS):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            case = CASES[kind](stage, folder)
            if (launcher := at_work(stage, case, worker.pid)) is None:
                continue
            began = time.monotonic()
            if Jobs(stage.database).cancel(case.job_id):
                break
        else:
            raise AssertionError("it was always done before it could be cancelled")
        wait_for("its end", lambda: not command_line(launcher), every=0.01)
        seconds = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{kind}: cancelled, and gone after {seconds:.2f} s")
    assert not case.half_done.exists()
    assert seconds <= MOST_SECONDS
    assert job_of(stage, case.job_id).state == "cancelled"


def at_work(stage: WebStage, case: Case, worker: int) -> int | None:
    """The job's program, once it has half done it; None if it was quicker."""
    wait_for(
        "it to be at work", lambda: case.half_done.exists() or has_ended(stage, case.job_id), every=0.005
    )
    return next(iter(programs(worker, case.job_id)), None)
