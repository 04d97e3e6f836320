"""The chapters of a recording as values, and the files they come and go in: WebVTT and JSON.

Pure; called from any thread. A chapter begins at a moment of the session's own clock and lasts to the next
one. What people upload is bounded before it is looked into and refused as UnfitChapters, with the line or the
chapter that is at fault.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from library import transcript_formats, watched_spans
from library.models import ChapterOrigin
from library.transcript_formats import Cue, UnfitTranscript
from library.watched_spans import Spans

MAX_BYTES = 1 << 20
MAX_CHAPTERS = 1_000
TITLE_LENGTH = 300
LATE_SECONDS = 1.0  # past the end by rounding alone
SEEN_SECONDS = 0.05  # less is no chapter to anybody
_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of surrogate pairs, ends of lines


class Unfit(StrEnum):
    """Why chapters are refused; pages put it into words."""

    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    NOT_VTT = "not_vtt"
    NOT_JSON = "not_json"
    NO_CHAPTERS = "no_chapters"
    BAD_TIME = "bad_time"
    BEYOND_END = "beyond_end"
    TOO_MANY = "too_many"
    NO_TITLE = "no_title"
    TOO_LONG_TITLE = "too_long_title"


_OF_TRANSCRIPT = {
    transcript_formats.Unfit.TOO_LARGE: Unfit.TOO_LARGE,
    transcript_formats.Unfit.NOT_TEXT: Unfit.NOT_TEXT,
    transcript_formats.Unfit.NO_CUES: Unfit.NO_CHAPTERS,
    transcript_formats.Unfit.BAD_TIME: Unfit.BAD_TIME,
    transcript_formats.Unfit.TOO_MANY_CUES: Unfit.TOO_MANY,
    transcript_formats.Unfit.TOO_LONG_CUE: Unfit.TOO_LONG_TITLE,
}


class UnfitChapters(ValueError):
    """`line`: where in the file, from 1; `number`: which chapter, from 1; None when that cannot be said."""

    def __init__(self, reason: Unfit, *, line: int | None = None, number: int | None = None) -> None:
        self.reason, self.line, self.number = reason, line, number
        super().__init__(f"{reason}, line {line}, chapter {number}")


@dataclass(frozen=True, slots=True)
class Chapter:
    """`at`: seconds of the session's clock."""

    at: float
    title: str
    origin: ChapterOrigin = ChapterOrigin.PERSON


def fit_chapters(chapters: Sequence[Chapter], end: float) -> tuple[Chapter, ...]:
    """As they can be kept: in order of time, titles on one line; of two at one moment the later one given.

    `end`: of the recording. Raises UnfitChapters.
    """
    if len(chapters) > MAX_CHAPTERS:
        raise UnfitChapters(Unfit.TOO_MANY)
    kept: dict[float, Chapter] = {}
    for number, chapter in enumerate(chapters, start=1):
        if not math.isfinite(chapter.at) or chapter.at < 0:
            raise UnfitChapters(Unfit.BAD_TIME, number=number)
        if chapter.at > end + LATE_SECONDS:
            raise UnfitChapters(Unfit.BEYOND_END, number=number)
        title = _one_line(chapter.title)
        if not title:
            raise UnfitChapters(Unfit.NO_TITLE, number=number)
        if len(title) > TITLE_LENGTH:
            raise UnfitChapters(Unfit.TOO_LONG_TITLE, number=number)
        at = round(min(chapter.at, end), 3)
        kept[at] = replace(chapter, at=at, title=title)
    return tuple(kept[at] for at in sorted(kept))


def parse_vtt(data: bytes) -> tuple[Chapter, ...]:
    """A WebVTT file of chapters: where each cue begins. Raises UnfitChapters."""
    _check_size(data)
    try:
        cues = transcript_formats.parse_vtt(data).cues
    except UnfitTranscript as error:
        reason = _OF_TRANSCRIPT.get(error.reason, Unfit.NOT_VTT)
        raise UnfitChapters(reason, line=error.line, number=error.cue) from error
    return tuple(Chapter(cue.start, cue.text, ChapterOrigin.VTT) for cue in cues)


def parse_json(data: bytes) -> tuple[Chapter, ...]:
    """`{"chapters": [{"at": seconds, "title": "…"}, …]}`. Raises UnfitChapters."""
    _check_size(data)
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise UnfitChapters(Unfit.NOT_JSON) from error
    found = told.get("chapters") if isinstance(told, dict) else None
    if not isinstance(found, list):
        raise UnfitChapters(Unfit.NOT_JSON)
    if len(found) > MAX_CHAPTERS:
        raise UnfitChapters(Unfit.TOO_MANY)
    return tuple(_json_chapter(one, number) for number, one in enumerate(found, start=1))


def write_vtt(chapters: Sequence[Chapter], end: float) -> str:
    """Each as a cue to the next one, the last to the recording's `end`."""
    return transcript_formats.write_vtt(Cue(one.at, to, one.title) for one, to in _with_ends(chapters, end))


def shown_chapters(chapters: Sequence[Chapter], shown: Spans, end: float) -> tuple[Chapter, ...]:
    """Those of which the replay shows anything: what is private is not told by the name of its chapter."""
    timed = _with_ends(chapters, end)
    return tuple(one for one, to in timed if watched_spans.overlap(((one.at, to),), shown) > SEEN_SECONDS)


def with_known_origins(chapters: Iterable[Chapter], known: Iterable[Chapter]) -> tuple[Chapter, ...]:
    """What was there before and is not changed keeps its origin."""
    origins = {(one.at, one.title): one.origin for one in known}
    return tuple(replace(one, origin=origins.get((one.at, one.title), one.origin)) for one in chapters)


def version_of(chapters: Iterable[Chapter]) -> str:
    """Names what they say: another where anything is another."""
    told = [[one.at, one.title] for one in chapters]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _with_ends(chapters: Sequence[Chapter], end: float) -> list[tuple[Chapter, float]]:
    """Each with the moment at which the next one begins."""
    following = [one.at for one in chapters[1:]] + [end]
    return [(one, max(one.at, to)) for one, to in zip(chapters, following, strict=False)]


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise UnfitChapters(Unfit.TOO_LARGE)


def _json_chapter(told: Any, number: int) -> Chapter:
    if not isinstance(told, dict) or not isinstance(told.get("title"), str):
        raise UnfitChapters(Unfit.NOT_JSON, number=number)
    at = told.get("at")
    if (
        isinstance(at, bool)
        or not isinstance(at, int | float)
        or not 0 <= at <= transcript_formats.MAX_SECONDS
    ):
        raise UnfitChapters(Unfit.BAD_TIME, number=number)
    return Chapter(float(at), told["title"])


def _one_line(text: str) -> str:
    visible = (" " if unicodedata.category(one) in _BREAKS else one for one in text)
    return " ".join("".join(visible).split())
