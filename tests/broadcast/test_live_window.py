"""One session in one web process: waking, expiring, keeping bytes, rendering, and what three hours cost."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from concurrent.futures import Future
from pathlib import Path

import pytest

from broadcast.answer import Answer
from broadcast.holds import Holds, TooManyHolds
from broadcast.live_windows import IDLE_SECONDS, LiveWindows
from broadcast.playlist import media_playlist
from broadcast.rendered_playlists import PlaylistForm, RenderedPlaylists
from recorder.media_log_reader import NotInLog, SessionReader
from tests.broadcast.live_stage import Clock, LiveStage, attributes, gunzip, tags
from tests.broadcast.session_writer import SessionWriter


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.parts(8)
    return stage


def test_a_hint_wakes_everyone_who_waits_for_that_part(stage: LiveStage) -> None:
    waiting = [stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=2") for _ in range(50)]
    later = stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=3")
    stage.writer.part()
    assert not any(future.done() for future in waiting)
    stage.hint()
    answers = {id(future.result(0)) for future in waiting}
    assert len(answers) == 1, "one answer for all"
    assert not later.done()
    stage.writer.part()
    stage.hint()
    assert later.result(0).status == 200


def test_a_lost_hint_costs_a_poll(stage: LiveStage) -> None:
    waiting = stage.hold("source/1/1.2.m4s")
    stage.writer.part()
    stage.clock.now += 0.25
    stage.windows.poll()
    assert waiting.result(0).status == 200


def test_each_waiter_has_its_own_eighteen_seconds(stage: LiveStage) -> None:
    first = stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=2")
    stage.clock.now += 10
    second = stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=2")
    stage.clock.now += 8.1
    stage.windows.poll()
    assert first.result(0).status == 503 and not second.done()
    stage.clock.now += 10
    stage.windows.poll()
    assert second.result(0).status == 503


def test_who_waits_is_let_go_when_the_server_stops(stage: LiveStage) -> None:
    waiting = stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=2")
    stage.windows.close()
    stage.windows.close()
    answer = waiting.result(0)
    assert answer.status == 503 and (b"cache-control", b"no-store") in answer.headers
    with pytest.raises(NotInLog):
        stage.windows.open(stage.writer.session_id)


def test_a_waiter_who_left_hurts_nobody(stage: LiveStage) -> None:
    gone = stage.hold("source/1/1.2.m4s")
    stays = stage.hold("source/1/1.2.m4s")
    gone.cancel()
    stage.writer.part()
    stage.hint()
    assert stays.result(0).status == 200


def test_no_more_wait_than_may() -> None:
    holds: Holds[Answer] = Holds(max_waiters=2)
    expired = Answer(503, [], b"")
    for _ in range(2):
        holds.join("part", lambda: None, expired, 18.0, Future())
    with pytest.raises(TooManyHolds):
        holds.join("part", lambda: None, expired, 18.0, Future())
    holds.expire(18.0)
    assert len(holds) == 0
    holds.join("part", lambda: None, expired, 18.0, Future())


def test_a_part_is_read_once_for_all(stage: LiveStage) -> None:
    assert stage.get("source/1/1.1.m4s") is stage.get("source/1/1.1.m4s")


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    for number in range(60):
        stage.writer.part(size=400_000)
        stage.hint()
        stage.get(f"source/1/{number // 6}.{number % 6}.m4s")
    window = stage.windows.open(stage.writer.session_id)
    kept = [n for n in range(60) if window.kept((stage_part(n), True)) is not None]
    assert kept == list(range(60 - len(kept), 60)) and 15 <= len(kept) <= 21, "8 MB, the newest"


def stage_part(number: int) -> object:
    from broadcast.live_address import PartMedia

    return PartMedia(1, number // 6, number % 6)


def test_an_idle_window_is_closed_and_opens_again(stage: LiveStage) -> None:
    stage.get("source/media.m3u8")
    stage.clock.now += IDLE_SECONDS - 1
    stage.windows.poll()
    assert len(stage.windows) == 1
    stage.clock.now += 2
    stage.windows.poll()
    assert len(stage.windows) == 0
    assert stage.get("source/media.m3u8").status == 200


def test_a_window_with_waiters_is_not_idle(stage: LiveStage) -> None:
    stage.hold("source/media.m3u8", "_HLS_msn=1&_HLS_part=2")
    stage.clock.now += 17
    stage.windows.poll()
    assert len(stage.windows) == 1


def test_strange_session_ids_open_nothing(stage: LiveStage, tmp_path: Path) -> None:
    for session_id in ("..", "", "a/b", "a" * 65, "unknown"):
        with pytest.raises(NotInLog):
            stage.windows.open(session_id)
    assert len(stage.windows) == 0


def test_broken_files_of_one_session_leave_the_others_waiting_in_vain_for_nothing(
    stage: LiveStage, tmp_path: Path
) -> None:
    other = SessionWriter(tmp_path)
    other.begin_take()
    other.parts(2)
    windows = LiveWindows(stage.writer.settings.session_roots, 0.334, Clock())
    broken, whole = windows.open(stage.writer.session_id), windows.open(other.session_id)
    for window in (broken, whole):
        window.hold("k", lambda: None, Answer(503, [], b""), 18, Future())
    broken.close()
    other.part()
    windows.on_hint({"kind": "reconnected"})
    growing = whole.view.growing
    assert growing is not None and growing.part_count == 3


@pytest.mark.parametrize("hint", [{}, {"kind": "part"}, {"kind": "part", "session": 7}, {"session": "x"}])
def test_hints_that_make_no_sense_are_nothing(stage: LiveStage, hint: dict[str, object]) -> None:
    stage.windows.on_hint(hint)


def test_incremental_playlists_are_the_pure_ones(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    writer = stage.writer
    writer.begin_take()
    rendered = RenderedPlaylists()
    for step in range(200):
        if step in (70, 130):
            writer.begin_take(slate=step == 70)
        writer.part()
        stage.hint()
        view = stage.windows.open(writer.session_id).view
        rendered.forget()
        whole = media_playlist(view).encode()
        assert rendered.render(view, PlaylistForm("media", delta=False, gzip=False)) == whole
        if step % 10 == 0:
            assert gunzip(rendered.render(view, PlaylistForm("media", delta=False, gzip=True))) == whole
    writer.end()
    stage.windows.on_hint({"kind": "state", "session": writer.session_id})
    view = stage.windows.open(writer.session_id).view
    rendered.forget()
    assert (
        rendered.render(view, PlaylistForm("media", delta=False, gzip=False)) == media_playlist(view).encode()
    )


def test_lines_once_told_stay_as_they_were(tmp_path: Path) -> None:
    """6.2.1, EVENT: but for parts and what is told of the future, a playlist only gets longer."""
    stage = LiveStage(tmp_path)
    before: list[str] = []
    stage.writer.begin_take()
    for step in range(160):
        if step in (50, 100):
            stage.writer.close_take()
            stage.hint()
            stage.writer.begin_take()
        stage.writer.part()
        stage.hint()
        lines = [
            line
            for line in stage.text("source/media.m3u8").split("\n")
            if line and not line.startswith(("#EXT-X-PART:", "#EXT-X-PRELOAD-HINT"))
        ]
        assert lines[: len(before)] == before
        before = lines


def test_a_lost_take_becomes_a_gap(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    writer = stage.writer
    writer.begin_take()
    writer.parts(12)
    writer.begin_take()
    writer.parts(7)
    folder = writer.settings.sessions_folder / writer.session_id
    from recorder.take_index import Mark, pack_mark

    with open(folder / "take-0001" / "program.index", "ab") as index:
        index.write(pack_mark(Mark.LOST))
    text = stage.text("source/media.m3u8")
    assert len(tags(text, "EXT-X-GAP")) == 2
    assert {attributes(part).get("GAP") for part in tags(text, "EXT-X-PART")[:12]} == {"YES"}
    assert stage.get("source/1/0.m4s").status == 404 and stage.get("source/1/0.0.m4s").status == 404
    assert stage.get("source/2/2.m4s").status == 200


def test_segments_missing_between_takes_are_gaps_of_their_length(tmp_path: Path) -> None:
    import shutil

    stage = LiveStage(tmp_path)
    writer = stage.writer
    for _ in range(3):
        writer.begin_take()
        writer.parts(12)
    shutil.rmtree(writer.settings.sessions_folder / writer.session_id / "take-0002")
    text = stage.text("source/media.m3u8")
    assert len(tags(text, "EXT-X-GAP")) == 2 and len(tags(text, "EXTINF")) == 5
    assert {tag.rstrip(",") for tag in tags(text, "EXTINF")} == {"2.0"}
    assert tags(text, "EXT-X-PROGRAM-DATE-TIME")[-1] == "2026-11-18T11:06:48.250Z"


def write_long(folder: Path, parts: int) -> SessionWriter:
    """Varying durations, five takes."""
    writer = SessionWriter(folder)
    for take in range(5):
        writer.begin_take()
        for number in range(parts // 5):
            writer.part(size=20, pictures=2, ticks=30_000 - (number * 7919 + take) % 3_000)
    return writer


def test_a_replay_is_measured_once_for_everyone_who_asks_at_the_end(stage: LiveStage) -> None:
    stage.writer.end()
    window = stage.windows.open(stage.writer.session_id)
    assert window.replay_variant(1) is window.replay_variant(1)
    with pytest.raises(NotInLog):
        window.replay_variant(2)


@pytest.mark.slow
def test_three_hours_are_small(tmp_path: Path) -> None:
    """Issue, show 7: first playlist, delta and memory of a made log of 3 h."""
    sizes = {}
    for minutes in (10, 180):
        folder = tmp_path / str(minutes)
        writer = write_long(folder, minutes * 180)
        windows = LiveWindows(writer.settings.session_roots, 0.334)
        gc.collect()
        tracemalloc.start()
        window = windows.open(writer.session_id)
        first = window.playlist(PlaylistForm("media", delta=False, gzip=True))
        delta = window.playlist(PlaylistForm("media", delta=True, gzip=True))
        gc.collect()
        sizes[minutes] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(first) <= 60_000 and len(delta) <= 2_000, (len(first), len(delta))
        windows.close()
    assert sizes[180] - sizes[10] <= 20 << 20, sizes


def test_windows_close_their_descriptors(stage: LiveStage) -> None:
    gc.collect()  # what earlier tests left in circles
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        windows = LiveWindows(stage.writer.settings.session_roots, 0.334)
        windows.open(stage.writer.session_id).read(stage_part(0))  # type: ignore[arg-type]
        windows.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_two_threads_open_one_window(stage: LiveStage) -> None:
    found = set()
    threads = [
        threading.Thread(target=lambda: found.add(id(stage.windows.open(stage.writer.session_id))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_reader_and_window_agree_on_what_is_there(stage: LiveStage) -> None:
    reader = SessionReader(stage.writer.settings.session_roots, stage.writer.session_id)
    assert stage.get("source/1/0.m4s").body == reader.segment_bytes(1, 0)
    assert stage.get("source/1/1.1.m4s").body == reader.part_bytes(1, 1, 1)
    assert stage.get("source/1/init.mp4").body == reader.init_bytes(1)
    reader.close()
