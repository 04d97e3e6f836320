"""Edit lists: version 1 is all but slates and lost takes, in order; what is hidden is played by nobody."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from recorder.edit_list import EditList, Span, TimedSegment, as_played, without_slates
from recorder.hidden_spans import HiddenKind, HiddenSpan


@dataclass(frozen=True)
class Summary:
    number: int
    slate: bool
    lost: bool
    first_segment: int
    last_segment: int


def test_slates_and_lost_takes_are_left_out() -> None:
    takes = [
        Summary(1, True, False, 0, 2),
        Summary(2, False, False, 3, 9),
        Summary(3, True, False, 10, 10),
        Summary(5, False, True, 11, 20),
        Summary(6, False, False, 21, 21),
    ]
    assert without_slates(takes) == EditList(1, (Span(2, 3, 9), Span(6, 21, 21)))


def test_nothing_but_a_slate_is_nothing() -> None:
    assert without_slates([Summary(1, True, False, 0, 2)]).spans == ()


def test_a_span_does_not_run_backwards() -> None:
    with pytest.raises(ValueError):
        Span(1, 5, 4)


def _every_two_seconds(take: int, first: int = 0, count: int = 10) -> list[TimedSegment]:
    """Of takes that follow each other, ten segments each."""
    begin = (take - 1) * 20.0
    return [TimedSegment(first + n, begin + 2 * n, begin + 2 * n + 2) for n in range(count)]


def test_what_is_hidden_is_played_by_nobody_and_spans_are_whole_segments() -> None:
    whole = EditList(
        3,
        (Span(1, 0, 9), Span(2, 10, 19)),
        (HiddenSpan(0, 3.1, HiddenKind.CUT), HiddenSpan(17.0, 21.0, HiddenKind.PRIVATE)),
    )
    played = as_played(whole, lambda take: _every_two_seconds(take, (take - 1) * 10))
    # The cut ends past the middle of segment 1; the private span's sound may lie 1.5 s behind it.
    assert played == EditList(3, (Span(1, 2, 7), Span(2, 12, 19)))


def test_behind_what_is_hidden_it_begins_on_a_key_frame() -> None:
    segments = [TimedSegment(n, 2.0 * n, 2.0 * n + 2, n % 3 == 0) for n in range(9)]
    whole = EditList(2, (Span(1, 0, 8),), (HiddenSpan(2, 3.5, HiddenKind.CUT),))
    assert as_played(whole, lambda _: segments).spans == (Span(1, 0, 0), Span(1, 3, 8))


def test_without_anything_hidden_a_version_is_played_as_it_is() -> None:
    whole = EditList(2, (Span(1, 0, 8),))
    assert as_played(whole, lambda _: []) is whole
