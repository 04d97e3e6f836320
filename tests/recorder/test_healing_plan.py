"""Which segments a copy takes the place of: whole ones, nothing twice, as far as it reaches."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recorder.edit_list import Span
from recorder.gaps import Gap, Stretch, joined
from recorder.healing_plan import SHORTEST_MEND_TICKS, Mend, ShownSegment, mended, mends_of

SECOND = 90_000


def take(number: int, first: int, start: int, count: int, seconds: int = 2) -> list[ShownSegment]:
    return [
        ShownSegment(
            number, first + n, (start + n * seconds) * SECOND, (start + (n + 1) * seconds) * SECOND, True
        )
        for n in range(count)
    ]


def stretch(start: float, end: float) -> Stretch:
    return Stretch(round(start * SECOND), round(end * SECOND))


def gap(start: float, end: float | None) -> Gap:
    return Gap(round(start * SECOND), round(end * SECOND) if end is not None else None)


def seconds(mends: list[Mend]) -> list[tuple[float, float]]:
    return [(mend.start / SECOND, mend.end / SECOND) for mend in mends]


# Twenty seconds, a slate of twenty, twenty seconds.
CUT = [*take(1, 0, 0, 10), *take(3, 20, 40, 10)]


def test_a_cut_line_is_mended_from_border_to_border() -> None:
    mends = mends_of(CUT, [gap(20, 40)], [stretch(5, 55)])
    assert seconds(mends) == [(18, 42)]
    spans = mended(CUT, {mends[0]: Span(1_000_001, 0, 11)})
    assert spans == (Span(1, 0, 8), Span(1_000_001, 0, 11), Span(3, 21, 29))


def test_a_gap_that_begins_in_a_segment_takes_all_of_it() -> None:
    assert seconds(mends_of(CUT, [gap(19.1, 40)], [stretch(5, 55)])) == [(18, 42)]
    assert seconds(mends_of(CUT, [gap(18.5, 40)], [stretch(5, 55)])) == [(16, 42)]


def test_a_copy_that_reaches_little_beyond_the_gap() -> None:
    assert seconds(mends_of(CUT, [gap(20, 40)], [stretch(19, 41)])) == [(20, 40)]
    assert seconds(mends_of(CUT, [gap(20, 40)], [stretch(20.5, 40)])) == [(20.5, 40)]


def test_a_copy_that_covers_a_part_of_the_gap() -> None:
    assert seconds(mends_of(CUT, [gap(20, 40)], [stretch(25, 30)])) == [(25, 30)]
    assert seconds(mends_of(CUT, [gap(20, 40)], [stretch(5, 30)])) == [(18, 30)]
    assert seconds(mends_of(CUT, [gap(20, 40)], [stretch(5, 24), stretch(31, 60)])) == [(18, 24), (31, 42)]


def test_a_copy_that_begins_in_a_shown_segment_begins_behind_it() -> None:
    """The gap is in the middle of a take, of filled parts: its segments are shown."""
    shown = take(1, 0, 0, 20)
    assert seconds(mends_of(shown, [gap(11, 19)], [stretch(13, 40)])) == [(14, 20)]
    assert seconds(mends_of(shown, [gap(11, 19)], [stretch(0, 17)])) == [(10, 16)]
    assert seconds(mends_of(shown, [gap(11, 19)], [stretch(0, 40)])) == [(10, 20)]


def test_it_goes_on_at_an_independent_segment_only() -> None:
    shown = [*CUT[:11], ShownSegment(3, 21, 42 * SECOND, 44 * SECOND, False), *CUT[12:]]
    assert seconds(mends_of(shown, [gap(20, 40)], [stretch(0, 60)])) == [(18, 44)]


def test_the_end_that_nobody_knows_is_where_the_copy_ends() -> None:
    shown = take(1, 0, 0, 10)
    assert seconds(mends_of(shown, [gap(20, None)], [stretch(5, 33.25)])) == [(18, 33.25)]
    assert mends_of(shown, [gap(20, None)], [stretch(5, 20.1)]) == []


def test_gaps_close_together_are_mended_as_one() -> None:
    shown = [*take(1, 0, 0, 10), *take(3, 20, 24, 1), *take(5, 30, 30, 5)]
    mends = mends_of(shown, [gap(20, 24), gap(26, 30)], [stretch(0, 60)])
    assert seconds(mends) == [(18, 32)]
    spans = mended(shown, {mends[0]: Span(1_000_001, 0, 6)})
    assert spans == (Span(1, 0, 8), Span(1_000_001, 0, 6), Span(5, 31, 34))


def test_a_copy_of_something_else_mends_nothing() -> None:
    assert mends_of(CUT, [gap(20, 40)], [stretch(100, 160), stretch(-60, 0), stretch(0, 20)]) == []
    assert mends_of([], [], [stretch(0, 20)]) == []


_lines = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=5)
_pieces = st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: stretch(pair[0], sum(pair)))
_copies = st.lists(_pieces, max_size=4)


@given(_lines, _copies, st.booleans())
def test_nothing_twice_and_no_more_than_the_copy_has(line, covered, open_end) -> None:
    shown: list[ShownSegment] = []
    gaps: list[Gap] = []
    at = 0
    for number, (hole, count) in enumerate(line, 1):
        if hole and shown:
            gaps.append(gap(at, at + hole))
        shown += take(number, 100 * number, at + hole, count)
        at += hole + 2 * count
    if open_end:
        gaps.append(gap(at, None))
    mends = mends_of(shown, gaps, covered)
    for mend in mends:
        assert any(piece.start <= mend.start and mend.end <= piece.end for piece in joined(covered))
    spans = mended(shown, {mend: Span(1_000_001 + n, 0, 0) for n, mend in enumerate(mends)})
    times = {(one.take, one.segment): (one.start, one.end) for one in shown}
    times |= {(1_000_001 + n, 0): (mend.start, mend.end) for n, mend in enumerate(mends)}
    shown_now = [
        times[span.take, segment]
        for span in spans
        for segment in range(span.first_segment, span.last_segment + 1)
    ]
    assert all(before[1] <= after[0] for before, after in pairwise(shown_now))
    for hole in gaps:
        for piece in joined(covered):
            start = max(hole.start, piece.start)
            end = min(hole.end if hole.end is not None else piece.end, piece.end)
            if end - start >= SHORTEST_MEND_TICKS:
                assert any(one[0] <= start and end <= one[1] for one in shown_now)
