"""SessionReader: what it shows while the log grows, moves, is lost or mended, and what it refuses."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recorder import cmaf, session_state
from recorder.log_folders import INDEX_FILE
from recorder.media import SessionPhase
from recorder.media_log import MediaLog
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.spill import Spill
from recorder.take_mover import move_take
from settings import Settings
from tests.recorder.media_maker import make_media, make_parts, make_settings
from tests.recorder.test_media_log import open_descriptors, write_take
from tests.recorder.test_session_state import STATE

SESSION = STATE.session_id


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def log(config: Settings) -> Iterator[MediaLog]:
    log = MediaLog(config, SESSION, on_part=lambda take, record: None)
    yield log
    log.close()


def test_a_growing_take_is_shown_part_by_part(config: Settings, log: MediaLog) -> None:
    media = make_media(4)
    log.begin_take(media.parameters, slate=False)
    with SessionReaderOf(config) as reader:
        assert reader.takes == [], "a take without parts does not exist"
        for number, part in enumerate(make_parts(media), 1):
            record = log.append(part)
            assert reader.refresh() and not reader.refresh()
            (take,) = reader.takes
            assert len(take.records) == number and take.records[-1] == record
            last = take.segments[-1]
            assert not last.complete and last.part_count == (number - 1) % 6 + 1
            assert all(slot.complete for slot in take.segments[:-1])
        log.close_take()
        reader.refresh()
        assert take.closed and take.segments[-1].complete
        assert [(s.segment, s.pts, s.duration) for s in take.segments] == [
            (0, 0, 180_000),
            (1, 180_000, 180_000),
        ]
        for slot in take.segments:
            parts = [reader.part_bytes(1, slot.segment, n) for n in range(slot.part_count)]
            assert reader.segment_bytes(1, slot.segment) == b"".join(parts)
            assert [
                cmaf.part_record(data, r.offset) for data, r in zip(parts, take.parts(slot), strict=True)
            ] == list(take.parts(slot))
        assert (
            cmaf.parse_init(reader.init_bytes(1)) == (media.parameters, False)
            and take.video == media.parameters
        )


class SessionReaderOf:
    """`with SessionReaderOf(config) as reader`: closed at the end."""

    def __init__(self, config: Settings) -> None:
        self._config = config

    def __enter__(self) -> SessionReader:
        self.reader = SessionReader(self._config.session_roots, SESSION)
        return self.reader

    def __exit__(self, *_: object) -> None:
        self.reader.close()


def test_what_is_not_in_the_log_is_refused(config: Settings, log: MediaLog) -> None:
    write_take(log, start_pts=0)
    with SessionReaderOf(config) as reader:
        for take, segment, part in ((0, 0, 0), (2, 0, 0), (1, 2, 0), (1, -1, 0), (1, 0, 6), (1, 0, -1)):
            with pytest.raises(NotInLog):
                reader.part_bytes(take, segment, part)
        with pytest.raises(NotInLog):
            reader.segment_bytes(1, 1)  # still grows
        with pytest.raises(NotInLog):
            reader.init_bytes(2)
        with pytest.raises(NotInLog):
            _ = reader.state
    with pytest.raises(NotInLog):
        reader.part_bytes(1, 0, 0)
    for name in ("unknown", "..", "", "a/b", "x\0"):
        with pytest.raises(NotInLog):
            SessionReader(config.session_roots, name)


def test_the_state_is_read_again_when_it_changes(config: Settings, log: MediaLog) -> None:
    write_take(log, start_pts=0)
    session_state.save_somewhere(config.session_roots, STATE)
    with SessionReaderOf(config) as reader:
        assert reader.state == STATE and not reader.takes[0].closed
        ended = replace(STATE, version=4, phase=SessionPhase.ENDED)
        session_state.save_somewhere(config.session_roots, ended)
        assert reader.refresh()
        assert reader.state == ended
        assert reader.takes[0].closed, "after the end no part follows, with or without an end mark"


def test_a_take_that_moves_between_listing_and_opening_is_found(config: Settings) -> None:
    spilled = replace(config, storage=config.spill_folder)
    log = MediaLog(spilled, SESSION, on_part=lambda take, record: None)
    log.close()
    spill, disk = (root / SESSION for root in reversed(config.session_roots))
    disk.mkdir(parents=True)
    with SessionReaderOf(config) as reader:
        write_take(log := MediaLog(spilled, SESSION, on_part=lambda take, record: None), start_pts=0)
        log.close()
        reader._list_takes()  # as a refresh begins
        move_take(spill / "take-0001", disk / "take-0001", lambda: False)
        reader._stamps = tuple(
            os.stat(folder).st_mtime_ns for folder in reader._folders
        )  # nothing new to list
        reader.refresh()
        assert reader.part_bytes(1, 0, 0)


def test_a_take_is_found_at_any_moment_while_it_moves_to_the_disk(config: Settings) -> None:
    spilled = replace(config, storage=config.spill_folder)  # writes where a spilling log would
    log = MediaLog(spilled, SESSION, on_part=lambda take, record: None)
    write_take(log, start_pts=0)
    write_take(log, start_pts=360_000)
    log.close()
    spill, disk = (root / SESSION for root in reversed(config.session_roots))
    disk.mkdir(parents=True)
    wanted = [
        (take, segment, part)
        for take, segments in ((1, (0, 1)), (2, (2, 3)))
        for segment in segments
        for part in range(6)
    ]
    errors: list[BaseException] = []
    moved = threading.Event()

    def read_all_the_time() -> None:
        try:
            while not moved.is_set():
                with SessionReaderOf(config) as fresh:
                    assert [fresh.part_bytes(*each) for each in wanted] == expected
        except BaseException as error:
            errors.append(error)

    with SessionReaderOf(config) as reader:
        expected = [reader.part_bytes(*each) for each in wanted]
        thread = threading.Thread(target=read_all_the_time)
        thread.start()
        for name in ("take-0001", "take-0002"):
            move_take(spill / name, disk / name, lambda: False)
            assert [reader.part_bytes(*each) for each in wanted] == expected
        moved.set()
        thread.join(60)
        assert not errors and not thread.is_alive()
        reader.refresh()
        assert [reader.part_bytes(*each) for each in wanted] == expected
        assert [reader.media_path(take) for take in (1, 2)] == [
            disk / f"take-000{n}/program.mp4" for n in (1, 2)
        ]
        held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)]
        assert not [path for path in held if str(spill) in path], "memory of the spill is let go"
    assert os.listdir(spill) == []


def _is_link(fd: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{fd}")


def test_media_given_up_become_a_gap(config: Settings) -> None:
    log = MediaLog(replace(config, storage=config.spill_folder), SESSION, on_part=lambda take, record: None)
    write_take(log, start_pts=0)
    write_take(log, start_pts=360_000)
    log.close()
    spill = Spill(config.spill_sessions_folder, 1 << 30)
    spill.adopt()
    with SessionReaderOf(config) as reader:
        before = [record.duration for record in reader.takes[0].records]
        assert spill.give_up_oldest()
        assert reader.refresh()
        for shown in (reader, SessionReader(config.session_roots, SESSION)):
            assert [take.lost for take in shown.takes] == [True, False]
            lost = shown.takes[0]
            assert [record.duration for record in lost.records] == before
            assert {record.length for record in lost.records} == {0}
            with pytest.raises(NotInLog):
                shown.part_bytes(1, 0, 0)
            assert shown.part_bytes(2, 2, 0)
            shown.close()


def test_a_take_that_is_gone_stays_in_its_place_as_a_gap(config: Settings, log: MediaLog) -> None:
    write_take(log, start_pts=0)
    write_take(log, start_pts=360_000)
    with SessionReaderOf(config) as reader:
        shutil.rmtree(config.sessions_folder / SESSION / "take-0001")
        assert reader.refresh()
        assert [(take.number, take.lost) for take in reader.takes] == [(1, True), (2, False)]


def test_a_torn_index_record_is_not_there_yet(config: Settings, log: MediaLog) -> None:
    write_take(log, start_pts=0)
    path = config.sessions_folder / SESSION / "take-0001" / INDEX_FILE
    whole = path.read_bytes()
    with SessionReaderOf(config) as reader:
        with open(path, "r+b") as file:
            file.truncate(len(whole) - 20)
            file.seek(len(whole) - 20)
            file.write(b"\0" * 20)
        with SessionReaderOf(config) as fresh:
            assert len(fresh.takes[0].records) == 11
            path.write_bytes(whole)
            assert fresh.refresh() and len(fresh.takes[0].records) == 12
        assert len(reader.takes[0].records) == 12


def test_readers_in_threads_see_only_whole_parts_while_the_log_grows(config: Settings, log: MediaLog) -> None:
    media = make_media(4)
    parts = make_parts(media)
    log.begin_take(media.parameters, slate=False)
    log.append(parts[0])
    reader = SessionReader(config.session_roots, SESSION)
    errors: list[BaseException] = []
    done = threading.Event()

    def follow() -> None:
        try:
            seen = 0
            while not (done.is_set() and seen == 400):
                reader.refresh()
                records = reader.take(1).records
                for number in range(seen, len(records)):
                    record = records[number]
                    assert cmaf.part_is_whole(reader.part_bytes(1, record.segment, record.part))
                seen = len(records)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 400):
        log.append(parts[number % len(parts)])
    done.set()
    for thread in threads:
        thread.join(60)
    assert not errors and not any(thread.is_alive() for thread in threads)
    reader.close()


def test_media_descriptors_are_few(config: Settings, log: MediaLog) -> None:
    for number in range(12):
        write_take(log, start_pts=number * 360_000)
    log.close()
    before = open_descriptors()
    with SessionReaderOf(config) as reader:
        for take in reader.takes:
            assert reader.part_bytes(take.number, take.first_segment, 0)
        assert open_descriptors() <= before + 4
    assert open_descriptors() == before
