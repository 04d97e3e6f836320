"""A year of usage history: how long its page and tables take, and how long writers wait while old visits go.

Issue 5, Shows 6. A real `app.py` on each database, asked by an operator over HTTP; times of pages are from
the request to the last byte, of tables to their first line. While everything older than a year is removed
another process writes a row again and again, as web processes do, and tells how long it waited.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bench.measure import percentile
from library import usage, usage_totals
from library.database import Database, open_database, utc_now
from library.usage_periods import Span
from people.models import Organization, User
from tests.databases import database_address, running_postgresql
from tests.installation import Installation
from tests.library.large_usage import fill

PASSWORD = "correct horse battery"
WRITE_EVERY_SECONDS = 0.02
PAGES = ("/admin/usage", "/admin/usage?span=week", "/admin/usage?span=day", "/api/v1/usage")
TABLES = ("/admin/usage/visits.csv", "/admin/usage/rooms.csv", "/admin/usage/periods.csv")


def run(folder: Path, *, visits: int, old: int, rounds: int) -> dict[str, object]:
    """`visits` within the year, `old` before it. Milliseconds, the worst of all rounds, by database."""
    found: dict[str, object] = {}
    for name, address in _databases(folder):
        place = folder / name
        place.mkdir()
        app = Installation(place, KODO_DATABASE_URL=address)
        token = _prepare(app)
        with _opened(address) as database:
            figures = {
                **_fill(database, visits, old),
                **_ask_all(app, token, rounds),
                **_remove(database, address),
            }
        found |= {f"{name}_{key}": value for key, value in figures.items()}
    return found


def _databases(folder: Path) -> Iterator[tuple[str, str]]:
    yield "sqlite", f"sqlite:///{folder / 'kodo.db'}"
    with running_postgresql() as server:
        yield "postgresql", database_address(server, "postgres")


@contextmanager
def _opened(address: str) -> Iterator[Database]:
    database = open_database(address)
    try:
        yield database
    finally:
        database.close()


def _prepare(app: Installation) -> str:
    """An operator's API token."""
    app.run("user", "add", "ops", "--role", "operator", "--password-stdin", stdin=PASSWORD + "\n")
    token: str = json.loads(app.run("token", "add", "ops", "--json"))["token"]
    return token


def _fill(database: Database, visits: int, old: int) -> dict[str, Any]:
    with database.reading() as transaction:
        organization = transaction.scalars(select(Organization.id)).first() or ""
    now = utc_now()
    fill(database, organization, now, 365 * (visits + old) // visits, visits + old)
    began = time.perf_counter()
    usage_totals.add_up(database, now, back={Span.DAY: 31, Span.WEEK: 27, Span.MONTH: 13})
    whole_year = time.perf_counter() - began
    began = time.perf_counter()
    usage_totals.add_up(database, now + timedelta(minutes=1))
    return {
        "adding_up_a_year_s": round(whole_year, 1),
        "adding_up_open_periods_s": round(time.perf_counter() - began, 2),
    }


def _ask_all(app: Installation, token: str, rounds: int) -> dict[str, Any]:
    app.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
        pages = [_ask(connection, path, token) for _ in range(rounds + 1) for path in PAGES][len(PAGES) :]
        tables = {path: max(_first_line(app.port, path, token) for _ in range(rounds)) for path in TABLES}
        began = time.perf_counter()
        month = f"{TABLES[0]}?from={utc_now().date() - timedelta(days=30)}"
        lines = _lines(app.port, month, token)
        return {
            "page_worst_ms": round(max(pages)),
            "page_median_ms": round(percentile(pages, 0.5)),
            "table_starts_ms": round(max(tables.values())),
            "a_months_visits_s": round(time.perf_counter() - began, 1),
            "a_months_visits": lines,
        }
    finally:
        app.stop()


def _ask(connection: http.client.HTTPConnection, path: str, token: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status, body[:300])
    return (time.perf_counter() - began) * 1000


def _first_line(port: int, path: str, token: str) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read(16).startswith(b"\xef\xbb\xbf")
    took = (time.perf_counter() - began) * 1000
    connection.close()
    return took


def _lines(port: int, path: str, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    count = 0
    while piece := answer.read(1 << 20):
        count += piece.count(b"\r\n")
    connection.close()
    return count - 1


def _remove(database: Database, address: str) -> dict[str, Any]:
    """All that is older than a year, beside a process that writes."""
    fork = multiprocessing.get_context("spawn")
    waits, stop = fork.Queue(), fork.Event()
    writer = fork.Process(target=_write_on, args=(address, stop, waits))
    writer.start()
    assert waits.get(timeout=60) == [], "it has begun"
    began = time.perf_counter()
    removed = usage.remove_older(database, utc_now() - usage.KEPT, most_pieces=1_000_000)
    took = time.perf_counter() - began
    stop.set()
    waited: list[float] = waits.get(timeout=60)
    writer.join(60)
    return {
        "removed": removed,
        "removal_s": round(took, 1),
        "writes_beside_it": len(waited),
        "writer_waits_worst_ms": round(max(waited) * 1000, 1),
        "writer_waits_p99_ms": round(percentile(waited, 0.99) * 1000, 1),
    }


def _write_on(address: str, stop: Any, waits: Any) -> None:
    """In a process of its own, as another web process would be."""
    database = open_database(address)
    waited: list[float] = []
    _write(database)
    waits.put([])
    while not stop.wait(WRITE_EVERY_SECONDS):
        began = time.perf_counter()
        _write(database)
        waited.append(time.perf_counter() - began)
    waits.put(waited)
    database.close()


def _write(database: Database) -> None:
    with database.session() as transaction:
        transaction.execute(update(User).values(last_sign_in_at=utc_now()))
