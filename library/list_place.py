"""Where a sorted list goes on: the sort value and the id of the last line that was shown. Pure.

A place, not a page number: what is added or taken away meanwhile neither repeats nor leaves out a line.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass

MAX_PLACE_LENGTH = 2_000


class UnfitPlace(ValueError):
    """Not what a list gave out."""


@dataclass(frozen=True, slots=True)
class Place:
    """`value`: of the column that sorts: a text, seconds, or a moment as ISO 8601."""

    value: str | float
    identity: str

    def __str__(self) -> str:
        text = json.dumps([self.value, self.identity], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_place(text: str) -> Place:
    """Raises UnfitPlace."""
    if len(text) > MAX_PLACE_LENGTH or not text.isascii():
        raise UnfitPlace("no place in a list")
    try:
        value, identity = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise UnfitPlace("no place in a list") from error
    if not isinstance(identity, str) or not _is_text(identity) or not _is_value(value):
        raise UnfitPlace("no place in a list")
    return Place(value, identity)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return _is_text(value)
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_text(text: str) -> bool:
    """What a database takes: PostgreSQL refuses NUL, and a lone surrogate has no bytes."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text
