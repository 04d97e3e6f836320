"""Edit lists on disk: what is saved is read back, what is torn or foreign is not there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.edit_list_files import BadEditList
from recorder.hidden_spans import HiddenKind, HiddenSpan, cleaned
from recorder.log_folders import EDITS_FOLDER

SESSION = "0198-session"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
LIST = EditList(2, (Span(1, 0, 9), Span(1_000_001, 0, 4), Span(3, 14, 20)))

_u32 = st.integers(0, 2**32 - 1)
_spans = st.builds(lambda take, pair: Span(take, *sorted(pair)), _u32, st.tuples(_u32, _u32))
_hidden = st.lists(
    st.builds(
        lambda pair, kind: HiddenSpan(min(pair) / 1000, (max(pair) + 1) / 1000, kind),
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
        st.sampled_from(list(HiddenKind)),
    ),
    max_size=8,
).map(cleaned)
_lists = st.builds(
    EditList,
    st.integers(2, 999_999),
    st.lists(_spans, min_size=1, max_size=30).map(tuple),
    _hidden,
    st.none() | st.text("abc-0123", min_size=1, max_size=36),
)


@given(_lists)
def test_what_is_written_is_read_back(edits: EditList) -> None:
    assert edit_list_files.parse(edit_list_files.serialise(edits, NOW), edits.version) == edits


@given(_lists, st.data())
def test_a_cut_or_changed_file_is_another_list_or_none(edits: EditList, data: st.DataObject) -> None:
    whole = edit_list_files.serialise(edits, NOW)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(BadEditList):
        edit_list_files.parse(cut, edits.version)
    with pytest.raises(BadEditList):
        edit_list_files.parse(whole, edits.version + 1)


@given(st.binary(max_size=200), _u32)
def test_rubbish_is_no_edit_list(data: bytes, version: int) -> None:
    with pytest.raises(BadEditList):
        edit_list_files.parse(data, version)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"version": True},
        {"version": "2"},
        {"version": 2.0},
        {"spans": []},
        {"spans": {}},
        {"spans": [[1, 0, 1]]},
        {"spans": [{"take": 1, "first_segment": 0}]},
        {"spans": [{"take": 1, "first_segment": 5, "last_segment": 4}]},
        {"spans": [{"take": -1, "first_segment": 0, "last_segment": 4}]},
        {"spans": [{"take": 1 << 32, "first_segment": 0, "last_segment": 4}]},
        {"spans": [{"take": 1e300, "first_segment": 0, "last_segment": 4}]},
        {"spans": [{"take": None, "first_segment": 0, "last_segment": 4}]},
        {"hidden": {}},
        {"hidden": [[1, 2, "cut"]]},
        {"hidden": [{"start": 1, "end": 2}]},
        {"hidden": [{"start": 1, "end": 2, "kind": "secret"}]},
        {"hidden": [{"start": 2, "end": 1, "kind": "private"}]},
        {"hidden": [{"start": True, "end": 2, "kind": "private"}]},
        {"hidden": [{"start": "1", "end": 2, "kind": "private"}]},
        {"author": 7},
        {"author": "x" * 65},
    ],
)
def test_a_hostile_file_is_refused(change: dict[str, object]) -> None:
    raw = {**json.loads(edit_list_files.serialise(LIST, NOW)), **change}
    with pytest.raises(BadEditList):
        edit_list_files.parse(json.dumps(raw).encode(), 2)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadEditList):
        edit_list_files.parse(b"[" * 100_000, 2)


def test_versions_are_saved_loaded_and_counted(tmp_path: Path) -> None:
    roots = (tmp_path / "disk", tmp_path / "spill")
    assert edit_list_files.newest(roots, SESSION) == 1
    assert edit_list_files.next_version(roots, SESSION) == 2
    path = edit_list_files.save(roots[0], SESSION, LIST)
    assert path == roots[0] / SESSION / "edits" / "0002.json"
    assert os.listdir(path.parent) == ["0002.json"], "no temporary file is left"
    assert edit_list_files.load(roots, SESSION, 2) == LIST
    assert edit_list_files.load(roots, SESSION, 3) is None
    assert edit_list_files.newest(roots, SESSION) == 2
    assert edit_list_files.next_version(roots, SESSION) == 3
    made_at = datetime.fromisoformat(json.loads(path.read_bytes())["made_at"])
    assert abs((datetime.now(UTC) - made_at).total_seconds()) < 60


def test_a_version_is_written_once(tmp_path: Path) -> None:
    path = edit_list_files.save(tmp_path, SESSION, LIST)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        edit_list_files.save(tmp_path, SESSION, EditList(2, (Span(1, 0, 0),)))
    assert path.read_bytes() == before and os.listdir(path.parent) == ["0002.json"]


@pytest.mark.parametrize("edits", [EditList(1, LIST.spans), EditList(2, ())])
def test_what_would_not_be_read_is_not_written(tmp_path: Path, edits: EditList) -> None:
    with pytest.raises(ValueError):
        edit_list_files.save(tmp_path, SESSION, edits)
    assert os.listdir(tmp_path) == []


def test_a_session_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        edit_list_files.save(tmp_path, "../elsewhere", LIST)


def test_a_torn_version_counts_as_absent_and_its_number_is_not_given_again(tmp_path: Path) -> None:
    edit_list_files.save(tmp_path, SESSION, LIST)
    folder = tmp_path / SESSION / EDITS_FOLDER
    (folder / "0003.json").write_bytes((folder / "0002.json").read_bytes()[:40])
    (folder / "0004.json").mkdir()
    for name in (
        "0001.json",
        "5.json",
        "00006.json",
        "0007.json.tmp",
        ".0008.json.1.tmp",
        "copy of 0009.json",
    ):
        (folder / name).write_bytes(b"{}")
    assert edit_list_files.load([tmp_path], SESSION, 3) is None
    assert edit_list_files.newest([tmp_path], SESSION) == 2
    assert edit_list_files.next_version([tmp_path], SESSION) == 5


def test_what_one_root_has_torn_another_may_have_whole(tmp_path: Path) -> None:
    roots = (tmp_path / "disk", tmp_path / "spill")
    for root in roots:
        edit_list_files.save(root, SESSION, LIST)
    (roots[0] / SESSION / "edits" / "0002.json").write_bytes(b"")
    assert edit_list_files.load(roots, SESSION, 2) == LIST


def test_a_list_of_before_hides_nothing() -> None:
    raw = json.loads(edit_list_files.serialise(LIST, NOW))
    del raw["hidden"], raw["author"]
    assert edit_list_files.parse(json.dumps(raw).encode(), 2) == LIST


def test_versions_are_told_with_their_time_the_newest_first(tmp_path: Path) -> None:
    edit_list_files.save(tmp_path, SESSION, LIST)
    edit_list_files.save(tmp_path, SESSION, replace(LIST, version=3, author="hana"))
    kept = edit_list_files.versions((tmp_path,), SESSION)
    assert [one.edits.version for one in kept] == [3, 2]
    assert kept[0].edits.author == "hana" and kept[1].edits.author is None
    assert all(abs((datetime.now(UTC) - one.made_at).total_seconds()) < 60 for one in kept)


def test_who_saves_at_the_same_time_loses_nothing(tmp_path: Path) -> None:
    """Both make the next version of what is newest: the second is asked again, with the first one's."""
    asked: list[tuple[int | None, int]] = []

    def also_hides(newest: EditList | None, version: int) -> EditList:
        asked.append((newest.version if newest else None, version))
        if len(asked) == 1:
            edit_list_files.save(tmp_path, SESSION, replace(LIST, author="first"))
        return replace(newest or LIST, version=version, author="second")

    made = edit_list_files.save_next((tmp_path,), SESSION, also_hides)
    assert asked == [(None, 2), (2, 3)]
    assert made.version == edit_list_files.newest((tmp_path,), SESSION) == 3
