"""When a lecture may be planned, and which plan a session takes up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.lecture_schedule import EARLY, FARTHEST, LATE, UnfitStart, check_start, is_taken_up, nearest
from library.models import ScheduledLecture

NOW = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
offsets = st.integers(-4 * 3600, 4 * 3600).map(lambda seconds: timedelta(seconds=seconds))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def plan(starts_at: datetime, name: str = "a", session_id: str | None = None) -> ScheduledLecture:
    return ScheduledLecture(id=name, room_id="r", title=name, starts_at=starts_at, session_id=session_id)


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (NOW - EARLY - SECOND, False),
        (NOW - EARLY, True),
        (NOW, True),
        (NOW + LATE - SECOND, True),
        (NOW + LATE, False),
    ],
)
def test_from_half_an_hour_before_to_two_hours_after(at: datetime, taken: bool) -> None:
    assert is_taken_up(NOW, at) is taken
    assert (nearest([plan(NOW)], at) is not None) is taken


@given(st.lists(st.tuples(offsets, st.booleans()), max_size=8))
def test_the_nearest_that_was_not_held(found: list[tuple[timedelta, bool]]) -> None:
    plans = [plan(NOW + by, str(n), "s" if held else None) for n, (by, held) in enumerate(found)]
    taken = nearest(plans, NOW)
    fit = [one for one in plans if one.session_id is None and is_taken_up(one.starts_at, NOW)]
    assert (taken is None) == (not fit)
    if taken is not None:
        assert taken in fit
        assert all(abs(taken.starts_at - NOW) <= abs(one.starts_at - NOW) for one in fit)
        assert nearest(list(reversed(plans)), NOW) is taken, "whatever order they come in"


def test_of_two_equally_near_ones_the_earlier() -> None:
    by = timedelta(minutes=20)
    assert nearest([plan(NOW + by, "later"), plan(NOW - by, "earlier")], NOW).title == "earlier"  # type: ignore[union-attr]


@given(offsets, zones)
def test_a_start_is_judged_by_the_moment_not_by_its_zone(by: timedelta, zone: timezone) -> None:
    starts_at = (NOW + by).astimezone(zone)
    if by < -timedelta(minutes=1):
        with pytest.raises(UnfitStart):
            check_start(starts_at, NOW)
    else:
        assert check_start(starts_at, NOW) == NOW + by


@pytest.mark.parametrize(
    "starts_at",
    [
        NOW + FARTHEST + SECOND,
        NOW - timedelta(minutes=1, seconds=1),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ],
)
def test_too_far(starts_at: datetime) -> None:
    with pytest.raises(UnfitStart):
        check_start(starts_at, NOW)
    assert check_start(NOW + FARTHEST, NOW)
