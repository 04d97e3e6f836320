"""How long it takes to find words among 500,000 sentences, half Japanese, half English, and beside it what a
database does by itself: LIKE over what was said, and FTS5's trigrams over the same text.

Issue 4, Shows 3. Everything is saved as the application saves it, one lecture a transaction. A search is
`SearchIndex.find` for somebody who may see two thirds of the rooms: 12 recordings with up to 5 moments each.
Words are drawn as people say them: a few all the time, most hardly ever.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from sqlalchemy import text

from bench.measure import percentile
from library import search_index, transcripts
from library.database import Database, open_database
from library.migration import migrate
from library.search import SearchIndex
from library.transcript_formats import Cue
from people.visible_rooms import listed_to
from tests.databases import database_address, running_postgresql
from tests.library.archive_rows import make_recording, make_room

CUES_A_LECTURE = 1_000
KANJI = "一二三分木本数学線形代微積関定理証明集合位相群環体論計算量機械習統解析幾何確率変行列空間方程式"
KANA = (
    "これは",
    "では",
    "について",
    "と",
    "から",
    "を",
    "に",
    "の",
    "が",
    "ですね",
    "なので",
    "ということ",
    "と思います",
    "ます",
)
SYLLABLES = (
    "ba",
    "ri",
    "to",
    "ne",
    "ma",
    "lo",
    "si",
    "ku",
    "ver",
    "tion",
    "al",
    "ing",
    "pre",
    "con",
    "gra",
    "ph",
)
LITTLE = ("the", "of", "a", "to", "is", "in", "that", "we", "it", "and", "this", "so")


class Speaker:
    """Says sentences whose words are Zipf distributed; the same ones each time."""

    def __init__(self) -> None:
        self._random = random.Random(4)
        draw = self._random
        self.japanese = list(
            dict.fromkeys("".join(draw.choices(KANJI, k=draw.choice((2, 2, 3, 4)))) for _ in range(6000))
        )
        self.english = list(
            dict.fromkeys("".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 3)))) for _ in range(6000))
        )
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(6000)))

    def sentence(self, language: str) -> str:
        if language == "ja":
            return "".join(self._word(self.japanese) + self._random.choice(KANA) for _ in range(5))
        return " ".join(f"{self._random.choice(LITTLE)} {self._word(self.english)}" for _ in range(5))

    def _word(self, words: Sequence[str]) -> str:
        return self._random.choices(words, cum_weights=self._weights[: len(words)])[0]

    def questions(self, count: int) -> dict[str, list[str]]:
        """By kind; drawn from all words alike, and from what is said most."""
        draw, japanese, english = random.Random(5), self.japanese, self.english
        return {
            "ja 1": [*draw.sample(KANJI, min(count, len(KANJI))), "の", "ま"],
            "ja 2": [word[:2] for word in [*draw.sample(japanese, count), *japanese[:10]]],
            "ja 3": [word[:3] for word in [*draw.sample(japanese, count), *japanese[:10]] if len(word) > 2],
            "ja sentence": [draw.choice(japanese[:300]) + draw.choice(KANA) for _ in range(count)],
            "en 1 word": [*draw.sample(english, count), *english[:10], "the"],
            "en 2 words": [
                f"{draw.choice(english[:300])} {draw.choice(english[:300])}" for _ in range(count)
            ],
            "absent": ["鬱蒼", "zzzz", "龘"],
        }


def run(folder: Path, *, segments: int, questions: int) -> dict[str, object]:
    """Milliseconds of each search: median and p95 by database and kind of question; the worst of both p95."""
    found: dict[str, object] = {}
    sqlite = f"sqlite:///{folder / 'kodo.db'}"
    found.update(_measure("sqlite", sqlite, segments, questions))
    found["sqlite_index_megabytes"] = _index_megabytes(folder / "kodo.db")
    found.update(_trigrams(folder / "kodo.db", questions))
    with running_postgresql() as server:
        found.update(_measure("postgresql", database_address(server, "postgres"), segments, questions))
    return found


def _measure(name: str, url: str, segments: int, questions: int) -> dict[str, object]:
    migrate(url)
    database = open_database(url)
    speaker = Speaker()
    try:
        began = time.perf_counter()
        _fill(database, speaker, segments)
        seconds = time.perf_counter() - began
        asked = speaker.questions(questions)
        if name == "postgresql":
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE"))
        ours = _times(asked, _search_of(database))
        plain = _times(
            {kind: some[:: max(1, len(some) // 3)] for kind, some in asked.items()}, _like_of(database)
        )
    finally:
        database.close()
    return {
        f"{name}_p95_ms": round(percentile([one for some in ours.values() for one in some], 0.95), 1),
        f"{name}_ms": _summary(ours),
        f"{name}_like_ms": _summary(plain),
        f"{name}_saved_segments_a_second": round(segments / seconds),
    }


def _fill(database: Database, speaker: Speaker, segments: int) -> None:
    rooms = [
        make_room(database, f"hall-{number}", access=access)
        for number, access in enumerate(("open", "open", "members"))
    ]
    for number in range(max(1, segments // CUES_A_LECTURE)):
        language = ("ja", "en")[number % 2]
        recording = make_recording(database, rooms[number % 3], f"講義 {number}", day=number)
        said = [
            Cue(4.0 * place, 4.0 * place + 4, speaker.sentence(language)) for place in range(CUES_A_LECTURE)
        ]
        with database.session() as transaction:
            search_index.describe(transaction, recording, f"講義 {number}", "山田")
            transcripts.save(transaction, recording, language, said, origin="engine")


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
