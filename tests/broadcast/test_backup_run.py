"""A backup beside live lectures: how fast it reads, when it stops, and why, in the reader's language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from broadcast.job_reasons import in_words
from library.backup import errors
from library.backup_place import AtFloor, NotSetUp
from operation.backup_run import Floor, Pace, in_a_line
from tests.broadcast.web_stage import stage_settings


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 3)), max_size=50))
def test_no_more_is_read_than_the_pace_allows(steps: list[tuple[int, float]]) -> None:
    clock, done = Clock(), 0
    pace = Pace(100.0, clock=clock, sleep=clock.sleep)
    for more, work in steps:
        done += more
        clock.now += work
        before = clock.now
        pace.keep(done)
        assert done <= 100.0 * clock.now + 1e-6
        assert clock.now - before <= done / 100.0 + 1e-6, "a pause is not made up for, nor paid twice"


def test_a_backup_on_the_lectures_disk_stops_at_its_floor(tmp_path: Path) -> None:
    settings = stage_settings(tmp_path, KODO_DISK_FLOOR="1000T")
    settings.storage.mkdir()
    clock = Clock()
    floor = Floor(settings, clock=clock)
    assert floor.check() and floor.reached
    roomy = Floor(replace(settings, disk_floor_bytes=1), clock=clock)
    assert not roomy.check()
    elsewhere = Floor(replace(settings, backup="none"), clock=clock)
    assert not elsewhere.check(), "what lies elsewhere takes no room of lectures"


@pytest.mark.parametrize(
    "error",
    [
        errors.TargetUnavailable("x"),
        errors.TargetFull("x"),
        errors.TargetRefused("x"),
        errors.NoRepository("x"),
        errors.OtherRepository("x"),
        errors.RepositoryDamaged("x"),
        errors.NewerFormat("x"),
        errors.NewerSchema("x"),
        errors.KeyNeeded("x"),
        errors.WrongKey("x"),
        errors.KeyDamaged("x"),
        errors.RepositoryBusy("x"),
        errors.LeaseLost("x"),
        errors.NoSuchGeneration("x"),
        errors.GenerationIncomplete("g", "x"),
        errors.ObjectMissing("x"),
        errors.ObjectDamaged("x"),
        errors.NoRoom("x"),
        errors.SourceUnavailable("x"),
        errors.FolderNotEmpty("x"),
        errors.FolderUnusable("x"),
        AtFloor("x"),
        NotSetUp("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_has_a_sentence(error: Exception) -> None:
    app = Flask(__name__)
    Babel(app, default_locale="en")
    with app.test_request_context():
        said = f"{in_a_line(error)} (exit code 1)"
        words = in_words(said)
    assert type(error).__name__ not in words and "exit code" not in words
