"""How long whole pages of the library take, over HTTP, with 50,000 recordings in it: lists, filters,
searches.

Issue 4, Shows 5. A real `app.py` on each database; asked one after the other by a stranger, a viewer and a
lecturer. Times are from the request to the last byte on loopback.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from bench.measure import percentile
from library.catalogue import Sort
from library.database import Database, open_database, utc_now
from library.list_place import Place
from library.models import LectureSession
from people.models import Room
from tests.databases import database_address, running_postgresql
from tests.installation import Installation
from tests.library.large_catalogue import fill

PASSWORD = "correct horse battery"
_DEEP: dict[Sort, InstrumentedAttribute[object]] = {
    Sort.NEWEST: LectureSession.started_at,  # type: ignore[dict-item]
    Sort.TITLE: LectureSession.title,  # type: ignore[dict-item]
    Sort.LENGTH: LectureSession.seconds,  # type: ignore[dict-item]
}


def run(folder: Path, *, recordings: int, rounds: int) -> dict[str, object]:
    """Milliseconds: p95 of all pages by database; median, p95 and worst by kind of page."""
    found: dict[str, object] = {}
    for name, address in _databases(folder):
        place = folder / name
        place.mkdir()
        times = _measure(Installation(place, KODO_DATABASE_URL=address), address, recordings, rounds)
        every = [one for some in times.values() for one in some]
        found[f"{name}_pages_p95_ms"] = round(percentile(every, 0.95), 1)
        found[f"{name}_pages_ms"] = {
            kind: " / ".join(f"{percentile(some, share):.0f}" for share in (0.5, 0.95, 1.0))
            for kind, some in times.items()
        }
    return found


def _databases(folder: Path) -> Iterator[tuple[str, str]]:
    yield "sqlite", f"sqlite:///{folder / 'kodo.db'}"
    with running_postgresql() as server:
        yield "postgresql", database_address(server, "postgres")


def _measure(app: Installation, address: str, recordings: int, rounds: int) -> dict[str, list[float]]:
    app.start()
    try:
        app.add_lecturer("sato", PASSWORD)
        app.run("user", "add", "vera", "--role", "viewer", "--password-stdin", stdin=PASSWORD + "\n")
        for slug in ("hall", "hidden"):
            app.add_room(slug)
        tokens = [json.loads(app.run("token", "add", user, "--json"))["token"] for user in ("vera", "sato")]
        with _opened(address) as database:
            rooms = _rooms(database)
            fill(database, rooms["hall"], rooms["hidden"], utc_now(), recordings)
            pages = _pages(database, recordings)
        return _times(app.port, pages, ["", *tokens], rounds)
    finally:
        app.stop()


@contextmanager
def _opened(address: str) -> Iterator[Database]:
    database = open_database(address)
    try:
        yield database
    finally:
        database.close()


def _rooms(database: Database) -> dict[str, Room]:
    with database.reading() as transaction:
        return {room.slug: room for room in transaction.scalars(select(Room))}


def _pages(database: Database, recordings: int) -> dict[str, list[str]]:
    """Addresses by kind."""
    asked: dict[str, list[dict[str, str]]] = {
        "list": [{}, {"view": "list"}, *({"sort": sort.value} for sort in Sort)],
        "list, deep": [
            {"sort": sort.value, "after": _deep(database, sort, recordings // 2)} for sort in _DEEP
        ],
        "filter": [
            {"lecturer": "講師 7"},
            {"series": "系列 3"},
            {"tag": "tag 9"},
            {"language": "fr"},
            {"language": "zh", "sort": "title"},
            {"visibility": "public", "lecturer": "講師 7"},
        ],
        "search": [{"q": q} for q in ("代数 4999", "tag 12", "幾何 xyz", "第7回", "講")],
    }
    return {kind: [f"/library?{urlencode(one)}" for one in some] for kind, some in asked.items()}


def _deep(database: Database, sort: Sort, count: int) -> str:
    """The place behind `count` recordings."""
    column = _DEEP[sort]
    with database.reading() as transaction:
        query = select(column, LectureSession.id).order_by(column.desc(), LectureSession.id.desc())
        value, identity = transaction.execute(query.offset(count).limit(1)).one()
    return str(Place(value.isoformat() if isinstance(value, datetime) else value, identity))  # type: ignore[arg-type]


def _times(port: int, pages: dict[str, list[str]], tokens: list[str], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in pages}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(rounds + 1):
        for kind, addresses in pages.items():
            for address in addresses:
                took = [_ask(connection, address, token) for token in tokens]
                if number:  # the first time of each is warming up
                    times[kind] += took
    connection.close()
    return times


def _ask(connection: http.client.HTTPConnection, address: str, token: str) -> float:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    began = time.perf_counter()
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    page = answer.read()
    took = (time.perf_counter() - began) * 1000
    assert answer.status == 200, (address, answer.status, page[:300])
    return took
