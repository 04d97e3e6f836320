"""What looks find becomes state, alarms, messages and sums; each channel hears of each once. Own clocks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from library import alarms, health_state
from library.alarm_states import Alarm, Notice
from library.availability import Month, counted, months
from library.database import Database, DatabaseUnavailable
from library.health_state import SERVICE, Finding, HealthState, State
from operation.health.alarm_book import MOST, AlarmBook
from operation.health.channels import MailChannel, NotTold, WebhookChannel
from operation.health.disk_forecast import growth, sampled, seconds_left
from operation.health.exchanger import ROWS_KEPT, Exchanger
from operation.health.teller import Teller
from operation.health.watch_process import Watch
from operation.health.watcher import Watcher, was_off
from people.intrusion_signs import Alarm as Intrusion
from people.intrusion_signs import Sign
from settings import Settings
from tests.mail_server import running_mail_server
from tests.webhook_server import SECRET, WebhookServer, running_webhook_server

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
GOOD, BAD, SKIPPED = State.GOOD, State.BAD, State.SKIPPED


class Stage:
    """A watcher whose time is turned by hand, with two channels that are told or not as the test says."""

    def __init__(self, storage: Path, *channels: str) -> None:
        self.storage, self.channels = storage, channels or ("mail", "hook")
        self.now, self.passed = NOW, 0.0
        self.told: list[tuple[str, str, Notice]] = []
        self.begin()

    def begin(self) -> None:
        """Also again: a new process goes on from the file."""
        self.watcher = Watcher(
            self.storage, self.channels, longest_gap=90.0, clock=lambda: self.now, steady=lambda: self.passed
        )

    def look(self, *findings: Finding, seconds: float = 30.0) -> None:
        self.now += timedelta(seconds=seconds)
        self.passed += seconds
        self.watcher.take(findings)

    def tell(self, channel: str) -> list[tuple[str, Notice]]:
        heard = []
        while due := self.watcher.due(channel):
            alarm, notice = due[0]
            self.watcher.has_told(channel, due[:1])
            heard.append((alarm.kind, notice))
        return heard


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_each_channel_hears_of_trouble_and_of_its_end_once(stage: Stage) -> None:
    stage.look(Finding("worker", GOOD))
    stage.look(Finding("worker", BAD, "ended", {"process": "worker", "how": "SIGKILL"}))
    assert stage.tell("mail") == [("health.worker", Notice.TROUBLE)]
    stage.look(Finding("worker", BAD, "ended"))
    assert stage.tell("mail") == []
    stage.look(Finding("worker", GOOD))
    assert stage.tell("mail") == [("health.worker", Notice.RECOVERY)]
    # The other one was away all the time.
    assert stage.tell("hook") == [("health.worker", Notice.TROUBLE), ("health.worker", Notice.RECOVERY)]
    assert stage.tell("mail") + stage.tell("hook") == []


def test_a_process_that_begins_anew_tells_nothing_twice(stage: Stage) -> None:
    stage.look(Finding("database", BAD, "away"))
    assert stage.tell("mail") == [("health.database", Notice.TROUBLE)]
    stage.begin()
    assert stage.tell("mail") == []
    assert stage.tell("hook") == [("health.database", Notice.TROUBLE)]
    stage.look(Finding("database", GOOD))
    assert stage.tell("mail") == [("health.database", Notice.RECOVERY)]


def test_a_channel_that_is_new_hears_of_what_is_open_alone(stage: Stage) -> None:
    stage.look(Finding("clock", BAD, "off"), Finding("worker", BAD, "ended"))
    stage.look(Finding("clock", GOOD))
    for channel in stage.channels:
        stage.tell(channel)
    stage.channels = (*stage.channels, "another")
    stage.begin()
    assert stage.tell("another") == [("health.worker", Notice.TROUBLE)]


def test_what_was_not_looked_at_is_neither_trouble_nor_its_end(stage: Stage) -> None:
    stage.look(Finding("chain", BAD, "no_picture"))
    stage.look(Finding("chain", SKIPPED, "disk_floor"))
    stage.look(Finding("clock", SKIPPED, "nobody_tells"))
    assert stage.tell("mail") == [("health.chain", Notice.TROUBLE)]


@pytest.mark.parametrize(
    ("check", "why"), [("chain", "off"), ("certificate", "no_tls"), ("clock", "nobody_tells")]
)
def test_what_is_looked_at_no_more_by_choice_is_no_trouble_any_more(
    stage: Stage, check: str, why: str
) -> None:
    stage.look(Finding(check, BAD, "failed"))
    stage.look(Finding(check, SKIPPED, why))
    assert [notice for _, notice in stage.tell("mail")] == [Notice.TROUBLE, Notice.RECOVERY]


@pytest.mark.parametrize("why", ["starting", "database", "disk_floor", "full", "no_report"])
def test_what_could_not_be_looked_at_just_now_stays_as_it_is(stage: Stage, why: str) -> None:
    stage.look(Finding("chain", BAD, "no_picture"))
    stage.look(Finding("chain", SKIPPED, why))
    assert [notice for _, notice in stage.tell("mail")] == [Notice.TROUBLE]


def is_webhook(stage: Stage) -> State | None:
    known = stage.watcher.state.checks.get("webhook")
    return known.finding.state if known is not None else None


def test_one_webhooks_success_says_nothing_of_anothers(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "mail", "webhook-a", "webhook-b")
    for channel, error in (("a", "HTTP 500"), ("b", "HTTP 404"), ("a", "HTTP 500")):
        stage.watcher.telling_went("webhook", f"webhook-{channel}", error)
    stage.watcher.telling_went("webhook", "webhook-b", "")
    assert is_webhook(stage) is BAD
    assert stage.watcher.state.checks["webhook"].finding.figures["error"] == "HTTP 500"
    stage.begin()
    stage.watcher.telling_went("webhook", "webhook-b", "")
    assert is_webhook(stage) is BAD
    stage.watcher.telling_went("webhook", "webhook-a", "")
    assert is_webhook(stage) is GOOD
    assert stage.tell("mail") == [("health.webhook", Notice.TROUBLE), ("health.webhook", Notice.RECOVERY)]


@pytest.mark.parametrize("now", [("mail",), ("mail", "webhook-right")])
def test_a_webhook_that_was_put_right_or_removed_is_no_trouble_any_more(
    tmp_path: Path, now: tuple[str, ...]
) -> None:
    stage = Stage(tmp_path, "mail", "webhook-wrong")
    stage.watcher.telling_went("webhook", "webhook-wrong", "HTTP 404")
    stage.channels = now
    stage.begin()
    assert is_webhook(stage) is None
    assert stage.tell("mail") == [("health.webhook", Notice.TROUBLE), ("health.webhook", Notice.RECOVERY)]
    if len(now) > 1:
        stage.watcher.telling_went("webhook", "webhook-right", "")
        assert is_webhook(stage) is GOOD and stage.tell("mail") == []


def test_backups_raise_their_alarms_themselves(stage: Stage) -> None:
    stage.look(Finding("backup", BAD, "late"))
    assert stage.tell("mail") == []


def test_intrusions_are_alarms_while_they_last(stage: Stage) -> None:
    sign = Intrusion(Sign.SIGN_IN, "address", "192.0.2.7", 31)
    stage.watcher.take_intrusions([sign])
    stage.watcher.take_intrusions([Intrusion(Sign.SIGN_IN, "address", "192.0.2.7", 60)])
    assert stage.tell("mail") == [("intrusion.sign_in", Notice.TROUBLE)]
    stage.watcher.take_intrusions([])
    assert stage.tell("mail") == [("intrusion.sign_in", Notice.RECOVERY)]


def test_of_many_alarms_none_that_is_open_is_forgotten(stage: Stage) -> None:
    many = [Intrusion(Sign.SIGN_IN, "address", f"198.51.{n // 256}.{n % 256}", 31) for n in range(MOST + 20)]
    for _ in range(3):
        stage.watcher.take_intrusions(many)
        stage.look()
    assert len({one.alarm.subject for one in stage.watcher.state.alarms}) == MOST + 20
    assert len(stage.watcher.state.alarms) == MOST + 20


def test_what_is_over_and_saved_makes_room(sqlite_database: Database) -> None:
    book = AlarmBook((), ["mail"])
    for n in range(MOST + 5):
        book.found("intrusion.sign_in", str(n), {}, NOW)
    for n in range(10):
        book.not_found("intrusion.sign_in", str(n), NOW)
    for _ in range(2):
        for alarm, notice in book.due("mail"):
            book.has_told("mail", alarm, notice, NOW)
    book.settle(NOW)
    assert len(book.entries) == MOST + 5  # the database has none of them yet
    exchange(book, sqlite_database)
    book.settle(NOW)
    assert len(book.entries) == MOST and sum(not one.alarm.is_open for one in book.entries) == 5
    exchange(book, sqlite_database)
    assert len(book.entries) == MOST


class CountingChannel:
    """Takes some at a time."""

    name = check = "mail"

    def __init__(self, at_once: int) -> None:
        self.at_once, self.told = at_once, list[int]()

    def tell(self, due: Any) -> None:
        self.told.append(len(due))

    def test(self) -> None: ...


@pytest.mark.parametrize(("at_once", "told"), [(20, [12]), (1, [1] * 12)])
def test_what_goes_out_together_is_written_down_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, at_once: int, told: list[int]
) -> None:
    stage.look(*(Finding(f"check-{n}", BAD, "failed") for n in range(12)))
    saved: list[HealthState] = []
    monkeypatch.setattr(health_state, "save", lambda _, state: saved.append(state))
    channel = CountingChannel(at_once)
    outcomes: list[str] = []
    teller = Teller(
        channel, stage.watcher.due, stage.watcher.has_told, lambda _, error: outcomes.append(error)
    )
    assert teller._tell_all() and outcomes == [""]
    assert channel.told == told and len(saved) == len(told)
    assert stage.watcher.due("mail") == []


def test_old_alarms_leave_the_database_once_a_day(stage: Stage, sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        for kind, at in (("backup.late", NOW - 2 * ROWS_KEPT), ("backup.failed", NOW)):
            alarms.raise_alarm(transaction, kind, now=at)
            alarms.clear_alarm(transaction, kind, now=at)
    exchanger = Exchanger(stage.watcher, sqlite_database, lambda: stage.now)
    exchanger.exchange()
    with sqlite_database.reading() as transaction:
        assert [one.kind for one in alarms.latest(transaction, None)] == ["backup.failed"]
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.late", now=NOW - 2 * ROWS_KEPT)
        alarms.clear_alarm(transaction, "backup.late", now=NOW - 2 * ROWS_KEPT)
    for after, left in ((timedelta(hours=23), 2), (timedelta(hours=2), 1)):
        stage.now += after
        exchanger.exchange()
        with sqlite_database.reading() as transaction:
            assert len({one.kind for one in alarms.latest(transaction, None)}) == left


def test_history_keeps_changes_and_the_last_looks(stage: Stage) -> None:
    for number in range(200):
        stage.look(Finding("web", BAD if number % 50 == 49 else GOOD, "silent" if number % 50 == 49 else ""))
    checked = health_state.load(stage.storage).checks["web"]
    assert len(checked.recent) == health_state.RECENT_KEPT and checked.recent.endswith("gb")
    assert [state for _, state, _ in checked.changes] == ["good", "bad"] * 4
    assert checked.since == checked.at == stage.now


def test_time_is_counted_as_the_look_at_its_end_says(stage: Stage) -> None:
    for state in (GOOD, GOOD, BAD, SKIPPED, GOOD):
        stage.look(Finding("supervisor", GOOD), Finding("address", state))
    stage.look(Finding("address", GOOD), seconds=3600.0)  # nobody looked for an hour
    days = health_state.load(stage.storage).days["2026-11-26"]
    assert days["address"] == (60.0, 30.0, 30.0)
    assert days[SERVICE][0] + days[SERVICE][1] == 120.0


def test_the_state_survives_the_file(stage: Stage) -> None:
    stage.look(Finding("disk", BAD, "low", {"free": 1, "growth": None}))
    stage.watcher.remember(supervisor={"pid": 7, "web": 1}, disk=((1.5, 100), (2.5, 90)))
    stage.tell("mail")
    stage.watcher.save()
    assert health_state.load(stage.storage) == stage.watcher.state


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"at": "x"}', '{"at": null, "stopped": false}'])
def test_a_torn_file_counts_as_none(tmp_path: Path, torn: str) -> None:
    (tmp_path / "health").mkdir()
    (tmp_path / health_state.FILE).write_text(torn)
    assert health_state.load(tmp_path) == HealthState()


def test_having_been_off_is_noticed_and_having_been_stopped_is_not(stage: Stage) -> None:
    stage.watcher.remember(supervisor={"pid": 7})
    stage.look(Finding("web", GOOD))
    left = health_state.load(stage.storage)
    later = stage.now + timedelta(hours=1)
    assert was_off(HealthState(), 8, later) is None  # the very first start
    assert was_off(left, 7, later) is None  # only the watching process was started again
    off = was_off(left, 8, later)
    assert off is not None and off["end"] == later.isoformat()
    stage.watcher.stop()
    assert was_off(health_state.load(stage.storage), 8, later) is None


# Exchange with the database


def exchange(book: AlarmBook, database: Database, now: datetime = NOW) -> None:
    with database.session() as transaction:
        book.exchange(transaction, now)
    with database.reading() as transaction:
        assert not book.needs_exchange(transaction)


def test_what_jobs_raise_is_told_and_so_is_its_end(sqlite_database: Database) -> None:
    book = AlarmBook((), ["mail"])
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.failed", now=NOW)
    exchange(book, sqlite_database)
    ((alarm, notice),) = book.due("mail")
    assert (alarm.kind, notice) == ("backup.failed", Notice.TROUBLE)
    book.has_told("mail", alarm, notice, NOW)
    exchange(book, sqlite_database)
    with sqlite_database.session() as transaction:
        assert alarms.unfinished(transaction)[0].told_at == NOW
        alarms.clear_alarm(transaction, "backup.failed", now=NOW + timedelta(minutes=1))
    exchange(book, sqlite_database)
    ((alarm, notice),) = book.due("mail")
    assert notice is Notice.RECOVERY
    book.has_told("mail", alarm, notice, NOW)
    exchange(book, sqlite_database)
    with sqlite_database.reading() as transaction:
        assert not alarms.unfinished(transaction)


def test_what_was_found_while_the_database_was_away_comes_into_it(sqlite_database: Database) -> None:
    book = AlarmBook((), ["mail"])
    book.found("health.database", "", {"reason": "away"}, NOW)
    book.not_found("health.database", "", NOW + timedelta(minutes=2))
    exchange(book, sqlite_database)
    with sqlite_database.reading() as transaction:
        (alarm,) = alarms.latest(transaction, None)
    assert not alarm.is_open and alarm.since == NOW


def test_a_lost_file_tells_nothing_twice(sqlite_database: Database) -> None:
    book = AlarmBook((), ["mail"])
    book.found("health.clock", "", {"reason": "off"}, NOW)
    ((alarm, notice),) = book.due("mail")
    book.has_told("mail", alarm, notice, NOW)
    exchange(book, sqlite_database)
    forgetful = AlarmBook((), ["mail"])
    exchange(forgetful, sqlite_database)
    assert forgetful.due("mail") == []
    forgetful.not_found("health.clock", "", NOW + timedelta(minutes=1))
    assert [notice for _, notice in forgetful.due("mail")] == [Notice.RECOVERY]


def told_on(book: AlarmBook, channel: str, now: datetime) -> list[tuple[str, Notice]]:
    heard = []
    while due := book.due(channel):
        book.has_told(channel, *due[0], now)
        heard.append((due[0][0].kind, due[0][1]))
    return heard


@pytest.mark.parametrize("by", ["itself", "a job"])
def test_what_a_dead_channel_never_took_is_given_up_for_good(sqlite_database: Database, by: str) -> None:
    book = AlarmBook((), ["mail", "dead"])
    if by == "itself":
        book.found("health.web", "", {}, NOW)
        book.not_found("health.web", "", NOW)
    else:
        with sqlite_database.session() as transaction:
            alarms.raise_alarm(transaction, "backup.failed", now=NOW)
            alarms.clear_alarm(transaction, "backup.failed", now=NOW)
    exchange(book, sqlite_database)
    assert [notice for _, notice in told_on(book, "mail", NOW)] == [Notice.TROUBLE, Notice.RECOVERY]
    exchange(book, sqlite_database)
    later = NOW + timedelta(days=7, seconds=1)
    for look in range(4):
        book.settle(later + look * timedelta(seconds=30))
        assert told_on(book, "mail", later) == told_on(book, "dead", later) == []
        exchange(book, sqlite_database, later)
        assert told_on(book, "mail", later) == told_on(book, "dead", later) == []
    assert book.entries == ()
    with sqlite_database.reading() as transaction:
        assert not alarms.unfinished(transaction)


def test_what_an_older_version_never_gave_up_is_told_no_more(sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.failed", now=NOW)
        alarms.clear_alarm(transaction, "backup.failed", now=NOW)
    book = AlarmBook((), ["mail"])
    exchange(book, sqlite_database, NOW + timedelta(days=8))
    assert book.due("mail") == []


def test_without_the_dead_channel_what_the_others_told_is_told(stage: Stage) -> None:
    stage.look(Finding("web", BAD, "silent"))
    stage.look(Finding("web", GOOD))
    assert stage.tell("mail") == [("health.web", Notice.TROUBLE), ("health.web", Notice.RECOVERY)]
    stage.channels = ("mail",)
    stage.begin()
    stage.look()
    (one,) = stage.watcher.state.alarms
    assert one.alarm.told_at is not None and one.alarm.recovery_told_at is not None
    assert stage.tell("mail") == []


def test_a_lost_file_tells_nothing_twice_of_what_jobs_raised(sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.failed", now=NOW)
    book = AlarmBook((), ["mail", "hook"])
    exchange(book, sqlite_database)
    for channel in ("mail", "hook"):
        assert told_on(book, channel, NOW) == [("backup.failed", Notice.TROUBLE)]
    exchange(book, sqlite_database)
    forgetful = AlarmBook((), ["mail", "hook"])
    exchange(forgetful, sqlite_database)
    assert forgetful.due("mail") == forgetful.due("hook") == []


def test_two_open_ones_of_a_kind_never_meet_in_the_database(sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "health.clock", now=NOW)
    book = AlarmBook((), ["mail"])
    book.found(
        "health.clock", "", {}, NOW + timedelta(minutes=1)
    )  # the file was lost, and there was no database
    exchange(book, sqlite_database, NOW + timedelta(minutes=2))
    with sqlite_database.reading() as transaction:
        assert [one.is_open for one in alarms.latest(transaction, None)] == [True, False]


class HangingDatabase:
    """Accepts whoever asks, and says nothing until it is let go: then it is away."""

    def __init__(self) -> None:
        self.asked, self.goes_on = threading.Semaphore(0), threading.Event()
        self.count = 0

    @contextmanager
    def reading(self) -> Iterator[Session]:
        self.count += 1
        self.asked.release()
        self.goes_on.wait(100)
        raise DatabaseUnavailable("it was away")
        yield

    session = reading


@pytest.fixture
def hanging() -> Iterator[Any]:
    database = HangingDatabase()
    yield database
    database.goes_on.set()


def soon(work: Callable[[], Any]) -> None:
    """It ends without waiting for anybody."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits"


def test_while_a_database_hangs_looks_are_taken_and_told(stage: Stage, hanging: Any) -> None:
    exchanger = Exchanger(stage.watcher, hanging)
    exchanger.open()
    exchanger.wake()
    assert hanging.asked.acquire(timeout=60)
    heard: list[tuple[str, Notice]] = []

    def look_and_tell() -> None:
        stage.look(Finding("database", BAD, "hung"))
        exchanger.wake()
        heard.extend(stage.tell("mail"))

    soon(look_and_tell)
    assert heard == [("health.database", Notice.TROUBLE)]
    assert hanging.count == 1


def test_an_exchange_that_hangs_in_the_middle_keeps_nobody(stage: Stage, hanging: Any) -> None:
    thread = threading.Thread(target=lambda: stage.watcher.exchange(hanging), daemon=True)
    thread.start()
    assert hanging.asked.acquire(timeout=60)
    soon(lambda: stage.look(Finding("database", BAD, "hung")))
    soon(lambda: stage.tell("mail"))
    hanging.goes_on.set()
    thread.join(60)
    assert stage.tell("mail") == [] and stage.tell("hook") == [("health.database", Notice.TROUBLE)]


def test_the_thread_that_looks_never_waits_for_the_database(tmp_path: Path, hanging: Any) -> None:
    settings = Settings.from_environment({"KODO_STORAGE": str(tmp_path), "KODO_LIVE_PROBE": "no"})
    watch = Watch(settings, hanging, threading.Event())
    watch._checks = {"clock": lambda: Finding("clock", GOOD)}
    watch._exchanger.open()
    for _ in range(3):
        soon(watch._look)
    assert hanging.asked.acquire(timeout=60) and hanging.count == 1
    assert watch._watcher.state.checks["clock"].recent == "ggg"


class SlowDatabase:
    """The stage's database; `meanwhile` happens when all was said to it, before it commits."""

    def __init__(self, database: Database, meanwhile: Callable[[], None]) -> None:
        self._database, self._meanwhile = database, meanwhile
        self.reading = database.reading

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._database.session() as transaction:
            yield transaction
            self._meanwhile()


def test_what_happens_during_an_exchange_is_kept(stage: Stage, sqlite_database: Database) -> None:
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.failed", details={"error": "1"}, now=NOW)
    stage.watcher.exchange(sqlite_database)
    with sqlite_database.session() as transaction:
        alarms.raise_alarm(transaction, "backup.failed", details={"error": "2"}, now=NOW)
    stage.look(Finding("web", BAD, "silent", {"n": 1}))

    def meanwhile() -> None:
        assert len(stage.tell("mail")) == len(stage.tell("hook")) == 2
        stage.look(Finding("web", BAD, "silent", {"n": 2}), Finding("clock", BAD, "off"))

    slow: Any = SlowDatabase(sqlite_database, meanwhile)
    stage.watcher.exchange(slow)
    known = {one.alarm.kind: one for one in stage.watcher.state.alarms}
    assert known["health.web"].alarm.details["n"] == 2 and not known["health.web"].saved
    assert known["backup.failed"].alarm.details == {"error": "2"}
    assert stage.tell("mail") == stage.tell("hook") == [("health.clock", Notice.TROUBLE)]
    stage.watcher.exchange(sqlite_database)
    assert all(one.saved for one in stage.watcher.state.alarms)
    with sqlite_database.reading() as transaction:
        rows = {one.kind: one for one in alarms.unfinished(transaction)}
    assert set(rows) == {"health.web", "health.clock", "backup.failed"}
    assert rows["backup.failed"].told_at and rows["health.web"].details == {"reason": "silent", "n": 2}


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=60))
def test_however_channels_come_and_go_nothing_is_told_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, bool, bool]]
) -> None:
    book = AlarmBook((), ["mail", "hook"])
    heard: list[tuple[str, str, Notice]] = []
    for number, (trouble, mail, hook) in enumerate(steps):
        now = NOW + number * timedelta(seconds=30)
        if trouble:
            book.found("health.web", "", {}, now)
        else:
            book.not_found("health.web", "", now)
        for channel, works in (("mail", mail), ("hook", hook)):
            for alarm, notice in book.due(channel) if works else ():
                book.has_told(channel, alarm, notice, now)
                heard.append((channel, alarm.id, notice))
        book.settle(now)
    assert len(heard) == len(set(heard))
    for channel, alarm_id, notice in heard:
        if notice is Notice.RECOVERY:
            assert (channel, alarm_id, Notice.TROUBLE) in heard[: heard.index((channel, alarm_id, notice))]


# Sums and forecasts


def test_a_month_counts_what_was_off_as_down() -> None:
    day = 86_400.0
    rows = [
        ("2026-10-30", "service", day / 2, 0.0, 0.0),  # the first day: began at noon
        ("2026-10-31", "service", day * 0.75, day * 0.25, 0.0),
        ("2026-11-02", "service", day / 2, 0.0, day / 2),  # and on the first the machine was off
    ]
    november, october = months(rows, datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert (october.good, october.bad, october.off) == (day * 1.25, day * 0.25, 0.0)
    assert (november.good, november.skipped, november.off) == (day / 2, day / 2, day * 1.5)
    assert november.share == 0.25
    assert Month("2026-11", "x", 0.0, 0.0, 5.0, 0.0).share is None


def test_midnight_parts_the_seconds() -> None:
    days = counted({}, "web", GOOD, datetime(2026, 11, 26, 0, 0, 10, tzinfo=UTC), 30.0)
    assert days["2026-11-26"]["web"] == (10.0, 0.0, 0.0) and days["2026-11-25"]["web"] == (20.0, 0.0, 0.0)


def test_the_disk_is_forecast_from_a_week() -> None:
    samples: tuple[tuple[float, int], ...] = ()
    for hour in range(24 * 10):
        for minute in (0, 30):
            at = (hour + minute / 60) * 3600.0
            samples = sampled(samples, at, 10**12 - round(at) * 1000)
    assert len(samples) == 24 * 7 + 1 or len(samples) == 24 * 7
    rate = growth(samples)
    assert rate == pytest.approx(1000.0)
    assert seconds_left(10**9, 0, rate) == pytest.approx(10**6)
    assert growth(samples[:3]) is None and seconds_left(1, 0, -5.0) is None


@hypothesis_settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.integers(0, 10**13)), max_size=50))
def test_a_forecast_never_fails(looks: list[tuple[float, int]]) -> None:
    samples: tuple[tuple[float, int], ...] = ()
    at = 1e9
    for step, free in looks:
        at += step
        samples = sampled(samples, at, free)
        left = seconds_left(free, 10**9, growth(samples))
        assert left is None or left >= 0


# Webhooks


@pytest.fixture
def hook() -> Iterator[WebhookServer]:
    with running_webhook_server() as server:
        yield server


def channel_to(hook: WebhookServer, tmp_path: Path) -> WebhookChannel:
    environment = {"KODO_STORAGE": str(tmp_path), "KODO_ALARM_WEBHOOK_SECRET": SECRET}
    return WebhookChannel(Settings.from_environment(environment), hook.url)


def test_a_webhook_is_signed_and_says_what_happened(hook: WebhookServer, tmp_path: Path) -> None:
    details = {"reason": "ended", "process": "web-1", "how": "SIGKILL"}
    channel_to(hook, tmp_path).tell([(Alarm("a1", "health.web", "", NOW, details=details), Notice.TROUBLE)])
    (posted,) = hook.posted
    assert posted.is_genuine and posted.headers["X-Kodo-Delivery"] == "a1-trouble"
    assert posted.values["text"] == "The process web-1 ended by itself (SIGKILL). It is started again."
    assert posted.values["details"] == details and posted.values["since"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("status", "location"), [(500, ""), (404, ""), (302, "http://169.254.169.254/latest")]
)
def test_what_a_webhook_does_not_take_is_not_told_and_nobody_is_sent_elsewhere(
    hook: WebhookServer, tmp_path: Path, status: int, location: str
) -> None:
    hook.status, hook.location = status, location
    with pytest.raises(NotTold, match=str(status)):
        channel_to(hook, tmp_path).tell([(Alarm("a", "health.web", "", NOW), Notice.TROUBLE)])
    assert len(hook.posted) == 1


def test_a_mail_that_one_receiver_has_is_not_sent_again(tmp_path: Path) -> None:
    due = [(Alarm("a", "health.web", "", NOW), Notice.TROUBLE)]
    with running_mail_server() as server:
        channel = MailChannel(server.settings(tmp_path, KODO_ALARM_MAIL="a@x.jp,later@x.jp"))
        server.busy = {"later@x.jp"}
        channel.tell(due)
        assert [one.to for one in server.taken] == [["a@x.jp"]]
        server.busy = {"a@x.jp", "later@x.jp"}
        with pytest.raises(NotTold, match="451"):
            channel.tell(due)


def test_a_webhooks_name_shows_nothing_of_its_address(tmp_path: Path) -> None:
    settings = Settings.from_environment({"KODO_ALARM_WEBHOOK": "https://hooks.example/T0/secret-part"})
    channel = WebhookChannel(settings, settings.alarm_webhooks[0])
    assert "secret" not in channel.name and "secret" not in json.dumps(repr(settings))
