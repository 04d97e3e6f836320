"""A job of each kind is cancelled at work: it ends within a second and leaves nothing half done."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from library.jobs import Jobs
from tests.broadcast import test_film_job
from tests.broadcast.web_stage import WebStage
from tests.faults.test_job_killed import CASES, job_of, programs, stage
from tests.installation import command_line, wait_for

__all__ = ["stage"]  # the fixture


@pytest.mark.parametrize("kind", CASES)
def test_a_cancelled_job_ends_within_a_second_and_leaves_nothing(
    stage: WebStage, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[kind](stage, tmp_path)
    with test_film_job.worker(stage.settings) as worker:
        wait_for("it to be at work", case.half_done.exists, 30, every=0.005)
        (launcher,) = programs(worker.pid, case.job_id)[:1]
        began = time.monotonic()
        assert Jobs(stage.database).cancel(case.job_id)
        wait_for("its end", lambda: not command_line(launcher), 10, every=0.01)
        seconds = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{kind}: cancelled, and gone after {seconds:.2f} s")
    assert not case.half_done.exists()
    assert seconds <= 1.5  # the machine is busy with other tests
    assert job_of(stage, case.job_id).state == "cancelled"
