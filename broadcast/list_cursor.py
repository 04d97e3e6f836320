"""Where a list of recordings goes on: the place behind the last one that was shown. Pure.

A place, not a page number: what is added or taken away meanwhile neither repeats nor leaves out a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CURSOR_LENGTH = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TEXT = re.compile(r"([0-9]{1,17})\.([0-9A-Za-z-]{1,36})", re.ASCII)


class UnfitCursor(ValueError):
    """Not what a list gave out."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The session behind which the list goes on, newest first."""

    started_at: datetime
    session_id: str

    def __str__(self) -> str:
        return f"{(self.started_at - _EPOCH) // _MICROSECOND}.{self.session_id}"


def read_cursor(text: str) -> Cursor:
    """Raises UnfitCursor."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UnfitCursor(f"no place in a list: {text[:CURSOR_LENGTH]!r}")
    return Cursor(_EPOCH + timedelta(microseconds=int(match[1])), match[2])
