"""Finds any word that was ever said, for one reader: recordings, newest first, with the moments of the words.

`SearchIndex` is used from any thread of the web process; a search is one reading transaction of a few
queries, none of which sorts or counts all that matches. The database says which passages have the words; the
passages are then read, and what is told is what really stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, literal, select
from sqlalchemy.engine import Connection

from library.database import Base, Database
from library.models import CueRow, LectureSession, SearchPlace
from library.search_index import FOUND_TEXT, PASSAGES, cues_of_passage, passage_of
from library.search_passages import passages_on
from library.search_tokens import Phrase, find, merged, phrases_of, tokens_of

PAGE_LENGTH = 12
MAX_HITS = 5
_BATCH = 60
_MAX_BATCHES = 100
_ABOVE_ALL = 2**63 - 1
_CUES = select(CueRow.number, CueRow.start, FOUND_TEXT).where(
    CueRow.transcript_id == bindparam("transcript"), CueRow.number.in_(bindparam("numbers", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence with the words: `at`, seconds of the session's clock; `marks`: (start, end) of them in
    `text`.
    """

    at: float
    text: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FoundRecording:
    """`hits`: at most MAX_HITS, in order of time; none when only its title, lecturer or description has the
    words.
    """

    session_id: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """`more`: where the next page begins, None at the end."""

    recordings: tuple[FoundRecording, ...]
    more: int | None


@dataclass(slots=True)
class _Candidate:
    session_id: str
    transcript_id: str | None
    passages: list[int]


class SearchIndex:
    """Of a database whose transcripts are indexed as they are saved (`search_index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        query: str,
        visible: ColumnElement[bool],
        *,
        before: int | None = None,
        most: int = PAGE_LENGTH,
        spoken_only: bool = False,
    ) -> Found:
        """At most `most` recordings in which every phrase of `query` stands in one passage.

        `visible`: a condition on `sessions` and `rooms`, what the reader may know of. `before`: the `more` of
        the page before. `spoken_only`: without those that have it in their title alone. Raises
        DatabaseUnavailable.
        """
        phrases = phrases_of(query)
        if not phrases:
            return Found((), None)
        found: list[FoundRecording] = []
        last = 0
        with self._database.reading() as transaction:
            connection = transaction.connection()
            for place, candidate in _candidates(connection, phrases, visible, before):
                recording = _look(connection, candidate, phrases)
                if recording is None or (spoken_only and not recording.hits):
                    continue
                if len(found) == most:
                    return Found(tuple(found), last)
                found.append(recording)
                last = place
        return Found(tuple(found), None)


def _candidates(
    connection: Connection, phrases: Sequence[Phrase], visible: ColumnElement[bool], before: int | None
) -> Iterator[tuple[int, _Candidate]]:
    """(place, what was found there), newest first, each with its first passages that have the phrases."""
    query = _passages_query(connection, phrases, visible)
    below = before * PASSAGES if before is not None else _ABOVE_ALL
    place, candidate = 0, None
    for _ in range(_MAX_BATCHES):
        rows = connection.execute(query, {"below": below}).all()
        for number, session_id, transcript_id in rows:
            its_place, passage = passage_of(number)
            if candidate is None or its_place != place:
                if candidate is not None:
                    yield place, candidate
                place, candidate = its_place, _Candidate(session_id, transcript_id, [])
            candidate.passages.append(passage)
        if len(rows) < _BATCH or candidate is None:
            break
        # Whoever has more passages than are shown is left behind at once.
        below = place * PASSAGES if len(candidate.passages) > MAX_HITS + 1 else rows[-1][0]
    if candidate is not None:
        yield place, candidate


def _passages_query(
    connection: Connection, phrases: Sequence[Phrase], visible: ColumnElement[bool]
) -> Select[int, str, str | None]:
    """(number, session, transcript) of the next passages `below` a number; made once, asked many times."""
    table, number, condition = passages_on(connection).matching(phrases)
    rooms = Base.metadata.tables["rooms"]
    shift = literal(PASSAGES.bit_length() - 1, Integer)
    query = select(number, SearchPlace.session_id, SearchPlace.transcript_id).select_from(table)
    query = query.join(SearchPlace, SearchPlace.place == number.op(">>")(shift))
    query = query.join(LectureSession, LectureSession.id == SearchPlace.session_id)
    query = query.join(rooms, rooms.c.id == LectureSession.room_id).where(condition, visible)
    return query.where(number < bindparam("below", type_=BigInteger)).order_by(number.desc()).limit(_BATCH)


def _look(connection: Connection, candidate: _Candidate, phrases: Sequence[Phrase]) -> FoundRecording | None:
    """What really stands in the first passages; None when nothing does."""
    hits: dict[int, Hit] = {}
    spoken = [passage for passage in candidate.passages if passage > 0][: MAX_HITS + 1]
    cues = _cues(connection, candidate.transcript_id, spoken)
    for passage in spoken:
        for number, hit in _hits(cues, passage, phrases):
            hits.setdefault(number, hit)
        if len(hits) >= MAX_HITS:
            break
    if not hits and 0 not in candidate.passages:
        return None
    return FoundRecording(candidate.session_id, tuple(hits[number] for number in sorted(hits))[:MAX_HITS])


def _cues(
    connection: Connection, transcript_id: str | None, passages: Iterable[int]
) -> dict[int, tuple[float, str]]:
    """(start, text) of the passages' cues, by their numbers."""
    numbers = sorted({number for passage in passages for number in cues_of_passage(passage)})
    if not numbers:
        return {}
    rows = connection.execute(_CUES, {"transcript": transcript_id, "numbers": numbers})
    return {number: (start, text) for number, start, text in rows}


def _hits(
    cues: Mapping[int, tuple[float, str]], passage: int, phrases: Sequence[Phrase]
) -> Iterator[tuple[int, Hit]]:
    """(number of its first cue, hit) of a passage."""
    numbers = [number for number in cues_of_passage(passage) if number in cues]
    texts = [cues[number][1] for number in numbers]
    for first, last, marks in _sentences(texts, phrases):
        text = "\n".join(texts[first : last + 1]).replace("\n", " ")
        yield numbers[first], Hit(cues[numbers[first]][0], text, marks)


def _sentences(
    texts: Sequence[str], phrases: Sequence[Phrase]
) -> Iterator[tuple[int, int, tuple[tuple[int, int], ...]]]:
    """(first, last, marks) of the cues with words to be marked: one by one, or more where words go across."""
    tokens = tokens_of("\n".join(texts))
    found = [find(tokens, phrase) for phrase in phrases]
    if not all(found):
        return
    marks = merged([place for places in found for place in places])
    begin, first = 0, 0
    while first < len(texts):
        last, end = first, begin + len(texts[first])
        while any(start < end and end < stop for start, stop in marks) and last + 1 < len(texts):
            last += 1
            end += 1 + len(texts[last])
        inside = tuple((start - begin, stop - begin) for start, stop in marks if begin <= start < end)
        if inside:
            yield first, last, inside
        begin, first = end + 1, last + 1
