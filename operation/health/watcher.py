"""What the looks find becomes state, alarms and sums: the watching process's one object, under one lock.

`take` is called with findings from the threads that look, `due` and `has_told` from those that tell. All that
must outlive the process is in the storage's file; what the database should have is brought there when it
answers, and nobody holds the lock meanwhile: a database may hang. Injected: clock, and what time has passed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from library import health_state
from library.alarm_states import Alarm, Details, Notice
from library.availability import counted
from library.database import Database, DatabaseUnavailable, utc_now
from library.health_state import SERVICE, Finding, HealthState, State
from operation.health.alarm_book import AlarmBook
from people.intrusion_signs import Alarm as Intrusion

log = logging.getLogger(__name__)

DAYS_KEPT = 3  # in the file; older sums are in the database alone
NEEDED = ("supervisor", "recorder", "web", "database", "address", "chain")  # for a lecture
# Nobody wants it looked at, or it is not there: no trouble. Other reasons say that it could not be looked at
# just now, and of trouble that they say nothing.
NOT_LOOKED_AT = frozenset({"off", "no_tls", "nobody_tells"})
TELLING = ("mail", "webhook")  # checks of channels, whose names begin so
SHOWN_ONLY = frozenset({"backup"})  # their jobs raise alarms of themselves


class Watcher:
    """`longest_gap`: seconds between two looks at one thing that still count as watched."""

    def __init__(
        self,
        storage: Path,
        channels: Sequence[str],
        *,
        longest_gap: float,
        clock: Callable[[], datetime] = utc_now,
        steady: Callable[[], float] = time.monotonic,
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        self._storage, self._longest_gap = storage, longest_gap
        self._clock, self._steady, self._on_news = clock, steady, on_news
        self._lock = threading.RLock()
        self.left = health_state.load(storage)  # by the process before this one
        self._state = replace(self.left, stopped=False)
        self._book = AlarmBook(self._state.alarms, tuple(channels), clock())
        self._looked_at: dict[str, float] = {}
        self._failing: dict[str, str] = {}  # channels, and why
        self._saved = True
        self._leave_former_channels(tuple(channels))

    @property
    def state(self) -> HealthState:
        return self._state

    def take(self, findings: Iterable[Finding]) -> None:
        """Note what was found, raise and clear alarms, count the time."""
        with self._lock:
            now = self._clock()
            for finding in findings:
                self._note(finding, now)
            self._book.settle(now)
            self.save()
        self._on_news()

    def take_intrusions(self, found: Iterable[Intrusion]) -> None:
        """The signs that are alarms now; those that are none any more are over."""
        with self._lock:
            now = self._clock()
            there = set()
            for one in found:
                kind, subject = f"intrusion.{one.kind}", f"{one.by}:{one.name}"[:200]
                there.add((kind, subject))
                self._book.found(kind, subject, {"by": one.by, "name": one.name, "count": one.count}, now)
            for kind, subject in self._book.open_of("intrusion.") - there:
                self._book.not_found(kind, subject, now)
            self.save()
        self._on_news()

    def telling_went(self, check: str, channel: str, error: str) -> None:
        """How telling went is a check of its own, and another channel tells of it: bad while any channel of
        it fails (`error`, "": it does not), each until it succeeds itself.
        """
        with self._lock:
            known = self._state.checks.get(check)
            had_failed = self._failing.pop(channel, None) is not None
            if error:
                self._failing[channel] = error[:200]
            of_check = {name: why for name, why in self._failing.items() if _check_of(name) == check}
            if of_check and (error or had_failed):
                figures = {"error": list(of_check.values())[-1], "channel": " ".join(of_check)}
                self.take([Finding(check, State.BAD, "undelivered", figures)])
            elif not of_check and (known is None or known.finding.state is State.BAD):
                self.take([Finding(check, State.GOOD)])

    def _leave_former_channels(self, channels: Sequence[str]) -> None:
        """What the settings name no more, or otherwise, fails no more."""
        checks = dict(self._state.checks)
        for check in TELLING:
            known = checks.get(check)
            if known is None:
                continue
            figures = known.finding.figures
            failed = str(figures.get("channel", "")).split() if known.finding.state is State.BAD else []
            still = [name for name in failed if name in channels]
            self._failing.update((name, str(figures.get("error", ""))) for name in still)
            is_any = any(_check_of(name) == check for name in channels)
            if not is_any or (known.finding.state is State.BAD and not still):
                del checks[check]
                self._book.not_found(f"health.{check}", "", self._clock())
        self._state = replace(self._state, checks=checks)

    def raise_alarm(self, kind: str, details: Details) -> None:
        """Apart from a look's finding."""
        with self._lock:
            self._book.found(kind, "", details, self._clock())
            self.save()
        self._on_news()

    def due(self, channel: str) -> list[tuple[Alarm, Notice]]:
        with self._lock:
            return self._book.due(channel)

    def has_told(self, channel: str, told: Iterable[tuple[Alarm, Notice]]) -> None:
        """It has told all of that, in one go."""
        with self._lock:
            for alarm, notice in told:
                self._book.has_told(channel, alarm, notice, self._clock())
            self.save()  # before the next thing is told: a crash must not tell it twice

    def exchange(self, database: Database) -> None:
        """Bring alarms to and from the database; while it is away the file has them.

        By one thread at a time. It may hang in the database for as long as it likes: what is found and told
        meanwhile is put together with what the database said when that is known.
        """
        with self._lock:
            now, before, book = self._clock(), self._book.entries, self._book.copy()
        try:
            with database.reading() as transaction:
                if not book.needs_exchange(transaction):
                    return
            with database.session() as transaction:
                book.exchange(transaction, now)
        except DatabaseUnavailable:
            return  # nothing of it was committed
        with self._lock:
            self._book.merge(before, book, self._clock())
            self.save()
        self._on_news()

    def remember(self, **changes: object) -> None:
        """Fields of the state that others own: `supervisor`, `disk`."""
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    def stop(self) -> None:
        with self._lock:
            self._state = replace(self._state, stopped=True)
            self.save()

    def save(self) -> None:
        """What no disk takes is kept in memory, and tried again with the next look."""
        self._state = replace(self._state, at=self._clock(), alarms=self._book.entries)
        try:
            health_state.save(self._storage, self._state)
        except OSError as error:
            if self._saved:
                log.error("what was found cannot be written: %s", error)
            self._saved = False
            return
        self._saved = True

    def _note(self, finding: Finding, now: datetime) -> None:
        known = self._state.checks.get(finding.check)
        if finding.state is not State.GOOD and (known is None or known.finding.state is not finding.state):
            level = logging.WARNING if finding.state is State.BAD else logging.INFO
            log.log(level, "%s: %s %s", finding.check, finding.reason, dict(finding.figures))
        self._state = self._state.with_finding(finding, now)
        self._count(finding.check, finding.state, now)
        if finding.check == "supervisor":
            self._count(SERVICE, self._service(), now)
        kind = f"health.{finding.check}"
        is_skipped = finding.state is State.SKIPPED and finding.reason not in NOT_LOOKED_AT
        if finding.check in SHOWN_ONLY or is_skipped:
            return
        if finding.state is State.BAD:
            self._book.found(kind, "", {"reason": finding.reason, **finding.figures}, now)
        else:
            self._book.not_found(kind, "", now)

    def _service(self) -> State:
        """Bad if anything is that a lecture needs, or has not started."""
        found = [checked.finding for name in NEEDED if (checked := self._state.checks.get(name)) is not None]
        is_bad = any(one.state is State.BAD or one.reason == "starting" for one in found)
        return State.BAD if is_bad else State.GOOD

    def _count(self, check: str, state: State, now: datetime) -> None:
        """The time since the last look at it, which is what this look says of it."""
        at = self._steady()
        passed = at - self._looked_at.get(check, at)
        self._looked_at[check] = at
        if 0 < passed <= self._longest_gap:
            oldest = (now - timedelta(days=DAYS_KEPT)).date().isoformat()
            days = {day: sums for day, sums in self._state.days.items() if day > oldest}
            self._state = replace(self._state, days=counted(days, check, state, now, passed))


def _check_of(channel: str) -> str:
    return channel.partition("-")[0]


def was_off(state: HealthState, supervisor_pid: int | None, now: datetime) -> Mapping[str, str] | None:
    """From when to when Kodo did not run without having been stopped; None: it was stopped, or only the
    watching process was started again.
    """
    if state.at is None or state.stopped or state.supervisor.get("pid") == supervisor_pid:
        return None
    return {"reason": "off", "begin": state.at.isoformat(), "end": now.isoformat()}
