"""What becomes of a recording, and when a wall clock may be trusted with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from library.keeping import (
    LONGEST_GAP,
    STEADY_TIME,
    TRASH_TIME,
    Kept,
    Reading,
    RecordingRule,
    Removal,
    kept_as,
    read_on,
    removal_due,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
MOMENTS = st.timedeltas(-YEAR, YEAR).map(lambda distance: NOW + distance)
MAYBE = st.none() | MOMENTS
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Recording:
    phase: str = "ended"
    kept: str = Kept.PUBLISHED
    held_until: datetime | None = None
    deleted_at: datetime | None = None
    removal: str | None = None


RECORDINGS = st.builds(
    Recording,
    st.sampled_from(["live", "slate", "ended"]),
    st.sampled_from(Kept),
    MAYBE,
    MAYBE,
    st.none() | st.sampled_from(Removal),
)


def test_the_organization_says_first_then_the_lecturer() -> None:
    said = {(rule, wish): kept_as(rule, publish=wish) for rule in RecordingRule for wish in (True, False)}
    assert said == {
        (RecordingRule.ALWAYS, True): Kept.PUBLISHED,
        (RecordingRule.ALWAYS, False): Kept.PUBLISHED,
        (RecordingRule.CHOICE, True): Kept.PUBLISHED,
        (RecordingRule.CHOICE, False): Kept.HELD,
        (RecordingRule.OFF, True): Kept.NONE,
        (RecordingRule.OFF, False): Kept.NONE,
    }


@given(RECORDINGS, MOMENTS)
def test_nothing_goes_that_runs_or_that_was_settled(recording: Recording, now: datetime) -> None:
    due = removal_due(recording, now)
    if recording.phase != "ended" or recording.removal is not None:
        assert due is None
    elif recording.kept == Kept.NONE:
        assert due is Removal.ORGANIZATION
    elif due is Removal.TRASH:
        assert recording.deleted_at is not None and now - recording.deleted_at >= TRASH_TIME
    elif due is not None:
        assert due is Removal.UNCLAIMED and recording.kept == Kept.HELD
        assert recording.held_until is not None and recording.held_until <= now


@given(RECORDINGS, MOMENTS, st.timedeltas(timedelta(0), timedelta(900)))
def test_what_is_due_stays_due(recording: Recording, now: datetime, later: timedelta) -> None:
    if removal_due(recording, now) is not None:
        assert removal_due(recording, now + later) is not None


@given(RECORDINGS)
def test_a_published_recording_goes_by_the_trash_alone(recording: Recording) -> None:
    published = replace(recording, kept=Kept.PUBLISHED, deleted_at=None)
    assert removal_due(published, datetime(2999, 1, 1, tzinfo=UTC)) is None


def test_held_to_the_second() -> None:
    recording = Recording(kept=Kept.HELD, held_until=NOW)
    assert removal_due(recording, NOW - timedelta(seconds=1)) is None
    assert removal_due(recording, NOW) is Removal.UNCLAIMED


# The clock


def looks(begin: datetime, minutes: int, last: Reading | None = None) -> Reading:
    """A look a minute from `begin` on."""
    for n in range(minutes):
        last = read_on(last, begin + n * MINUTE)
    assert last is not None
    return last


def test_a_clock_is_trusted_after_a_day() -> None:
    assert not looks(NOW, 24 * 60).is_trusted
    assert looks(NOW, 24 * 60 + 1).is_trusted


def test_one_that_jumps_a_year_ahead_or_back_is_not() -> None:
    for year in (timedelta(365), -timedelta(365)):
        trusted = looks(NOW, 24 * 60 + 1)
        jumped = read_on(trusted, trusted.at + year)
        assert not jumped.is_trusted
        assert not looks(jumped.at + MINUTE, 23 * 60, jumped).is_trusted
        back = read_on(jumped, trusted.at + MINUTE)
        assert not back.is_trusted and looks(back.at + MINUTE, 24 * 60, back).is_trusted


def test_a_night_when_the_machine_is_off_is_no_jump() -> None:
    last = looks(NOW, 8 * 60)
    assert read_on(read_on(last, last.at + timedelta(hours=16)), last.at + timedelta(hours=17)).is_trusted


@given(st.lists(st.timedeltas(-timedelta(900), timedelta(900)), max_size=30))
def test_it_is_never_trusted_sooner_than_a_day_after_a_jump(steps: list[timedelta]) -> None:
    last, at, since = read_on(None, NOW), NOW, timedelta(0)
    for step in steps:
        at += step
        last = read_on(last, at)
        jumped = step > LONGEST_GAP or step < -MINUTE
        since = timedelta(0) if jumped else since + max(step, timedelta(0))
        assert last.is_trusted is (since >= STEADY_TIME)
