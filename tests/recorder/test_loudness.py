"""How loud a recording is, from second to second."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.loudness import FLOOR, MOST_VALUES, LoudnessMeter


def test_levels_are_decibels_below_full_scale() -> None:
    meter = LoudnessMeter(4.0)
    meter.add(0.0, [1.0, -1.0] * 10)
    meter.add(1.5, [0.1] * 10)
    meter.add(2.0, [0.0] * 10)
    assert meter.document(4.0) == {"seconds": 4.0, "step": 1.0, "levels": [0, -20, FLOOR, FLOOR]}


@pytest.mark.parametrize("seconds", [0.0, 0.5, 999.9, 1_000.0, 1_000.1, 3_600.0, 86_400.0])
def test_a_value_a_second_or_a_thousand(seconds: float) -> None:
    meter = LoudnessMeter(seconds)
    assert len(meter.levels()) == min(MOST_VALUES, math.ceil(seconds))
    assert len(meter.levels()) * meter.step >= seconds


@given(
    st.floats(0, 10_000),
    st.lists(st.tuples(st.floats(-5, 20_000), st.lists(st.floats(width=32), max_size=5)), max_size=20),
)
def test_whatever_comes_levels_are_levels(seconds: float, sound: list[tuple[float, list[float]]]) -> None:
    meter = LoudnessMeter(seconds)
    for at, samples in sound:
        meter.add(at, samples)
    assert all(FLOOR <= level <= 0 for level in meter.levels())
