"""For how long of each day a check found its thing well: pure sums, and what they make of a month.

Time in which nobody looked (the machine was off, or Kodo was) counts as *off*: it is available to nobody, so
the figure counts it as down, and the table shows it apart (decision 0027).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from library.health_state import State

Sums = tuple[float, float, float]
Days = Mapping[str, Mapping[str, Sums]]
DAY_SECONDS = 86_400.0


def counted(days: Days, check: str, state: State, until: datetime, seconds: float) -> Days:
    """With `seconds` that ended at `until` (UTC); what is before midnight belongs to the day before."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    today = min(seconds, (until - midnight).total_seconds())
    days = _added(days, until.date(), check, state, today)
    if seconds > today:
        days = _added(days, until.date() - timedelta(days=1), check, state, seconds - today)
    return days


def _added(days: Days, day: date, check: str, state: State, seconds: float) -> Days:
    good, bad, skipped = days.get(day.isoformat(), {}).get(check, (0.0, 0.0, 0.0))
    more = {State.GOOD: good, State.BAD: bad, State.SKIPPED: skipped}
    more[state] += seconds
    of_day = {
        **days.get(day.isoformat(), {}),
        check: (more[State.GOOD], more[State.BAD], more[State.SKIPPED]),
    }
    return {**days, day.isoformat(): of_day}


@dataclass(frozen=True, slots=True)
class Month:
    """Seconds of a month (`2026-11`), from the first probe ever on, until now."""

    month: str
    check: str
    good: float
    bad: float
    skipped: float
    off: float

    @property
    def share(self) -> float | None:
        """Of the time that is not skipped; None where there is none."""
        whole = self.good + self.bad + self.off
        return self.good / whole if whole > 0 else None


def months(rows: Iterable[tuple[str, str, float, float, float]], now: datetime) -> list[Month]:
    """`rows`: day, check, good, bad, skipped. The newest month first; on the first day nothing is off."""
    known: dict[str, dict[str, Sums]] = {}
    for day, check, *sums in rows:
        good, bad, skipped = sums
        known.setdefault(check, {})[day] = (good, bad, skipped)
    made = [month for check, days in known.items() for month in _months_of(check, days, now)]
    return sorted(made, key=lambda one: (one.month, one.check), reverse=True)


def _months_of(check: str, days: Mapping[str, Sums], now: datetime) -> Iterable[Month]:
    found: dict[str, list[float]] = {}
    first, today = date.fromisoformat(min(days)), now.date()
    for number in range((max(today, first) - first).days + 1):
        day = first + timedelta(days=number)
        good, bad, skipped = days.get(day.isoformat(), (0.0, 0.0, 0.0))
        passed = (
            DAY_SECONDS if day < today else (now - datetime.combine(today, time.min, UTC)).total_seconds()
        )
        off = max(0.0, passed - good - bad - skipped) if day > first else 0.0
        sums = found.setdefault(day.isoformat()[:7], [0.0] * 4)
        for place, seconds in enumerate((good, bad, skipped, off)):
            sums[place] += seconds
    return [Month(month, check, *sums) for month, sums in found.items()]
