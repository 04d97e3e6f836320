"""What is believed of a page's beacons, and what of it was watched."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import watched_spans
from library.watched_spans import (
    ALLOWANCE,
    BEAT_SECONDS,
    MAX_CLAIMS,
    MAX_RATE,
    MAX_SPANS,
    Span,
    UnfitClaim,
    Watched,
    bounded,
    completion,
    merged,
    overlap,
    packed,
    place_to_go_on,
    seconds_of,
    unpacked,
    watched_after,
)

END = 3600.0
moments = st.integers(0, 400_000).map(lambda hundredths: hundredths / 100)
some_spans = st.lists(st.tuples(moments, moments).map(lambda span: (min(span), max(span))), max_size=12)
beacons = st.lists(st.tuples(some_spans, moments, st.floats(-100, 400)), min_size=1, max_size=8)


def begun(*claims: Span, position: float = 0.0, now: float = 1000.0) -> Watched:
    return watched_after(None, claims, position, end=END, now=now)


@given(some_spans)
def test_spans_are_in_order_and_apart(given_spans: list[Span]) -> None:
    found = merged(given_spans)
    moments_in_turn = [moment for span in found for moment in span]
    assert moments_in_turn == sorted(set(moments_in_turn))
    assert merged(found) == found
    for start, end in given_spans:
        middle = (start + end) / 2
        assert end == start or any(a <= start and end <= b and a <= middle <= b for a, b in found)
    assert seconds_of(found) <= seconds_of(given_spans) + 1e-6
    assert unpacked(packed(found)) == found


@given(some_spans, some_spans)
def test_what_lies_in_both(one: list[Span], other: list[Span]) -> None:
    first, second = merged(one), merged(other)
    both = seconds_of(first) + seconds_of(second) - seconds_of(merged((*first, *second)))
    assert overlap(first, second) == pytest.approx(both, abs=1e-6)
    assert overlap(first, first) == pytest.approx(seconds_of(first))


@given(beacons)
def test_nobody_watches_faster_than_a_player_plays(told: list[tuple[list[Span], float, float]]) -> None:
    known, now, passed = None, 1e9, 0.0
    for claims, position, wait in told:
        now += wait
        passed += max(0.0, wait) if known is not None else 0.0
        before = known.spans if known is not None else ()
        known = watched_after(known, claims, position, end=END, now=now)
        assert seconds_of(known.spans) <= MAX_RATE * (BEAT_SECONDS + passed) + ALLOWANCE + 1e-3
        assert overlap(known.spans, before) == pytest.approx(seconds_of(before)), "nothing is forgotten"
        assert overlap(known.spans, merged((*before, *claims))) == pytest.approx(seconds_of(known.spans))
        assert all(0 <= start < end <= END for start, end in known.spans)
        assert 0 <= known.position <= END and 0 <= known.credit <= ALLOWANCE
        assert 0 <= completion(known.spans, ((0, END),), END) <= 1


def test_beats_at_the_fastest_speed_are_believed_whole() -> None:
    known = None
    for beat in range(60):
        claim = (60.0 * beat, 60.0 * (beat + 1))
        known = watched_after(known, [claim], claim[1], end=END, now=1000 + 30.0 * beat)
    assert known is not None and known.spans == ((0.0, END),)
    assert completion(known.spans, ((0.0, END),), END) == 1.0


def test_a_program_that_claims_all_at_once_gets_the_beginning_of_it() -> None:
    known = begun((0.0, END))
    assert known.spans == ((0.0, 90.0),)
    again = watched_after(known, [(90.0, END)], END, end=END, now=1000.0)
    assert again.spans == ((0.0, 90.0),), "no time has passed"
    later = watched_after(again, [(90.0, END)], END, end=END, now=1010.0)
    assert later.spans == ((0.0, 110.0),)


def test_beacons_without_pause_gain_nothing() -> None:
    known = begun((0.0, 1.0))
    for number in range(1, 1000):
        known = watched_after(
            known, [(number * 3.0, number * 3.0 + 3)], 0, end=END, now=1000.0 + number / 100
        )
    assert seconds_of(known.spans) <= 1 + ALLOWANCE + 2 * 10 + 0.01


def test_two_devices_at_once_are_both_believed() -> None:
    known = begun((0.0, 30.0))
    for beat in range(1, 20):
        at = 1000 + 30.0 * beat
        known = watched_after(known, [(30.0 * beat, 30.0 * (beat + 1))], 0, end=END, now=at)
        known = watched_after(known, [(1800 + 30.0 * beat, 1830 + 30.0 * beat)], 0, end=END, now=at + 1)
    assert known.spans == ((0.0, 600.0), (1830.0, 2400.0))


def test_a_clock_that_was_set_back_gains_and_costs_nothing() -> None:
    known = begun((0.0, 60.0))
    back = watched_after(known, [(100.0, 200.0)], 0, end=END, now=0.0)
    assert back.spans == ((0.0, 60.0), (100.0, 130.0)), "the allowance alone"
    assert watched_after(back, [(130.0, 190.0)], 0, end=END, now=30.0).spans[-1] == (100.0, 190.0)


@pytest.mark.parametrize("moment", [math.nan, math.inf, -math.inf, -0.1, 1e300, True, "1", None])
def test_what_is_no_time_is_refused(moment: object) -> None:
    with pytest.raises(UnfitClaim):
        begun((0.0, moment))  # type: ignore[arg-type]
    with pytest.raises(UnfitClaim):
        begun(position=moment)  # type: ignore[arg-type]


def test_spans_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(UnfitClaim):
        begun((2.0, 1.0))
    with pytest.raises(UnfitClaim):
        begun((1.0, 2.0, 3.0))  # type: ignore[arg-type]


def test_outside_the_recording_nothing_is_watched() -> None:
    known = begun((END - 5, END + 20), (END + 30, END + 40), position=END + 7)
    assert (known.spans, known.position) == (((END - 5, END),), END)


def test_only_so_many_spans_of_a_beacon_and_of_a_recording_are_kept() -> None:
    claims = [(2.0 * number, 2 * number + 0.1) for number in range(MAX_CLAIMS + 50)]
    assert len(begun(*claims).spans) == MAX_CLAIMS
    spans = tuple((3.0 * number, 3 * number + 1 + number / 1000) for number in range(MAX_SPANS + 10))
    assert bounded(spans) == spans[10:], "the shortest go"


def test_only_what_is_shown_counts() -> None:
    shown = ((0.0, 100.0), (200.0, 300.0))
    assert completion(((0.0, 150.0),), shown, 200.0) == 0.5
    assert completion(((100.0, 200.0),), shown, 200.0) == 0.0
    assert completion(((0.0, 300.0),), shown, 200.0) == 1.0
    assert completion(((0.0, 300.0),), (), 0.0) == 0.0


def test_the_very_beginning_and_end_are_no_places() -> None:
    shown = ((0.0, 100.0), (200.0, 300.0))  # of 200 s: ten at either end
    places = {0.0: 0.0, 9.0: 0.0, 11.0: 11.0, 150.0: 150.0, 285.0: 285.0, 295.0: 0.0, 300.0: 0.0}
    assert {at: place_to_go_on(at, shown) for at in places} == places
    assert place_to_go_on(5.0, ()) == 0.0
    assert place_to_go_on(16.0, ((0.0, 36_000.0),)) == 16.0
    assert watched_spans.MAX_SECONDS >= 360_000
