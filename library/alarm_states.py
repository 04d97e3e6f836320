"""The life of one alarm, as a value: trouble is seen, told, over, and its end is told. Pure; no clock.

Trouble is told as soon as it is seen. An end that is followed by the same trouble again is believed more
slowly each time, so that what comes and goes tells of itself a few times and not all day (`hold`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

AGAIN_WITHIN = timedelta(hours=1)  # trouble so soon after its end is the same trouble, coming and going
FIRST_HOLD = timedelta(minutes=2)
LONGEST_HOLD = timedelta(hours=1)

Details = Mapping[str, str | int | float | bool | None]


class Notice(StrEnum):
    """What the people named are to be told next."""

    TROUBLE = "trouble"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`kind`: dotted words, as `backup.failed`; `subject`: what it is about, "" for the installation; of both
    at most one is open. `organization_id`: whose admins see it, None: operators alone.

    `since`: when the trouble was seen first. `again`: how often it came back soon after its end.
    `quiet_since`: from when on it was not seen any more; `recovered_at`: since when that is believed.
    """

    id: str
    kind: str
    subject: str
    since: datetime
    organization_id: str | None = None
    details: Details = field(default_factory=dict)
    again: int = 0
    quiet_since: datetime | None = None
    told_at: datetime | None = None
    recovered_at: datetime | None = None
    recovery_told_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.recovered_at is None


def raised(last: Alarm | None, fresh: Alarm) -> Alarm:
    """The alarm after trouble was seen at `fresh.since`: `last` while that is open, with the newest details,
    else `fresh`. `last`: the newest one of its kind and subject.
    """
    if last is None or not (last.is_open or _soon_after(last, fresh.since)):
        return fresh
    if last.is_open:
        return replace(last, details=fresh.details, quiet_since=None)
    return replace(fresh, again=last.again + 1)


def cleared(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm after its trouble was looked for and not seen; over once that has held (`hold`)."""
    if not alarm.is_open:
        return alarm
    since = alarm.quiet_since if alarm.quiet_since is not None and alarm.quiet_since <= now else now
    return settled(replace(alarm, quiet_since=since), now)


def settled(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm at `now`, when nobody looked: over, if it has been quiet for long enough."""
    is_over = alarm.quiet_since is not None and now - alarm.quiet_since >= hold(alarm.again)
    return replace(alarm, recovered_at=now) if alarm.is_open and is_over else alarm


def hold(again: int) -> timedelta:
    """For how long trouble must be quiet: not at all the first time, then 2 minutes, doubling to an hour."""
    return min(FIRST_HOLD * 2 ** min(again - 1, 16), LONGEST_HOLD) if again else timedelta(0)


def due(alarm: Alarm) -> Notice | None:
    """What is to be told now. Trouble that is over before it could be told is told all the same."""
    if alarm.told_at is None:
        return Notice.TROUBLE
    is_untold = alarm.recovered_at is not None and alarm.recovery_told_at is None
    return Notice.RECOVERY if is_untold else None


def told(alarm: Alarm, notice: Notice, now: datetime) -> Alarm:
    """The alarm after the people named were told."""
    if notice is Notice.TROUBLE:
        return replace(alarm, told_at=now)
    return replace(alarm, recovery_told_at=now)


def _soon_after(last: Alarm, now: datetime) -> bool:
    """A clock that was set back says nothing of how long ago it was: soon."""
    return last.recovered_at is not None and now - last.recovered_at < AGAIN_WITHIN
