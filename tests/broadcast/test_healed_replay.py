"""Later versions of a replay over a log and healed takes: playlists, media, caching, marks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadcast.answer import OPEN_MEDIA_SECONDS, RESTRICTED_MEDIA_SECONDS
from broadcast.outcome import Later
from broadcast.playlist import replay_playlist
from broadcast.playlist_view import Segment
from broadcast.replay_view import replay_segments, shows_anything
from broadcast.seek_marks import SeekMark, replay_marks
from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.log_folders import HEALED, healed_name
from recorder.media_log_reader import SessionReader
from tests.broadcast.live_stage import LiveStage, attributes, header, max_age, tags
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media

SECOND = 90_000
ONE = HEALED + 1


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    """4 s of a lecture, 4 s of slate, 4 s after it; ended, and watched."""
    stage = LiveStage(tmp_path)
    for slate in (False, True, False):
        stage.writer.begin_take(slate=slate)
        stage.writer.parts(12)
    stage.writer.end()
    assert stage.get("replay-1.m3u8").status == 200
    return stage


def heal(stage: LiveStage, *, version: int = 2, spans: tuple[Span, ...] | None = None) -> None:
    """The slate's four seconds, by a take of another size."""
    writer = stage.writer
    write_healed(
        writer.settings.sessions_folder,
        writer.session_id,
        1,
        make_media(4, width=320, height=192, gop=30),
        start_pts=4 * SECOND,
    )
    save(stage, version, spans or (Span(1, 0, 1), Span(ONE, 0, 1), Span(3, 4, 5)))


def save(stage: LiveStage, version: int, spans: tuple[Span, ...]) -> None:
    folder = stage.writer.settings.sessions_folder
    edit_list_files.save(folder, stage.writer.session_id, EditList(version, spans))


def test_the_healed_replay_has_no_hole(stage: LiveStage) -> None:
    assert stage.get("source/replay-2.m3u8").status == 404
    heal(stage)
    text = stage.text("source/replay-2.m3u8")
    assert tags(text, "EXT-X-MAP") == ['URI="1/init.mp4"', f'URI="{ONE}/init.mp4"', 'URI="3/init.mp4"']
    assert [line for line in text.split("\n") if line.endswith(".m4s")] == [
        "1/0.m4s", "1/1.m4s", f"{ONE}/0.m4s", f"{ONE}/1.m4s", "3/4.m4s", "3/5.m4s",
    ]  # fmt: skip
    assert "EXT-X-DISCONTINUITY" not in text, "times go on over the seams"
    assert tags(text, "EXTINF") == ["2.0,"] * 6
    seconds = [float(date[-7:-1]) for date in tags(text, "EXT-X-PROGRAM-DATE-TIME")]
    assert [each - seconds[0] for each in seconds] == [0, 4, 8]
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_the_older_version_and_the_live_playlist_stay_as_they_were(stage: LiveStage) -> None:
    tails = ("replay-1.m3u8", "source/replay-1.m3u8", "source/media.m3u8", "source/window.m3u8")
    before = [stage.text(tail) for tail in tails]
    heal(stage)
    stage.clock.now += 60
    assert [stage.text(tail) for tail in tails] == before
    stage.windows.close()
    again = LiveStage.__new__(LiveStage)
    again.__dict__.update(stage.__dict__)
    from broadcast.live_answers import LiveAnswers
    from broadcast.live_windows import LiveWindows

    again.windows = LiveWindows(stage.writer.settings.session_roots, 0.334, stage.clock)
    again.answers = LiveAnswers(again.windows, stage.book)
    assert [again.text(tail) for tail in tails] == before, "also for a process that starts now"
    assert f"{ONE}/0.m4s" in again.text("source/replay-2.m3u8")


def test_the_multivariant_playlist_tells_of_the_healed_take_too(stage: LiveStage) -> None:
    heal(stage)
    text = stage.text("replay-2.m3u8")
    assert text.endswith("\nsource/replay-2.m3u8\n")
    told = attributes(tags(text, "EXT-X-STREAM-INF")[0])
    assert told["RESOLUTION"] == "320x192" and told["FRAME-RATE"] == "30.000"
    sizes = [len(stage.get(f"source/{uri}").body) for uri in _uris(stage, 2)]
    assert abs(int(told["AVERAGE-BANDWIDTH"]) - sum(sizes) * 8 / 12) < 2


def test_healed_media_are_the_files_bytes_read_in_a_thread_and_kept_for_long(stage: LiveStage) -> None:
    heal(stage)
    folder = stage.writer.settings.sessions_folder / stage.writer.session_id
    path = f"/live/open/{stage.writer.session_id}/source/{ONE}/0.m4s"
    assert isinstance(stage.answers.answer(path, b"", gzip=False), Later)
    answers = [stage.get(f"source/{ONE}/{name}") for name in ("init.mp4", "0.m4s", "1.m4s")]
    data = b"".join(answer.body for answer in answers)
    assert data == (folder / healed_name(ONE) / "program.mp4").read_bytes()
    for answer in answers:
        assert max_age(answer) == OPEN_MEDIA_SECONDS
        assert b"immutable" in (header(answer, "cache-control") or "").encode()
    assert max_age(stage.get("source/replay-2.m3u8")) == RESTRICTED_MEDIA_SECONDS


def test_closed_rooms_keep_healed_media_for_ten_minutes(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path, access="members")
    stage.writer.begin_take()
    stage.writer.parts(12)
    stage.writer.end()
    heal(stage, spans=(Span(1, 0, 1), Span(ONE, 0, 1)))
    for tail in ("replay-2.m3u8", "source/replay-2.m3u8", f"source/{ONE}/init.mp4", f"source/{ONE}/0.m4s"):
        assert stage.get(tail).status == 403
        assert max_age(stage.get(tail, access=stage.token)) <= RESTRICTED_MEDIA_SECONDS


@pytest.mark.parametrize(
    "tail",
    [f"{ONE}/2.m4s", f"{ONE}/0.99.m4s", f"{ONE + 1}/init.mp4", f"{ONE + 1}/0.m4s", f"{HEALED}/init.mp4",
     "9999999999/init.mp4", "9999999999/9999999999.m4s"],
)  # fmt: skip
def test_what_no_healed_take_has_is_not_there(stage: LiveStage, tail: str) -> None:
    heal(stage)
    assert stage.get(f"source/{tail}").status == 404


def test_a_session_under_way_has_no_later_version(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.parts(12)
    heal(stage, spans=(Span(1, 0, 1), Span(ONE, 0, 1)))
    for tail in ("replay-2.m3u8", "source/replay-2.m3u8", "marks-2.json"):
        assert stage.get(tail).status == 404
    assert str(ONE) not in stage.text("source/media.m3u8")


def test_a_healed_take_that_is_gone_is_left_out(stage: LiveStage) -> None:
    heal(stage)
    shutil.rmtree(stage.writer.settings.sessions_folder / stage.writer.session_id / healed_name(ONE))
    assert _uris(stage, 2) == ["1/0.m4s", "1/1.m4s", "3/4.m4s", "3/5.m4s"]
    assert marks(stage, "marks-2.json") == marks(stage, "marks-1.json")


def test_a_lecture_of_which_only_the_copy_is_left_can_be_watched(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take(slate=True)
    stage.writer.parts(12)
    stage.writer.end()
    assert stage.get("replay-1.m3u8").status == 404
    heal(stage, spans=(Span(ONE, 0, 1),))
    assert _uris(stage, 2) == [f"{ONE}/0.m4s", f"{ONE}/1.m4s"]
    assert stage.get("replay-2.m3u8").status == 200


def test_a_version_may_cut_within_takes(stage: LiveStage) -> None:
    save(stage, 7, (Span(1, 1, 1), Span(3, 0, 4), Span(1, 0, 0), Span(2, 0, 9), Span(9, 0, 9)))
    assert _uris(stage, 7) == ["1/1.m4s", "3/4.m4s", "1/0.m4s", "2/2.m4s", "2/3.m4s"]


def test_a_version_has_one_spelling(stage: LiveStage) -> None:
    heal(stage)
    assert stage.get("source/replay-02.m3u8").status == stage.get("replay-0.m3u8").status == 404


_spans = st.builds(
    lambda take, pair: Span(take, *sorted(pair)),
    st.sampled_from([1, 2, 3, 4, ONE, ONE + 1]),
    st.tuples(st.integers(0, 8), st.integers(0, 8)),
)
IN_TAKE = {1: (0, 1), 2: (2, 3), 3: (4, 5), ONE: (0, 1)}


@given(st.lists(_spans, max_size=8))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_edit_list_is_a_playlist_of_what_is_there(healed_stage: LiveStage, spans: list[Span]) -> None:
    window = healed_stage.windows.open(healed_stage.writer.session_id)
    reader = SessionReader(healed_stage.writer.settings.session_roots, healed_stage.writer.session_id)
    shown = replay_segments(EditList(9, tuple(spans)), window.view.segments, reader)
    expected = [
        (span.take, number)
        for span in spans
        for number in IN_TAKE.get(span.take, ())
        if span.first_segment <= number <= span.last_segment
    ]
    assert [(segment.take, segment.number) for segment in shown] == expected
    assert shows_anything(EditList(9, tuple(spans)), reader) == any(span.take in IN_TAKE for span in spans)
    reader.close()
    blocks = replay_playlist(shown, 0.0).split(".m4s\n")[:-1]
    previous: Segment | None = None
    for block, segment in zip(blocks, shown, strict=True):
        same_take = previous is not None and segment.take == previous.take
        follows = same_take and previous is not None and segment.number == previous.number + 1
        meets = (
            previous is not None
            and previous.pts + previous.duration == segment.pts
            and max(segment.take, previous.take) > HEALED
        )
        assert ("#EXT-X-DISCONTINUITY\n" in block) == (previous is not None and not follows and not meets)
        assert ("#EXT-X-MAP:" in block) == (previous is None or previous.take != segment.take)
        assert follows or (meets and previous.take == segment.take) or "#EXT-X-PROGRAM-DATE-TIME:" in block
        previous = segment


@pytest.fixture
def healed_stage(stage: LiveStage) -> LiveStage:
    heal(stage)
    return stage


# Marks


def marks(stage: LiveStage, tail: str) -> list[dict[str, Any]]:
    answer = stage.get(tail)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body)["marks"]
    return found


def test_a_healed_stretch_is_marked_and_nothing_is_missing(stage: LiveStage) -> None:
    heal(stage)
    assert marks(stage, "marks-2.json") == [{"kind": "healed", "start": 4.0, "end": 8.0, "seconds": 4.0}]
    assert marks(stage, "marks-1.json") == [{"kind": "slate", "start": 4.0, "end": 4.0, "seconds": 4.0}]
    assert max_age(stage.get("marks-2.json")) == RESTRICTED_MEDIA_SECONDS


def test_a_gap_that_is_healed_in_part_is_still_marked(stage: LiveStage) -> None:
    heal(stage, spans=(Span(1, 0, 1), Span(ONE, 1, 1), Span(3, 4, 5)))
    assert marks(stage, "marks-2.json") == [
        {"kind": "slate", "start": 4.0, "end": 4.0, "seconds": 2.0},
        {"kind": "healed", "start": 4.0, "end": 6.0, "seconds": 2.0},
    ]


def logged(number: int, take: int = 1) -> Segment:
    return Segment(number, take, number * 2 * SECOND, 2 * SECOND, 100, 0, 6)


def healed(start: float, seconds: float = 2, take: int = ONE) -> Segment:
    return Segment(0, take, round(start * SECOND), round(seconds * SECOND), 100, 0, 6)


def test_neighbours_are_one_stretch_and_clocks_that_differ_no_gap() -> None:
    log = [logged(n) for n in range(10)]
    shown = [logged(0), healed(1.9), healed(3.9, take=ONE + 1), logged(3), healed(8.2, 1.7), logged(5)]
    assert replay_marks(shown, frozenset(), log) == [
        SeekMark("healed", 2.0, 6.0, 4.0),
        SeekMark("healed", 8.0, 9.7, 1.7),
    ]


def test_what_is_missing_beside_a_healed_stretch_is_told_by_the_log() -> None:
    log = [logged(0), logged(1), logged(2, 2), logged(3, 2), logged(6, 3)]
    shown = [logged(0), healed(2, 1), healed(7, 1), healed(9, 1), logged(6, 3)]
    assert replay_marks(shown, frozenset({2}), log) == [
        SeekMark("healed", 2.0, 5.0, 3.0),
        SeekMark("slate", 3.0, 3.0, 4.0),
        SeekMark("gap", 4.0, 4.0, 1.0),
        SeekMark("gap", 5.0, 5.0, 2.0),
    ]


def test_a_replay_that_begins_and_ends_healed() -> None:
    assert replay_marks([healed(0), logged(1), healed(4)], frozenset(), [logged(1)]) == [
        SeekMark("healed", 0.0, 2.0, 2.0),
        SeekMark("healed", 4.0, 6.0, 2.0),
    ]
    assert replay_marks([healed(0)], frozenset(), []) == [SeekMark("healed", 0.0, 2.0, 2.0)]


def _uris(stage: LiveStage, version: int) -> list[str]:
    text = stage.text(f"source/replay-{version}.m3u8")
    return [line for line in text.split("\n") if line.endswith(".m4s")]
