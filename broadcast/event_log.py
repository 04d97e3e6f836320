"""The room's event log: tables, numbering, and the closing of batches, all in the database.

Called from web threads and from the service threads of adoption, viewers and feed, never on an event loop.
Events are numbered per room and committed before anyone is told. A batch is closed by raising `open_batch`
past it; appending and closing both hold the room's feed row, so nothing can join a closed batch: whoever
sees `open_batch > k` sees all of batch k for ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Index, Select, String, Text, bindparam, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from library.database import Base, Database, utc_now

MAX_BATCH_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 32 * 1024
ENVELOPE_BYTES = 200  # what seq, at, clock, session and kind take around a payload
ID_LENGTH = 36
LATEST_START = 2_000_000_000  # in 2033; a number must fit 31 bits


class EventTooLarge(ValueError):
    """A payload of more than MAX_PAYLOAD_BYTES."""


class EventFeedRow(Base):
    """Where a room's numbering stands. `open_since`: when the open batch got its first event."""

    __tablename__ = "event_feeds"

    room_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    next_seq: Mapped[int] = mapped_column(default=0)
    open_batch: Mapped[int] = mapped_column(default=0)
    open_bytes: Mapped[int] = mapped_column(default=0)
    open_since: Mapped[datetime | None] = mapped_column(default=None)


class EventRow(Base):
    """One event. `at`: wall clock; `clock_ms`: milliseconds since the session's start."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_room_id_batch", "room_id", "batch"),
        Index(
            "ix_events_room_id_kind_seq", "room_id", "kind", "seq"
        ),  # the last one of a kind, for snapshots
    )

    room_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    session_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), default=None)
    clock_ms: Mapped[int | None] = mapped_column(default=None)
    kind: Mapped[str] = mapped_column(String(50))
    payload: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is to be appended. `payload` must be JSON."""

    kind: str
    payload: Mapping[str, object]
    session_id: str | None = None
    clock_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A feed at one moment. Batches below `open_batch` are closed; `open_bytes` 0: the open one is empty."""

    next_seq: int
    open_batch: int
    open_bytes: int


EMPTY = Position(0, 0, 0)


class EventLog:
    """Appends, closes, reads; without a `session` in a transaction of its own. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def append(self, session: Session, room_id: str, event: NewEvent) -> int:
        """Append within the caller's transaction → the batch it is in. Tell the feed after the commit.

        Raises EventTooLarge.
        """
        payload = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"))
        size = len(payload.encode()) + ENVELOPE_BYTES
        if size > MAX_PAYLOAD_BYTES:
            raise EventTooLarge(f"an event of {size} bytes")
        now = self._clock()
        feed = _locked_feed(session, room_id)
        if feed.open_bytes and feed.open_bytes + size > MAX_BATCH_BYTES:
            feed.open_batch, feed.open_bytes = feed.open_batch + 1, 0
        if not feed.open_bytes:
            feed.open_since = now
        row = EventRow(
            room_id=room_id,
            seq=feed.next_seq,
            batch=feed.open_batch,
            at=now,
            session_id=event.session_id,
            clock_ms=event.clock_ms,
            kind=event.kind,
            payload=payload,
        )
        session.add(row)
        feed.next_seq += 1
        feed.open_bytes += size
        session.flush()
        return row.batch

    def append_alone(self, room_id: str, event: NewEvent) -> int:
        """The same in a transaction of its own."""
        with self._database.session() as session:
            return self.append(session, room_id, event)

    def append_if(self, room_id: str, event: NewEvent, is_news: Callable[[EventRow | None], bool]) -> bool:
        """Append unless `is_news` says no to the room's last event of this kind; nobody comes in between."""
        with self._database.session() as session:
            _locked_feed(session, room_id)
            if not is_news(session.scalar(_latest(room_id, event.kind))):
                return False
            self.append(session, room_id, event)
            return True

    def close(self, room_id: str, batch: int) -> None:
        """No event joins `batch` after this, unless it is empty: an empty one stays open."""
        with self._database.session() as session:
            session.execute(
                update(EventFeedRow)
                .where(
                    EventFeedRow.room_id == room_id,
                    EventFeedRow.open_batch == batch,
                    EventFeedRow.open_bytes > 0,
                )
                .values(open_batch=batch + 1, open_bytes=0, open_since=None)
            )

    def number_anew(self, session: Session, room_id: str) -> None:
        """Go on with numbers that no lost database can have told: those of this moment in unix seconds.

        A room has fewer than one batch a second in the long run (docs/decisions/0007).
        """
        start = min(int(self._clock().timestamp()), LATEST_START)
        feed = _locked_feed(session, room_id)
        feed.next_seq = max(feed.next_seq, start)
        if feed.open_batch < start:
            feed.open_batch, feed.open_bytes, feed.open_since = start, 0, None
        session.flush()

    def skip_to(self, room_id: str, batch: int, seq: int) -> None:
        """Never number below these again: an older copy of the database must not reuse told numbers."""
        with self._database.session() as session:
            feed = _locked_feed(session, room_id)
            feed.next_seq = max(feed.next_seq, seq)
            if feed.open_batch < batch:
                feed.open_batch, feed.open_bytes, feed.open_since = batch, 0, None

    def positions(self, room_ids: list[str]) -> dict[str, Position]:
        """Of the rooms that ever had an event."""
        columns = (EventFeedRow.next_seq, EventFeedRow.open_batch, EventFeedRow.open_bytes)
        query = select(EventFeedRow.room_id, *columns).where(EventFeedRow.room_id.in_(room_ids))
        with self._database.reading() as session:
            return {room: Position(seq, batch, size) for room, seq, batch, size in session.execute(query)}

    def room_exists(self, room_id: str) -> bool:
        with self._database.reading() as session:
            return session.execute(_ROOM_EXISTS, {"id": room_id}).first() is not None

    def batch(self, room_id: str, batch: int) -> list[EventRow]:
        """The events of a batch in order. Of a closed one, always the same."""
        query = (
            select(EventRow)
            .where(EventRow.room_id == room_id, EventRow.batch == batch)
            .order_by(EventRow.seq)
        )
        with self._database.reading() as session:
            return list(session.scalars(query))

    def latest(self, room_id: str, kind: str, before_batch: int) -> EventRow | None:
        """The last event of a kind in the batches before `before_batch`."""
        with self._database.reading() as session:
            return session.scalar(_latest(room_id, kind).where(EventRow.batch < before_batch))

    def batch_after(self, room_id: str, batch: int) -> int | None:
        """The first later batch with events; None while there is none."""
        query = select(func.min(EventRow.batch)).where(EventRow.room_id == room_id, EventRow.batch > batch)
        with self._database.reading() as session:
            return session.scalar(query)

    def first_seq_from(self, room_id: str, batch: int) -> int | None:
        """The number of the first event in `batch` or a later one; None while there is none."""
        query = select(func.min(EventRow.seq)).where(EventRow.room_id == room_id, EventRow.batch >= batch)
        with self._database.reading() as session:
            return session.scalar(query)


# The room's own table belongs to `people`; a feed only needs to know that its room is there.
_ROOM_EXISTS = text("SELECT 1 FROM rooms WHERE id = :id").bindparams(bindparam("id", type_=String))


def _latest(room_id: str, kind: str) -> Select[EventRow]:
    query = select(EventRow).where(EventRow.room_id == room_id, EventRow.kind == kind)
    return query.order_by(EventRow.seq.desc()).limit(1)


def _locked_feed(session: Session, room_id: str) -> EventFeedRow:
    """The room's feed row, locked until the transaction ends (SQLite: its transactions are serial)."""
    query = select(EventFeedRow).where(EventFeedRow.room_id == room_id).with_for_update()
    query = query.execution_options(populate_existing=True)
    feed = session.scalar(query)
    if feed is None:
        _insert_feed(session, room_id)
        feed = session.scalars(query).one()
    return feed


def _insert_feed(session: Session, room_id: str) -> None:
    values = {"room_id": room_id, "next_seq": 0, "open_batch": 0, "open_bytes": 0}
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(EventFeedRow).values(values).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(EventFeedRow).values(values).on_conflict_do_nothing())


def event_document(row: EventRow) -> str:
    """The event as it is told: JSON with `seq, at, clock, session, kind, payload`."""
    head = {
        "seq": row.seq,
        "at": iso_utc(row.at),
        "clock": row.clock_ms,
        "session": row.session_id,
        "kind": row.kind,
    }
    return json.dumps(head, separators=(",", ":"))[:-1] + ',"payload":' + row.payload + "}"


def iso_utc(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, e.g. `2026-11-24T01:02:03.456Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
