"""Where words stand, in the database: FTS5 of SQLite and a GIN index of PostgreSQL behind one interface.

Used within one transaction, on its connection. A passage is a number and its tokens (`search_tokens`),
nothing else: what was said stays in its own tables, and what is found is looked up there. Both databases take
the tokens as they are, without a parser of theirs: FTS5's `ascii` tokenizer only parts them at spaces, and
PostgreSQL gets lexemes with their positions. FTS5 keeps no text here (`content=''`), so to remove a passage
is to say its tokens again. Numbers must come in ascending order: FTS5 writes its memory out whenever one is
lower than the last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import BigInteger, ColumnElement, Row, column, table, text
from sqlalchemy.engine import Connection

from library.search_tokens import Phrase

MAX_POSITION = 16_383  # PostgreSQL's; what stands behind it is found as a word, not as a phrase
_FIRST_OF_SQLITE = (
    "SELECT rowid FROM passage_words WHERE passage_words MATCH ? AND rowid >= ? AND rowid < ?"
    " ORDER BY rowid DESC LIMIT ?"
)
_FIRST_OF_POSTGRESQL = text(
    "SELECT found.id"
    " FROM unnest(CAST(:firsts AS bigint[]), CAST(:belows AS bigint[])) AS ranges (first, below)"
    # OFFSET keeps the words out of the choice of an index: a range is short, and read from its end.
    " CROSS JOIN LATERAL (SELECT id FROM (SELECT id, words FROM passage_words"
    " WHERE id >= ranges.first AND id < ranges.below ORDER BY id DESC OFFSET 0) AS own"
    " WHERE words @@ CAST(:question AS tsquery) LIMIT :most) AS found ORDER BY found.id DESC"
)
_CUES_OF_SQLITE = text(
    "SELECT cues.transcript_id, cues.number, cues.start, CASE WHEN cues.hidden THEN '' ELSE cues.text END"
    " FROM json_each(:wanted) AS wanted"
    " CROSS JOIN cues ON cues.transcript_id = json_extract(wanted.value, '$[0]')"
    " AND cues.number = json_extract(wanted.value, '$[1]')"
)
_CUES_OF_POSTGRESQL = text(
    "SELECT cues.transcript_id, cues.number, cues.start, CASE WHEN cues.hidden THEN '' ELSE cues.text END"
    " FROM unnest(CAST(:transcripts AS varchar[]), CAST(:numbers AS integer[]))"
    " AS wanted (transcript_id, number)"
    " JOIN cues ON cues.transcript_id = wanted.transcript_id AND cues.number = wanted.number"
)
_words = table("passage_words", column("rowid", BigInteger), column("id", BigInteger), column("words"))


@dataclass(frozen=True, slots=True)
class Change:
    """Tokens of a passage: `old`, those it was added with, none for a new one; `new`, none if it goes."""

    number: int
    old: Sequence[str]
    new: Sequence[str]


class Passages(Protocol):
    """Passages of one database."""

    def replace(self, changes: Sequence[Change]) -> None:
        """In ascending order of their numbers."""

    def matching(self, phrases: Sequence[Phrase]) -> tuple[Any, ColumnElement[int], ColumnElement[bool]]:
        """For a query: its table, the passage's number, and the condition that all phrases stand in it."""

    def first_in(
        self, phrases: Sequence[Phrase], ranges: Sequence[tuple[int, int]], most: int
    ) -> Iterable[int]:
        """The highest numbers with all phrases, at most `most` of each range (from, below); highest first.

        The ranges come in descending order, too.
        """

    def cues(self, wanted: Sequence[tuple[str, int]]) -> Iterable[Row[str, int, float, str]]:
        """(transcript, number, start, text) of the cues `wanted` (transcript, number), in one query."""


def passages_on(connection: Connection) -> Passages:
    return (
        PostgresqlPassages(connection)
        if connection.dialect.name == "postgresql"
        else SqlitePassages(connection)
    )


class SqlitePassages:
    """FTS5, contentless."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(self, changes: Sequence[Change]) -> None:
        gone = "INSERT INTO passage_words(passage_words, rowid, words) VALUES ('delete', :number, :words)"
        _execute(self._connection, gone, [(one.number, " ".join(one.old)) for one in changes if one.old])
        added = "INSERT INTO passage_words(rowid, words) VALUES (:number, :words)"
        _execute(self._connection, added, [(one.number, " ".join(one.new)) for one in changes if one.new])

    def matching(self, phrases: Sequence[Phrase]) -> tuple[Any, ColumnElement[int], ColumnElement[bool]]:
        condition = text("passage_words MATCH :question").bindparams(question=_fts5_query(phrases))
        return _words, _words.c.rowid, condition  # type: ignore[return-value]

    def first_in(
        self, phrases: Sequence[Phrase], ranges: Sequence[tuple[int, int]], most: int
    ) -> Iterable[int]:
        question = _fts5_query(phrases)
        for first, below in ranges:  # one is asked when somebody wants to know
            found = self._connection.exec_driver_sql(_FIRST_OF_SQLITE, (question, first, below, most))
            yield from found.scalars().all()

    def cues(self, wanted: Sequence[tuple[str, int]]) -> Iterable[Row[str, int, float, str]]:
        return self._connection.execute(_CUES_OF_SQLITE, {"wanted": json.dumps(wanted)}).all()


class PostgresqlPassages:
    """A `tsvector` for each passage."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(self, changes: Sequence[Change]) -> None:
        gone = "DELETE FROM passage_words WHERE id = :number"
        _execute(self._connection, gone, [(one.number, "") for one in changes if one.old])
        added = "INSERT INTO passage_words VALUES (:number, CAST(:words AS tsvector))"
        _execute(self._connection, added, [(one.number, _lexemes(one.new)) for one in changes if one.new])

    def matching(self, phrases: Sequence[Phrase]) -> tuple[Any, ColumnElement[int], ColumnElement[bool]]:
        # A plan for any words is one for no words: rare and common ones want to be looked for in other ways.
        self._connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
        condition = text("passage_words.words @@ CAST(:question AS tsquery)")
        return _words, _words.c.id, condition.bindparams(question=_ts_query(phrases))  # type: ignore[return-value]

    def first_in(
        self, phrases: Sequence[Phrase], ranges: Sequence[tuple[int, int]], most: int
    ) -> Iterable[int]:
        firsts, belows = (list(numbers) for numbers in zip(*ranges, strict=True)) if ranges else ([], [])
        told = {"question": _ts_query(phrases), "firsts": firsts, "belows": belows, "most": most}
        return self._connection.execute(_FIRST_OF_POSTGRESQL, told).scalars().all()

    def cues(self, wanted: Sequence[tuple[str, int]]) -> Iterable[Row[str, int, float, str]]:
        transcripts, numbers = (list(values) for values in zip(*wanted, strict=True))
        return self._connection.execute(_CUES_OF_POSTGRESQL, {"transcripts": transcripts, "numbers": numbers})


def _execute(connection: Connection, statement: str, passages: Sequence[tuple[int, str]]) -> None:
    if passages:
        connection.execute(
            text(statement), [{"number": number, "words": words} for number, words in passages]
        )


def _fts5_query(phrases: Iterable[Phrase]) -> str:
    return " AND ".join(f'"{" ".join(one.words)}"{"*" if one.open_ended else ""}' for one in phrases)


def _ts_query(phrases: Iterable[Phrase]) -> str:
    told = (
        " <-> ".join(f"'{word}'" for word in one.words) + (":*" if one.open_ended else "") for one in phrases
    )
    return " & ".join(f"({one})" for one in told)


def _lexemes(words: Sequence[str]) -> str:
    places: dict[str, list[str]] = defaultdict(list)
    for position, word in enumerate(words, start=1):
        places[word].append(str(min(position, MAX_POSITION)))
    return " ".join(f"'{word}':{','.join(found)}" for word, found in places.items())
