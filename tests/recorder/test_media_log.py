"""MediaLog on a sound disk: numbering, files, descriptors, and the round trip through a decoder."""

from __future__ import annotations

import asyncio
import gc
import io
import os
from dataclasses import replace
from pathlib import Path

import av
import pytest

from recorder import cmaf
from recorder.media import PartRecord, RecordingState
from recorder.media_log import LogClosed, MediaLog
from recorder.media_log_reader import SessionReader
from tests.recorder.media_maker import make_media, make_parts, make_settings

SESSION = "0198-session"


class Heard:
    """What a log told of its parts."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int, int]] = []

    def __call__(self, take: int, record: PartRecord) -> None:
        self.parts.append((take, record.segment, record.part))


def write_take(log: MediaLog, *, start_pts: int, slate: bool = False, seconds: float = 4) -> int:
    media = make_media(seconds)
    take = log.begin_take(media.parameters, slate=slate)
    for part in make_parts(media, start_pts=start_pts):
        log.append(part)
    return take


def open_descriptors() -> int:
    gc.collect()  # what earlier tests left in circles must not go in between
    return len(os.listdir("/proc/self/fd"))


def test_segments_count_over_the_session_and_parts_within_a_segment(tmp_path: Path) -> None:
    heard = Heard()
    log = MediaLog(make_settings(tmp_path), SESSION, on_part=heard)
    assert write_take(log, start_pts=0) == 1
    assert write_take(log, start_pts=360_000, slate=True) == 2
    log.close()
    one_take = [(segment, part) for segment in (0, 1) for part in range(6)]
    expected = [(1, s, p) for s, p in one_take] + [(2, s + 2, p) for s, p in one_take]
    assert heard.parts == expected
    assert log.end_pts == 720_000
    assert log.recording is RecordingState.OK and not log.wants_new_take


def test_the_whole_way_through_the_log_decodes_without_an_error(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    log = MediaLog(settings, SESSION, on_part=Heard())
    write_take(log, start_pts=90_000)
    write_take(log, start_pts=450_000)
    log.close()
    reader = SessionReader(settings.session_roots, SESSION)
    for take, start in zip(reader.takes, (90_000, 450_000), strict=True):
        data = reader.init_bytes(take.number)
        data += b"".join(reader.segment_bytes(take.number, slot.segment) for slot in take.segments)
        assert data == reader.media_path(take.number).read_bytes()
        pictures, frames = _decode(data)
        assert pictures == [start + n * 3_000 for n in range(120)]
        assert frames == [start * 8 // 15 + n * 1_024 for n in range(187)]
    reader.close()


def _decode(data: bytes) -> tuple[list[int], list[int]]:
    pictures, frames = [], []
    with av.open(io.BytesIO(data)) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            (pictures if isinstance(frame, av.VideoFrame) else frames).append(int(frame.pts or 0))
    return pictures, frames


def test_a_take_begins_with_an_independent_part_and_its_own_segment(tmp_path: Path) -> None:
    log = MediaLog(make_settings(tmp_path), SESSION, on_part=Heard())
    media = make_media(4)
    first, second, *_ = make_parts(media)
    log.begin_take(media.parameters, slate=False)
    with pytest.raises(cmaf.BadContent):
        log.append(second)
    record = log.append(replace(first, starts_segment=False))
    assert record is not None and (record.segment, record.part) == (0, 0)
    log.close()


def test_a_take_without_parts_leaves_nothing(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    log = MediaLog(settings, SESSION, on_part=Heard())
    log.begin_take(make_media(4).parameters, slate=False)
    write_take(log, start_pts=0)
    log.begin_take(make_media(4).parameters, slate=True)
    log.close()
    assert os.listdir(settings.sessions_folder / SESSION) == ["take-0002"]
    assert log.bytes_written == (settings.sessions_folder / SESSION / "take-0002/program.mp4").stat().st_size


def test_a_closed_log_takes_nothing_and_may_be_closed_again(tmp_path: Path) -> None:
    log = MediaLog(make_settings(tmp_path), SESSION, on_part=Heard())
    with pytest.raises(LogClosed):
        log.append(make_parts(make_media(4))[0])
    log.close()
    log.close()
    with pytest.raises(LogClosed):
        log.begin_take(make_media(4).parameters, slate=False)


def test_sync_may_overlap_the_end_of_a_take(tmp_path: Path) -> None:
    async def run() -> None:
        log = MediaLog(make_settings(tmp_path), SESSION, on_part=Heard())
        for number in range(5):
            write_take(log, start_pts=number * 360_000)
            syncing = asyncio.create_task(log.sync())
            await asyncio.sleep(0)
            write_take(log, start_pts=number * 360_000)  # closes a take that is being synced
            await asyncio.gather(syncing, log.sync())
        log.close_take()
        await log.sync()
        log.close()
        assert log.recording is RecordingState.OK

    before = open_descriptors()
    asyncio.run(run())
    assert open_descriptors() == before


def test_a_take_holds_two_descriptors(tmp_path: Path) -> None:
    before = open_descriptors()
    log = MediaLog(make_settings(tmp_path), SESSION, on_part=Heard())
    write_take(log, start_pts=0)
    assert open_descriptors() == before + 2
    log.close()


def test_fifty_logs_and_readers_leak_no_descriptor(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    before = open_descriptors()
    for number in range(50):
        log = MediaLog(settings, f"s{number}", on_part=Heard())
        write_take(log, start_pts=0)
        reader = SessionReader(settings.session_roots, f"s{number}")
        assert reader.part_bytes(1, 0, 0)
        log.close()
        reader.refresh()
        assert reader.part_bytes(1, 1, 5)
        reader.close()
    assert open_descriptors() == before
