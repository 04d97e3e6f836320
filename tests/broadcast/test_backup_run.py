"""A backup beside live lectures: how fast it reads, when it stops, and why, in the reader's language."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from broadcast.job_reasons import in_words
from library.backup import errors
from library.backup.repository import Repository
from library.backup_place import AtFloor, NotSetUp, opened_repository
from operation import backup_run
from operation.backup_run import Floor, Pace, in_a_line
from tests.broadcast.web_stage import stage_settings

DAY = 86_400


class Target:
    """A target with three generations, each with a file of its own; all of it is `days` old."""

    def __init__(self, folder: Path, database: Path, *, target: Path | None = None, days: int = 0) -> None:
        target = target or folder / "backups"
        self.settings = stage_settings(folder, KODO_BACKUP_DIR=str(target), KODO_DISK_FLOOR="1")
        self.settings.storage.mkdir(exist_ok=True)
        (self.settings.storage / "kodo.db").write_bytes(database.read_bytes())
        self.settings.recordings_folder.mkdir()
        self.objects = target / "kodo-backup" / "objects"
        for _ in range(3):
            self.change()
            self.make()
        for one in self.objects.glob("*/*"):
            os.utime(one, (one.stat().st_atime, one.stat().st_mtime - days * DAY))

    def change(self) -> None:
        (self.settings.recordings_folder / "s1.mp4").write_bytes(os.urandom(2 << 20))

    def make(self, keep: int = 30) -> list[int]:
        """A generation → the sequences of those that there are then."""
        settings = replace(self.settings, backup_keep=keep)
        return [one.sequence for one in backup_run.make(settings, reason="daily", expected=None).generations]

    def kept(self) -> list[int]:
        with opened_repository(self.settings) as repository:
            assert repository.verify().ok
            return [one.sequence for one in repository.generations()]

    def media(self) -> int:
        return sum(one.stat().st_size == 2 << 20 for one in self.objects.glob("*/*"))


def test_at_the_floor_lectures_get_back_what_nobody_needs(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    target = Target(tmp_path, sqlite_template)
    target.change()
    (target.settings.recordings_folder / "s2.mp4").write_bytes(os.urandom(40 << 20))

    def check(floor: Floor) -> bool:
        floor.reached = target.media() == 4  # once the changed one is there
        return floor.reached

    monkeypatch.setattr(Floor, "check", check)
    with pytest.raises(AtFloor):
        target.make(keep=1)
    assert (target.kept(), target.media()) == ([3], 1)
    assert "2 old ones were removed" in caplog.text and "MB freed" in caplog.text


def test_a_full_target_keeps_what_the_next_run_takes_up(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(tmp_path, sqlite_template, days=2)
    young = target.objects / "ab" / ("ab" + "0" * 62)
    young.parent.mkdir(exist_ok=True)
    young.write_bytes(b"of a run that failed")

    def full(*_: Any, **__: Any) -> None:
        raise errors.TargetFull("no space is left")

    monkeypatch.setattr(backup_run, "is_on_the_same_disk", lambda _: False)
    monkeypatch.setattr(Repository, "run", full)
    with pytest.raises(errors.TargetFull):
        target.make(keep=1)
    assert (target.media(), young.exists()) == (1, True)
    monkeypatch.setattr(backup_run, "is_on_the_same_disk", lambda _: True)
    with pytest.raises(errors.TargetFull):
        target.make(keep=1)
    assert not young.exists() and target.kept() == [3]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_target_that_is_full_takes_backups_again_when_fewer_are_kept(
    tmp_path: Path, sqlite_template: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9M", "kodo-backup", disk], check=True)
    try:
        target = Target(tmp_path, sqlite_template, target=disk / "target", days=2)
        with pytest.raises(errors.TargetFull):
            for _ in range(3):
                target.change()
                target.make()
        with pytest.raises(errors.TargetFull):
            target.make(keep=1)
        assert target.make(keep=1)[0] > 3
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


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
