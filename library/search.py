"""Finds any word that was ever said, for one reader: recordings, newest first, with the moments of the words.

`SearchIndex` is used from any thread of the web process; a search is one reading transaction of a few
queries, none of which sorts or counts all that matches. The database says which passages have the words; the
passages are then read, and what is told is what really stands there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import BigInteger, ColumnElement, Integer, Row, Select, bindparam, literal, select
from sqlalchemy.engine import Connection

from library.database import Base, Database
from library.models import LectureSession, SearchPlace
from library.search_index import PASSAGES, cues_of_passage, passage_of
from library.search_passages import passages_on
from library.search_tokens import Phrase, find, merged, phrases_of

PAGE_LENGTH = 12
MAX_HITS = 5
_BATCH = 60
_STEP = 32
_FIRST_LOOK = 2  # passages of a recording; a word that is said all the time has its MAX_HITS there
_MAX_BATCHES = 100
_ABOVE_ALL = 2**63 - 1


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
    place: int
    session_id: str
    transcript_id: str | None
    passages: list[int]

    @property
    def spoken(self) -> list[int]:
        """Those that are looked into: what was said, not what the lecture is called."""
        return [passage for passage in self.passages if passage > 0][: MAX_HITS + 1]


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
            candidates = _candidates(connection, phrases, visible, before)
            while some := list(islice(candidates, most + 1 - len(found))):
                for candidate, recording in _look(connection, some, phrases):
                    if recording is None or (spoken_only and not recording.hits):
                        continue
                    if len(found) == most:
                        return Found(tuple(found), last)
                    found.append(recording)
                    last = candidate.place
        return Found(tuple(found), None)


class _Way:
    """Along the passages that have the phrases, newest first: (number, session, transcript) a batch.

    `scan`: the next ones, whosesoever they are: right for what was said now and then. `step`: through the
    next recordings one by one, of each its first ones: right for what was said all the time, where a scan
    would not leave one recording for long.
    """

    def __init__(
        self, connection: Connection, phrases: Sequence[Phrase], visible: ColumnElement[bool]
    ) -> None:
        self._connection = connection
        self._passages = passages_on(connection)
        self._phrases = phrases
        self._visible = visible
        self._scan = self._scan_query()

    def scan(self, below: int) -> Sequence[Row[int, str, str | None]]:
        """At most _BATCH; fewer: there are no more."""
        return self._connection.execute(self._scan, {"below": below}).all()

    def step(self, below: int) -> tuple[Iterator[tuple[int, str, str | None]], int | None]:
        """(passages of the next _STEP recordings that the reader may know of, where those behind begin)."""
        rooms = Base.metadata.tables["rooms"]
        query = select(SearchPlace.place, SearchPlace.session_id, SearchPlace.transcript_id)
        query = query.join(LectureSession, LectureSession.id == SearchPlace.session_id)
        query = query.join(rooms, rooms.c.id == LectureSession.room_id).where(self._visible)
        query = query.where(SearchPlace.place < below // PASSAGES).order_by(SearchPlace.place.desc())
        found = self._connection.execute(query.limit(_STEP)).all()
        known = {place: (session_id, transcript_id) for place, session_id, transcript_id in found}
        ranges = [(place * PASSAGES, (place + 1) * PASSAGES) for place in known]
        numbers = self._passages.first_in(self._phrases, ranges, MAX_HITS + 1)
        rows = ((number, *known[number // PASSAGES]) for number in numbers)
        return rows, min(known) * PASSAGES if len(known) == _STEP else None

    def _scan_query(self) -> Select[int, str, str | None]:
        """Made once, asked many times."""
        table, number, condition = self._passages.matching(self._phrases)
        rooms = Base.metadata.tables["rooms"]
        shift = literal(PASSAGES.bit_length() - 1, Integer)
        query = select(number, SearchPlace.session_id, SearchPlace.transcript_id).select_from(table)
        query = query.join(SearchPlace, SearchPlace.place == number.op(">>")(shift))
        query = query.join(LectureSession, LectureSession.id == SearchPlace.session_id)
        query = query.join(rooms, rooms.c.id == LectureSession.room_id).where(condition, self._visible)
        return (
            query.where(number < bindparam("below", type_=BigInteger)).order_by(number.desc()).limit(_BATCH)
        )


def _candidates(
    connection: Connection, phrases: Sequence[Phrase], visible: ColumnElement[bool], before: int | None
) -> Iterator[_Candidate]:
    """What was found, newest first, each with its first passages that have the phrases."""
    way = _Way(connection, phrases, visible)
    candidate = None
    for number, session_id, transcript_id in _passages(way, before):
        place, passage = passage_of(number)
        if candidate is None or candidate.place != place:
            if candidate is not None:
                yield candidate
            candidate = _Candidate(place, session_id, transcript_id, [])
        candidate.passages.append(passage)
    if candidate is not None:
        yield candidate


def _passages(way: _Way, before: int | None) -> Iterator[tuple[int, str, str | None]]:
    """Newest first, of each recording at least the first ones."""
    below: int | None = before * PASSAGES if before is not None else _ABOVE_ALL
    stepping, may_step = False, True
    for _ in range(_MAX_BATCHES):
        if below is None:
            return
        if stepping:
            steps, below = way.step(below)
            having = set()
            for row in steps:
                having.add(row[0] // PASSAGES)
                yield row
            # Where only few have it, a scan finds them sooner.
            stepping = may_step = len(having) * 3 >= _STEP
            continue
        rows = way.scan(below)
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1][0] // PASSAGES
        below = rows[-1][0]
        if sum(number // PASSAGES == last for number, _, _ in rows) > MAX_HITS + 1:
            # Whoever has more passages than are shown is left behind at once.
            below, stepping = last * PASSAGES, may_step


def _look(
    connection: Connection, candidates: Sequence[_Candidate], phrases: Sequence[Phrase]
) -> Iterator[tuple[_Candidate, FoundRecording | None]]:
    """Each with what really stands in its first passages; None when nothing does."""
    hits: dict[int, dict[int, Hit]] = {one.place: {} for one in candidates}
    for first, end in ((0, _FIRST_LOOK), (_FIRST_LOOK, MAX_HITS + 1)):
        wanted = [(one, one.spoken[first:end]) for one in candidates if len(hits[one.place]) < MAX_HITS]
        cues = _cues(connection, wanted)
        for one, passages in wanted:
            _add_hits(hits[one.place], cues.get(one.transcript_id, {}), passages, phrases)
    for one in candidates:
        found = tuple(hit for _, hit in sorted(hits[one.place].items()))[:MAX_HITS]
        is_called_so = 0 in one.passages
        yield one, FoundRecording(one.session_id, found) if found or is_called_so else None


def _add_hits(
    hits: dict[int, Hit],
    cues: Mapping[int, tuple[float, str]],
    passages: Iterable[int],
    phrases: Sequence[Phrase],
) -> None:
    """By the number of the first cue; no more passages are looked into than are needed."""
    for passage in passages:
        if len(hits) >= MAX_HITS:
            return
        for number, hit in _hits(cues, passage, phrases):
            hits.setdefault(number, hit)


def _cues(
    connection: Connection, passages: Iterable[tuple[_Candidate, Sequence[int]]]
) -> Mapping[str | None, dict[int, tuple[float, str]]]:
    """(start, text) of the passages' cues, by transcript and number."""
    wanted = {
        (one.transcript_id, number)
        for one, some in passages
        if one.transcript_id is not None
        for passage in some
        for number in cues_of_passage(passage)
    }
    found: dict[str | None, dict[int, tuple[float, str]]] = defaultdict(dict)
    if wanted:
        for transcript_id, number, start, text in passages_on(connection).cues(sorted(wanted)):
            found[transcript_id][number] = start, text
    return found


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
    found = find("\n".join(texts), phrases)
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
