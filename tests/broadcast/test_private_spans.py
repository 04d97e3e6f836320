"""What is private is answered to nobody but who may edit the recording: playlists of any age, media."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broadcast.access import sign
from broadcast.recording_access import EDITORS, RecordingAccess
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.hidden_spans import HiddenKind, HiddenSpan
from recorder.session_state import OffRecord
from tests.broadcast.live_stage import NOW, SECRET, LiveStage, max_age, tags
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media

HEALED_ONE = 1_000_001
# Segments of 2 s: 0 to 4 in take 1, 5 and 6 are slate, 7 to 11 in take 3.
SPANS = (Span(1, 0, 4), Span(3, 7, 11))
PRIVATE = HiddenSpan(2.5, 3.0, HiddenKind.PRIVATE)
WITHHELD = (1, 2)  # the second, for its sound may lie 1.5 s behind its pictures


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    stage = LiveStage(tmp_path)
    for slate, parts in ((False, 30), (True, 12), (False, 30)):
        stage.writer.begin_take(slate=slate)
        stage.writer.parts(parts)
    stage.writer.end()
    return stage


def save(stage: LiveStage, version: int, *hidden: HiddenSpan, spans: tuple[Span, ...] = SPANS) -> None:
    root = stage.writer.settings.sessions_folder
    edit_list_files.save(root, stage.writer.session_id, EditList(version, spans, hidden))
    stage.clock.now += 0.3  # as old as a look at the files may be


def editors(stage: LiveStage) -> str:
    return sign(SECRET, EDITORS + stage.writer.session_id, 1, NOW)


def listed(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line.endswith(".m4s")]


def test_the_version_that_hides_it_does_not_list_it(stage: LiveStage) -> None:
    save(stage, 2, PRIVATE)
    shown = listed(stage.text("source/replay-2.m3u8"))
    assert shown == [*(f"1/{n}.m4s" for n in (0, 3, 4)), *(f"3/{n}.m4s" for n in range(7, 12))]
    assert tags(stage.text("source/replay-2.m3u8"), "EXT-X-DISCONTINUITY") == ["", ""]


def test_older_addresses_give_nothing_away_and_caches_keep_no_media_for_long(stage: LiveStage) -> None:
    assert len(listed(stage.text("source/replay-1.m3u8"))) == 10
    before = stage.get("source/1/1.m4s")
    assert before.status == 200 and max_age(before) > 86_400
    save(stage, 2, PRIVATE)
    assert stage.get("source/1/1.m4s").status == 403
    for segment in WITHHELD:
        assert f"1/{segment}.m4s" not in stage.text("source/replay-1.m3u8")
        for media in (f"{segment}.m4s", f"{segment}.0.m4s", f"{segment}.5.m4s"):
            refused = stage.get(f"source/1/{media}")
            assert refused.status == 403
            assert (b"cache-control", b"no-store") in refused.headers
    as_sent = stage.text("source/media.m3u8")
    assert len(tags(as_sent, "EXT-X-GAP")) == len(WITHHELD)
    assert len(listed(as_sent)) == 12  # what was announced stays in its place
    other = stage.get("source/1/0.m4s")
    assert other.status == 200 and max_age(other) <= 600


def test_its_editors_see_all_of_it(stage: LiveStage) -> None:
    save(stage, 2, PRIVATE)
    token = editors(stage)
    assert stage.get("source/1/1.m4s", access=token).status == 200
    as_sent = stage.get("source/media.m3u8", access=token).body.decode()
    assert not tags(as_sent, "EXT-X-GAP")
    assert len(listed(stage.get("source/replay-1.m3u8", access=token).body.decode())) == 10
    assert stage.get("index.m3u8", access=token).status == 200


def test_an_editors_address_of_another_recording_or_of_before_a_change_opens_nothing(
    stage: LiveStage,
) -> None:
    other = sign(SECRET, EDITORS + "0198", 0, NOW)
    assert stage.get("source/1/1.m4s", access=other).status == 403
    stage.said[stage.writer.session_id] = RecordingAccess("public", None, None, deleted=False, epoch=3)
    stage.recordings.refresh()
    assert stage.get("source/1/0.m4s", access=editors(stage)).status == 403


def test_taken_back_it_is_shown_again(stage: LiveStage) -> None:
    save(stage, 2, PRIVATE)
    assert stage.get("source/1/1.m4s").status == 403
    save(stage, 3)
    assert stage.get("source/1/1.m4s").status == 200
    assert len(listed(stage.text("source/replay-3.m3u8"))) == 10
    # Version 2 hides it for as long as it is told of.
    assert len(listed(stage.text("source/replay-2.m3u8"))) == 8


def test_a_cut_lies_at_the_nearest_border_and_its_media_may_stay_in_caches(stage: LiveStage) -> None:
    save(stage, 2, HiddenSpan(0, 2.9, HiddenKind.CUT), HiddenSpan(21.1, 99, HiddenKind.CUT))
    shown = listed(stage.text("source/replay-2.m3u8"))
    assert shown == [*(f"1/{n}.m4s" for n in range(1, 5)), *(f"3/{n}.m4s" for n in range(7, 11))]
    assert stage.get("source/1/0.m4s").status == 200
    marks = json.loads(stage.get("marks-2.json").body)["marks"]
    assert [mark["kind"] for mark in marks] == ["slate"]


def test_the_seek_bar_tells_that_something_private_was_left_out(stage: LiveStage) -> None:
    save(stage, 2, PRIVATE, HiddenSpan(18, 19.5, HiddenKind.CUT))
    marks = json.loads(stage.get("marks-2.json").body)["marks"]
    assert [(mark["kind"], mark["start"], mark["seconds"]) for mark in marks] == [
        ("private", 2.0, 4.0),
        ("slate", 6.0, 4.0),
    ]


def test_what_was_held_off_the_record_is_hidden_from_the_first_moment_on(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.change(off_record=(OffRecord(2.5, None),))
    stage.writer.parts(60)
    assert stage.get("source/1/2.m4s").status == 200  # who is in the hall hears it
    assert max_age(stage.get("source/1/2.m4s")) <= 600
    stage.writer.change(off_record=(OffRecord(2.5, 3.0),))
    stage.writer.end()
    stage.clock.now += 0.3
    shown = listed(stage.text("source/replay-1.m3u8"))
    assert shown == [f"1/{n}.m4s" for n in (0, *range(3, 10))]
    assert stage.get("source/1/2.m4s").status == 403


def test_healed_takes_are_withheld_too(stage: LiveStage) -> None:
    writer = stage.writer
    media = make_media(4, width=320, height=192, gop=30)
    root = writer.settings.sessions_folder
    number = write_healed(root, writer.session_id, 1, media, start_pts=10 * 90_000)
    assert number == HEALED_ONE
    spans = (Span(1, 0, 4), Span(number, 0, 1), Span(3, 7, 11))
    save(stage, 2, spans=spans)
    assert stage.get(f"source/{number}/0.m4s").status == 200
    save(stage, 3, HiddenSpan(10.5, 11, HiddenKind.PRIVATE), spans=spans)
    assert stage.get(f"source/{number}/0.m4s").status == 403
    assert f"{number}/0.m4s" not in stage.text("source/replay-2.m3u8")


def test_where_all_of_it_is_private_there_is_nothing_to_replay(stage: LiveStage) -> None:
    save(stage, 2, HiddenSpan(0, 100, HiddenKind.PRIVATE))
    assert stage.get("replay-2.m3u8").status == 404
    assert stage.get("replay-1.m3u8").status == 404
    assert stage.get("source/media.m3u8", access=editors(stage)).status == 200
