"""A usage history of many visits, for whoever looks how fast it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from library.database import Database

PEOPLE = 20_000
ROOMS = 60
AT_ONCE = 50_000
# Numbers that have no factor in common with the counts, so that ids and people come as unordered as in life.
_FILL = """
INSERT INTO visits (id, organization_id, room_id, session_id, user_id, viewer, live, device, started_at,
                    ended_at, seconds, stalled, stalls, height, kbps, latency_ms)
WITH RECURSIVE numbers(i) AS (
    SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :after)
SELECT {id}, :organization, 'room-' || (i * 31 % {rooms}), 'lecture-' || (i / 500), {person}, {viewer},
       i % 4 <> 0, CASE WHEN i % 10 < 6 THEN 'desktop' WHEN i % 10 < 9 THEN 'phone' ELSE 'tablet' END,
       {began}, {ended}, 10 + i * 17 % 5390, CASE WHEN i % 4 = 0 THEN 30 ELSE 0 END, 0, 720, 900, 1800
FROM numbers
"""
_SQLITE = {
    "id": "printf('%024d', i * 7919 % :many)",
    "person": f"CASE WHEN i % 3 = 0 THEN NULL ELSE 'person-' || (i * 7877 % {PEOPLE}) END",
    "viewer": f"printf('%016d', i * 7877 % {PEOPLE})",
    "began": "strftime('%Y-%m-%d %H:%M:%S', :begin + i * :step, 'unixepoch') || '.000000'",
    "ended": "strftime('%Y-%m-%d %H:%M:%S', :begin + i * :step + 3600, 'unixepoch') || '.000000'",
}
_POSTGRESQL = {
    "id": "lpad((i * 7919 % :many)::text, 24, '0')",
    "person": _SQLITE["person"],
    "viewer": f"lpad((i * 7877 % {PEOPLE})::text, 16, '0')",
    "began": "to_timestamp(:begin + i * :step)",
    "ended": "to_timestamp(:begin + i * :step + 3600)",
}


def fill(database: Database, organization_id: str, newest: datetime, days: int, many: int) -> None:
    """`many` visits evenly over the `days` before `newest`, of PEOPLE people, a third of them strangers."""
    is_sqlite = database.engine.dialect.name == "sqlite"
    statement = text(_FILL.format(rooms=ROOMS, **(_SQLITE if is_sqlite else _POSTGRESQL)))
    told = {
        "organization": organization_id,
        "many": many,
        "begin": newest.timestamp() - days * 86_400,
        "step": days * 86_400 / many,
    }
    for first in range(0, many, AT_ONCE):
        with database.session() as transaction:
            if not is_sqlite:
                transaction.execute(text("SET LOCAL statement_timeout = 0"))
            transaction.execute(statement, {**told, "first": first, "after": min(many, first + AT_ONCE)})
    with database.session() as transaction:
        transaction.execute(text("ANALYZE visits"))  # as PostgreSQL's autovacuum does within a minute
