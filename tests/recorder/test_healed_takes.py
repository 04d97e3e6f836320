"""Healed takes beside the log: read by their number, and met by nobody who keeps the log."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recorder import edit_list_files
from recorder.disk_space import DiskSpace
from recorder.edit_list import EditList, Span, without_slates
from recorder.log_folders import HEALED, healed_name, healed_number, healed_numbers, take_number, take_numbers
from recorder.media_log import MediaLog
from recorder.media_log_reader import NotInLog, SessionReader
from recorder.recovery import recover_session
from settings import Settings
from tests.recorder.healed_maker import write_healed, write_healed_parts
from tests.recorder.media_maker import make_media, make_parts, make_settings
from tests.recorder.test_media_log import open_descriptors, write_take

SESSION = "0198-session"


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A session of two takes with 4 s between them, closed."""
    config = make_settings(tmp_path)
    log = MediaLog(config, SESSION, on_part=lambda take, record: None)
    write_take(log, start_pts=0)
    write_take(log, start_pts=720_000)
    log.close()
    return config


def heal(config: Settings, count: int = 1) -> int:
    media = make_media(4, width=176, height=144)
    return write_healed(config.sessions_folder, SESSION, count, media, start_pts=360_000)


def test_names_of_takes_and_healed_takes_are_told_apart() -> None:
    assert healed_name(HEALED + 1) == "healed-0001" and healed_number("healed-0001") == HEALED + 1
    assert healed_name(HEALED + 12_345) == "healed-12345"
    for name in ("healed-0000", "healed-001", "healed-00001", "healed-1e10", "take-0001", ".healed-0001"):
        assert healed_number(name) is None
    assert take_number("healed-0001") is None and take_number("take-1000001") is None


def test_a_healed_take_is_read_by_its_number_and_shown_in_no_list(config: Settings) -> None:
    reader = SessionReader(config.session_roots, SESSION)
    number = heal(config)
    reader.refresh()
    assert [take.number for take in reader.takes] == [1, 2]
    take = reader.take(number)
    assert (take.number, take.slate, take.closed, take.lost) == (number, False, True, False)
    assert [(s.segment, s.pts, s.duration, s.complete) for s in take.segments] == [
        (0, 360_000, 180_000, True),
        (1, 540_000, 180_000, True),
    ]
    data = reader.init_bytes(number) + b"".join(reader.segment_bytes(number, n) for n in (0, 1))
    assert data == reader.media_path(number).read_bytes()
    assert reader.part_bytes(number, 1, 0) == reader.segment_bytes(number, 1)[: take.records[6].length]
    assert reader.take(number) is take, "read once"
    reader.close()


def test_a_healed_take_needs_no_look_at_the_folder(config: Settings) -> None:
    """It is asked for by an address that an edit list gave, perhaps before this process read on."""
    reader = SessionReader(config.session_roots, SESSION)
    with pytest.raises(NotInLog):
        reader.take(HEALED + 1)
    number = heal(config)
    assert reader.take(number).number == number
    reader.close()


@pytest.mark.parametrize("missing", [HEALED, HEALED + 2, 2**31, 10**10])
def test_another_number_is_not_in_the_log(config: Settings, missing: int) -> None:
    heal(config)
    reader = SessionReader(config.session_roots, SESSION)
    for ask in (reader.take, reader.init_bytes, reader.media_path):
        with pytest.raises(NotInLog):
            ask(missing)
    reader.close()


def test_what_is_not_whole_is_not_there(config: Settings) -> None:
    media = make_media(4)
    folder = config.sessions_folder
    unsealed = write_healed_parts(folder, SESSION, 1, media, make_parts(media), sealed=False)
    torn, without_index = (write_healed(folder, SESSION, count, media, start_pts=360_000) for count in (2, 3))
    with open(folder / SESSION / healed_name(torn) / "program.index", "r+b") as index:
        index.truncate(700)
    (folder / SESSION / healed_name(without_index) / "program.index").unlink()
    reader = SessionReader(config.session_roots, SESSION)
    for number in (unsealed, torn, without_index):
        with pytest.raises(NotInLog):
            reader.take(number)
    reader.close()


def test_a_healed_take_that_was_deleted_is_not_in_the_log(config: Settings) -> None:
    number = heal(config)
    reader = SessionReader(config.session_roots, SESSION)
    reader.take(number)
    shutil.rmtree(config.sessions_folder / SESSION / healed_name(number))
    with pytest.raises(NotInLog):
        reader.segment_bytes(number, 0)
    reader.close()


def test_no_descriptor_is_left(config: Settings) -> None:
    before = open_descriptors()
    number = heal(config)
    for _ in range(20):
        reader = SessionReader(config.session_roots, SESSION)
        reader.segment_bytes(number, 0)
        with pytest.raises(NotInLog):
            reader.take(number + 1)
        reader.close()
    assert open_descriptors() == before


def test_recovery_leaves_healed_takes_and_edit_lists_as_they_are(config: Settings) -> None:
    untouched = recover_session(config.session_roots, SESSION)
    number = heal(config)
    edits = EditList(2, (Span(1, 0, 1), Span(number, 0, 1), Span(2, 2, 3)))
    edit_list_files.save(config.sessions_folder, SESSION, edits)
    recovered = recover_session(config.session_roots, SESSION)
    assert recovered.last_take == untouched.last_take and recovered.next_segment == untouched.next_segment
    assert (recovered.end_pts, recovered.bytes_written) == (untouched.end_pts, untouched.bytes_written)
    assert healed_numbers(config.sessions_folder / SESSION) == [number]
    reader = SessionReader(config.session_roots, SESSION)
    assert reader.edit_list(2) == edits and reader.newest_edit() == 2
    assert reader.segment_bytes(number, 1)
    reader.close()


def test_the_log_goes_on_behind_its_own_last_take(config: Settings) -> None:
    heal(config)
    recovered = recover_session(config.session_roots, SESSION)
    log = MediaLog(config, SESSION, on_part=lambda take, record: None, recovered=recovered)
    assert write_take(log, start_pts=1_080_000) == 3
    log.close()
    reader = SessionReader(config.session_roots, SESSION)
    assert [take.first_segment for take in reader.takes] == [0, 2, 4]
    reader.close()


def test_the_spill_neither_counts_nor_moves_them(config: Settings) -> None:
    """Should one ever lie there: only takes of the log are the spill's to move or to give up."""
    write_healed(config.spill_sessions_folder, SESSION, 1, make_media(4), start_pts=360_000)
    space = DiskSpace(config)
    space.open()
    space.check()
    space.close()
    assert take_numbers(config.spill_sessions_folder / SESSION) == []
    assert healed_numbers(config.spill_sessions_folder / SESSION) == [HEALED + 1]
    reader = SessionReader(config.session_roots, SESSION)
    assert reader.segment_bytes(HEALED + 1, 0)
    reader.close()


def test_versions_of_the_edit_list(config: Settings) -> None:
    reader = SessionReader(config.session_roots, SESSION)
    assert reader.newest_edit() == 1 and reader.edit_list(1) == without_slates(reader.takes)
    with pytest.raises(NotInLog):
        reader.edit_list(2)
    edits = EditList(2, (Span(2, 2, 3),))
    edit_list_files.save(config.sessions_folder, SESSION, edits)
    assert reader.newest_edit() == 2 and reader.edit_list(2) == edits
    assert reader.edit_list(1) == without_slates(reader.takes), "an older version stays to be had"
    reader.close()
