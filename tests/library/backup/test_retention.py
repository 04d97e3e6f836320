"""The rule of rotation, against a naive model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.backup.retention import policy
from library.backup.values import Generation

BEGAN = datetime(2026, 11, 26, 3, tzinfo=UTC)


def generation(sequence: int, *, verified: bool = True, at: datetime = BEGAN) -> Generation:
    return Generation(
        id=f"{sequence:06d}",
        sequence=sequence,
        at=at,
        reason="daily",
        files=1,
        objects=1,
        bytes=1,
        bytes_new=1,
        verified=verified,
        schema="0019",
        database="sqlite",
    )


def ids(generations) -> list[int]:
    return [one.sequence for one in generations]


def test_thirty_stay_of_thirty_one() -> None:
    decision = policy([generation(n) for n in range(1, 32)])
    assert ids(decision.remove) == [1]
    assert ids(decision.keep) == list(range(31, 1, -1))
    assert decision.reasons["000001"] == "30 newer successful generations are kept"


def test_failures_push_nothing_out() -> None:
    all_of_them = [generation(n, verified=n <= 3) for n in range(1, 40)]
    assert policy(all_of_them, keep=3).remove == ()


def test_a_clock_that_goes_back_reorders_nothing() -> None:
    decision = policy([generation(n, at=BEGAN - timedelta(days=n)) for n in range(1, 5)], keep=2)
    assert ids(decision.remove) == [2, 1]


def test_at_least_one_is_kept() -> None:
    with pytest.raises(ValueError, match="at least one"):
        policy([], keep=0)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans()), unique_by=lambda one: one[0], max_size=40),
    st.integers(1, 35),
)
def test_what_goes_has_enough_newer_successes(made: list[tuple[int, bool]], keep: int) -> None:
    decision = policy([generation(n, verified=good) for n, good in made], keep=keep)
    for sequence, _ in made:
        newer = sum(good for other, good in made if other > sequence)
        assert (sequence in ids(decision.remove)) == (newer >= keep)
    assert len(decision.keep) + len(decision.remove) == len(made)
    assert set(decision.reasons) == {f"{n:06d}" for n, _ in made}
