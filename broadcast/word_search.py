"""Any word that was ever said, as one reader may find it: for the API and the front page.

In web threads. What is found is `library.search`'s; titles, lecturers and addresses are put to it here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, or_

from broadcast.event_log import iso_utc
from broadcast.lecture_lists import Listed, listed_of
from library.database import Database
from library.models import LectureSession
from library.search import FoundRecording, SearchIndex
from people.models import User
from people.visible_recordings import listed_to as recordings_listed_to
from people.visible_rooms import listed_to


class UnfitPlace(ValueError):
    """Not what a search gave out as `more`."""


def search(
    database: Database,
    person: User | None,
    query: str,
    *,
    before: str | None = None,
    spoken_only: bool = False,
    address: Callable[[str], str],
) -> dict[str, Any]:
    """As the API says it. `spoken_only`: no recordings that only their title is found of.

    Raises UnfitPlace, DatabaseUnavailable.
    """
    recorded = and_(LectureSession.phase == "ended", LectureSession.bytes > 0, recordings_listed_to(person))
    visible = or_(recorded, and_(LectureSession.phase != "ended", listed_to(person)))
    found = SearchIndex(database).find(query, visible, before=_place(before), spoken_only=spoken_only)
    with database.reading() as transaction:
        listed = listed_of(transaction, [one.session_id for one in found.recordings])
    told = [
        _told(listed[one.session_id], one, address) for one in found.recordings if one.session_id in listed
    ]
    return {"recordings": told, "more": str(found.more) if found.more is not None else None}


def pieces(text: str, marks: Sequence[Sequence[int]]) -> list[tuple[str, bool]]:
    """Pure: the text cut at its marks, each piece with whether it is marked."""
    edges = [0, *(edge for mark in marks for edge in mark), len(text)]
    cut = [(text[start:end], bool(number % 2)) for number, (start, end) in enumerate(pairwise(edges))]
    return [(piece, marked) for piece, marked in cut if piece]


def _told(listed: Listed, found: FoundRecording, address: Callable[[str], str]) -> dict[str, Any]:
    session = listed.session
    path = f"/watch/{session.id}" if session.phase == "ended" else f"/rooms/{listed.room.slug}"
    return {
        "id": session.id,
        "title": session.title,
        "lecturer": listed.lecturer,
        "started_at": iso_utc(session.started_at),
        "seconds": listed.seconds,
        "url": address(path),
        "hits": [
            {"at": hit.at, "text": hit.text, "marks": [list(mark) for mark in hit.marks]}
            for hit in found.hits
        ],
    }


def _place(before: str | None) -> int | None:
    if before is None:
        return None
    if not (before.isascii() and before.isdigit() and len(before) < 15):
        raise UnfitPlace(f"no place in a list: {before[:20]!r}")
    return int(before)
