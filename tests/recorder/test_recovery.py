"""A killed recorder's log: cut anywhere, it comes back as it was, up to its last whole part.

With KODO_FULL=1 every offset of the media file's last 64 kB is tried, else a sample and all part borders.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recorder import cmaf
from recorder.log_folders import INDEX_FILE, MEDIA_FILE
from recorder.media import PartContent, PartRecord
from recorder.media_log import MediaLog
from recorder.media_log_reader import SessionReader
from recorder.recovery import RecoveredSession, recover_session
from recorder.take_index import HEADER_BYTES, IndexHeader, pack_record
from tests.recorder.media_maker import make_media, make_parts, make_settings

SESSION = "0198-session"
FULL = os.environ.get("KODO_FULL") == "1"


class Log:
    """A log of one take as a killed recorder leaves it, and copies of it to spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: list[PartRecord] = []
        config = make_settings(folder / "original")
        log = MediaLog(config, SESSION, on_part=lambda take, record: self.records.append(record))
        media = make_media(4)
        log.begin_take(media.parameters, slate=True)
        for part in make_parts(media):
            log.append(part)
        take = config.sessions_folder / SESSION / "take-0001"
        self.media, self.index = (take / MEDIA_FILE).read_bytes(), (take / INDEX_FILE).read_bytes()
        log.close()
        self.init_length = self.records[0].offset

    def recover(self, media: bytes, index: bytes | None) -> tuple[RecoveredSession, list[PartRecord]]:
        """What recovery makes of these two files, read back by a reader."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        take = root / SESSION / "take-0001"
        take.mkdir(parents=True)
        (take / MEDIA_FILE).write_bytes(media)
        if index is not None:
            (take / INDEX_FILE).write_bytes(index)
        try:
            recovered = recover_session((root,), SESSION)
            return recovered, _read_back(root)
        finally:
            shutil.rmtree(root)

    def whole_before(self, size: int) -> int:
        return sum(record.offset + record.length <= size for record in self.records)


def _read_back(root: Path) -> list[PartRecord]:
    reader = SessionReader((root,), SESSION)
    if not reader.takes:
        reader.close()
        return []
    (take,) = reader.takes
    assert take.closed and take.sealed and take.slate
    for record in take.records:
        data = reader.part_bytes(1, record.segment, record.part)
        assert cmaf.part_is_whole(data) and cmaf.part_record(data, record.offset) == record
    end = take.records[-1].offset + take.records[-1].length
    assert reader.media_path(1).stat().st_size == end, "the torn tail is cut off"
    reader.close()
    return list(take.records)


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Log(Path(folder))


def test_without_an_index_the_records_come_back_exactly(log: Log) -> None:
    recovered, records = log.recover(log.media, None)
    assert records == log.records
    assert (recovered.last_take, recovered.next_segment, recovered.end_pts) == (1, 2, 360_000)
    assert recovered.bytes_written == len(log.media)
    assert 0 <= recovered.idle_seconds < 60


def test_an_index_torn_at_every_byte_is_mended(log: Log) -> None:
    for length in range(len(log.index) + 1):
        assert log.recover(log.media, log.index[:length])[1] == log.records, f"{length} bytes of the index"


def test_an_index_with_any_byte_spoiled_is_mended(log: Log) -> None:
    for at in range(0, len(log.index), 1 if FULL else 5):
        index = bytearray(log.index)
        index[at] ^= 0x10
        assert log.recover(log.media, bytes(index))[1] == log.records, f"byte {at} of the index"


def _check_cut(log: Log, size: int, index: bytes | None) -> None:
    whole = log.whole_before(size)
    recovered, records = log.recover(log.media[:size], index)
    assert records == log.records[:whole]
    assert recovered.next_segment == (log.records[whole - 1].segment + 1 if whole else 0)


def test_a_media_file_cut_at_any_part_border_is_mended(log: Log) -> None:
    for record in log.records:
        for size in (
            record.offset - 1,
            record.offset,
            record.offset + 1,
            record.offset + 39,
            record.offset + 48,
        ):
            _check_cut(log, size, log.index)
            _check_cut(log, size, None)


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_media_file_cut_anywhere_is_mended(log: Log, data: st.DataObject) -> None:
    size = data.draw(st.integers(max(0, len(log.media) - 65_536), len(log.media)))
    _check_cut(log, size, data.draw(st.sampled_from([log.index, None])))


@pytest.mark.timeout(1200)
@pytest.mark.skipif(not FULL, reason="every offset of the last 64 kB: minutes; set KODO_FULL=1")
def test_a_media_file_cut_at_every_offset_of_its_last_64_kb_is_mended(log: Log) -> None:
    for size in range(max(0, len(log.media) - 65_536), len(log.media) + 1):
        _check_cut(log, size, log.index)
        _check_cut(log, size, None)


@given(st.integers(0, 2**62))
@example(0)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bit_flipped_in_the_last_part_is_noticed(log: Log, bit: int) -> None:
    last = log.records[-1]
    at = last.offset * 8 + bit % (last.length * 8)
    media = bytearray(log.media)
    media[at // 8] ^= 1 << at % 8
    assert log.recover(bytes(media), log.index)[1] == log.records[:-1]
    assert log.recover(bytes(media), None)[1] == log.records[:-1]


def test_blocks_of_zeros_behind_a_power_cut_are_cut_off(log: Log) -> None:
    media = log.media[: log.records[-3].offset] + bytes(len(log.media) - log.records[-3].offset)
    assert log.recover(media, log.index)[1] == log.records[:-3]
    assert log.recover(log.media + bytes(5_000), log.index)[1] == log.records


def test_recovering_twice_changes_nothing(log: Log, tmp_path: Path) -> None:
    take = tmp_path / SESSION / "take-0001"
    take.mkdir(parents=True)
    (take / MEDIA_FILE).write_bytes(log.media[:-5])
    first = recover_session((tmp_path,), SESSION)
    before = {name: ((take / name).stat().st_ino, (take / name).read_bytes()) for name in os.listdir(take)}
    second = recover_session((tmp_path,), SESSION)
    assert (second.next_segment, second.end_pts) == (first.next_segment, first.end_pts)
    assert before == {
        name: ((take / name).stat().st_ino, (take / name).read_bytes()) for name in os.listdir(take)
    }


def test_takes_without_a_part_go_and_their_numbers_are_not_used_again(log: Log, tmp_path: Path) -> None:
    for number, media in (("0001", log.media), ("0002", log.media[: log.init_length]), ("0003", b"")):
        take = tmp_path / SESSION / f"take-{number}"
        take.mkdir(parents=True)
        (take / MEDIA_FILE).write_bytes(media)
    assert recover_session((tmp_path,), SESSION).last_take == 3
    assert os.listdir(tmp_path / SESSION) == ["take-0001"]


def test_a_take_whose_init_is_spoiled_is_put_aside_for_people(log: Log, tmp_path: Path) -> None:
    take = tmp_path / SESSION / "take-0001"
    take.mkdir(parents=True)
    (take / MEDIA_FILE).write_bytes(bytes(200) + log.media[200:])
    assert recover_session((tmp_path,), SESSION).last_take == 1
    assert os.listdir(tmp_path / SESSION) == ["damaged-take-0001"]


def test_the_log_goes_on_behind_what_was_recovered(tmp_path: Path) -> None:
    config = make_settings(tmp_path)
    media = make_media(4)
    killed = MediaLog(config, SESSION, on_part=lambda take, record: None)
    killed.begin_take(media.parameters, slate=False)
    for part in make_parts(media)[:8]:
        killed.append(part)
    # The killed log is left as it is: its descriptors stay open, as its files would after kill -9. Its last
    # part's record was not written yet.
    os.truncate(config.sessions_folder / SESSION / "take-0001" / INDEX_FILE, HEADER_BYTES + 7 * 64 + 3)
    reader = SessionReader(config.session_roots, SESSION)
    assert not reader.takes[0].closed and len(reader.takes[0].records) == 7

    log = MediaLog(
        config,
        SESSION,
        on_part=lambda take, record: None,
        recovered=recover_session(config.session_roots, SESSION),
    )
    assert log.end_pts == 8 * 30_000
    assert log.begin_take(media.parameters, slate=False) == 2
    record = log.append(make_parts(media, start_pts=log.end_pts)[0])
    assert record is not None and (record.segment, record.part, record.pts) == (2, 0, 240_000)
    assert reader.refresh()
    assert [(take.number, take.closed, len(take.records)) for take in reader.takes] == [
        (1, True, 8),
        (2, False, 1),
    ]
    reader.close()
    log.close()
    killed.close()


@pytest.mark.serial
def test_three_hours_without_an_index_take_less_than_five_seconds(tmp_path: Path) -> None:
    parts, step = 32_400, 30_000
    take = tmp_path / SESSION / "take-0001"
    take.mkdir(parents=True)
    media = make_media(4)
    init = cmaf.init_segment(media.parameters, slate=False)
    content = make_parts(media)[0]
    filler = content.video[0]
    records = []
    with open(take / MEDIA_FILE, "wb") as file:
        file.write(init)
        offset = len(init)
        for number in range(parts):
            small = PartContent((filler,), (), number * step, step, True, number % 6 == 0)
            data = cmaf.part_bytes(number + 1, small, number // 6, number % 6)
            file.write(data)
            record = cmaf.part_record(data, offset)
            assert record is not None
            records.append(record)
            offset += len(data)
    started = time.monotonic()
    recovered = recover_session((tmp_path,), SESSION)
    assert time.monotonic() - started < 5
    assert recovered.next_segment == parts // 6 and recovered.end_pts == parts * step
    index = (take / INDEX_FILE).read_bytes()
    assert index[:HEADER_BYTES] == IndexHeader(1, False, len(init)).pack()
    assert index[HEADER_BYTES:-64] == b"".join(map(pack_record, records))
