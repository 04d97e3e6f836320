"""What the seek bar marks: stretches while live, places in the replay; by values and over a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from broadcast.playlist_view import Segment
from broadcast.seek_marks import MAX_MARKS, SeekMark, live_marks, replay_marks
from tests.broadcast.live_stage import LiveStage, header, max_age

SECOND = 90_000
SLATES = frozenset({2})


def segment(
    number: int, take: int, *, gap: bool = False, seconds: int = 2, pts: int | None = None
) -> Segment:
    start = number * 2 * SECOND
    return Segment(number, take, start, seconds * SECOND, 100, take - 1, 6, gap=gap)


LOG = [
    segment(0, 1),
    segment(1, 2),
    segment(2, 2),
    segment(3, 3),
    segment(4, 3, gap=True),
    segment(5, 4),
]


def test_slates_and_gaps_are_stretches_while_live() -> None:
    assert live_marks(LOG, segment(6, 4), SLATES, ended=False) == [
        SeekMark("slate", 2.0, 6.0, 4.0),
        SeekMark("gap", 8.0, 10.0, 2.0),
    ]


def test_a_slate_that_is_shown_now_has_no_end() -> None:
    (mark,) = live_marks(LOG[:2], segment(2, 2, seconds=1), SLATES, ended=False)
    assert mark == SeekMark("slate", 2.0, None, 3.0)
    (mark,) = live_marks(LOG[:3], None, SLATES, ended=True)
    assert mark == SeekMark("slate", 2.0, 6.0, 4.0)


def test_a_gap_beside_a_slate_is_a_mark_of_its_own() -> None:
    found = live_marks([segment(0, 1), segment(1, 2), segment(2, 2, gap=True)], None, SLATES, ended=True)
    assert [(mark.kind, mark.start, mark.end) for mark in found] == [("slate", 2.0, 4.0), ("gap", 4.0, 6.0)]


def test_the_replay_has_places() -> None:
    shown = [one for one in LOG if one.take != 2 and not one.gap]
    assert replay_marks(shown, SLATES, LOG) == [
        SeekMark("slate", 2.0, 2.0, 4.0),
        SeekMark("gap", 4.0, 4.0, 2.0),
    ]


def test_what_is_left_out_before_and_after_all_has_no_place() -> None:
    assert replay_marks(LOG[3:4], SLATES, LOG) == []
    assert replay_marks([], SLATES, []) == []


def test_marks_are_bounded_to_the_longest() -> None:
    log = [segment(n, 1, gap=n % 2 == 1, seconds=5 if n == 1 else 2) for n in range(MAX_MARKS * 2 + 20)]
    found = live_marks(log, None, frozenset(), ended=True)
    assert len(found) == MAX_MARKS
    assert found[0].seconds == 5.0
    assert [mark.start for mark in found] == sorted(mark.start for mark in found)


# Over a session's log


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    """A segment of two seconds, two of slate, one after it."""
    stage = LiveStage(tmp_path)
    for slate, parts in ((False, 6), (True, 12), (False, 6)):
        stage.writer.begin_take(slate=slate)
        stage.writer.parts(parts)
    return stage


def marks(stage: LiveStage, tail: str) -> list[dict[str, Any]]:
    answer = stage.get(tail)
    assert answer.status == 200, answer.body
    assert header(answer, "content-type") == "application/json"
    found: list[dict[str, Any]] = json.loads(answer.body)["marks"]
    return found


def test_live_and_replay_have_each_their_own(stage: LiveStage) -> None:
    slate = {"kind": "slate", "start": 2.0, "end": 6.0, "seconds": 4.0}
    assert marks(stage, "marks.json") == [slate]
    assert max_age(stage.get("marks.json")) == 3
    assert stage.get("marks-1.json").status == 404, "there is no replay yet"
    stage.writer.end()
    stage.windows.on_hint({"kind": "state", "session": stage.writer.session_id})
    assert marks(stage, "marks-1.json") == [{**slate, "end": 2.0}]
    assert marks(stage, "marks.json") == [slate]
    assert stage.get("marks-2.json").status == 404


def test_they_follow_the_log(stage: LiveStage) -> None:
    stage.writer.begin_take(slate=True)
    stage.writer.parts(3)
    stage.hint()
    assert marks(stage, "marks.json")[-1]["end"] is None
    stage.writer.begin_take()
    stage.writer.part()
    stage.hint()
    assert marks(stage, "marks.json")[-1]["end"] == 9.0


def test_they_are_behind_the_same_door_as_the_media(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path, access="members")
    stage.writer.begin_take()
    stage.writer.part()
    assert stage.get("marks.json").status == 403
    assert stage.get("marks.json", access=stage.token).status == 200


@pytest.mark.parametrize(
    "tail", ["marks-01.json", "marks-.json", "marks-x.json", "marks--1.json", "marks.json/"]
)
def test_other_spellings_are_nothing(stage: LiveStage, tail: str) -> None:
    assert stage.get(tail).status == 404
