"""Fixtures: a real S3 server (OpenStack Swift with its s3api) on loopback, and stores on it and on the disk.

Started once per run in a temporary folder by the Python of its own virtual environment, which
`scripts/install-s3-server` makes; stopped at the end. Each test has a bucket of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from library.disk_store import DiskStore
from library.object_store import ObjectStore
from library.s3_store import S3Place, S3Store

PROJECT = Path(__file__).resolve().parent.parent
PYTHON = PROJECT / ".venv" / "s3-server" / "bin" / "python"
ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "kodo-1"
PART_BYTES = 1 << 20


@dataclass(frozen=True)
class S3Server:
    """`files`: the folder where it keeps what objects consist of. `client`: boto3's, past Kodo's own code."""

    port: int
    files: Path
    client: Any

    def place(self, bucket: str, **other: Any) -> S3Place:
        """A bucket of it, with the right keys, or with `other` values."""
        right = S3Place(
            bucket,
            endpoint=f"http://127.0.0.1:{self.port}",
            region=REGION,
            path_style=True,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
        )
        return replace(right, **other)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    if not PYTHON.exists():
        pytest.skip("no S3 server here: scripts/install-s3-server")
    folder = Path(tempfile.mkdtemp(prefix="kodo-s3-"))
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [PYTHON, PROJECT / "tests" / "swift_process.py", folder, ACCESS_KEY, SECRET_KEY, REGION],
            stdin=subprocess.PIPE,  # it ends when this closes, however the tests end
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None and process.stdin is not None
    try:
        told = process.stdout.readline()
        assert told, (folder / "log").read_text()
        yield S3Server(int(told), folder / "disk", _client(int(told)))
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)
        shutil.rmtree(folder)


@pytest.fixture
def s3_place(s3_server: S3Server) -> S3Place:
    """An empty bucket, and a prefix in it."""
    bucket = f"test-{uuid.uuid4().hex}"
    s3_server.client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3_server.place(bucket, prefix="kodo/media")


@pytest.fixture
def s3_store(s3_place: S3Place, tmp_path: Path) -> Iterator[ObjectStore]:
    store = S3Store(s3_place, tmp_path / "uploads", part_bytes=PART_BYTES)
    yield store
    store.close()


@pytest.fixture
def disk_store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "storage")


@pytest.fixture(params=["disk", "s3"])
def object_store(request: pytest.FixtureRequest) -> ObjectStore:
    """The test runs once on each."""
    store: ObjectStore = request.getfixturevalue(f"{request.param}_store")
    return store


def _client(port: int) -> Any:
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    ).client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
