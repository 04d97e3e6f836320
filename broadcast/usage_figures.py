"""What the page, the API and the tables of usage tell: figures of periods and of rooms, from the totals.

Within the caller's transaction; `organization_id` None: of the whole installation (operators).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from broadcast.csv_table import Row
from library import usage, usage_totals
from library.database import Database
from library.models import LectureSession, UsageTotal
from library.usage_periods import Period, Span, back_from
from people.models import Organization, Room, User

COUNTS = {Span.DAY: 31, Span.WEEK: 27, Span.MONTH: 13}  # a year of months, half a year of weeks
ROOMS_SHOWN = 200
FIGURES = ("lectures", "visits", "viewers", "seconds", "phones", "tablets", "desktops", "others")
QUALITY = ("stalled_share", "smooth_share", "latency_ms", "kbps")


@dataclass(frozen=True, slots=True)
class Line:
    """Figures under a name: a period's, or a room's. `room`: its slug, None where it is gone."""

    name: str
    figures: dict[str, Any]
    room: str | None = None
    organization: str = ""


def periods(transaction: Session, organization_id: str | None, span: Span, today: date) -> list[Line]:
    """The newest first; also those in which nothing was watched."""
    chosen = list(back_from(span, today, COUNTS[span]))
    found = usage_totals.totals(transaction, organization_id, chosen)
    return [Line(one.first.isoformat(), figures_of(found.get(one.first))) for one in chosen]


def rooms(transaction: Session, organization_id: str | None, period: Period) -> list[Line]:
    """Those that were watched in a period, the most watched first."""
    found = usage_totals.rooms(transaction, organization_id, period)
    titles = {row.id: row for row in _rows(transaction, Room, {one.room_id for one in found})}
    names = {
        row.id: row.name for row in _rows(transaction, Organization, {one.organization_id for one in found})
    }
    return [
        Line(
            room.title if (room := titles.get(one.room_id)) is not None else "",
            figures_of(one),
            room.slug if room is not None and not room.uploads and room.deleted_at is None else None,
            names.get(one.organization_id, ""),
        )
        for one in found
    ]


def added_up_at(transaction: Session, period: Period) -> datetime | None:
    """Up to when the newest figures count."""
    key = (period.span.value, period.first.isoformat(), usage_totals.ALL, usage_totals.ALL)
    row = transaction.get(UsageTotal, key)
    return row.added_up_at if row is not None else None


def figures_of(row: UsageTotal | None) -> dict[str, Any]:
    """Shares from 0 to 1; None: nobody knows."""
    if row is None:
        return {**dict.fromkeys(FIGURES, 0), **dict.fromkeys(QUALITY)}
    others = row.visits - row.phones - row.tablets - row.desktops
    counts = {name: getattr(row, name) for name in FIGURES if name != "others"}
    return {
        **counts,
        "others": others,
        "stalled_share": round(row.stalled / (row.seconds + row.stalled), 4) if row.seconds else None,
        "smooth_share": round(row.smooth / row.visits, 4) if row.visits else None,
        "latency_ms": row.latency_ms,
        "kbps": row.kbps,
    }


HEADER = (
    *("lectures", "visits", "viewers", "hours_watched", "phones", "tablets", "desktops", "others"),
    *("stalled_share", "smooth_share", "latency_ms", "kbps"),
)


def cells(figures: dict[str, Any]) -> list[Any]:
    """As HEADER names them."""
    told = {**figures, "hours_watched": round(figures["seconds"] / 3600, 2)}
    return [told[name] for name in HEADER]


VISITS_HEADER = (
    *("began", "ended", "organization", "room", "recording", "title", "person", "viewer", "live", "device"),
    *("seconds_watched", "seconds_stalled", "stalls", "height", "kbps", "latency_ms"),
)


def visit_rows(
    database: Database, organization_id: str | None, begin: datetime, end: datetime
) -> Iterator[Row]:
    """Every visit of a time, for a table of any length. Raises DatabaseUnavailable."""
    names = Names()
    for piece in usage.visits(database, organization_id, begin, end):
        with database.reading() as transaction:
            names.learn(transaction, piece)
        for one in piece:
            yield visit_cells(one, names)


class Names:
    """What ids are called now, each asked for once; what is gone is "". One per table."""

    def __init__(self) -> None:
        self._known: dict[Any, dict[str, str]] = {
            column: {} for column in (Organization.slug, Room.slug, LectureSession.title, User.user_id)
        }

    def learn(self, transaction: Session, visits: Sequence[Any]) -> None:
        """Those that stand in these visits."""
        self._ask(transaction, Organization, Organization.slug, {one.organization_id for one in visits})
        self._ask(transaction, Room, Room.slug, {one.room_id for one in visits}, Room.removed_at.is_(None))
        self._ask(transaction, LectureSession, LectureSession.title, {one.session_id for one in visits})
        self._ask(transaction, User, User.user_id, {one.user_id for one in visits})

    def of(self, column: Any, identity: str | None) -> str:
        return self._known[column][identity] if identity is not None else ""

    def _ask(
        self, transaction: Session, table: Any, column: Any, ids: set[str | None], *there: ColumnElement[bool]
    ) -> None:
        known = self._known[column]
        fresh = [one for one in ids if one is not None and one not in known]
        if fresh:
            found = transaction.execute(select(table.id, column).where(table.id.in_(fresh), *there))
            known |= dict.fromkeys(fresh, "") | {row.id: row[1] for row in found}


def visit_cells(one: Any, names: Names) -> Row:
    """`one`: as `usage.visits` gives it."""
    return (
        one.started_at,
        one.ended_at,
        names.of(Organization.slug, one.organization_id),
        names.of(Room.slug, one.room_id),
        one.session_id,
        names.of(LectureSession.title, one.session_id),
        names.of(User.user_id, one.user_id),
        one.viewer,
        one.live,
        one.device,
        one.seconds,
        one.stalled,
        one.stalls,
        one.height,
        one.kbps,
        one.latency_ms,
    )


def _rows(transaction: Session, table: Any, ids: Iterable[str]) -> Sequence[Any]:
    return transaction.scalars(select(table).where(table.id.in_(set(ids)))).all()
