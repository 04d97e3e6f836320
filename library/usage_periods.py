"""Days, weeks and months in the server's zone, in which usage is added up. Pure.

A lecture at nine in Tokyo is not yesterday's: a period begins at midnight of the zone it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Span(StrEnum):
    """How long a period is. Weeks begin on Mondays (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """`first`: its first day, `after`: the day after its last."""

    span: Span
    first: date
    after: date

    def bounds(self, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """Its begin and end as moments; `zone` None: the server's own."""
        return _midnight(self.first, zone), _midnight(self.after, zone)

    @property
    def before(self) -> Period:
        return period_of(self.span, self.first - timedelta(days=1))


def period_of(span: Span, day: date) -> Period:
    """The one that `day` lies in."""
    if span is Span.DAY:
        return Period(span, day, day + timedelta(days=1))
    if span is Span.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(span, monday, monday + timedelta(days=7))
    first = day.replace(day=1)
    return Period(span, first, (first + timedelta(days=31)).replace(day=1))


def back_from(span: Span, day: date, count: int) -> Iterator[Period]:
    """`count` periods, the one that `day` lies in first."""
    period = period_of(span, day)
    for _ in range(count):
        yield period
        period = period.before


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    moment = datetime.combine(day, time())
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
