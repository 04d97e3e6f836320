"""An archive of lectures for `bench.search`: what is said in it, and rows for it, saved in bulk.

Bulk means many lectures in a transaction, PostgreSQL's index made at the end: what stands in the tables is
what `library.transcripts` writes (`search_index.passages_of`, `Passages.replace`), only sooner.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from library.database import Database, new_id
from library.models import LectureSession, SearchPlace, TranscriptRow
from library.search_index import BREAK, passage_number, passages_of, place_number
from library.search_passages import Change, passages_on
from library.search_tokens import words_of
from people.models import Room
from tests.library.archive_rows import BEGAN

CUES_A_LECTURE = 1_000
CUE_SECONDS = 4.0
LECTURES_AT_ONCE = 25
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
        weights = list(accumulate(1 / (rank + 10) for rank in range(6000)))
        self._words = {"ja": self.japanese, "en": self.english}
        self._weights = {language: weights[: len(words)] for language, words in self._words.items()}

    def sentence(self, language: str) -> str:
        if language == "ja":
            return "".join(self._word("ja") + self._random.choice(KANA) for _ in range(5))
        return " ".join(f"{self._random.choice(LITTLE)} {self._word('en')}" for _ in range(5))

    def _word(self, language: str) -> str:
        return self._random.choices(self._words[language], cum_weights=self._weights[language])[0]

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


def title_of(number: int) -> str:
    return f"講義 {number}"


LECTURER = "山田"


def said_in(speaker: Speaker, number: int) -> list[str]:
    """Half of the lectures are Japanese, the others English."""
    return [speaker.sentence(("ja", "en")[number % 2]) for _ in range(CUES_A_LECTURE)]


def save_in_bulk(
    database: Database, rooms: Sequence[Room], lectures: Sequence[Sequence[str]], first: int
) -> None:
    """`first`: the number of the first of them; it is held that many days after BEGAN."""
    with _without_the_index(database):
        for begin in range(0, len(lectures), LECTURES_AT_ONCE):
            some = lectures[begin : begin + LECTURES_AT_ONCE]
            with database.session() as transaction:
                _save(transaction, rooms, some, first + begin)


def _save(transaction: Session, rooms: Sequence[Room], lectures: Sequence[Sequence[str]], first: int) -> None:
    rows: dict[type, list[dict[str, object]]] = {LectureSession: [], TranscriptRow: [], SearchPlace: []}
    cues: list[tuple[object, ...]] = []
    changes: list[Change] = []
    for number, said in enumerate(lectures, start=first):
        session, transcript = _session_row(rooms[number % len(rooms)], number), new_id()
        place = place_number(BEGAN + timedelta(days=number))
        about = BREAK.join((title_of(number), LECTURER))
        rows[LectureSession].append(session)
        rows[TranscriptRow].append(_transcript_row(transcript, session["id"], number))
        rows[SearchPlace].append(
            {"place": place, "session_id": session["id"], "transcript_id": transcript, "about": about}
        )
        cues += (
            (transcript, at, CUE_SECONDS * at, CUE_SECONDS * (at + 1), words) for at, words in enumerate(said)
        )
        passages = {0: about, **passages_of(said)}
        changes += (
            Change(passage_number(place, passage), (), words_of(passages[passage]))
            for passage in sorted(passages, reverse=True)
        )
    for model, values in rows.items():
        transaction.execute(insert(model), values)
    _copy(transaction, "cues", ("transcript_id", "number", "start", "end", "text"), cues)
    passages_on(transaction.connection()).replace(changes)


def _session_row(room: Room, number: int) -> dict[str, object]:
    began = BEGAN + timedelta(days=number)
    return {
        "id": new_id(),
        "room_id": room.id,
        "organization_id": room.organization_id,
        "title": title_of(number),
        "phase": "ended",
        "started_at": began,
        "ended_at": began + timedelta(seconds=CUE_SECONDS * CUES_A_LECTURE),
        "bytes": 1,
    }


def _transcript_row(identity: str, session_id: object, number: int) -> dict[str, object]:
    language = ("ja", "en")[number % 2]
    return {"id": identity, "session_id": session_id, "version": 1, "language": language, "origin": "engine"}


def _copy(
    transaction: Session, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """The quickest way in that each driver has."""
    driver = transaction.connection().connection.driver_connection
    assert driver is not None
    names = ", ".join(f'"{column}"' for column in columns)
    if transaction.get_bind().dialect.name != "postgresql":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _without_the_index(database: Database) -> Iterator[None]:
    """PostgreSQL makes it in a fraction of the time at the end."""
    if database.engine.dialect.name != "postgresql":
        yield
        return
    name = "ix_passage_words_words"
    with database.session() as transaction:
        known = text("SELECT indexdef FROM pg_indexes WHERE indexname = :name")
        definition = transaction.scalars(known, {"name": name}).one()
        transaction.execute(text(f"DROP INDEX {name}"))
    yield
    with database.session() as transaction:
        transaction.execute(text("SET LOCAL statement_timeout = 0"))
        transaction.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        transaction.execute(text(definition))
