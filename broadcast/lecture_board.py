"""What the front page and its API tell, remembered for a moment: many pages look every few seconds.

One per web process, used from its threads. A look costs the database nothing while another of the same reader
(all strangers are one) with the same question is younger than FRESH_SECONDS; viewer counts are always new.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from broadcast import picture_addresses, watched_facts
from broadcast.event_log import iso_utc
from broadcast.lecture_lists import ComingUp, Listed, Recordings, coming_up, live_now, recordings, words_of
from broadcast.list_cursor import Cursor
from library import watching
from library.database import Database, utc_now
from library.watched_spans import Watched
from people.models import User

FRESH_SECONDS = 1.0
MAX_REMEMBERED = 500
_KEY = "kodo.lecture_board"

_Question = tuple[str | None, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Board:
    """Pages after the first have no `live` and no `scheduled`. `watched`: by the reader, by the recording."""

    live: tuple[Listed, ...]
    scheduled: tuple[ComingUp, ...]
    recordings: Recordings
    watched: Mapping[str, Watched]


class LectureBoard:
    """`viewers`: how many watch a room now. `clock`: monotonic seconds."""

    def __init__(
        self,
        database: Database,
        viewers: Callable[[str], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._viewers = viewers
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: OrderedDict[_Question, tuple[float, Board]] = OrderedDict()

    def look(self, person: User | None, search: str = "", before: Cursor | None = None) -> Board:
        """Raises DatabaseUnavailable."""
        question = (person.id if person is not None else None, words_of(search), str(before or ""))
        with self._lock:
            at, known = self._remembered.get(question, (float("-inf"), None))
        now = self._clock()
        if known is not None and now - at < FRESH_SECONDS:
            return known
        with self._database.reading() as transaction:
            live = live_now(transaction, person, search) if before is None else ()
            scheduled = coming_up(transaction, person, utc_now(), search) if before is None else ()
            found = recordings(transaction, person, search, before)
            ids = [one.session.id for one in found.listed]
            watched = watching.of_person(transaction, question[0], ids)
            board = Board(live, scheduled, found, watched)
        self._remember(question, now, board)
        return board

    def tell(self, board: Board, address: Callable[[str], str]) -> dict[str, Any]:
        """As the API says it; `address` makes a path what readers get."""
        return {
            "live": [self._live(one, address) for one in board.live],
            "scheduled": [_scheduled(one, address) for one in board.scheduled],
            "recordings": [
                _recording(one, board.watched.get(one.session.id), address) for one in board.recordings.listed
            ],
            "more": str(board.recordings.more) if board.recordings.more is not None else None,
        }

    def _live(self, one: Listed, address: Callable[[str], str]) -> dict[str, Any]:
        return {
            **_lecture(one, address(f"/rooms/{one.room.slug}")),
            "room": one.room.slug,
            "poster_url": address(f"/rooms/{one.room.slug}/poster.webp"),
            "state": one.session.phase,
            "viewers": self._viewers(one.room.id),
        }

    def _remember(self, question: _Question, at: float, board: Board) -> None:
        with self._lock:
            self._remembered[question] = (at, board)
            self._remembered.move_to_end(question)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)


def install(app: Flask, database: Database, viewers: Callable[[str], int]) -> None:
    app.extensions[_KEY] = LectureBoard(database, viewers)


def lecture_board() -> LectureBoard:
    """Of the application that answers this request."""
    installed: LectureBoard = current_app.extensions[_KEY]
    return installed


def _recording(one: Listed, watched: Watched | None, address: Callable[[str], str]) -> dict[str, Any]:
    pictures = {
        "poster_url": picture_addresses.poster(one.session),
        "thumbnail_url": picture_addresses.thumbnail(one.session),
    }
    return {
        **_lecture(one, address(f"/watch/{one.session.id}")),
        "seconds": one.seconds,
        "watched": watched_facts.told(watched, one.session),
        **{name: address(path) if path is not None else None for name, path in pictures.items()},
    }


def _scheduled(one: ComingUp, address: Callable[[str], str]) -> dict[str, Any]:
    return {
        "id": one.plan.id,
        "title": one.plan.title,
        "lecturer": one.lecturer,
        "starts_at": iso_utc(one.plan.starts_at),
        "minutes": one.plan.minutes,
        "url": address(f"/rooms/{one.room.slug}"),
    }


def _lecture(one: Listed, url: str) -> dict[str, Any]:
    return {
        "id": one.session.id,
        "title": one.session.title,
        "lecturer": one.lecturer,
        "started_at": iso_utc(one.session.started_at),
        "url": url,
    }
