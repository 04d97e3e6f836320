"""The job `remove` in a process of its own: every file goes, nothing that runs is touched, the bucket too."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from library import object_copies, object_scan, removals
from library.database import utc_now
from library.keeping import Removal
from library.models import Job, JobState, LectureSession, MediaObject, Upload
from library.object_store import ObjectStore
from library.pictures import folder_of
from library.s3_store import S3Place
from operation import removal_job
from operation.recording_files import files_of
from operation.removal_job import SPILL_SECONDS, STORE_SECONDS
from recorder import far_media
from recorder.far_media import FarPlace
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.test_scan_job import ended_lecture
from tests.broadcast.web_stage import WebStage, stage_environment
from tests.installation import free_port
from tests.library.test_store_job import app, environment

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def recording_of(stage: WebStage, folder: Path) -> str:
    """With an MP4 and its other versions, pictures, a safety copy, sums, and another recording's beside."""
    recording = ended_lecture(stage, folder).parts[-3]
    storage = stage.settings.storage
    for name in (
        f"recordings/{recording}.mp4",
        f"recordings/{recording}.2.mp4",
        f"recordings/{recording}.3.mp4.partial/x",
        f"recordings/another-{recording}.mp4",
        f"sessions/{recording}/copies/c.media",
        f"sessions/{recording}/edits/0002.json",
        f".objects/sums/sessions/{recording}/take-0001/program.mp4",
        f".objects/sums/recordings/{recording}.mp4",
        f"pictures/{recording}/v1/poster.webp",
        f"uploads/{recording}.part",
        f"sessions/.import-{recording}/take-0001/program.mp4",
    ):
        path = storage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    assert folder_of(stage.settings.pictures_folder, recording, 1).is_dir()
    with stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        row.mp4_path = str(storage / f"recordings/{recording}.2.mp4")
        transaction.add(Upload(id=recording, session_id=recording, filename="f", bytes=1))
    return recording


def keep_a_block(storage: Path, recording: str) -> None:
    """As a viewer leaves it, who has read of media in the bucket."""
    moved = FarPlace("s3://b", "k", 1, f"{recording}-sum", 0, (0,))
    far_media.marker_path(storage / f"sessions/{recording}/take-0001/program.mp4").write_bytes(moved.pack())
    (storage / ".objects/blocks").mkdir(parents=True)
    (storage / f".objects/blocks/{moved.sha256}-0").write_bytes(b"content")


def order(stage: WebStage, recording: str) -> Job:
    with stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        removals.order(transaction, row, Removal.UNCLAIMED, utc_now())
        return transaction.scalars(select(Job).where(Job.kind == removals.KIND)).one()


def of_it(stage: WebStage, recording: str) -> set[str]:
    """What still lies anywhere below the storage and the spill under its name."""
    roots = (stage.settings.storage, stage.settings.spill_folder)
    return {
        str(path.relative_to(root))
        for root in roots
        for path in root.rglob("*")
        if recording in str(path) and f"another-{recording}" not in str(path)
    }


def run(folder: Path, job: Job) -> dict[str, Any]:
    code, out, err = app(stage_environment(folder), "job", "run", job.id)
    assert code == 0, err
    last: dict[str, Any] = json.loads(out[-1])
    return last


def row_of(stage: WebStage, recording: str) -> LectureSession:
    with stage.database.reading() as transaction:
        return transaction.get_one(LectureSession, recording)


def test_every_file_goes_and_a_second_time_changes_nothing(stage: WebStage, tmp_path: Path) -> None:
    recording = recording_of(stage, tmp_path)
    keep_a_block(stage.settings.storage, recording)
    other = stage.settings.recordings_folder / f"another-{recording}.mp4"
    job = order(stage, recording)
    for _ in range(2):
        result = run(tmp_path, job)["result"]
        assert of_it(stage, recording) == set()
        removal_job.done(stage.settings, stage.database, job, result)
    row = row_of(stage, recording)
    assert row.removed_at is not None and row.title == "" and row.mp4_path is None
    assert other.read_bytes() == b"content"


@pytest.mark.parametrize("at", ["renamed", "half", "folder"])
def test_it_goes_on_where_it_was_killed(stage: WebStage, tmp_path: Path, at: str) -> None:
    recording = recording_of(stage, tmp_path)
    job, folder = order(stage, recording), stage.settings.sessions_folder / recording
    renamed = folder.with_name(f".removed-{recording}")
    if at == "folder":  # a safety copy came late, into a folder of its own
        shutil.copytree(folder, renamed)
    else:
        folder.rename(renamed)
    if at == "half":
        shutil.rmtree(renamed / "take-0001")
    run(tmp_path, job)
    assert of_it(stage, recording) == set()


def test_a_lecture_that_runs_keeps_its_files_whatever_its_row_says(stage: WebStage, tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, room_id=stage.hall.id)
    writer.begin_take()
    writer.parts(3)
    recording = ended_lecture(stage, tmp_path).parts[-3]
    job = order(stage, recording)
    with stage.database.session() as transaction:
        row = transaction.get_one(LectureSession, recording)
        transaction.execute(update(Job).values(subject=writer.session_id))
        transaction.add(
            LectureSession(
                id=writer.session_id,
                room_id=row.room_id,
                organization_id=row.organization_id,
                title="t",
                phase="ended",
                started_at=row.started_at,
                removal=Removal.OWNER,
            )
        )
    before = of_it(stage, writer.session_id)
    code, _, err = app(stage_environment(tmp_path), "job", "run", job.id)
    assert code == 1 and "may be removed" in err
    assert of_it(stage, writer.session_id) == before


def test_nothing_goes_that_was_not_ordered(stage: WebStage, tmp_path: Path) -> None:
    recording = recording_of(stage, tmp_path)
    job, before = order(stage, recording), of_it(stage, recording)
    with stage.database.session() as transaction:
        transaction.get_one(LectureSession, recording).removal = None
    assert app(stage_environment(tmp_path), "job", "run", job.id)[0] == 1
    assert of_it(stage, recording) == before


def test_what_is_in_the_spill_comes_home_first(stage: WebStage, tmp_path: Path) -> None:
    recording = recording_of(stage, tmp_path)
    spilled = stage.settings.spill_sessions_folder / recording / "take-0002"
    spilled.mkdir(parents=True)
    job = order(stage, recording)
    assert run(tmp_path, job)["postpone"] == SPILL_SECONDS
    spilled.rmdir()  # moved; the session's folder there goes a moment later
    assert "result" in run(tmp_path, job)
    assert of_it(stage, recording) == set()


def test_its_objects_go_also_those_that_nobody_noted(
    stage: WebStage, s3_place: S3Place, s3_store: ObjectStore, tmp_path: Path
) -> None:
    recording, kept = recording_of(stage, tmp_path), ended_lecture(stage, tmp_path).parts[-3]
    values, settings = environment(tmp_path, s3_place), stage.settings
    object_scan.take_up(
        stage.database,
        settings.storage,
        lambda one: files_of(settings, one),
        now=utc_now() + object_scan.SETTLED,
    )
    object_copies.copy_all(stage.database, settings.storage, s3_store)
    with stage.database.session() as transaction:  # the process was killed between copying and noting
        rows = transaction.query(MediaObject).filter_by(session_id=recording, store=s3_store.name)
        transaction.delete(rows.order_by(MediaObject.key).first())
    job = order(stage, recording)
    away = {**values, "KODO_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    code, out, _ = app(away, "job", "run", job.id)
    assert (code, json.loads(out[-1])["postpone"]) == (0, STORE_SECONDS)
    assert of_it(stage, recording) == set() and row_of(stage, recording).title == ""
    code, out, err = app(values, "job", "run", job.id)
    assert code == 0, err
    removal_job.done(settings, stage.database, job, json.loads(out[-1])["result"])
    assert {one.key.split("/")[1] for one in s3_store.list_objects()} == {kept}
    with stage.database.reading() as transaction:
        assert {one.session_id for one in transaction.scalars(select(MediaObject))} == {kept}
        assert transaction.scalars(select(Job.state)).all() == [JobState.WAITING]
