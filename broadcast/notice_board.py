"""The notices that a web process shows, remembered for a few seconds: a page costs no query.

`install` gives an application its board; `notices_here` is what the reader of this request sees. While the
database is away the last ones that were read stay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, current_app, request

from broadcast import languages
from library import notices
from library.database import Database, DatabaseUnavailable, utc_now
from library.models import Notice
from people.models import User

KEY = "kodo.notices"
REMEMBERED_SECONDS = 5.0
# The browser's own list of what its reader has put away: ids between points.
COOKIE = "kodo_notices_read"
FALLBACKS = ("en", "ja", "zh")


class NoticeBoard:
    """`clock`: monotonic seconds. Safe from several threads: one reads, the others go on with the last."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._reading = threading.Lock()
        self._known: Sequence[Notice] = ()
        self._until = float("-inf")

    def look(self) -> Sequence[Notice]:
        """Of all organizations."""
        if self._clock() < self._until or not self._reading.acquire(blocking=self._until == float("-inf")):
            return self._known
        try:
            if self._clock() >= self._until:
                self._read()
        finally:
            self._reading.release()
        return self._known

    def forget(self) -> None:
        """A notice was added or withdrawn by this process: the next look reads."""
        self._until = float("-inf")

    def _read(self) -> None:
        try:
            with self._database.reading() as transaction:
                self._known = notices.current(transaction, utc_now())
        except DatabaseUnavailable:
            pass
        self._until = self._clock() + REMEMBERED_SECONDS


def install(app: Flask, database: Database) -> None:
    app.extensions[KEY] = NoticeBoard(database)


def notice_board() -> NoticeBoard:
    board: NoticeBoard = current_app.extensions[KEY]
    return board


def notices_here(person: User | None) -> list[dict[str, str]]:
    """What the reader has not put away: `id`, `text`, and the text's `language` as a tag."""
    read = set(request.cookies.get(COOKIE, "").split("."))
    organization = person.organization_id if person is not None else None
    shown = notices.shown_to(notice_board().look(), organization, utc_now())
    return [told(one) for one in shown if one.id not in read]


def told(notice: Notice) -> dict[str, Any]:
    """In the reader's language, else in one there is."""
    wanted = (languages.chosen_language(), *FALLBACKS)
    language = next(one for one in wanted if one in notice.texts)
    return {"id": notice.id, "text": notice.texts[language], "language": languages.TAGS[language]}
