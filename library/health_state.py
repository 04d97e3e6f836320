"""What the watching process knows, in one file of the storage: written by it alone, read by web processes.

No database: that is one of the things looked at. A file that is missing or torn counts as none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from library.alarm_states import Alarm, Details
from library.lasting_file import sync_folder

FILE = Path("health") / "state.json"
CHANGES_KEPT = 50
RECENT_KEPT = 120
# In the order in which pages list them.
CHECKS = (
    "supervisor",
    "recorder",
    "web",
    "worker",
    "watch",
    "database",
    "address",
    "chain",
    "certificate",
    "clock",
    "disk",
    "jobs",
    "backup",
    "mail",
    "webhook",
)
SERVICE = "service"  # in availability: all that a lecture needs


class State(StrEnum):
    GOOD = "good"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at one thing found. `reason`: a word, "" where all is well. `figures`: small values."""

    check: str
    state: State
    reason: str = ""
    figures: Details = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check as it stands: its newest finding, `since` when it is so, and what it was before.

    `changes`: `[at, state, reason]`, newest last; `recent`: a letter for each of the last looks (g b s).
    """

    finding: Finding
    at: datetime
    since: datetime
    changes: tuple[tuple[str, str, str], ...] = ()
    recent: str = ""

    def then(self, finding: Finding, now: datetime) -> Checked:
        """After another look."""
        is_same = (finding.state, finding.reason) == (self.finding.state, self.finding.reason)
        changes = self.changes if is_same else (*self.changes, _change(finding, now))[-CHANGES_KEPT:]
        recent = (self.recent + finding.state[0])[-RECENT_KEPT:]
        return Checked(finding, now, self.since if is_same else now, changes, recent)


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm, and which channels have told what of it (`mail:trouble` → when). `ours`: the watching process
    raised it; else the database says what becomes of it. `saved`: the database has it like this.
    """

    alarm: Alarm
    told: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True
    saved: bool = False


@dataclass(frozen=True, slots=True)
class HealthState:
    """`at`: of the newest look. `stopped`: it was told to end. `supervisor`: its process id, and how often
    each of its processes had ended. `disk`: `[unix seconds, free bytes]`, about one an hour. `days`: of each
    day and check the seconds good, bad, skipped; those of the last days, which the database may lack.
    """

    at: datetime | None = None
    stopped: bool = False
    supervisor: Mapping[str, int] = field(default_factory=dict)
    checks: Mapping[str, Checked] = field(default_factory=dict)
    alarms: tuple[Told, ...] = ()
    disk: tuple[tuple[float, int], ...] = ()
    days: Mapping[str, Mapping[str, tuple[float, float, float]]] = field(default_factory=dict)

    def with_finding(self, finding: Finding, now: datetime) -> HealthState:
        known = self.checks.get(finding.check)
        checked = known.then(finding, now) if known is not None else first_of(finding, now)
        return replace(self, checks={**self.checks, finding.check: checked})


def first_of(finding: Finding, now: datetime) -> Checked:
    return Checked(finding, now, now, (_change(finding, now),), finding.state[0])


def load(storage: Path) -> HealthState:
    """As it was written last; nothing known where there is no such file, or another version's."""
    try:
        return _read(json.loads((storage / FILE).read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        return HealthState()


def save(storage: Path, state: HealthState) -> None:
    """Replace the file, whole or not at all. Raises OSError."""
    path = storage / FILE
    path.parent.mkdir(mode=0o750, exist_ok=True)
    temporary = path.with_suffix(".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(state), file, default=_iso)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def _iso(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} has no place in the file")
    return value.isoformat()


def _change(finding: Finding, now: datetime) -> tuple[str, str, str]:
    return now.isoformat(), finding.state, finding.reason


def _read(told: Mapping[str, Any]) -> HealthState:
    return HealthState(
        at=_moment(told["at"]),
        stopped=bool(told["stopped"]),
        supervisor=told["supervisor"],
        checks={name: _checked(one) for name, one in told["checks"].items()},
        alarms=tuple(
            Told(alarm_of(one["alarm"]), one["told"], one["ours"], one["saved"]) for one in told["alarms"]
        ),
        disk=tuple((at, free) for at, free in told["disk"]),
        days={
            day: {name: (good, bad, skipped) for name, (good, bad, skipped) in one.items()}
            for day, one in told["days"].items()
        },
    )


def _checked(told: Mapping[str, Any]) -> Checked:
    found = told["finding"]
    finding = Finding(found["check"], State(found["state"]), found["reason"], found["figures"])
    changes = tuple((at, state, reason) for at, state, reason in told["changes"])
    at, since = datetime.fromisoformat(told["at"]), datetime.fromisoformat(told["since"])
    return Checked(finding, at, since, changes, told["recent"])


def alarm_of(told: Mapping[str, Any]) -> Alarm:
    """From values of JSON."""
    times = {"since", "quiet_since", "told_at", "recovered_at", "recovery_told_at"}
    names = (one.name for one in fields(Alarm))
    values: dict[str, Any] = {name: _moment(told[name]) if name in times else told[name] for name in names}
    return Alarm(**values)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
