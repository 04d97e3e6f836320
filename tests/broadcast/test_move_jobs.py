"""The jobs `move` and `home` against a real bucket, and the jobs that need what was moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadcast import job_board, last_played
from library import object_copies, object_moves, recordings
from library.database import utc_now
from library.models import Job, LectureSession, MediaObject
from library.object_store import ObjectStore
from library.s3_store import S3Place
from operation import mp4_job, object_jobs
from operation.worker_process import KINDS
from recorder import far_media
from settings import SettingsError
from tests.broadcast.far_stage import FarStage
from tests.broadcast.web_stage import stage_settings
from tests.forked_app import run_app
from tests.installation import free_port
from tests.library.test_store_job import environment
from tests.s3_server import s3_place, s3_server, s3_store  # noqa: F401

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def stage(tmp_path: Path, s3_store: ObjectStore) -> Iterator[FarStage]:
    stage = FarStage(tmp_path, s3_store)
    yield stage
    stage.close()


@pytest.fixture
def values(tmp_path: Path, s3_place: S3Place) -> dict[str, str]:
    return environment(tmp_path, s3_place, KODO_OBJECTS_KEEP_LOCAL_DAYS="3")


def run_job(values: dict[str, str], job_id: str) -> tuple[int | None, list[dict[str, object]], str]:
    code, out, err = run_app(["job", "run", job_id], values)
    return code, [json.loads(line) for line in out.splitlines()], err


def ordered(stage: FarStage, kind: str, name: str) -> str:
    with stage.database.session() as session:
        if kind == object_moves.KIND:
            return object_moves.order(session, name).id
        return object_moves.order_home(session, stage.session, utc_now()).id


def away(stage: FarStage) -> set[str]:
    return {key for key in stage.content if far_media.away(stage.on_disk(key)) is not None}


def test_by_policy_into_a_bucket_and_back(stage: FarStage, values: dict[str, str]) -> None:
    last_played.note(stage.settings.session_roots, stage.session)
    code, lines, err = run_job(values, ordered(stage, "move", "played"))
    assert (code, lines[-1]) == (0, {"result": {"moved": [], "freed": 0, "left": {}}}), err
    (stage.settings.sessions_folder / stage.session / "played").unlink()
    with stage.database.session() as session:
        lecture = session.get_one(LectureSession, stage.session)
        lecture.ended_at = utc_now() - timedelta(days=3, minutes=1)

    wrong = {**values, "KODO_S3_SECRET_KEY": "hunter2"}
    code, _, err = run_job(wrong, ordered(stage, "move", "wrong"))
    assert (code, "AccessRefused" in err, "hunter2" in err) == (1, True, False), err
    gone = {**values, "KODO_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    code, lines, _ = run_job(gone, ordered(stage, "move", "gone"))
    assert code == 0 and "postpone" in lines[-1]
    assert away(stage) == set()

    before = stage.segments()
    job_id = ordered(stage, "move", "old")
    code, lines, err = run_job(values, job_id)
    assert code == 0 and lines[-1]["result"]["moved"] == [stage.session], err  # type: ignore[index]
    shares = [line["progress"] for line in lines if "progress" in line]
    assert shares == sorted(shares) and shares[-1] == 1  # type: ignore[type-var]
    assert away(stage) == set(stage.content)
    assert stage.segments() == before
    with stage.database.reading() as session:
        job = session.get_one(Job, job_id)
    KINDS["move"].done(stage.settings, stage.database, job, lines[-1]["result"])  # type: ignore[arg-type]
    with stage.database.reading() as session:
        assert session.get_one(Job, job_id).message.startswith("1 moved, ")

    code, lines, _ = run_job(gone, ordered(stage, "home", ""))
    assert code == 0 and "postpone" in lines[-1]
    code, lines, err = run_job(values, ordered(stage, "home", ""))
    assert code == 0, err
    assert lines[-1] == {"result": {"bytes": sum(map(len, stage.content.values()))}}
    assert {key: stage.on_disk(key).read_bytes() for key in stage.content} == stage.content
    code, lines, _ = run_job(values, ordered(stage, "move", "just came"))
    assert lines[-1]["result"]["moved"] == []  # type: ignore[index]


def test_by_hand(stage: FarStage, values: dict[str, str]) -> None:
    code, out, err = run_app(["objects", "move", stage.session], values)
    assert code == 0, err
    code, _, err = run_job(values, out.strip())
    assert code == 0 and away(stage) == set(stage.content), err
    code, out, _ = run_app(["objects", "verify", "--json"], values)
    assert code == 0
    told = json.loads(out)
    assert (told["damaged"], told["mended"]) == ([], [])
    code, out, _ = run_app(["objects", "home", stage.session], values)
    assert code == 0
    assert run_job(values, out.strip())[0] == 0
    assert away(stage) == set()


def test_a_job_that_reads_brings_home_what_it_reads(stage: FarStage, values: dict[str, str]) -> None:
    stage.move()
    with stage.database.session() as session:
        job_id = recordings.order_mp4(session, stage.session, 1).id
    gone = {**values, "KODO_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    code, lines, err = run_job(gone, job_id)
    assert code == 0 and "postpone" in lines[-1], err
    code, _, err = run_job(values, job_id)
    assert code == 1 and "is not right" in err  # what the stage wrote are no pictures
    assert away(stage) == {f"recordings/{stage.session}.mp4"}  # to be had until there is another


def test_an_older_mp4_goes_with_its_marker_and_its_copy(stage: FarStage) -> None:
    stage.move()
    folder = stage.settings.recordings_folder
    newer = recordings.mp4_path(folder, stage.session, 2)
    newer.write_bytes(b"newer")
    with stage.database.session() as session:
        job = recordings.order_mp4(session, stage.session, 2)
    stage.copy()  # while it is being made the older one stays
    assert stage.bucket.head(f"recordings/{stage.session}.mp4").bytes == 3_500_000
    with stage.database.session() as session:
        session.delete(session.get_one(Job, job.id))
    mp4_job.done(stage.settings, stage.database, job, {"path": str(newer), "bytes": 5, "version": 2})
    assert [path.name for path in folder.iterdir()] == [newer.name]
    stage.copy()
    assert [one.key for one in stage.bucket.list_objects("recordings/")] == [f"recordings/{newer.name}"]


def test_copies_are_followed_by_moves_where_there_is_a_policy(
    stage: FarStage, values: dict[str, str], tmp_path: Path, s3_place: S3Place
) -> None:
    with stage.database.session() as session:
        job = object_copies.enqueue(session, "test")
    quiet = stage_settings(tmp_path, **environment(tmp_path, s3_place))
    object_jobs.are_copied(quiet, stage.database, job, {"copied": {}})
    full = stage_settings(
        tmp_path, **environment(tmp_path, s3_place, KODO_OBJECTS_DISK_MARK="900T", KODO_OBJECTS_CACHE="1M")
    )
    with stage.database.reading() as session:
        assert session.query(Job).where(Job.kind == "move").count() == 0
    object_jobs.are_copied(full, stage.database, job, {"copied": {}})
    with stage.database.reading() as session:
        assert session.query(Job).where(Job.kind == "move").count() == 1
        assert session.query(MediaObject).where(MediaObject.moved_at.is_not(None)).count() == 0


def test_moving_needs_a_bucket(tmp_path: Path) -> None:
    for name in ("KODO_OBJECTS_KEEP_LOCAL_DAYS", "KODO_OBJECTS_DISK_MARK"):
        with pytest.raises(SettingsError, match=name):
            stage_settings(tmp_path, **{name: "7"})


def test_its_editors_are_told_where_it_is_and_may_have_it_back(stage: FarStage) -> None:
    api = f"/api/v1/recordings/{stage.session}"

    def place(user: object = stage.lecturer) -> str | None:
        told: str | None = stage.call("GET", api, user=user).json["place"]  # type: ignore[arg-type, index]
        return told

    assert (place(), place(None)) == ("copied", None)
    assert stage.call("POST", f"{api}/home", user=stage.lecturer).status_code == 409
    stage.move()
    assert place() == "bucket"
    page = stage.client(stage.lecturer).get(f"/watch/{stage.session}/edit").text
    assert "It is in the object store." in page and 'id="bring-home"' in page
    first, second = (stage.call("POST", f"{api}/home", user=stage.lecturer) for _ in range(2))
    assert first.status_code == 202 and first.json == second.json
    with stage.database.reading() as session:
        (job,) = job_board.board(session, None, None, utc_now(), str)["waiting"]
    assert (job["kind"], job["place"]) == ("home", "bucket")
    with stage.database.session() as session:
        for row in session.query(MediaObject).where(MediaObject.store != "disk"):
            row.state, row.damaged_reason = "damaged", "missing"
    assert place() == "damaged"
    watched = stage.client().get(f"/watch/{stage.session}").text
    assert "A part of this recording is damaged" in watched
