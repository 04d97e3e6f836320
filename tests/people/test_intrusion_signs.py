"""Counting what intruders do: cheap, bounded, and told apart from people who mistype."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from library.database import Database, DatabaseUnavailable
from people import intrusion_signs
from people.intrusion_signs import (
    ELSEWHERE,
    MOST_OF_A_KIND,
    Alarm,
    Seen,
    Sign,
    SignCounter,
    alarms,
    recent,
    stretch_of,
)
from people.models import IntrusionSign

NOW = datetime(2026, 11, 26, 9, 2, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_what_was_seen_is_summed_by_kind_address_and_subject(database: Database) -> None:
    counter = SignCounter(database, clock=Clock())
    for _ in range(3):
        counter.saw(Sign.SIGN_IN, "192.0.2.7", "ada")
    counter.saw(Sign.MEDIA_TOKEN, "192.0.2.7")
    counter.write()
    counter.saw(Sign.SIGN_IN, "192.0.2.7", "ada")
    counter.write()
    counter.write()  # nothing more
    with database.reading() as transaction:
        assert set(recent(transaction, NOW)) == {
            Seen(Sign.SIGN_IN, "192.0.2.7", "ada", 4),
            Seen(Sign.MEDIA_TOKEN, "192.0.2.7", "", 1),
        }
        assert recent(transaction, NOW + timedelta(minutes=10)) == []


def test_a_flood_costs_few_rows(database: Database) -> None:
    counter = SignCounter(database, clock=Clock())
    for number in range(5000):
        counter.saw(Sign.MEDIA_TOKEN, f"address {number % 2500}")
    counter.write()
    with database.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(IntrusionSign)) == 1001
        seen = recent(transaction, NOW)
    assert sum(one.count for one in seen) == 5000
    assert max(seen, key=lambda one: one.count).address == ELSEWHERE


def test_old_sums_go(database: Database) -> None:
    clock = Clock()
    counter = SignCounter(database, clock=clock)
    counter.saw(Sign.API_TOKEN, "a")
    counter.write()
    clock.now += timedelta(days=32)
    counter.saw(Sign.API_TOKEN, "b")
    counter.write()
    with database.reading() as transaction:
        assert transaction.scalars(select(IntrusionSign.address)).all() == ["b"]


def test_nothing_is_lost_while_the_database_is_away(sqlite_database: Database, tmp_path: Path) -> None:
    counter = SignCounter(sqlite_database, clock=Clock())
    counter.saw(Sign.API_TOKEN, "a")
    file = tmp_path / "kodo.db"
    file.rename(tmp_path / "away.db")
    with pytest.raises(DatabaseUnavailable):
        counter.write()
    counter.saw(Sign.API_TOKEN, "a")
    (tmp_path / "away.db").rename(file)
    counter.open()
    counter.close()
    counter.close()
    with sqlite_database.reading() as transaction:
        assert recent(transaction, NOW) == [Seen(Sign.API_TOKEN, "a", "", 2)]


def test_a_lecture_hall_that_mistypes_is_no_intruder() -> None:
    hall = [Seen(Sign.ROOM_PASSWORD, "hall", "room", 60), Seen(Sign.SIGN_IN, "hall", "", 20)]
    elsewhere = [Seen(Sign.SIGN_IN, f"home {n}", f"person {n}", 3) for n in range(50)]
    at_two_places = [Seen(Sign.KEY_USED, place, "key", 4) for place in ("office", "home")]
    assert alarms([*hall, *elsewhere, *at_two_places]) == []


def test_bursts_are_signs() -> None:
    assert alarms(
        [
            Seen(Sign.SIGN_IN, "a", "one", 15),
            Seen(Sign.SIGN_IN, "a", "two", 15),
            Seen(Sign.MEDIA_TOKEN, ELSEWHERE, "", 1000),
            *(Seen(Sign.SIGN_IN, f"bot {n}", "victim", 1) for n in range(20)),
            *(Seen(Sign.KEY_USED, f"place {n}", "key", 1) for n in range(4)),
        ]
    ) == [
        Alarm(Sign.KEY_USED, "subject", "key", 4),
        Alarm(Sign.MEDIA_TOKEN, "all", "", 1000),
        Alarm(Sign.SIGN_IN, "address", "a", 30),
        Alarm(Sign.SIGN_IN, "subject", "victim", 20),
    ]


def test_every_refusal_has_a_limit() -> None:
    assert set(intrusion_signs.FROM_ONE_ADDRESS) == set(Sign) - {Sign.KEY_USED}


@pytest.mark.parametrize("by", ["address", "subject"])
def test_too_many_to_name_are_one_alarm(by: str) -> None:
    def seen(number: int) -> Seen:
        return (
            Seen(Sign.SIGN_IN, f"a{number}", "", 30)
            if by == "address"
            else Seen(Sign.SIGN_IN, "elsewhere", f"s{number}", 20)
        )

    few = alarms([seen(number) for number in range(MOST_OF_A_KIND)])
    assert sum(one.by == by for one in few) == MOST_OF_A_KIND
    many = alarms([seen(number) for number in range(600)])
    assert many == [Alarm(Sign.SIGN_IN, "all", "", 600 * (30 if by == "address" else 20))]
    links = alarms([Seen(Sign.USED_LINK, f"a{number}", "", 10) for number in range(21)])
    assert links == [Alarm(Sign.USED_LINK, "all", "", 210)]  # whose sum alone is no alarm


def test_each_key_that_may_be_stolen_is_named() -> None:
    seen = [Seen(Sign.KEY_USED, f"a{place}", f"k{key}", 1) for key in range(30) for place in range(4)]
    assert len(alarms(seen)) == 30


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stretch_is_five_minutes(at: datetime) -> None:
    begun = stretch_of(at)
    assert timedelta(0) <= at - begun < timedelta(minutes=5)
    assert stretch_of(begun) == begun


SEEN = st.builds(
    Seen,
    st.sampled_from([Sign.SIGN_IN, Sign.KEY_USED]),
    st.sampled_from(["a", "b", "c", "d", "e", ELSEWHERE]),
    st.sampled_from(["", "x", "y"]),
    st.integers(1, 40),
)


@given(st.lists(SEEN, max_size=12))
def test_the_sums_do_not_depend_on_how_they_are_split(seen: list[Seen]) -> None:
    joined: Counter[tuple[Sign, str, str]] = Counter()
    for one in seen:
        joined[one.kind, one.address, one.subject] += one.count
    assert alarms(seen) == alarms([Seen(*key, count) for key, count in joined.items()])
