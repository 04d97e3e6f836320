"""How long it takes to find words among 500,000 sentences, half Japanese, half English, and beside it what a
database does by itself: LIKE over what was said, and FTS5's trigrams over the same text.

Issue 4, Shows 3. The archive is filled in bulk, its newest lectures as the application saves them, one a
transaction. A search is `SearchIndex.find` for somebody who may see two thirds of the rooms: 12 recordings
with up to 5 moments each. Words are drawn as people say them: a few all the time, most hardly ever.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from bench.measure import percentile
from bench.search_archive import (
    CUE_SECONDS,
    CUES_A_LECTURE,
    LECTURER,
    Speaker,
    said_in,
    save_in_bulk,
    title_of,
)
from library import search_index, transcripts
from library.database import Database, open_database
from library.migration import migrate
from library.search import SearchIndex
from library.transcript_formats import Cue
from people.visible_rooms import listed_to
from tests.databases import database_address, running_postgresql
from tests.library.archive_rows import make_recording, make_room

SAVED = 20  # lectures that are saved as the application saves them, one a transaction


def run(folder: Path, *, segments: int, questions: int) -> dict[str, object]:
    """Milliseconds of each search: median and p95 by database and kind of question; the worst of both p95."""
    found: dict[str, object] = {}
    speaker = Speaker()
    lectures = [said_in(speaker, number) for number in range(max(2, segments // CUES_A_LECTURE))]
    sqlite = f"sqlite:///{folder / 'kodo.db'}"
    found.update(_measure("sqlite", sqlite, lectures, questions))
    found["sqlite_index_megabytes"] = _index_megabytes(folder / "kodo.db")
    found.update(_trigrams(folder / "kodo.db", questions))
    with running_postgresql() as server:
        address = database_address(server, "postgres")
        found.update(_measure("postgresql", address, lectures, questions))
    return found


def _measure(name: str, url: str, lectures: list[list[str]], questions: int) -> dict[str, object]:
    migrate(url)
    database = open_database(url)
    try:
        speed = _fill(database, lectures)
        asked, loads = Speaker().questions(questions), [os.getloadavg()[0]]
        ours = _times(asked, _search_of(database))
        loads.append(os.getloadavg()[0])
        plain = _times(
            {kind: some[:: max(1, len(some) // 3)] for kind, some in asked.items()}, _like_of(database)
        )
    finally:
        database.close()
    return {
        f"{name}_p95_ms": round(percentile([one for some in ours.values() for one in some], 0.95), 1),
        f"{name}_ms": _summary(ours),
        f"{name}_like_ms": _summary(plain),
        f"{name}_load": f"{min(loads):.1f}–{max(loads):.1f}",
        f"{name}_saved_segments_a_second": round(speed),
    }


def _fill(database: Database, lectures: list[list[str]]) -> float:
    """→ sentences a second, of those that were saved as the application saves them."""
    rooms = [
        make_room(database, f"hall-{number}", access=access)
        for number, access in enumerate(("open", "open", "members"))
    ]
    saved = min(SAVED, len(lectures) // 2)
    save_in_bulk(database, rooms, lectures[:-saved], 0)
    if database.engine.dialect.name == "postgresql":  # as autovacuum does within a minute
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
    began = time.perf_counter()
    for number, said in enumerate(lectures[-saved:], start=len(lectures) - saved):
        recording = make_recording(database, rooms[number % 3], title_of(number), day=number)
        with database.session() as transaction:
            search_index.describe(transaction, recording, title_of(number), LECTURER)
            language = ("ja", "en")[number % 2]
            transcripts.save(transaction, recording, language, _cues(said), origin="engine")
    return sum(map(len, lectures[-saved:])) / (time.perf_counter() - began)


def _cues(said: list[str]) -> list[Cue]:
    return [Cue(CUE_SECONDS * place, CUE_SECONDS * (place + 1), words) for place, words in enumerate(said)]


def _search_of(database: Database) -> Callable[[str], object]:
    index = SearchIndex(database)
    return lambda question: index.find(question, listed_to(None))


LIKE = """
SELECT DISTINCT search_places.place FROM cues
JOIN search_places ON search_places.transcript_id = cues.transcript_id
JOIN sessions ON sessions.id = search_places.session_id JOIN rooms ON rooms.id = sessions.room_id
WHERE cues.text LIKE :pattern AND rooms.access = 'open' ORDER BY search_places.place DESC LIMIT 12
"""


def _like_of(database: Database) -> Callable[[str], object]:
    def ask(question: str) -> object:
        with database.reading() as transaction:
            return transaction.execute(text(LIKE), {"pattern": f"%{question}%"}).all()

    return ask


def _trigrams(path: Path, questions: int) -> dict[str, object]:
    """FTS5's own answer: how long it takes, and how many of the questions it finds anything for."""
    connection = sqlite3.connect(path)
    try:
        connection.execute(
            "CREATE VIRTUAL TABLE trigrams USING fts5(text, tokenize='trigram', content='cues')"
        )
        connection.execute("INSERT INTO trigrams(rowid, text) SELECT rowid, text FROM cues")
        connection.commit()
        asked = Speaker().questions(questions)
        query = "SELECT rowid FROM trigrams WHERE trigrams MATCH ? ORDER BY rowid DESC LIMIT 60"

        def ask(question: str) -> list[tuple[int]]:
            return connection.execute(query, (f'"{question}"',)).fetchall()

        times = _times(asked, ask)
        found = {kind: sum(1 for one in some if ask(one)) / len(some) for kind, some in asked.items()}
    finally:
        connection.close()
    return {"trigram_ms": _summary(times), "trigram_share_found": {k: round(v, 2) for k, v in found.items()}}


def _times(asked: dict[str, list[str]], ask: Callable[[str], object]) -> dict[str, list[float]]:
    """Milliseconds; each question is asked once, the first of a kind twice."""
    times: dict[str, list[float]] = {}
    for kind, questions in asked.items():
        ask(questions[0])
        times[kind] = []
        for question in questions:
            began = time.perf_counter()
            ask(question)
            times[kind].append((time.perf_counter() - began) * 1000)
    return times


def _summary(times: dict[str, list[float]]) -> dict[str, str]:
    """`median / p95 / worst` of each kind."""
    shares = (0.5, 0.95, 1.0)
    return {
        kind: " / ".join(f"{percentile(some, share):.1f}" for share in shares) for kind, some in times.items()
    }


def _index_megabytes(path: Path) -> float:
    connection = sqlite3.connect(path)
    try:
        size = connection.execute("SELECT sum(length(block)) FROM passage_words_data").fetchone()[0]
    finally:
        connection.close()
    return round(size / 1e6, 1)
