"""Keeps what can be found in step with what is there, within the transaction that changes it.

Called by whatever saves a transcript or names a lecture; on SQLite and PostgreSQL alike. A session has a
*place*, a number that grows with its start, and from it the numbers of its passages: of two sessions the
later one's are higher, of two passages of a session the earlier one's. So the highest numbers first is the
newest lecture first, each from its beginning, and a list of results goes on at any place without sorting.

Passage 0 is what the lecture is called and what it is about; passage n ≥ 1 is CUES cues and the one behind
them, so that what was said across two cues is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from library.database import exclusive
from library.models import CueRow, LectureSession, SearchPlace, TranscriptRow
from library.search_passages import Change, Passages, passages_on
from library.search_tokens import words_of

CUES = 4
PASSAGES = 1 << 21  # numbers that a place has
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BREAK = " | "  # no phrase goes across it
# Of a cue that is hidden nothing is found, and it keeps its place.
FOUND_TEXT = case((CueRow.hidden, ""), else_=CueRow.text)


def describe(transaction: Session, session_id: str, *about: str) -> None:
    """What the lecture is called, by whom it is held and what it is about, from now on. Cheap when nothing is
    new.
    """
    place = _place(transaction, session_id)
    words = BREAK.join(one for one in about if one)
    if place is None or place.about == words:
        return
    change = Change(passage_number(place.place, 0), words_of(place.about), words_of(words))
    passages_on(transaction.connection()).replace([change])
    place.about = words
    transaction.flush()


def index_transcript(transaction: Session, session_id: str, row: TranscriptRow | None) -> None:
    """From now on `row` is what is found of the session. Only passages that are not the same are written."""
    place = _place(transaction, session_id)
    if place is None or (row is not None and place.transcript_id == row.id):
        return
    old = _texts(transaction, place.transcript_id, 0)
    new = _texts(transaction, row.id if row is not None else None, 0)
    _change(passages_on(transaction.connection()), place.place, 0, old, new)
    place.transcript_id = row.id if row is not None else None
    transaction.flush()


def index_more(transaction: Session, session_id: str, row: TranscriptRow, known: int) -> None:
    """`row` had `known` cues and has more now; nothing to do for one that is not what is found."""
    place = _place(transaction, session_id)
    if place is None or place.transcript_id != row.id:
        return
    first = max(0, (known - 1) // CUES)  # the first passage that was not full
    texts = _texts(transaction, row.id, first * CUES)
    _change(passages_on(transaction.connection()), place.place, first, texts[: known - first * CUES], texts)


def remove(transaction: Session, session_id: str) -> None:
    """Nothing of the session is found any more."""
    place = transaction.scalar(select(SearchPlace).where(SearchPlace.session_id == session_id))
    if place is not None:
        index_transcript(transaction, session_id, None)
        describe(transaction, session_id)
        transaction.delete(place)
        transaction.flush()


def passage_number(place: int, passage: int) -> int:
    return place * PASSAGES + PASSAGES - 1 - passage


def passage_of(number: int) -> tuple[int, int]:
    """(place, passage) of a passage's number."""
    return number // PASSAGES, PASSAGES - 1 - number % PASSAGES


def cues_of_passage(passage: int) -> range:
    """Numbers of its cues, where there are as many, of passage 1 and later."""
    return range((passage - 1) * CUES, passage * CUES + 1)


def place_number(started_at: datetime) -> int:
    """The place that a session's start asks for: milliseconds since 1970."""
    return max(1, int((started_at - _EPOCH).total_seconds() * 1000))


def passages_of(texts: Sequence[str], first: int = 0) -> dict[int, str]:
    """Passages of cues' texts, by their numbers; `texts` begins with the cues of passage `first` + 1."""
    found = {}
    for begin in range(0, len(texts), CUES):
        if (begin == 0 and first == 0) or begin + 1 < len(texts):
            found[first + begin // CUES + 1] = "\n".join(texts[begin : begin + CUES + 1])
    return found


def _change(passages: Passages, place: int, first: int, old: Sequence[str], new: Sequence[str]) -> None:
    before, after = passages_of(old, first), passages_of(new, first)
    changes = []
    for passage in sorted(before.keys() | after.keys(), reverse=True):
        was, now = before.get(passage, ""), after.get(passage, "")
        if was != now:
            changes.append(Change(passage_number(place, passage), words_of(was), words_of(now)))
    passages.replace(changes)


def _texts(transaction: Session, transcript_id: str | None, first: int) -> Sequence[str]:
    query = select(FOUND_TEXT).where(CueRow.transcript_id == transcript_id, CueRow.number >= first)
    return transaction.scalars(query.order_by(CueRow.number)).all()


def _place(transaction: Session, session_id: str) -> SearchPlace | None:
    """The session's, made when it has none; None where there is no such session."""
    query = select(SearchPlace).where(SearchPlace.session_id == session_id)
    found = transaction.scalar(query)
    if found is not None:
        return found
    exclusive(transaction, "search-places")
    session = transaction.get(LectureSession, session_id)
    if session is None:
        return None
    number = place_number(session.started_at)
    while transaction.get(SearchPlace, number) is not None:
        number += 1
    place = transaction.scalar(query) or SearchPlace(place=number, session_id=session_id, about="")
    transaction.add(place)
    transaction.flush()
    return place
