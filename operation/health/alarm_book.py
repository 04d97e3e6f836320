"""The alarms that the watching process knows, and which channel has told what of them.

What it finds itself is raised here and copied into the database; what jobs raise there is taken up from it.
So trouble is told while the database is away, and once. Called under the watching process's lock, but for
`exchange`, which is called on a copy: a database may hang.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from library import alarms
from library.alarm_states import AGAIN_WITHIN, Alarm, Details, Notice, cleared, raised, settled, told
from library.database import exclusive, new_id, utc_now
from library.health_state import Told

OURS = ("health.", "intrusion.")
KEPT = timedelta(days=7)  # what is over and could not be told: then it is given up, which is written down
MOST = 500  # above that, of what is over and the database has


class AlarmBook:
    """`channels`: the names of all that tell; with none, the pages tell. `now`: when they are these."""

    def __init__(self, entries: Iterable[Told], channels: Sequence[str], now: datetime | None = None) -> None:
        self._entries = {one.alarm.id: one for one in entries}
        self._channels = tuple(channels)
        for one in self.entries:
            self._keep(one, now or utc_now())  # one that never took it may be no channel any more

    @property
    def entries(self) -> tuple[Told, ...]:
        return tuple(self._entries.values())

    def copy(self) -> AlarmBook:
        """One that knows the same, for an exchange."""
        return AlarmBook(self.entries, self._channels)

    def merge(self, before: Iterable[Told], exchanged: AlarmBook, now: datetime) -> None:
        """Take over what an exchange made of `before`, and keep what has happened here since."""
        old = {one.alarm.id: one for one in before}
        for id_, theirs in exchanged._entries.items():
            mine, was = self._entries.get(id_), old.get(id_)
            if mine is None:
                # Another of its kind raised meanwhile: the next exchange says which of the two counts.
                is_followed = theirs.ours and self._newest(theirs.alarm.kind, theirs.alarm.subject)
                if was is None and not is_followed:
                    self._entries[id_] = theirs
            elif mine == was:
                self._entries[id_] = theirs
            else:
                self._keep(_united(mine, theirs), now)

    def found(self, kind: str, subject: str, details: Details, now: datetime) -> None:
        """There is this trouble."""
        fresh = Alarm(new_id(), kind, subject, since=now, details=details)
        last = self._newest(kind, subject)
        alarm = raised(last.alarm if last is not None else None, fresh)
        if last is not None and last.alarm == alarm:
            return
        known = self._entries.get(alarm.id)
        self._keep(replace(known, alarm=alarm, saved=False) if known is not None else Told(alarm), now)

    def not_found(self, kind: str, subject: str, now: datetime) -> None:
        """It was looked for."""
        last = self._newest(kind, subject)
        if last is not None and last.alarm.is_open:
            self._change(last, cleared(last.alarm, now), now)

    def open_of(self, prefix: str) -> set[tuple[str, str]]:
        """Kinds and subjects of those that are open."""
        return {(a.kind, a.subject) for a in self._alarms() if a.is_open and a.kind.startswith(prefix)}

    def settle(self, now: datetime) -> None:
        """What time alone brings: ends that have held, and what need not be remembered any more."""
        for one in self.entries:
            if one.ours:
                self._change(one, settled(one.alarm, now), now)
        for one in self.entries:
            if not _is_past(one.alarm, now):
                continue
            if not _is_told(one.alarm):
                self._entries[one.alarm.id] = replace(one, alarm=_given_up(one.alarm, now), saved=False)
            elif one.saved:  # else the database would bring it back as one that nobody was told of
                del self._entries[one.alarm.id]
        finished = [
            one for one in self.entries if one.saved and _is_told(one.alarm) and not one.alarm.is_open
        ]
        for one in finished[: max(0, len(self._entries) - MOST)]:
            del self._entries[one.alarm.id]

    def due(self, channel: str) -> list[tuple[Alarm, Notice]]:
        """What the channel has to tell now, the oldest first."""
        ordered = sorted(self.entries, key=lambda one: (one.alarm.since, one.alarm.id))
        found = ((one.alarm, _due_on(one, channel)) for one in ordered)
        return [(alarm, notice) for alarm, notice in found if notice is not None]

    def has_told(self, channel: str, alarm: Alarm, notice: Notice, now: datetime) -> None:
        known = self._entries.get(alarm.id)
        if known is not None:
            marks = {**known.told, f"{channel}:{notice}": now.isoformat()}
            self._keep(replace(known, told=marks, saved=False), now)

    def exchange(self, transaction: Session, now: datetime) -> None:
        """Take up what jobs have raised and cleared in the database, and write there what it does not have.

        The caller has the transaction committed before it trusts that; raises DatabaseUnavailable.
        """
        exclusive(transaction, "alarms")
        for alarm in alarms.unfinished(transaction):
            if alarm.id not in self._entries and _is_past(alarm, now):
                alarms.save(transaction, _given_up(alarm, now))
            elif alarm.kind.startswith(OURS):
                self._take_back(transaction, alarm, now)
            else:
                self._take_up(transaction, alarm, now)
        for one in self.entries:
            if not one.saved:
                alarms.save(transaction, one.alarm)
                self._entries[one.alarm.id] = replace(one, saved=True)

    def needs_exchange(self, transaction: Session) -> bool:
        """Whether there is anything to write or to take up: a look that keeps nobody from writing."""
        there = {alarm.id: alarm for alarm in alarms.unfinished(transaction)}
        known = {one.alarm.id: one.alarm for one in self.entries}
        return any(not one.saved for one in self.entries) or any(
            known.get(id_) != alarm for id_, alarm in there.items()
        )

    def _take_up(self, transaction: Session, alarm: Alarm, now: datetime) -> None:
        over = settled(alarm, now)
        if over != alarm:
            alarms.save(transaction, over)
        known = self._entries.get(alarm.id)
        if known is None:
            self._keep(Told(over, told=self._all_marks(over), ours=False, saved=True), now)
            return
        mine = known.alarm
        merged = replace(
            over,
            told_at=mine.told_at or over.told_at,
            recovery_told_at=mine.recovery_told_at or over.recovery_told_at,
        )
        self._keep(replace(known, alarm=merged, saved=merged == over), now)

    def _take_back(self, transaction: Session, alarm: Alarm, now: datetime) -> None:
        """One of ours that the file knows no more (it was lost), or that was followed by another."""
        if alarm.id in self._entries:
            return
        last = self._newest(alarm.kind, alarm.subject)
        if last is None:
            self._entries[alarm.id] = Told(alarm, told=self._all_marks(alarm), saved=True)
            return
        over = replace(alarm, recovered_at=alarm.recovered_at or now, told_at=alarm.told_at or now)
        alarms.save(transaction, replace(over, recovery_told_at=alarm.recovery_told_at or now))

    def _all_marks(self, alarm: Alarm) -> dict[str, str]:
        marks = {Notice.TROUBLE: alarm.told_at, Notice.RECOVERY: alarm.recovery_told_at}
        return {
            f"{channel}:{notice}": at.isoformat()
            for channel in self._channels
            for notice, at in marks.items()
            if at is not None
        }

    def _change(self, one: Told, alarm: Alarm, now: datetime) -> None:
        if alarm != one.alarm:
            self._keep(replace(one, alarm=alarm, saved=False), now)

    def _keep(self, one: Told, now: datetime) -> None:
        """With what all channels have told by now."""
        for notice, at in (
            (Notice.TROUBLE, one.alarm.told_at),
            (Notice.RECOVERY, one.alarm.recovery_told_at),
        ):
            may_be_told = notice is Notice.TROUBLE or not one.alarm.is_open
            if at is None and may_be_told and all(f"{name}:{notice}" in one.told for name in self._channels):
                one = replace(one, alarm=told(one.alarm, notice, now), saved=False)
        self._entries[one.alarm.id] = one

    def _alarms(self) -> list[Alarm]:
        return [one.alarm for one in self.entries]

    def _newest(self, kind: str, subject: str) -> Told | None:
        mine = [one for one in self.entries if (one.alarm.kind, one.alarm.subject) == (kind, subject)]
        return max(mine, key=lambda one: (one.alarm.is_open, one.alarm.since), default=None)


def _united(mine: Told, theirs: Told) -> Told:
    """Of an alarm that was told of, or changed, during an exchange: what has become of it is known by whoever
    raised it, and what was told is known here.
    """
    newest = mine.alarm if mine.ours else theirs.alarm
    alarm = replace(
        newest,
        told_at=mine.alarm.told_at or theirs.alarm.told_at,
        recovery_told_at=mine.alarm.recovery_told_at or theirs.alarm.recovery_told_at,
    )
    marks = {**theirs.told, **mine.told}
    return replace(mine, alarm=alarm, told=marks, saved=theirs.saved and alarm == theirs.alarm)


def _due_on(one: Told, channel: str) -> Notice | None:
    """A channel that is new tells of what is open, not of what the others are done with."""
    if f"{channel}:{Notice.TROUBLE}" not in one.told:
        is_old = one.alarm.told_at is not None and not one.alarm.is_open
        return None if is_old else Notice.TROUBLE
    is_known = f"{channel}:{Notice.RECOVERY}" in one.told or one.alarm.recovery_told_at is not None
    return None if one.alarm.is_open or is_known else Notice.RECOVERY


def _is_told(alarm: Alarm) -> bool:
    """Nothing of it is left to tell."""
    return alarm.told_at is not None and alarm.recovery_told_at is not None


def _is_past(alarm: Alarm, now: datetime) -> bool:
    recovered = alarm.recovered_at
    return recovered is not None and now - recovered > (AGAIN_WITHIN if _is_told(alarm) else KEPT)


def _given_up(alarm: Alarm, now: datetime) -> Alarm:
    """Nobody else is told of it."""
    return replace(alarm, told_at=alarm.told_at or now, recovery_told_at=alarm.recovery_told_at or now)
