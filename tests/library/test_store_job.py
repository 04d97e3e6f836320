"""The job `store` in a process of its own: copies in the bucket, a store that is away, one that refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from library import object_copies
from library.object_store import ObjectStore
from library.s3_store import S3Place
from operation.object_jobs import POSTPONE_SECONDS
from tests.broadcast.test_scan_job import ended_lecture
from tests.broadcast.web_stage import PROJECT, WebStage, stage_environment
from tests.installation import free_port
from tests.s3_server import ACCESS_KEY, REGION, SECRET_KEY

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[WebStage]:
    stage = WebStage(tmp_path)
    yield stage
    stage.close()


def environment(folder: Path, place: S3Place, **other: str) -> dict[str, str]:
    right = {
        "KODO_OBJECTS": f"s3://{place.bucket}/{place.prefix}",
        "KODO_S3_ENDPOINT": place.endpoint or "",
        "KODO_S3_REGION": REGION,
        "KODO_S3_ACCESS_KEY": ACCESS_KEY,
        "KODO_S3_SECRET_KEY": SECRET_KEY,
    }
    return stage_environment(folder, **(right | other))


def app(values: dict[str, str], *arguments: str) -> tuple[int, list[str], str]:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "app.py"), *arguments],
        env=values,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_recording_is_copied_and_mended(
    stage: WebStage, s3_place: S3Place, s3_store: ObjectStore, tmp_path: Path
) -> None:
    media = ended_lecture(stage, tmp_path)
    content = media.read_bytes()
    values = environment(tmp_path, s3_place)
    with stage.database.session() as session:
        job_id = object_copies.enqueue(session, "test").id

    code, _, err = app({**values, "KODO_S3_SECRET_KEY": "hunter2"}, "job", "run", job_id)
    assert (code, "AccessRefused" in err, "hunter2" in err) == (1, True, False)
    away = {**values, "KODO_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    code, out, _ = app(away, "job", "run", job_id)
    assert (code, json.loads(out[-1])["postpone"]) == (0, POSTPONE_SECONDS)

    code, out, err = app(values, "job", "run", job_id)
    assert code == 0, err
    result = json.loads(out[-1])["result"]
    (copied,) = result["copied"].values()
    assert (copied["copied"], copied["damaged"]) == (2, [])
    keys = {one.key for one in s3_store.list_objects()}
    assert keys == {f"sessions/{media.parts[-3]}/take-0001/program.{end}" for end in ("mp4", "index")}

    media.write_bytes(b"\0" * len(content))
    code, out, err = app(values, "objects", "verify", "--json")
    assert (code, err) == (0, "")
    told = json.loads("\n".join(out))
    assert [one["reason"] for one in told["mended"]] == ["content"]
    assert (told["checked"], told["damaged"]) == (4, [])
    assert media.read_bytes() == content
