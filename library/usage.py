"""Usage history: which page watched which lecture, from when to when, with what and how well (decision 0028).

`Heard` is what beacons of a visit say together; `write` puts many into the table at once, as often as they
like, from any web process. `remove_older` takes what is older than a year away in small pieces. `visits`
reads them all, piece by piece, for a CSV of any length.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, bindparam, cast, delete, extract, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from library.database import Database
from library.models import Device, Visit

KEPT = timedelta(days=365)
ROWS_AT_ONCE = 200  # written in one transaction: some milliseconds in which others wait
REMOVED_AT_ONCE = 200
FEWEST_AT_ONCE = 10
HELD_SECONDS = 0.02  # that a piece may keep others from writing
PAUSE_SECONDS = 0.05  # between two removals: whoever waits to write gets in
READ_AT_ONCE = 5_000
READ_FIRST = 300  # so that a table begins to come at once
# What a page may claim to have played beyond the time that has passed since it was heard of first.
ALLOWANCE_SECONDS = 60

_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk|Android(?!.*Mobile)", re.IGNORECASE)
_PHONE = re.compile(r"iPhone|iPod|Mobile|Phone", re.IGNORECASE)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.IGNORECASE)
_NEWEST = ("height", "kbps", "latency_ms")  # the last one that was told counts


@dataclass(frozen=True, slots=True)
class Quality:
    """What a page says of its own playing so far; None: it does not say."""

    seconds: int = 0
    stalled: int = 0
    stalls: int = 0
    height: int | None = None
    kbps: int | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A visit as its beacons told it. `started_at`: when this process heard of it first, `ended_at`: last.

    `viewer`, `page`: random values of the tab and of the page's own life in it.
    """

    organization_id: str
    room_id: str
    session_id: str | None
    user_id: str | None
    viewer: str
    page: str
    live: bool
    device: Device
    started_at: datetime
    ended_at: datetime
    quality: Quality

    @property
    def id(self) -> str:
        """The same for all beacons of a page in one lecture, in every process; tells nothing of anybody."""
        return _digest(f"{self.page}\n{self.room_id}\n{self.session_id}\n{self.live}", 24)

    def going_on(self, newer: Heard) -> Heard:
        """With what a later beacon says; who signed in meanwhile is known from then on."""
        return replace(newer, started_at=self.started_at, user_id=newer.user_id or self.user_id)


def device_of(user_agent: str) -> Device:
    """Pure: an iPad that calls itself a Macintosh is one."""
    if _TABLET.search(user_agent):
        return Device.TABLET
    if _PHONE.search(user_agent):
        return Device.PHONE
    return Device.DESKTOP if _DESKTOP.search(user_agent) else Device.OTHER


def write(transaction: Session, visits: Sequence[Heard]) -> None:
    """Rows of new visits, and what is new of those that have one; idempotent.

    Of a row that is there only its own first moment bounds what a page may claim, for the process that heard
    of it then may have been another one.
    """
    if not visits:
        return
    is_sqlite = transaction.get_bind().dialect.name == "sqlite"
    column: Any = Visit.__table__.c
    insert: Any = (sqlite if is_sqlite else postgresql).insert(Visit)
    insert = insert.values({one.name: bindparam(f"new_{one.name}", type_=one.type) for one in column})
    # SQLite's of two values are no aggregates.
    larger, smaller = (func.max, func.min) if is_sqlite else (func.greatest, func.least)
    told = insert.excluded
    lasted = _seconds(told.ended_at, is_sqlite) - _seconds(column.started_at, is_sqlite) + ALLOWANCE_SECONDS
    changed: dict[str, Any] = {name: larger(column[name], told[name]) for name in ("ended_at", "stalls")}
    for name in ("seconds", "stalled"):
        changed[name] = larger(column[name], smaller(bindparam(f"told_{name}", type_=Integer()), lasted))
    changed |= {name: func.coalesce(told[name], column[name]) for name in (*_NEWEST, "user_id")}
    statement = insert.on_conflict_do_update(index_elements=["id"], set_=changed)
    # Always in one order: two processes that write the same rows would wait for each other (PostgreSQL).
    transaction.execute(statement, [_values(one) for one in sorted(visits, key=lambda one: one.id)])


def remove_older(
    database: Database,
    before: datetime,
    *,
    most_pieces: int,
    at_once: int = REMOVED_AT_ONCE,
    pause: Callable[[float], object] = time.sleep,
) -> int:
    """Remove what began before → how many, of at most `most_pieces` transactions with a pause after each.

    What goes is looked up before anybody has to wait, and a piece becomes smaller where it took its time: a
    busy disk is felt by whoever writes beside it. Raises DatabaseUnavailable.
    """
    removed, size = 0, at_once
    oldest = select(Visit.id).where(Visit.started_at < before).order_by(Visit.started_at)
    for _ in range(most_pieces):
        with database.reading() as transaction:
            ids = transaction.scalars(oldest.limit(size)).all()
        if not ids:
            break
        began = time.perf_counter()
        with database.session() as transaction:
            transaction.execute(delete(Visit).where(Visit.id.in_(ids)))
        removed += len(ids)
        size = next_piece(size, time.perf_counter() - began, at_once)
        pause(PAUSE_SECONDS)
    return removed


def next_piece(size: int, seconds: float, most: int) -> int:
    """Pure: how many after `size` that took so long: half of them, or a few more."""
    wanted = size // 2 if seconds > HELD_SECONDS else size + size // 4 + 1
    return max(FEWEST_AT_ONCE, min(wanted, most)) if most > FEWEST_AT_ONCE else most


def visits(
    database: Database, organization_id: str | None, begin: datetime, end: datetime
) -> Iterator[Sequence[Row[Any]]]:
    """Rows of those that began from `begin` to before `end`, oldest first, in pieces, a transaction each.

    `organization_id` None: of all. Raises DatabaseUnavailable.
    """
    query = select(*Visit.__table__.c).where(Visit.started_at < end).order_by(Visit.started_at, Visit.id)
    if organization_id is not None:
        query = query.where(Visit.organization_id == organization_id)
    here, most = Visit.started_at >= begin, READ_FIRST
    while True:
        with database.reading() as transaction:
            piece = transaction.execute(query.where(here).limit(most)).all()
        if piece:
            yield piece
        if len(piece) < most:
            return
        last, most = piece[-1], READ_AT_ONCE
        here = tuple_(Visit.started_at, Visit.id) > tuple_(last.started_at, last.id)


def _seconds(moment: Any, is_sqlite: bool) -> Any:
    """Whole unix seconds of a column."""
    epoch = func.strftime("%s", moment) if is_sqlite else extract("epoch", moment)
    return cast(epoch, Integer)


def _values(heard: Heard) -> dict[str, object]:
    lasted = max(0, int((heard.ended_at - heard.started_at).total_seconds())) + ALLOWANCE_SECONDS
    told = heard.quality
    row: dict[str, object] = {
        "id": heard.id,
        "organization_id": heard.organization_id,
        "room_id": heard.room_id,
        "session_id": heard.session_id,
        "user_id": heard.user_id,
        "viewer": _digest(heard.viewer, 16),
        "live": heard.live,
        "device": heard.device.value,
        "started_at": heard.started_at,
        "ended_at": heard.ended_at,
        "seconds": min(told.seconds, lasted),
        "stalled": min(told.stalled, lasted),
        "stalls": told.stalls,
        "height": told.height,
        "kbps": told.kbps,
        "latency_ms": told.latency_ms,
    }
    new = {f"new_{name}": value for name, value in row.items()}
    return {**new, "told_seconds": told.seconds, "told_stalled": told.stalled}


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]
