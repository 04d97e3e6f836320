"""A proof beside lectures: what it takes no room for, what it waits for, what is a problem of the backup."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from library.backup import errors
from library.backup.repository import Repository
from library.backup_place import opened_repository, scratch_folder
from library.models import Job
from operation import backup_jobs, backup_proof
from tests.broadcast.backup_stage import BackupStage

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[BackupStage]:
    stage = BackupStage(tmp_path)
    stage.record("Eigenvalues")
    stage.record("Norms")
    assert stage.do("backup")["code"] == 0
    yield stage
    stage.close()


def sampled(stage: BackupStage, seed: int = 1) -> backup_proof.Proof:
    with opened_repository(stage.settings) as repository, scratch_folder(stage.settings, "proof") as folder:
        return backup_proof.sample(stage.settings, repository, "latest", folder, random.Random(seed))


def test_a_proof_takes_no_room_that_lectures_need(stage: BackupStage) -> None:
    stage.environment["KODO_DISK_FLOOR"] = "1000T"
    told = stage.do("backup-check", how="proof")
    assert told["code"] == 0 and told["waits_for"] == "disk", told
    assert told["message"].startswith("NoRoom")
    assert not (stage.settings.storage / ".backup" / "it").exists()


def test_what_does_not_fit_is_passed_over_for_another(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the free disk lies between two recordings' sizes, the smaller one is proven."""
    monkeypatch.setattr(backup_proof, "SAMPLE", 1)
    with opened_repository(stage.settings) as repository:
        of_database, sizes = backup_proof._sizes(repository, "latest")
    assert len(sizes) == 2 and of_database > 0
    large = max(sizes)
    sizes[large] += 1 << 40
    monkeypatch.setattr(backup_proof, "_sizes", lambda *_: (of_database, sizes))
    monkeypatch.setattr(backup_proof, "_room", lambda *_: 1 << 39)
    for seed in range(4):  # whichever is drawn first
        proof = sampled(stage, seed)
        assert (proof.recordings, proof.played, proof.problems) == (1, 1, [])
    sizes[min(sizes)] += 1 << 40
    with pytest.raises(errors.NoRoom):
        sampled(stage)


def checked(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **payload: Any
) -> dict[str, Any]:
    """The job in this process → the last line that it said."""
    monkeypatch.setattr(backup_jobs.os, "nice", lambda _: 0)
    job = Job(kind="backup-check", payload={"how": "proof", "generation": None, **payload})
    code = backup_jobs.check(stage.settings, job)
    lines = capsys.readouterr().out.splitlines()
    return {**json.loads(lines[-1] if lines else "{}"), "code": code}


@pytest.mark.parametrize(
    "error",
    [
        errors.TargetUnavailable("away"),
        errors.NoRoom("full"),
        errors.FolderUnusable("read-only"),
        errors.NoSuchGeneration("rotated"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_of_the_backup_is_waited_for(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def restore(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Repository, "restore", restore)
    told = checked(stage, monkeypatch, capsys)
    assert told["code"] == 0 and told["postpone"] > 0
    assert told["message"].startswith(type(error).__name__)


def test_a_generation_that_was_asked_for_by_name_and_is_no_more_is_no_reason_to_wait(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = checked(stage, monkeypatch, capsys, generation="000099-20261126T030000Z")
    assert told["code"] == 1 and "postpone" not in told


def test_a_target_that_is_not_mounted_is_waited_for(stage: BackupStage) -> None:
    stage.target.rename(stage.folder / "unplugged")
    told = stage.do("backup-check", how="proof")
    assert told["code"] == 0 and told["message"].startswith("NoRepository")


@pytest.mark.parametrize(
    "error",
    [
        errors.ObjectMissing("a"),
        errors.ObjectDamaged("a"),
        errors.GenerationIncomplete("g", "its list is damaged"),
        errors.NewerSchema("later"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_backup_lacks_is_a_problem(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def restore(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Repository, "restore", restore)
    (problem,) = checked(stage, monkeypatch, capsys)["result"]["problems"]
    assert problem.startswith(type(error).__name__)


def test_a_drill_that_was_asked_for_says_at_once_that_there_is_no_room(
    stage: BackupStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.settings = replace(stage.settings, disk_floor_bytes=1 << 60)
    told = checked(stage, monkeypatch, capsys, how="drill")
    assert told["code"] == 1 and "postpone" not in told
