"""Hidden spans, pure: what is kept of what was asked, which segments are played, what the MP4 shows."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.hidden_spans import (
    MAX_SECONDS,
    MAX_SPANS,
    SOUND_BEHIND_SECONDS,
    HiddenKind,
    HiddenSpan,
    Unfit,
    UnfitSpans,
    cleaned,
    covers,
    intervals,
    is_left_out,
    private_of,
)

CUT, PRIVATE = HiddenKind.CUT, HiddenKind.PRIVATE
NOISE = 1e-8  # of floating point

_times = st.floats(0, 200).map(lambda value: round(value, 4))
_spans = st.builds(
    lambda pair, kind: HiddenSpan(min(pair), max(pair) + 0.002, kind),
    st.tuples(_times, _times),
    st.sampled_from(list(HiddenKind)),
)
_many = st.lists(_spans, max_size=12)
_segments = st.lists(st.floats(0.01, 6), min_size=1, max_size=60)


@given(_many)
def test_kept_in_order_apart_and_the_same_again(given_spans: list[HiddenSpan]) -> None:
    kept = cleaned(given_spans)
    assert list(kept) == sorted(kept, key=lambda span: (span.start, span.end, span.kind))
    for kind in HiddenKind:
        same = [span for span in kept if span.kind is kind]
        assert all(before.end < after.start for before, after in pairwise(same))
    assert cleaned(kept) == kept


@given(_many)
def test_what_is_private_stays_private_to_the_last_bit(given_spans: list[HiddenSpan]) -> None:
    kept = private_of(cleaned(given_spans))
    for span in private_of(given_spans):
        assert any(one.start <= span.start and span.end <= one.end + NOISE for one in kept)
    assert covers(kept, private_of(cleaned(private_of(given_spans))))


@given(_many, _segments)
def test_no_segment_that_is_played_has_a_private_moment(
    given_spans: list[HiddenSpan], lengths: list[float]
) -> None:
    """Neither a picture, nor its sound, which lies behind."""
    hidden, at = cleaned(given_spans), 0.0
    for length in lengths:
        start, end = at, at + length
        at = end
        if is_left_out(start, end, hidden):
            continue
        for span in private_of(given_spans):
            assert end <= span.start or start - SOUND_BEHIND_SECONDS >= span.end - NOISE


@given(_many, _segments)
def test_a_cut_lies_at_the_nearest_border(given_spans: list[HiddenSpan], lengths: list[float]) -> None:
    hidden = cleaned([HiddenSpan(one.start, one.end, CUT) for one in given_spans])
    at = 0.0
    for length in lengths:
        middle = at + length / 2
        assert is_left_out(at, at + length, hidden) == any(s.start <= middle < s.end for s in hidden)
        at += length


@given(_many, _times, _times)
def test_the_mp4_shows_what_is_not_hidden_and_all_of_it(
    given_spans: list[HiddenSpan], one: float, other: float
) -> None:
    start, end = min(one, other), max(one, other)
    hidden = cleaned(given_spans)
    shown = intervals(start, end, hidden)
    assert all(start <= first < last <= end for first, last in shown)
    assert all(before[1] < after[0] for before, after in pairwise(shown))
    borders = sorted({start, end, *(edge for span in hidden for edge in (span.start, span.end))})
    for first, last in pairwise(borders):
        middle = (first + last) / 2
        if not start <= middle < end:
            continue
        is_hidden = any(span.start <= middle < span.end for span in hidden)
        assert is_hidden != any(a <= middle < b for a, b in shown)


def test_overlaps_are_joined_by_kind() -> None:
    given_spans = [HiddenSpan(8, 12, CUT), HiddenSpan(1, 4, PRIVATE), HiddenSpan(0, 8.0, CUT)]
    assert cleaned(given_spans) == (HiddenSpan(0, 12, CUT), HiddenSpan(1, 4, PRIVATE))


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (math.nan, 1.0, Unfit.NO_TIME),
        (0.0, math.nan, Unfit.NO_TIME),
        (0.0, math.inf, Unfit.NO_TIME),
        (-0.001, 1.0, Unfit.NO_TIME),
        (0.0, MAX_SECONDS + 1, Unfit.NO_TIME),
        (1.0, 1.0, Unfit.BACKWARDS),
        (2.0, 1.0, Unfit.BACKWARDS),
    ],
)
def test_what_is_no_span_is_refused_with_its_number(start: float, end: float, reason: Unfit) -> None:
    with pytest.raises(UnfitSpans) as refused:
        cleaned([HiddenSpan(0, 1, CUT), HiddenSpan(start, end, PRIVATE)])
    assert (refused.value.reason, refused.value.number) == (reason, 1)


def test_too_many_are_refused() -> None:
    many = [HiddenSpan(n, n + 0.5, CUT) for n in range(MAX_SPANS + 1)]
    with pytest.raises(UnfitSpans) as refused:
        cleaned(many)
    assert refused.value.reason is Unfit.TOO_MANY


def test_covering() -> None:
    private = [HiddenSpan(2, 5, PRIVATE)]
    assert covers([HiddenSpan(0, 3, CUT), HiddenSpan(3, 9, PRIVATE)], private)
    assert not covers([HiddenSpan(0, 3, CUT), HiddenSpan(3.1, 9, PRIVATE)], private)
    assert covers([], [])
