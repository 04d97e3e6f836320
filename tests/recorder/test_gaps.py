"""Gaps of a log: slates, lost takes, filled parts, holes between takes; healed stretches are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recorder.gaps import SHORTEST_GAP_TICKS, Gap, Stretch, gaps_of, joined
from recorder.media import PartRecord

SECOND = 90_000


@dataclass
class Take:
    """Parts of a second each from `start` on; `parts`: `.` from the source, `f` filled."""

    start: int
    parts: str
    slate: bool = False
    lost: bool = False
    records: list[PartRecord] = field(init=False)

    def __post_init__(self) -> None:
        self.records = [
            PartRecord(0, 1, (self.start + n) * SECOND, SECOND, n, 0, n == 0, 0, filled=kind == "f")
            for n, kind in enumerate(self.parts)
        ]


def seconds(gaps: list[Gap]) -> list[tuple[float, float | None]]:
    return [(gap.start / SECOND, gap.end / SECOND if gap.end is not None else None) for gap in gaps]


def test_a_lecture_without_a_gap() -> None:
    assert gaps_of([Take(0, "....."), Take(5, "....")]) == []
    assert gaps_of([]) == []


def test_a_cut_line_is_one_gap_from_its_fills_through_the_slate_to_the_next_take() -> None:
    takes = [Take(0, ".....ff"), Take(7, "ffffff", slate=True), Take(13, "...")]
    assert seconds(gaps_of(takes)) == [(5, 13)]


def test_a_lost_take_and_a_hole_between_takes() -> None:
    takes = [Take(0, ".."), Take(2, "...", lost=True), Take(5, ".."), Take(10, "..")]
    assert seconds(gaps_of(takes)) == [(2, 5), (7, 10)]


def test_the_slate_before_the_first_picture_is_no_gap() -> None:
    assert gaps_of([Take(0, "fff", slate=True), Take(3, "....")]) == []
    assert gaps_of([Take(0, "fff", slate=True)]) == []


def test_a_slate_at_the_end_has_no_end() -> None:
    assert seconds(gaps_of([Take(0, "...."), Take(4, "fff", slate=True)])) == [(4, None)]


def test_a_lecture_that_broke_off_may_miss_its_end() -> None:
    assert seconds(gaps_of([Take(0, "....")], broke_off=True)) == [(4, None)]


def test_healed_stretches_are_no_gaps() -> None:
    takes = [Take(0, ".."), Take(2, "ffff", slate=True), Take(6, "..")]
    assert gaps_of(takes, [Stretch(1 * SECOND, 6 * SECOND)]) == []
    assert seconds(gaps_of(takes, [Stretch(2 * SECOND, 4 * SECOND)])) == [(4, 6)]
    assert seconds(gaps_of(takes[:2], [Stretch(2 * SECOND, 9 * SECOND)], broke_off=True)) == [(9, None)]


def test_told_time_that_lags_is_no_hole() -> None:
    """A part is told shorter than its media where a source is slower than PART-TARGET allows."""
    take = Take(0, "....")
    take.records = [PartRecord(0, 1, n * SECOND, SECOND // 3, n, 0, True, 0) for n in range(4)]
    assert gaps_of([take]) == []


_stretches = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 8)).map(
        lambda pair: Stretch(pair[0] * SECOND, (pair[0] + pair[1]) * SECOND)
    ),
    max_size=8,
)
_takes = st.lists(
    st.tuples(st.integers(0, 3), st.text(".f", min_size=1, max_size=6), st.booleans(), st.booleans()),
    max_size=8,
)


def _line(told: list[tuple[int, str, bool, bool]]) -> list[Take]:
    takes: list[Take] = []
    start = 0
    for hole, parts, slate, lost in told:
        takes.append(Take(start + hole, parts, slate, lost))
        start += hole + len(parts)
    return takes


@given(_takes, _stretches, st.booleans())
def test_a_second_is_missing_or_there(told, healed, broke_off) -> None:
    takes = _line(told)
    there = {
        take.start + n
        for take in takes
        if not (take.slate or take.lost)
        for n, kind in enumerate(take.parts)
        if kind == "."
    }
    there |= {second for one in healed for second in range(one.start // SECOND, one.end // SECOND)}
    gaps = gaps_of(takes, healed, broke_off=broke_off)
    closed = [gap for gap in gaps if gap.end is not None]
    missing = {s for gap in closed for s in range(gap.start // SECOND, (gap.end or 0) // SECOND)}
    if there:
        assert missing == set(range(min(there), max(there) + 1)) - there
    assert all(gap.end - gap.start >= SHORTEST_GAP_TICKS for gap in closed if gap.end is not None)
    assert [gap.start for gap in gaps] == sorted(gap.start for gap in gaps)
    assert all(gap.end is not None for gap in gaps[:-1])


@given(_stretches)
def test_joined_stretches_hold_the_same_time_and_stand_apart(stretches) -> None:
    found = joined(stretches)
    covered = {t for one in found for t in range(one.start // SECOND, one.end // SECOND)}
    assert covered == {t for one in stretches for t in range(one.start // SECOND, one.end // SECOND)}
    assert all(before.end < after.start for before, after in pairwise(found))
