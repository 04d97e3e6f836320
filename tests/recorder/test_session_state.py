"""`session.json`: newest version wins, torn and foreign files are passed over, a full disk spills."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from recorder import session_state
from recorder.log_folders import STATE_FILE
from recorder.media import RecordingState, SessionPhase
from recorder.session_state import CredentialRecord, SessionState

STATE = SessionState(
    session_id="0198-abc",
    room_id="room",
    room_slug="physics",
    organization_id="org",
    title="講義 “1”",
    access="open",
    phase=SessionPhase.LIVE,
    started_at=1_700_000_000.25,
    ended_at=None,
    version=3,
    recorder_epoch="epoch",
    credentials=(CredentialRecord("k", "stream_key", "ab" * 32), CredentialRecord("u", "studio", None)),
    recording=RecordingState.SPILLING,
    last_source="k",
    end_reason=None,
    started_monotonic=12.5,
    boot_id="boot",
)


def test_a_state_is_read_back(tmp_path: Path) -> None:
    roots = (tmp_path / "disk", tmp_path / "spill")
    assert session_state.save_somewhere(roots, STATE) == roots[0]
    assert session_state.load(roots, STATE.session_id) == STATE
    assert os.listdir(roots[0] / STATE.session_id) == [STATE_FILE], "no temporary file is left"


def test_the_newest_version_of_the_roots_counts(tmp_path: Path) -> None:
    roots = (tmp_path / "disk", tmp_path / "spill")
    session_state.save(roots[1], replace(STATE, version=9))
    session_state.save(roots[0], STATE)
    loaded = session_state.load(roots, STATE.session_id)
    assert loaded is not None and loaded.version == 9


def test_a_disk_that_takes_nothing_is_passed_over(tmp_path: Path) -> None:
    roots = (tmp_path / "disk", tmp_path / "spill")
    roots[0].write_text("not a folder")
    assert session_state.save_somewhere(roots, STATE) == roots[1]
    assert stat.S_IMODE(roots[1].stat().st_mode) == 0o700
    roots[0].unlink()
    session_state.save_somewhere(roots, replace(STATE, version=4))
    assert not (roots[1] / STATE.session_id / STATE_FILE).exists(), "the older copy goes"
    roots[1].joinpath(STATE.session_id).rmdir()
    with pytest.raises(OSError):
        session_state.save(Path("/proc/none"), STATE)


def test_a_spilled_state_comes_home_unless_the_disk_has_a_newer_one(tmp_path: Path) -> None:
    disk, spill = tmp_path / "disk", tmp_path / "spill"
    session_state.save(spill, replace(STATE, version=5))
    session_state.save(disk, STATE)
    session_state.bring_home(disk, spill, STATE.session_id)
    assert session_state.load((disk,), STATE.session_id) == replace(STATE, version=5)
    session_state.save(spill, STATE)
    session_state.bring_home(disk, spill, STATE.session_id)
    assert session_state.load((disk, spill), STATE.session_id) == replace(STATE, version=5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"[]",
        lambda data: b"\xff\xfe",
        lambda data: data.replace(b'"live"', b'"asleep"'),
        lambda data: json.dumps({**json.loads(data), "credentials": [{"id": 1}]}).encode(),
        lambda data: json.dumps({**json.loads(data), "title": None}).encode(),
        lambda data: b"[" * 100_000,
    ],
)
def test_a_spoiled_file_is_as_good_as_none(tmp_path: Path, spoil: object) -> None:
    session_state.save(tmp_path, STATE)
    path = tmp_path / STATE.session_id / STATE_FILE
    assert callable(spoil)
    path.write_bytes(spoil(path.read_bytes()))
    assert session_state.load((tmp_path,), STATE.session_id) is None


def test_a_session_id_cannot_leave_its_folder(tmp_path: Path) -> None:
    for name in ("../x", "", ".", "a/b", "a\0b", "x" * 65):
        with pytest.raises(ValueError):
            session_state.save(tmp_path, replace(STATE, session_id=name))
    assert os.listdir(tmp_path) == []
