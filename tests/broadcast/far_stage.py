"""An ended lecture whose files have copies in a bucket, and acts on it in processes that may be killed.

The bucket is a folder that goes as an S3 store, where a test is not of S3 itself. `killed` runs an act in a
process of its own and kills it at its `die_at`th look at the file system.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from broadcast.adoption import adopt_session
from broadcast.live_windows import LiveWindows
from library import object_copies, object_moves, object_scan
from library.block_cache import BlockCache
from library.database import open_database, utc_now
from library.disk_store import DiskStore
from library.models import Job, LectureSession
from library.object_store import ObjectStore
from operation import far_files
from operation.far_reader import FarReader
from operation.recording_files import files_of
from recorder.log_folders import MEDIA_FILE
from recorder.media_log_reader import SessionReader
from settings import Settings
from tests.broadcast.live_stage import Clock
from tests.broadcast.session_writer import SessionWriter
from tests.broadcast.web_stage import WebStage, stage_environment
from tests.forked_app import PRELOADED

importlib.import_module("people.models")
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([*PRELOADED, "tests.broadcast.far_stage"])  # the process has one such server
_COUNTED = ("open", "os.rename", "os.remove", "os.truncate", "os.chmod")


class Bucket(DiskStore):
    """A folder that goes as a bucket."""

    @property
    def name(self) -> str:
        return "s3://bucket"

    def path(self, key: str) -> Path:
        return self._path(key)


def bucket_of(folder: Path) -> Bucket:
    return Bucket(folder / "bucket")


class FarStage(WebStage):
    """`session`: the lecture, of two takes of 2.4 MB; `content`: of each of its files, by key."""

    def __init__(self, folder: Path, bucket: ObjectStore | None = None, **environment: str) -> None:
        self.folder = folder
        self.bucket = bucket or bucket_of(folder)
        cache = BlockCache(folder / "storage" / ".objects" / "blocks", 64 << 20)
        self.clock = Clock()
        super().__init__(folder, FarReader(lambda: self.bucket, cache, clock=self.clock), **environment)
        writer = SessionWriter(folder, room_id=self.hall.id)
        for _ in range(2):
            writer.begin_take()
            for _ in range(12):
                writer.part(size=200_000)
        writer.end()
        self.session = writer.session_id
        adopt_session(self.settings, self.database, self.session)
        self.add_mp4(os.urandom(3_500_000))
        with self.database.session() as session:
            session.query(Job).delete()
        self.copy()
        self.content = {key: (self.settings.storage / key).read_bytes() for key in self.keys()}

    def add_mp4(self, content: bytes) -> None:
        path = self.settings.recordings_folder / f"{self.session}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        with self.database.session() as session:
            row = session.get_one(LectureSession, self.session)
            row.mp4_path, row.mp4_bytes = str(path), len(content)

    def copy(self) -> None:
        object_scan.take_up(
            self.database, self.settings.storage, lambda one: files_of(self.settings, one), now=utc_now()
        )
        object_copies.copy_all(self.database, self.settings.storage, self.bucket)

    def keys(self) -> list[str]:
        """Of all its files that may leave the disk."""
        with self.database.reading() as session:
            row = session.get_one(LectureSession, self.session)
            return [key for key, kind in files_of(self.settings, row) if kind in object_moves.MOVED_KINDS]

    def move(self) -> int:
        return move(self.settings, self.bucket)

    def reader(self) -> FarReader:
        return FarReader(lambda: self.bucket)

    def home(self, far: FarReader | None = None) -> int:
        return home(self.settings, far or self.reader(), self.session)

    def on_disk(self, key: str) -> Path:
        return self.settings.storage / key

    def segments(self, far: FarReader | None = None) -> list[bytes]:
        """All of the log's, as a viewer gets them."""
        reader = SessionReader(self.settings.session_roots, self.session, far or self.reader())
        try:
            return [
                reader.segment_bytes(take.number, slot.segment)
                for take in reader.takes
                for slot in take.segments
            ]
        finally:
            reader.close()

    def open_windows_anew(self) -> None:
        """A front that ends closes those it had."""
        self.windows = LiveWindows(
            self.settings.session_roots, self.settings.part_seconds, far=self.services.far
        )

    def take_files(self) -> list[str]:
        return [key for key in self.keys() if key.endswith(MEDIA_FILE)]


def move(settings: Settings, bucket: ObjectStore) -> int:
    """What the job does, without its policy → bytes freed."""
    database = open_database(settings.database_url)
    try:
        far_files.settle(settings, database)
        with database.reading() as session:
            found = object_moves.movable(session, bucket.name, utc_now())
        return sum(
            far_files.move(settings, database, bucket, one.session_id, one.files, lambda count: None)
            for one in found
        )
    finally:
        database.close()


def home(settings: Settings, far: FarReader, session_id: str) -> int:
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            lecture = session.get_one(LectureSession, session_id)
        return far_files.bring_home(settings, database, far, lecture)
    finally:
        database.close()


def killed(folder: Path, act: str, session_id: str, die_at: int | None) -> int | None:
    """Run `move` or `home` on the installation in `folder` → how many looks it took; None: it was killed."""
    told, tell = _forks.Pipe(duplex=False)
    process = _forks.Process(
        target=_act, args=(folder, stage_environment(folder), act, session_id, die_at, tell)
    )
    process.start()
    tell.close()
    process.join(100)
    assert process.exitcode in (0, -signal.SIGKILL), (act, die_at, process.exitcode)
    count: int | None = told.recv() if process.exitcode == 0 else None
    told.close()
    process.close()
    return count


def _act(
    folder: Path,
    environment: Mapping[str, str],
    act: str,
    session_id: str,
    die_at: int | None,
    tell: multiprocessing.connection.Connection,
) -> None:
    settings = Settings.from_environment(environment)
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in _COUNTED and str(folder) in str(arguments[0]):
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(hook)
    if act == "move":
        move(settings, bucket_of(folder))
    else:
        home(settings, FarReader(lambda: bucket_of(folder)), session_id)
    tell.send(count)
