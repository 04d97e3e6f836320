"""Usage history: a visit is one row whoever hears of it, what is old goes in pieces, a CSV has all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from broadcast.usage_log import UsageLog
from library import usage, usage_totals
from library.database import Database, DatabaseUnavailable
from library.models import Device, UsageTotal, Visit
from library.usage import Heard, Quality, device_of
from library.usage_periods import Span, back_from, period_of
from tests.library.large_usage import fill

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def heard(page: str = "page-one", at: datetime = AT, **told: object) -> Heard:
    quality = Quality(**{name: told.pop(name) for name in list(told) if hasattr(Quality(), name)})  # type: ignore[arg-type]
    first = Heard(
        organization_id="org",
        room_id="room",
        session_id="lecture",
        user_id=None,
        viewer=f"tab of {page}",
        page=page,
        live=True,
        device=Device.DESKTOP,
        started_at=at,
        ended_at=at,
        quality=quality,
    )
    return replace(first, **told)  # type: ignore[arg-type]


def write(database: Database, *visits: Heard) -> None:
    with database.session() as transaction:
        usage.write(transaction, visits)


def rows(database: Database) -> list[Visit]:
    with database.reading() as transaction:
        return list(transaction.scalars(select(Visit).order_by(Visit.started_at, Visit.id)))


def test_beacons_of_a_page_are_one_row_in_any_order_and_from_any_process(database: Database) -> None:
    later = AT + timedelta(minutes=10)
    write(database, heard(seconds=0, height=360), heard("page-two", seconds=30))
    write(database, heard(at=later, seconds=590, stalled=4, stalls=2, kbps=900))
    write(database, heard(at=AT + timedelta(minutes=5), seconds=300, user_id="hana"))
    one = next(row for row in rows(database) if row.user_id == "hana")
    assert len(rows(database)) == 2
    assert (one.started_at, one.ended_at) == (AT, later)
    assert (one.seconds, one.stalled, one.stalls, one.height, one.kbps) == (590, 4, 2, 360, 900)


def test_no_page_has_played_longer_than_it_was_heard_of(database: Database) -> None:
    write(database, heard(seconds=100_000))
    write(database, heard("page-two", at=AT), heard("page-two", at=AT))
    write(database, heard("page-two", at=AT + timedelta(hours=1), seconds=500_000, stalled=500_000))
    claimed = sorted((row.seconds, row.stalled) for row in rows(database))
    assert claimed == [(60, 0), (3660, 3660)]


def test_a_row_tells_of_its_page_nothing_that_the_page_sent(database: Database) -> None:
    write(database, heard("0123456789abcdef0123456789abcdef"))
    (row,) = rows(database)
    assert "0123456789" not in f"{row.id} {row.viewer}"


def test_old_visits_go_in_pieces_with_pauses_and_the_others_stay(database: Database) -> None:
    write(database, *(heard(f"page-{n}", at=AT - timedelta(days=n)) for n in range(10)))
    pauses: list[float] = []
    removed = usage.remove_older(
        database, AT - timedelta(days=3), most_pieces=100, at_once=2, pause=pauses.append
    )
    assert (removed, len(rows(database)), len(pauses)) == (6, 4, 3)
    assert usage.next_piece(100, 0.05, 200) == 50 and usage.next_piece(12, 9.0, 200) == 10
    assert usage.next_piece(100, 0.001, 200) == 126 and usage.next_piece(190, 0.001, 200) == 200
    assert usage.remove_older(database, AT - timedelta(days=3), most_pieces=100) == 0
    assert usage.remove_older(database, AT, most_pieces=1, at_once=1, pause=pauses.append) == 1


def test_a_table_has_every_visit_once_across_its_pieces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "READ_AT_ONCE", 3)
    monkeypatch.setattr(usage, "READ_FIRST", 2)
    write(database, *(heard(f"page-{n}", at=AT + timedelta(seconds=n // 4)) for n in range(20)))
    write(database, heard("foreign", organization_id="other"))
    pieces = list(usage.visits(database, "org", AT, AT + timedelta(seconds=4)))
    found = [row.id for piece in pieces for row in piece]
    assert (len(found), len(set(found)), max(map(len, pieces))) == (16, 16, 3)
    assert sum(map(len, usage.visits(database, None, AT, AT + timedelta(days=1)))) == 21


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1", Device.PHONE),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/131.0 Mobile Safari/537.36", Device.PHONE),
        ("Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/131.0 Safari/537.36", Device.TABLET),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", Device.TABLET),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0 Safari/537.36", Device.DESKTOP),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", Device.DESKTOP),
        ("curl/8.5.0", Device.OTHER),
        ("", Device.OTHER),
    ],
)
def test_devices(agent: str, device: Device) -> None:
    assert device_of(agent) is device


# Periods


@given(st.dates(date(1999, 1, 1), date(2100, 1, 1)), st.sampled_from(Span))
def test_periods_lie_side_by_side(day: date, span: Span) -> None:
    one, before = list(back_from(span, day, 2))
    assert one.first <= day < one.after
    assert before.after == one.first
    assert period_of(span, one.after).first == one.after
    assert {period_of(span, day + timedelta(days=n)) for n in range((one.after - day).days)} == {one}


# Totals


@pytest.fixture
def month(database: Database) -> Database:
    """A month of the other organization's, too; one visit at the month's very begin in Tokyo."""
    begin = datetime(2026, 11, 1, tzinfo=TOKYO)
    write(
        database,
        heard("first", at=begin, seconds=60, latency_ms=1500, stalled=0),
        heard("late", at=begin - timedelta(seconds=1), seconds=60),
        heard("again", at=AT, user_id="hana", device=Device.PHONE, seconds=40, stalled=20, latency_ms=2500),
        heard("twice", at=AT, user_id="hana", session_id="another", seconds=50),
        heard("elsewhere", at=AT, room_id="annex", device=Device.TABLET, seconds=30),
        heard("foreign", at=AT, organization_id="other", room_id="theirs", seconds=10),
    )
    return database


def test_a_month_adds_up_by_room_organization_and_all_in_the_servers_zone(month: Database) -> None:
    usage_totals.add_up(month, AT + timedelta(minutes=1), TOKYO)
    period = period_of(Span.MONTH, AT.date())
    with month.reading() as transaction:
        ours = usage_totals.totals(transaction, "org", [period, period.before])
        every = usage_totals.totals(transaction, None, [period])[period.first]
        rooms = usage_totals.rooms(transaction, "org", period)
        assert usage_totals.rooms(transaction, "nowhere", period) == []
    one = ours[period.first]
    assert (one.visits, one.viewers, one.seconds, one.stalled, one.smooth) == (4, 3, 180, 20, 3)
    assert (one.phones, one.tablets, one.desktops, one.latency_ms, one.kbps) == (1, 1, 2, 2000, None)
    assert ours[period.before.first].visits == 1
    assert (every.visits, every.viewers) == (5, 4)
    assert [(row.room_id, row.visits) for row in rooms] == [("room", 3), ("annex", 1)]


def test_what_is_settled_is_not_added_up_again_and_removed_visits_stay_in_it(month: Database) -> None:
    after = datetime(2026, 12, 2, 12, tzinfo=TOKYO)
    done = usage_totals.add_up(month, after, TOKYO)
    assert period_of(Span.MONTH, AT.date()) in done
    assert usage_totals.add_up(month, after + timedelta(hours=1), TOKYO) == []
    usage.remove_older(month, after, most_pieces=10)
    assert usage_totals.add_up(month, after + timedelta(days=5), TOKYO) == []
    with month.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(Visit)) == 0
        assert transaction.scalar(select(func.sum(UsageTotal.visits)).where(UsageTotal.room_id != "")) > 0


def test_an_open_period_is_added_up_again_but_not_by_two_processes_at_once(month: Database) -> None:
    first = usage_totals.add_up(month, AT + timedelta(minutes=1), TOKYO)
    assert {period.span for period in first} == set(Span)
    assert usage_totals.add_up(month, AT + timedelta(minutes=1, seconds=10), TOKYO) == []
    write(month, heard("new", at=AT, seconds=10))
    again = usage_totals.add_up(month, AT + timedelta(minutes=3), TOKYO)
    assert period_of(Span.DAY, AT.date()) in again
    with month.reading() as transaction:
        key = ("day", "2026-11-10", "org", "")
        assert transaction.get_one(UsageTotal, key).visits == 4


def test_care_waits_for_a_clock_that_is_trusted(sqlite_database: Database) -> None:
    write(sqlite_database, heard(at=AT - timedelta(days=400)), heard("young"))
    care = usage_totals.UsageCare(sqlite_database, clock=lambda: AT, zone=UTC)
    care.step()
    assert len(rows(sqlite_database)) == 2
    with sqlite_database.session() as transaction:
        clock = {"id": 1, "at": AT - timedelta(minutes=1), "steady": 86_400.0}
        transaction.execute(insert(usage_totals.ClockReading), [clock])
    care.step()
    assert [row.started_at for row in rows(sqlite_database)] == [AT]


def test_a_database_that_is_away_loses_no_visit(sqlite_database: Database) -> None:
    path = sqlite_database.engine.url.database or ""
    log = UsageLog(sqlite_database)
    log.note(heard(seconds=0))
    Path(path).rename(path + ".away")
    with pytest.raises(DatabaseUnavailable):
        log.step()
    log.note(heard(at=AT + timedelta(minutes=1), seconds=50))
    Path(path + ".away").rename(path)
    log.close()
    log.close()
    (row,) = rows(sqlite_database)
    assert (row.started_at, row.seconds) == (AT, 50)


def test_a_history_of_many_visits_is_told_and_removed(database: Database) -> None:
    fill(database, "org", AT, 400, 4_000)
    usage_totals.add_up(database, AT, TOKYO, back={Span.MONTH: 15})
    with database.reading() as transaction:
        periods = list(back_from(Span.MONTH, AT.astimezone(TOKYO).date(), 15))
        found = usage_totals.totals(transaction, None, periods)
        rooms = usage_totals.rooms(transaction, "org", periods[1])
    assert sum(row.visits for row in found.values()) == 4_000
    assert sum(row.visits for row in rooms) == found[periods[1].first].visits == 310
    removed = usage.remove_older(database, AT - usage.KEPT, most_pieces=100, pause=lambda _: None)
    assert removed == 350
