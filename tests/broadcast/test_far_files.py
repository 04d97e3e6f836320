"""Recordings leave the disk for a bucket and come home, and are whole somewhere at every moment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from library import object_catalogue
from library.models import MediaObject
from operation import far_files
from operation.far_files import BusyNow, CopyDamaged, NoRoom
from operation.recording_files import files_of
from recorder import far_media
from recorder.far_media import MediaDamaged, MediaUnavailable
from recorder.media_log_reader import SessionReader
from tests.broadcast.far_stage import FarStage, killed
from tests.faults import count

STRIDE = count(full=1, small=3)  # looks at the file system between one death and the next


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[FarStage]:
    stage = FarStage(tmp_path)
    yield stage
    stage.close()


def everything_is_somewhere(stage: FarStage) -> None:
    """Each file is whole on the disk, or its marker and the bucket have it all."""
    for key, content in stage.content.items():
        path = stage.on_disk(key)
        if path.exists() and path.read_bytes() == content:
            continue
        place = far_media.away(path)
        assert place is not None, key
        assert stage.bucket.path(place.key).read_bytes() == content  # type: ignore[attr-defined]
        assert place.sha256 == hashlib.sha256(content).hexdigest()


def moved(stage: FarStage) -> set[str]:
    with stage.database.reading() as session:
        return {row.key for row in session.query(MediaObject).where(MediaObject.moved_at.is_not(None))}


def test_a_recording_leaves_and_comes_home(stage: FarStage) -> None:
    before = stage.segments()
    freed = stage.move()
    on_disk = {key: path.stat().st_size for key in stage.content if (path := stage.on_disk(key)).exists()}
    assert freed == sum(map(len, stage.content.values())) - sum(on_disk.values())
    assert set(on_disk) == set(stage.take_files())  # their beginnings
    assert max(on_disk.values()) < 1_300_000
    assert moved(stage) == set(stage.content)
    assert stage.segments() == before
    everything_is_somewhere(stage)
    assert stage.move() == 0

    assert stage.home() == sum(map(len, stage.content.values()))
    assert {key: stage.on_disk(key).read_bytes() for key in stage.content} == stage.content
    assert moved(stage) == set()
    assert not list(stage.settings.storage.rglob("*.far")) and not list(
        stage.settings.storage.rglob("*.home")
    )
    assert stage.home() == 0
    assert stage.segments() == before


def test_who_has_it_open_reads_on(stage: FarStage) -> None:
    reader = SessionReader(stage.settings.session_roots, stage.session, stage.reader())
    take = reader.takes[0]
    segments = [slot.segment for slot in take.segments]
    before = [reader.segment_bytes(take.number, one) for one in segments]
    stage.move()
    assert [reader.segment_bytes(take.number, one) for one in segments] == before
    stage.home()
    assert [reader.segment_bytes(take.number, one) for one in segments] == before
    reader.close()


@pytest.mark.timeout(600)  # dozens of processes
def test_killed_at_any_moment_of_leaving_it_is_whole_and_leaves_then(stage: FarStage) -> None:
    before = stage.segments()
    deaths = 0
    while killed(stage.folder, "move", stage.session, die_at=deaths * STRIDE) is None:
        deaths += 1
        everything_is_somewhere(stage)
        assert stage.segments() == before
        stage.move()
        assert moved(stage) == set(stage.content)
        everything_is_somewhere(stage)
        stage.home()
    assert deaths * STRIDE > 30


@pytest.mark.timeout(600)
def test_killed_at_any_moment_of_coming_home_it_is_whole_and_comes_then(stage: FarStage) -> None:
    before = stage.segments()
    stage.move()
    deaths = 0
    while killed(stage.folder, "home", stage.session, die_at=deaths * STRIDE) is None:
        deaths += 1
        everything_is_somewhere(stage)
        assert stage.segments() == before
        stage.home()
        assert moved(stage) == set()
        assert {key: stage.on_disk(key).read_bytes() for key in stage.content} == stage.content
        stage.move()
    assert deaths * STRIDE > 30


def test_coming_home_goes_on_where_it_stopped(stage: FarStage) -> None:
    stage.move()
    asked: list[int] = []

    class Counting:
        def __init__(self, die_at: int | None) -> None:
            self._far, self._die_at = stage.reader(), die_at

        def read(self, place: object, first: int, length: int, *, keep: bool = True) -> bytes:
            asked.append(length)
            if len(asked) == self._die_at:
                raise KeyboardInterrupt
            return self._far.read(place, first, length, keep=keep)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        stage.home(Counting(3))  # type: ignore[arg-type]
    got = sum(asked[:-1])
    asked.clear()
    total = stage.home(Counting(None))  # type: ignore[arg-type]
    assert sum(asked) == total - got


def test_a_copy_that_is_not_what_it_was_keeps_the_file_here(stage: FarStage) -> None:
    key = stage.take_files()[0]
    path = stage.bucket.path(key)  # type: ignore[attr-defined]
    content = bytearray(path.read_bytes())
    content[1_000_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CopyDamaged):
        stage.move()
    assert stage.on_disk(key).read_bytes() == stage.content[key]
    assert key not in moved(stage)


def test_a_file_that_is_damaged_here_stays_to_be_mended(stage: FarStage) -> None:
    key = stage.take_files()[0]
    content = bytearray(stage.content[key])
    content[-1] ^= 1
    stage.on_disk(key).write_bytes(content)
    with pytest.raises(CopyDamaged):
        stage.move()
    assert stage.on_disk(key).read_bytes() == content


def test_what_is_read_for_a_job_is_not_moved_meanwhile(stage: FarStage) -> None:
    with far_files.at_home(stage.settings, stage.session, (object_catalogue.TAKE,), lambda *_: None):
        with far_files.at_home(stage.settings, stage.session, (object_catalogue.TAKE,), lambda *_: None):
            pass  # two jobs may
        with pytest.raises(BusyNow):
            stage.move()
    assert stage.move() > 0


def test_no_room_no_homecoming(stage: FarStage) -> None:
    stage.move()
    with stage.database.reading() as session:
        lecture = session.get_one(far_files.LectureSession, stage.session)
    short = stage.settings.__class__.from_environment(
        {"KODO_STORAGE": str(stage.settings.storage), "KODO_DISK_FLOOR": "900T"}
    )
    with pytest.raises(NoRoom):
        far_files.bring_home(short, stage.database, stage.reader(), lecture)
    everything_is_somewhere(stage)


def test_damage_and_loss_there_are_told_apart_from_silence(stage: FarStage) -> None:
    stage.move()
    key = stage.take_files()[0]
    path = stage.bucket.path(key)  # type: ignore[attr-defined]
    content = path.read_bytes()
    for spoilt in (content[:-1000], content[:-1] + bytes([content[-1] ^ 1]), None):
        path.unlink() if spoilt is None else path.write_bytes(spoilt)
        with pytest.raises(MediaDamaged):
            stage.segments()
        with pytest.raises(MediaDamaged):
            stage.home()
        assert far_media.away(stage.on_disk(key)) is not None
    path.write_bytes(content)
    assert stage.home() == sum(map(len, stage.content.values()))


def test_without_a_bucket_what_is_there_is_unavailable(stage: FarStage) -> None:
    stage.move()
    with pytest.raises(MediaUnavailable):
        reader = SessionReader(stage.settings.session_roots, stage.session)
        reader.segment_bytes(1, reader.takes[0].segments[-1].segment)


def test_what_half_came_home_is_settled_by_the_next_move(stage: FarStage) -> None:
    stage.move()
    key = stage.take_files()[0]
    stage.on_disk(key).write_bytes(stage.content[key])  # home, and killed before the row said so
    far_files.settle(stage.settings, stage.database)
    assert key not in moved(stage)
    assert far_media.load(stage.on_disk(key)) is None
    with stage.database.reading() as session:
        lecture = session.get_one(far_files.LectureSession, stage.session)
    assert len(far_files.away_of(stage.settings, lecture, ("take", "mp4"))) == len(stage.content) - 1
    assert {key for key, _ in files_of(stage.settings, lecture)} >= set(stage.content)
    assert os.stat(stage.on_disk(key)).st_size == len(stage.content[key])
