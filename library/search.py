"""Finds any word that was ever said, for one reader: recordings, newest first, with the moments of the words.

`SearchIndex` is used from any thread of the web process; a search is one reading transaction of a few
queries, none of which sorts or counts all that matches. The database says which passages have the words; the
passages are then read, and what is told is what really stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, literal, select
from sqlalchemy.orm import Session

from library.database import Base, Database
from library.models import CueRow, LectureSession, SearchPlace
from library.search_index import PASSAGES, cues_of_passage, passage_of
from library.search_passages import passages_on
from library.search_tokens import Phrase, find, merged, phrases_of, tokens_of

PAGE_LENGTH = 12
MAX_HITS = 5
_BATCH = 100
_MAX_BATCHES = 60


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
            places = _candidates(transaction, phrases, visible, before)
            for place, candidate in places:
                recording = _look(transaction, candidate, phrases)
                if recording is None or (spoken_only and not recording.hits):
                    continue
                if len(found) == most:
                    return Found(tuple(found), last)
                found.append(recording)
                last = place
        return Found(tuple(found), None)


def _candidates(
    transaction: Session, phrases: Sequence[Phrase], visible: ColumnElement[bool], before: int | None
) -> Iterator[tuple[int, _Candidate]]:
    """(place, what was found there), newest first, each with its first passages that have the phrases."""
    below = before * PASSAGES if before is not None else None
    place, candidate = 0, None
    for _ in range(_MAX_BATCHES):
        rows = _batch(transaction, phrases, visible, below)
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
        full = len(candidate.passages) > 2 * MAX_HITS
        below = place * PASSAGES if full else rows[-1][0]
    if candidate is not None:
        yield place, candidate


def _batch(
    transaction: Session, phrases: Sequence[Phrase], visible: ColumnElement[bool], below: int | None
) -> Sequence[tuple[int, str, str | None]]:
    table, number, condition = passages_on(transaction.connection()).matching(phrases)
    rooms = Base.metadata.tables["rooms"]
    query = select(number, SearchPlace.session_id, SearchPlace.transcript_id).select_from(table)
    query = query.join(
        SearchPlace, SearchPlace.place == number.op(">>")(literal(PASSAGES.bit_length() - 1, Integer))
    )
    query = query.join(LectureSession, LectureSession.id == SearchPlace.session_id)
    query = query.join(rooms, rooms.c.id == LectureSession.room_id).where(condition, visible)
    if below is not None:
        query = query.where(number < below)
    rows = transaction.execute(query.order_by(number.desc()).limit(_BATCH)).all()
    return [(int(one), session_id, transcript_id) for one, session_id, transcript_id in rows]


def _look(transaction: Session, candidate: _Candidate, phrases: Sequence[Phrase]) -> FoundRecording | None:
    """What really stands in the first passages; None when nothing does."""
    hits: dict[int, Hit] = {}
    spoken = [passage for passage in candidate.passages if passage > 0][: MAX_HITS + 1]
    cues = _cues(transaction, candidate.transcript_id, spoken)
    for passage in spoken:
        for number, hit in _hits(cues, passage, phrases):
            hits.setdefault(number, hit)
    if not hits and 0 not in candidate.passages:
        return None
    return FoundRecording(candidate.session_id, tuple(hits[number] for number in sorted(hits))[:MAX_HITS])


def _cues(
    transaction: Session, transcript_id: str | None, passages: Iterable[int]
) -> dict[int, tuple[float, str]]:
    """(start, text) of the passages' cues, by their numbers."""
    numbers = {number for passage in passages for number in cues_of_passage(passage)}
    if not numbers:
        return {}
    query = select(CueRow.number, CueRow.start, CueRow.text).where(CueRow.transcript_id == transcript_id)
    rows = transaction.execute(query.where(CueRow.number.in_(numbers)))
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
