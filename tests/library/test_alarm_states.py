"""The life of an alarm, against what people are to hear of it: each trouble once, its end once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from library.alarm_states import AGAIN_WITHIN, Alarm, Notice, cleared, due, hold, raised, settled, told

START = datetime(2026, 11, 26, tzinfo=UTC)
LOOK = timedelta(seconds=30)


def fresh(now: datetime, number: int = 0) -> Alarm:
    return Alarm(id=str(number), kind="worker.down", subject="", since=now, details={"number": number})


def run(seen: list[bool], *, tells: list[bool] | None = None) -> tuple[list[tuple[int, Notice]], list[Alarm]]:
    """Looks 30 s apart → what was told at which look, and the alarms there were."""
    alarms: list[Alarm] = []
    notices = []
    for number, trouble in enumerate(seen):
        now = START + number * LOOK
        last = alarms[-1] if alarms else None
        if trouble:
            alarm = raised(last, fresh(now, number))
            alarms = [*alarms[:-1], alarm] if last is not None and alarm.id == last.id else [*alarms, alarm]
        elif last is not None:
            alarms[-1] = cleared(last, now)
        may_tell = tells is None or tells[number % len(tells)]
        for place, alarm in enumerate(alarms if may_tell else []):
            if notice := due(alarm):
                notices.append((number, notice))
                alarms[place] = told(alarm, notice, now)
    return notices, alarms


def test_trouble_is_told_at_the_look_that_sees_it_and_its_end_at_the_next_that_does_not() -> None:
    notices, _ = run([False, True, True, True, False, False])
    assert notices == [(1, Notice.TROUBLE), (4, Notice.RECOVERY)]


def test_trouble_that_was_over_before_anybody_could_be_told_is_told_all_the_same() -> None:
    notices, _ = run([True, False, False, False], tells=[False, False, True, True])
    assert notices == [(2, Notice.TROUBLE), (3, Notice.RECOVERY)]


def test_what_comes_and_goes_all_day_is_told_a_few_times() -> None:
    a_day = [number % 2 == 0 for number in range(2880)]
    notices, _ = run(a_day)
    assert len(notices) == 3  # trouble, its end, and trouble again, which is not over while it flaps


def test_what_comes_and_goes_more_slowly_is_believed_more_slowly() -> None:
    twenty_minutes_each = [(number // 40) % 2 == 0 for number in range(2880)]
    notices, alarms = run(twenty_minutes_each)
    assert len(notices) < 16
    assert max(alarm.again for alarm in alarms) >= 4


def test_trouble_after_a_quiet_hour_begins_anew() -> None:
    quiet = [False] * (AGAIN_WITHIN // LOOK + 1)
    _, alarms = run([True, False, True, *[False] * 10, *quiet, True])
    assert [alarm.again for alarm in alarms] == [0, 1, 0]


def test_the_newest_details_count_and_the_beginning_stays() -> None:
    _, (alarm,) = run([True, True, True])
    assert alarm.details == {"number": 2} and alarm.since == START


def test_holds_grow_and_are_bounded() -> None:
    holds = [hold(number) for number in range(40)]
    assert holds[0] == timedelta(0) and holds == sorted(holds) and holds[-1] == timedelta(hours=1)


@given(st.lists(st.booleans(), max_size=300), st.lists(st.booleans(), min_size=1, max_size=7))
def test_each_alarm_is_told_once_and_its_end_once_and_in_order(seen: list[bool], tells: list[bool]) -> None:
    notices, alarms = run(seen, tells=[*tells, True])
    for alarm in alarms:
        assert alarm.recovery_told_at is None or alarm.told_at is not None
        if alarm.told_at and alarm.recovery_told_at:
            assert alarm.since <= alarm.told_at <= alarm.recovery_told_at
    assert sum(1 for _, notice in notices if notice is Notice.TROUBLE) <= len(alarms)
    assert len(notices) <= 2 * len(alarms)
    assert [alarm.is_open for alarm in alarms[:-1]] == [False] * (len(alarms) - 1 if alarms else 0)
    if seen and seen[-1]:
        assert alarms[-1].is_open


@given(st.integers(-3600, 3600), st.integers(0, 6))
def test_a_clock_that_jumps_ends_no_alarm_early_and_keeps_none_for_ever(jump: int, again: int) -> None:
    alarm = cleared(raised(None, fresh(START)) if not again else _again(again), START)
    later = START + timedelta(seconds=jump)
    looked = cleared(alarm, later)
    if jump < 0 and again:
        assert looked.is_open and looked.quiet_since == later
    assert not settled(looked, later + hold(again)).is_open


def _again(count: int) -> Alarm:
    return Alarm(id="x", kind="k", subject="", since=START, again=count)
