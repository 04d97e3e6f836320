"""What becomes of the recording of a lecture, and when: pure rules, no clock but the one that is given.

The organization says whether lectures are kept at all; where it leaves the choice, the lecturer says whether
a recording is published. What is not wanted is held for a while, for it cannot be held again once it is gone.
A wall clock may be wrong: `Reading` says when it may be trusted with what cannot be undone. Decision 0019.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

TRASH_TIME = timedelta(days=30)
RECONNECT_TIME = timedelta(seconds=60)  # after its end, for which the recorder remembers who held it
STEADY_TIME = timedelta(days=1)
LONGEST_GAP = timedelta(days=1)  # between two readings: a night, when the machine is off
_SHORTEST_GAP = -timedelta(minutes=1)  # clocks are set back by a little


class RecordingRule(StrEnum):
    """Of an organization. `always`: every recording is published. `choice`: as the lecturer says, with a copy
    that is held for a while. `off`: nothing is kept.
    """

    ALWAYS = "always"
    CHOICE = "choice"
    OFF = "off"


class Kept(StrEnum):
    """`published`: a recording like any other. `held`: for the room's owner alone, for a while. `none`: it
    goes as soon as the lecture is over.
    """

    PUBLISHED = "published"
    HELD = "held"
    NONE = "none"


class Removal(StrEnum):
    """Why a recording is removed for good: the organization keeps none, it was held and nobody claimed it,
    its owner said so, it was in the trash for TRASH_TIME.
    """

    ORGANIZATION = "organization"
    UNCLAIMED = "unclaimed"
    OWNER = "owner"
    TRASH = "trash"


class KeptRecording(Protocol):
    """What decides; `library.models.LectureSession` is one. `removal`: it has been decided already."""

    @property
    def phase(self) -> str: ...
    @property
    def kept(self) -> str: ...
    @property
    def held_until(self) -> datetime | None: ...
    @property
    def deleted_at(self) -> datetime | None: ...
    @property
    def removal(self) -> str | None: ...


def kept_as(rule: str, *, publish: bool) -> Kept:
    """What becomes of a lecture's recording. `publish`: its lecturer's wish."""
    if rule == RecordingRule.OFF:
        return Kept.NONE
    return Kept.PUBLISHED if publish or rule == RecordingRule.ALWAYS else Kept.HELD


def removal_due(recording: KeptRecording, now: datetime) -> Removal | None:
    """Why it is to be removed for good now; None: it stays, or that was said before. Never while it runs."""
    if recording.phase != "ended" or recording.removal is not None:
        return None
    if recording.kept == Kept.NONE:
        return Removal.ORGANIZATION
    if recording.deleted_at is not None and recording.deleted_at <= now - TRASH_TIME:
        return Removal.TRASH
    is_over = recording.held_until is not None and recording.held_until <= now
    return Removal.UNCLAIMED if recording.kept == Kept.HELD and is_over else None


@dataclass(frozen=True, slots=True)
class Reading:
    """A look at the wall clock. `steady`: for how long it has gone on without a jump, STEADY_TIME at most."""

    at: datetime
    steady: timedelta

    @property
    def is_trusted(self) -> bool:
        """Whether what is due by this reading may be removed: a day without a jump, seen again and again."""
        return self.steady >= STEADY_TIME


def read_on(last: Reading | None, now: datetime) -> Reading:
    """The reading after `last`. One that is more than a day later, or earlier, begins anew."""
    passed = now - last.at if last is not None else None
    if last is None or passed is None or not _SHORTEST_GAP <= passed <= LONGEST_GAP:
        return Reading(now, timedelta(0))
    return Reading(now, min(last.steady + max(passed, timedelta(0)), STEADY_TIME))
