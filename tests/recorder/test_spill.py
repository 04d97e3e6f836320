"""A full or broken disk: recording goes on in the spill, within its bound, and all comes home afterwards.

The disk is a real tmpfs of a few megabytes; mounting it needs root.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from recorder import cmaf, session_state
from recorder.disk_space import DiskSpace
from recorder.media import PartRecord, RecordingState
from recorder.media_log import MediaLog
from recorder.media_log_reader import SessionReader
from recorder.recovery import recover_session
from recorder.spill import Spill
from settings import Settings
from tests.recorder.media_maker import make_media, make_parts, make_settings
from tests.recorder.test_session_state import STATE

SESSION = STATE.session_id
DISK_BYTES = 24 << 20
SMALL_SPILL_BYTES = 8 << 20

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")


class Clock:
    """Monotonic seconds, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A recorder's disk space, one log on it, and a publisher that obeys `wants_new_take`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.mover = ThreadPoolExecutor(1)
        self.space = DiskSpace(settings, clock=self.clock, mover=self.mover)
        self.space.open()
        self.heard: list[tuple[int, PartRecord]] = []
        self.log = MediaLog(
            settings,
            SESSION,
            on_part=lambda take, r: self.heard.append((take, r)),
            space=self.space,
            clock=self.clock,
        )
        self.sent = 0
        media = make_media(4, width=640, height=360, kilobits=4_000, gop=10)
        self.parameters = media.parameters
        self.parts = make_parts(media)
        self.log.begin_take(self.parameters, slate=False)

    @property
    def storage(self) -> Path:
        return self.settings.storage

    def publish(self, parts: int = 1) -> None:
        """Send parts, each of them with an IDR, and look at the disk as the recorder does."""
        for _ in range(parts):
            self.clock.now += 1 / 3
            self.log.check_space()
            part = self.parts[self.sent % len(self.parts)]
            if self.log.wants_new_take:
                self.log.begin_take(self.parameters, slate=False)
            pts = self.sent * 30_000
            self.log.append(replace(part, pts=pts, independent=True, starts_segment=self.sent % 6 == 0))
            self.sent += 1

    def publish_until(self, happened: Callable[[], bool], most: int = 2_000) -> None:
        for _ in range(most):
            if happened():
                return
            self.publish()
        raise AssertionError("it did not happen")

    def settle(self) -> None:
        """Let the mover finish, as time would."""
        for _ in range(10):
            self.clock.now += 6
            self.space.check()
            self.mover.submit(lambda: None).result(60)

    def spilled_takes(self) -> list[str]:
        folder = self.settings.spill_sessions_folder / SESSION
        return sorted(os.listdir(folder)) if folder.exists() else []

    def shown(self) -> tuple[list[PartRecord], list[int]]:
        """Records of all takes of the log, each read back whole, and the numbers of the lost takes."""
        reader = SessionReader(self.settings.session_roots, SESSION)
        records = []
        for take in reader.takes:
            for record in take.records:
                records.append(record)
                if not take.lost:
                    assert cmaf.part_is_whole(reader.part_bytes(take.number, record.segment, record.part))
        lost = [take.number for take in reader.takes if take.lost]
        reader.close()
        return records, lost

    def close(self) -> None:
        self.log.close()
        self.space.close()
        self.mover.shutdown()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 24 MiB."""
    with mounted(tmp_path / "disk", DISK_BYTES) as mount:
        yield mount


@pytest.fixture
def small_spill(tmp_path: Path) -> Iterator[Path]:
    """As a container's /dev/shm: smaller than what the spill may hold by its setting."""
    with mounted(tmp_path / "shm", SMALL_SPILL_BYTES) as mount:
        yield mount


@contextmanager
def mounted(mount: Path, size: int) -> Iterator[Path]:
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "kodo-test", mount], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


@pytest.fixture
def stage(tmp_path: Path, disk: Path) -> Iterator[Stage]:
    stage = Stage(make_settings(tmp_path, storage=disk / "storage", spill_bytes=8 << 20))
    yield stage
    stage.close()


def fill(folder: Path) -> Path:
    """Take every block that an ordinary writer can have."""
    path = folder / "somebody-elses-file"
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass  # full, which is what was wanted
    return path


def numbers_are_unbroken(records: list[PartRecord]) -> bool:
    places = [(record.segment, record.part) for record in records]
    following = itertools.pairwise(places)
    return places[0] == (0, 0) and all(b in ((a[0], a[1] + 1), (a[0] + 1, 0)) for a, b in following)


@needs_root
def test_a_disk_that_fills_up_loses_nothing_and_all_comes_home(stage: Stage) -> None:
    stage.publish(5)
    assert stage.log.recording is RecordingState.OK
    rubbish = fill(stage.storage)
    stage.publish(20)  # the ballast carries the take to its next IDR
    assert stage.log.recording is RecordingState.SPILLING
    assert stage.spilled_takes()
    assert stat.S_IMODE(stage.settings.spill_folder.stat().st_mode) == 0o700
    assert len(stage.heard) == stage.sent, "no part is lost"
    rubbish.unlink()
    stage.settle()
    stage.publish(10)
    stage.settle()
    assert stage.log.recording is RecordingState.OK
    assert not stage.settings.spill_sessions_folder.exists() or not stage.spilled_takes()
    assert (stage.storage / "ballast").stat().st_size > 0, "the ballast is there for the next time"
    records, lost = stage.shown()
    assert records == [record for _, record in stage.heard] and not lost
    assert numbers_are_unbroken(records)


@needs_root
def test_a_take_runs_on_over_the_ballast_until_it_is_asked_for_an_idr(tmp_path: Path, disk: Path) -> None:
    stage = Stage(make_settings(tmp_path, storage=disk / "storage", spill_bytes=8 << 20))
    fill(stage.storage)
    part = stage.parts[0]
    assert stage.log.append(part) is not None
    assert not (stage.storage / "ballast").exists()
    assert stage.log.wants_new_take and stage.log.recording is RecordingState.OK
    stage.close()


@needs_root
def test_without_ballast_parts_are_lost_until_the_next_take(tmp_path: Path, disk: Path) -> None:
    stage = Stage(make_settings(tmp_path, storage=disk / "storage", spill_bytes=8 << 20))
    (stage.storage / "ballast").unlink()
    stage.log.append(stage.parts[0])
    fill(stage.storage)
    size = (stage.settings.sessions_folder / SESSION / "take-0001/program.mp4").stat().st_size
    assert stage.log.append(replace(stage.parts[1], independent=True)) is None
    assert stage.log.recording is RecordingState.LOSING and stage.log.wants_new_take
    assert (stage.settings.sessions_folder / SESSION / "take-0001/program.mp4").stat().st_size == size
    assert stage.log.append(stage.parts[2]) is None
    stage.publish(3)
    assert stage.log.recording is RecordingState.SPILLING
    records, _ = stage.shown()
    assert numbers_are_unbroken(records) and len(records) == 4
    stage.close()


@needs_root
def test_past_the_bound_the_oldest_spilled_take_becomes_a_gap(stage: Stage) -> None:
    fill(stage.storage)
    stage.publish_until(lambda: stage.log.recording is RecordingState.LOSING)
    stage.publish(100)
    spill = stage.settings.spill_folder
    held = sum(path.stat().st_size for path in spill.rglob("*") if path.is_file())
    assert held <= stage.settings.spill_bytes
    assert 0 <= stage.space.spill.used_bytes - held <= 64, "all is counted, the open take's end mark ahead"
    records, lost = stage.shown()
    assert lost and lost[0] == 2
    told = [replace(record, length=0) if take in lost else record for take, record in stage.heard]
    assert records == told, "the gap keeps its numbers and durations"
    (stage.storage / "somebody-elses-file").unlink()
    stage.settle()
    stage.publish(3)
    stage.settle()
    assert stage.log.recording is RecordingState.OK
    assert stage.shown()[1] == lost
    assert len(stage.heard) == stage.sent


@needs_root
def test_a_spill_smaller_than_its_setting_gives_up_its_oldest_takes(
    tmp_path: Path, disk: Path, small_spill: Path
) -> None:
    settings = make_settings(tmp_path, storage=disk / "storage", spill_folder=small_spill / "kodo")
    assert settings.spill_bytes > SMALL_SPILL_BYTES
    stage = Stage(settings)
    fill(stage.storage)
    stage.publish_until(lambda: stage.log.recording is RecordingState.LOSING)
    stage.publish(100)
    assert len(stage.heard) == stage.sent, "viewers see every part; what is given up is the oldest"
    assert stage.shown()[1][0] == 2
    stage.close()


@needs_root
def test_a_spill_that_others_fill_makes_room_by_its_own_takes(
    tmp_path: Path, disk: Path, small_spill: Path
) -> None:
    settings = make_settings(tmp_path, storage=disk / "storage", spill_folder=small_spill / "kodo")
    stage = Stage(settings)
    fill(stage.storage)
    stage.publish_until(lambda: len(stage.spilled_takes()) >= 3)
    fill(small_spill)
    stage.log.begin_take(stage.parameters, slate=False)
    stage.publish(5)
    assert stage.log.recording is RecordingState.LOSING
    assert len(stage.heard) == stage.sent
    stage.close()


@needs_root
def test_a_spilled_take_that_cannot_be_given_up_is_passed_over(stage: Stage) -> None:
    fill(stage.storage)
    stage.publish_until(lambda: len(stage.spilled_takes()) >= 3)
    first, second, *_ = stage.spilled_takes()
    (stage.settings.spill_sessions_folder / SESSION / first / "program.index").unlink()
    assert stage.space.spill.give_up_oldest()
    media = stage.settings.spill_sessions_folder / SESSION / second / "program.mp4"
    assert media.stat().st_size < 4096
    stage.publish_until(lambda: len(stage.spilled_takes()) >= 8)
    assert len(stage.heard) == stage.sent


@needs_root
def test_a_disk_turned_read_only_is_left_and_found_again(stage: Stage, disk: Path) -> None:
    stage.publish(5)
    stage.log.close_take()
    asyncio.run(stage.log.sync())  # a file open for writing forbids the remount
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    stage.log.begin_take(make_media(4).parameters, slate=False)
    stage.publish(10)
    assert stage.log.recording is RecordingState.SPILLING
    stage.settle()
    stage.publish(5)
    assert stage.log.recording is RecordingState.SPILLING, "the probe fails, so the disk stays left"
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    stage.settle()
    stage.publish(5)
    stage.settle()
    assert stage.log.recording is RecordingState.OK and not stage.spilled_takes()
    assert len(stage.heard) == stage.sent == len(stage.shown()[0])


@needs_root
def test_a_restarted_recorder_takes_up_what_was_spilled(tmp_path: Path, disk: Path) -> None:
    settings = make_settings(tmp_path, storage=disk / "storage", spill_bytes=8 << 20)
    killed = Stage(settings)
    killed.publish(3)
    rubbish = fill(killed.storage)
    killed.publish(20)
    session_state.save(settings.spill_sessions_folder, STATE)
    heard = [record for _, record in killed.heard]

    recovered = recover_session(settings.session_roots, SESSION)
    rubbish.unlink()
    space = DiskSpace(settings, clock=killed.clock, mover=killed.mover)
    looked = threading.Event()
    killed.mover.submit(looked.wait)  # nothing moves before
    space.open()
    assert space.spill.used_bytes > 0
    looked.set()
    killed.space.close()
    killed.space = space
    killed.settle()
    assert not killed.spilled_takes() and space.spill.used_bytes == 0
    assert session_state.load((settings.sessions_folder,), SESSION) == STATE
    assert killed.shown() == (heard, [])
    assert recovered.next_segment == heard[-1].segment + 1
    killed.close()


def test_storage_and_spill_both_useless_lose_parts_and_never_raise(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settings.storage.mkdir()
    settings.sessions_folder.write_text("not a folder")
    settings.spill_folder.write_text("not a folder")
    stage = Stage(settings)
    stage.publish(10)
    assert stage.heard == [] and stage.log.recording is RecordingState.LOSING
    settings.spill_folder.unlink()
    stage.publish(10)
    assert stage.heard and stage.log.recording is RecordingState.SPILLING
    settings.sessions_folder.unlink()
    stage.settle()
    stage.publish(2)
    stage.settle()
    assert stage.log.recording is RecordingState.OK
    stage.close()


@pytest.mark.parametrize(("size", "limit"), [(64 << 20, 48 << 20), (2 << 30, 512 << 20), (0, 512 << 20)])
def test_the_spill_leaves_room_on_its_file_system(tmp_path: Path, size: int, limit: int) -> None:
    spill = Spill(tmp_path / "spill", 512 << 20)
    spill.fit(size)
    assert spill.limit == limit


def test_a_low_disk_is_left_before_it_is_full(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    free = 10 << 30
    clock = Clock()
    space = DiskSpace(settings, clock=clock, free_bytes=lambda folder: free)
    space.open()
    assert not space.spilling
    for free, spilling in ((63 << 20, True), (80 << 20, True), (97 << 20, False), (65 << 20, False)):
        clock.now += 1
        space.check()
        assert space.spilling is spilling, f"{free >> 20} MB free"
    space.close()
