"""Where the small pictures lie, and what WebVTT says of them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import storyboard

_CUE = re.compile(
    r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\n"
    r"storyboard-(\d+)\.webp#xywh=(\d+),(\d+),160,90(?:\n|$)"
)


def cues(text: str) -> list[tuple[float, float, tuple[int, int, int]]]:
    found = []
    for groups in _CUE.findall(text):
        start, end = (int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in (groups[:3], groups[3:6]))
        found.append((start, end, (int(groups[6]), int(groups[7]), int(groups[8]))))
    return found


@pytest.mark.parametrize(
    ("seconds", "step"), [(0, 2), (30, 2), (720, 2), (1_000, 3), (3_600, 10), (28_800, 10)]
)
def test_the_longer_the_further_apart(seconds: float, step: float) -> None:
    assert storyboard.step_for(seconds) == step


def test_places() -> None:
    assert storyboard.place_of(0) == (0, 0, 0)
    assert storyboard.place_of(11) == (0, 160, 90)
    assert storyboard.place_of(99) == (0, 1440, 810)
    assert storyboard.place_of(100) == (1, 0, 0)


def test_the_text() -> None:
    assert storyboard.webvtt([0.0, 4.0], 3_601.5) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:04.000\nstoryboard-0.webp#xywh=0,0,160,90\n\n"
        "00:00:04.000 --> 01:00:01.500\nstoryboard-0.webp#xywh=160,0,160,90\n"
    )


def test_no_picture_has_no_cue() -> None:
    assert storyboard.webvtt([], 10.0) == "WEBVTT\n"


@given(st.sets(st.integers(0, 5_000), min_size=1), st.sampled_from((2.0, 3.0, 10.0)), st.floats(0, 9))
def test_cues_follow_each_other_to_the_end(slots: set[int], step: float, rest: float) -> None:
    begins = [slot * step for slot in sorted(slots)]
    told = cues(storyboard.webvtt(begins, begins[-1] + rest))
    assert len(told) == len(begins)
    assert told[0][0] == 0
    assert all(start < end for start, end, _ in told)
    assert all(one[1] == after[0] for one, after in pairwise(told))
    assert [place for _, _, place in told] == [storyboard.place_of(n) for n in range(len(begins))]


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_a_picture_fits_whole_and_in_the_middle(width: int, height: int) -> None:
    w, h, left, top = storyboard.fitted(width, height)
    assert w <= 160 and h <= 90 and (w >= 158 or h >= 88)
    assert 0 <= left <= 160 - w and 0 <= top <= 90 - h
    assert not any(value % 2 for value in (w, h, left, top))
