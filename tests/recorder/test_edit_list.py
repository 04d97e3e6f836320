"""Version 1 of an edit list: all but slates and lost takes, in order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from recorder.edit_list import EditList, Span, without_slates


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
