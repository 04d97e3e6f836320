"""What was said, as values, and the files it comes and goes in: WebVTT, SubRip (SRT), JSON, plain text.

Pure; called from any thread. Times are seconds of the session's own clock. What people upload is bounded
before it is looked into, read in one pass, and refused as UnfitTranscript with the line that is at fault.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

MAX_BYTES = 10 << 20
MAX_CUES = 50_000
MAX_TEXT = 2_000
MAX_WORDS = 500
MAX_SECONDS = 360_000.0  # a hundred hours
LANGUAGE_LENGTH = 35

_ARROW = "-->"
_MILLISECONDS = 1000
_TIME = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2})[.,]([0-9]{1,3})", re.ASCII)
_TAG = re.compile(r"<[^<>]{0,200}>")
_SRT_TAG = re.compile(r"</?(?:[biu]|font[^<>]{0,200})>|\{\\[^{}]{0,100}\}", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)
_SKIPPED_BLOCKS = ("NOTE", "STYLE", "REGION")


class Unfit(StrEnum):
    """Why a transcript is refused; pages put it into words."""

    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    NOT_VTT = "not_vtt"
    NOT_JSON = "not_json"
    NO_CUES = "no_cues"
    BAD_TIME = "bad_time"
    TOO_MANY_CUES = "too_many_cues"
    TOO_LONG_CUE = "too_long_cue"
    BAD_LANGUAGE = "bad_language"


class UnfitTranscript(ValueError):
    """`line`: where in the file, from 1; None when that cannot be said. `cue`: which one, from 1."""

    def __init__(self, reason: Unfit, *, line: int | None = None, cue: int | None = None) -> None:
        self.reason, self.line, self.cue = reason, line, cue
        place = f" in line {line}" if line is not None else f" in cue {cue}" if cue is not None else ""
        super().__init__(f"{reason}{place}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the engine heard it."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """What was said from `start` to `end`; `text` may have line breaks. `words`: empty when nobody knows."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """`language`: BCP 47, None when the file does not say."""

    language: str | None
    cues: tuple[Cue, ...]


def fit_cues(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """As they can be kept: in order of time, text without control characters, empty ones left out.

    Words that are out of place are dropped, all of a cue's. Raises UnfitTranscript for times that are none,
    and beyond the limits.
    """
    kept: list[Cue] = []
    for number, cue in enumerate(cues, start=1):
        if number > MAX_CUES:
            raise UnfitTranscript(Unfit.TOO_MANY_CUES)
        if not _is_span(cue.start, cue.end):
            raise UnfitTranscript(Unfit.BAD_TIME, cue=number)
        text = _clean(cue.text)
        if len(text) > MAX_TEXT:
            raise UnfitTranscript(Unfit.TOO_LONG_CUE, cue=number)
        if text:
            kept.append(Cue(float(cue.start), float(cue.end), text, _fit_words(cue.words)))
    return tuple(sorted(kept, key=lambda cue: cue.start))


def check_language(language: str | None) -> str | None:
    """A language's tag, or None for one that is not known. Raises UnfitTranscript."""
    if language is None or not language.strip():
        return None
    tag = language.strip()
    if len(tag) > LANGUAGE_LENGTH or _LANGUAGE.fullmatch(tag) is None:
        raise UnfitTranscript(Unfit.BAD_LANGUAGE)
    return tag


def parse_vtt(data: bytes) -> Transcript:
    """WebVTT (W3C): cues without their tags, settings, styles and notes. Raises UnfitTranscript."""
    lines = _lines(data)
    if not lines or re.match(r"WEBVTT(?:[ \t]|$)", lines[0]) is None:
        raise UnfitTranscript(Unfit.NOT_VTT, line=1)
    cues: list[Cue] = []
    for first, block in _blocks(lines, 1):
        if block[0].split(maxsplit=1)[0] in _SKIPPED_BLOCKS and _ARROW not in block[0]:
            continue
        cues.extend(Cue(start, end, _vtt_text(text)) for start, end, text in _timed(first, block))
        _check_count(cues, first)
    return _whole(None, cues)


def parse_srt(data: bytes) -> Transcript:
    """SubRip, as players take it: numbers are not looked at. Raises UnfitTranscript."""
    cues: list[Cue] = []
    for first, block in _blocks(_lines(data), 0):
        cues.extend(Cue(start, end, _SRT_TAG.sub("", text)) for start, end, text in _timed(first, block))
        _check_count(cues, first)
    return _whole(None, cues)


def parse_json(data: bytes) -> Transcript:
    """What `write_json` writes, and what openai-whisper does (`segments`). Raises UnfitTranscript."""
    if len(data) > MAX_BYTES:
        raise UnfitTranscript(Unfit.TOO_LARGE)
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise UnfitTranscript(Unfit.NOT_JSON) from error
    if not isinstance(told, dict):
        raise UnfitTranscript(Unfit.NOT_JSON)
    found = told.get("cues", told.get("segments"))
    language = told.get("language")
    if not isinstance(found, list) or not isinstance(language, str | None):
        raise UnfitTranscript(Unfit.NOT_JSON)
    if len(found) > MAX_CUES:
        raise UnfitTranscript(Unfit.TOO_MANY_CUES)
    cues = [_json_cue(one, number) for number, one in enumerate(found, start=1)]
    return _whole(check_language(language), cues)


def write_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT, times in full, text escaped."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        blocks.append(f"{_time(cue.start, '.')} {_ARROW} {_time(cue.end, '.')}\n{_vtt_payload(cue.text)}\n")
    return "\n".join(blocks)


def write_srt(cues: Iterable[Cue]) -> str:
    """SubRip. It knows no escape: an arrow in the text is written as one character."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        times = f"{_time(cue.start, ',')} {_ARROW} {_time(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{cue.text.replace(_ARROW, '→')}\n")
    return "\n".join(blocks)


def write_text(cues: Iterable[Cue]) -> str:
    """The words alone, one cue a line."""
    return "".join(f"{' '.join(cue.text.split())}\n" for cue in cues)


def write_json(language: str | None, cues: Iterable[Cue]) -> str:
    """`{"language", "cues": [{"start", "end", "text", "words"?: [[start, end, "word"], …]}]}`."""
    told = [cue_values(cue) for cue in cues]
    return json.dumps({"language": language, "cues": told}, ensure_ascii=False, separators=(",", ":"))


def cue_values(cue: Cue) -> dict[str, Any]:
    """A cue as JSON says it."""
    values: dict[str, Any] = {"start": cue.start, "end": cue.end, "text": cue.text}
    if cue.words:
        values["words"] = words_values(cue.words)
    return values


def words_values(words: Iterable[Word]) -> list[list[float | str]]:
    return [[word.start, word.end, word.text] for word in words]


def words_of(values: Sequence[Sequence[Any]] | None) -> tuple[Word, ...]:
    """What `words_values` made."""
    return tuple(Word(float(start), float(end), str(text)) for start, end, text in values or ())


def _whole(language: str | None, cues: Sequence[Cue]) -> Transcript:
    kept = fit_cues(cues)
    if not kept:
        raise UnfitTranscript(Unfit.NO_CUES)
    return Transcript(language, kept)


def _lines(data: bytes) -> list[str]:
    """UTF-8, or UTF-16 when its mark says so."""
    if len(data) > MAX_BYTES:
        raise UnfitTranscript(Unfit.TOO_LARGE)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnfitTranscript(Unfit.NOT_TEXT) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")


def _blocks(lines: Sequence[str], begin: int) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, each with the number of its first line, from 1."""
    block: list[str] = []
    for index in range(begin, len(lines) + 1):
        line = lines[index] if index < len(lines) else ""
        if line.strip():
            block.append(line)
        elif block:
            yield index - len(block) + 1, block
            block = []


def _timed(first: int, block: Sequence[str]) -> Iterator[tuple[float, float, str]]:
    """The cues of a block: a line with an arrow begins one, also where the blank line is missing."""
    places = [index for index, line in enumerate(block) if _ARROW in line]
    for place, following in pairwise([*places, len(block)]):
        start, end = _times(block[place], first + place)
        # The identifier of a cue that follows without a blank line is no text of this one.
        last = (
            following - 1
            if following < len(block) and block[following - 1].strip().isdecimal()
            else following
        )
        text = "\n".join(block[place + 1 : last])
        if len(text) > 4 * MAX_TEXT:
            raise UnfitTranscript(Unfit.TOO_LONG_CUE, line=first + place)
        yield start, end, text


def _times(line: str, number: int) -> tuple[float, float]:
    before, _, after = line.partition(_ARROW)
    settings = after.split(maxsplit=1)
    start, end = _seconds(before.strip()), _seconds(settings[0] if settings else "")
    if start is None or end is None or not _is_span(start, end):
        raise UnfitTranscript(Unfit.BAD_TIME, line=number)
    return start, end


def _seconds(text: str) -> float | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole * _MILLISECONDS + int(fraction.ljust(3, "0"))) / _MILLISECONDS


def _time(seconds: float, mark: str) -> str:
    whole, fraction = divmod(round(seconds * _MILLISECONDS), _MILLISECONDS)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{fraction:03}"


def _is_span(start: object, end: object) -> bool:
    if isinstance(start, bool) or isinstance(end, bool):
        return False
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return False
    return math.isfinite(start) and math.isfinite(end) and 0 <= start <= end <= MAX_SECONDS


def _clean(text: str) -> str:
    """Lines without control characters, halves of surrogate pairs and blank ends; no blank lines."""
    lines = ("".join(map(_visible, line)).strip() for line in re.split(r"[\n\r\u2028\u2029]", text))
    return "\n".join(line for line in lines if line)


def _visible(character: str) -> str:
    if character >= " " and not "\x7f" <= character <= "\x9f" and not "\ud800" <= character <= "\udfff":
        return character
    return " "


def _fit_words(words: Sequence[Word]) -> tuple[Word, ...]:
    fit = tuple(Word(float(one.start), float(one.end), _clean(one.text)) for one in words if _is_fit(one))
    return fit if len(fit) == len(words) <= MAX_WORDS else ()


def _is_fit(word: Word) -> bool:
    return _is_span(word.start, word.end) and 0 < len(_clean(word.text)) <= MAX_TEXT


def _vtt_text(payload: str) -> str:
    return html.unescape(_TAG.sub("", payload))


def _vtt_payload(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json_cue(told: Any, number: int) -> Cue:
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        raise UnfitTranscript(Unfit.NOT_JSON, cue=number)
    start, end = told.get("start"), told.get("end")
    if not _is_span(start, end):
        raise UnfitTranscript(Unfit.BAD_TIME, cue=number)
    words = told.get("words")
    found = (
        tuple(_json_word(one, number) for one in words[: MAX_WORDS + 1]) if isinstance(words, list) else ()
    )
    return Cue(start, end, told["text"], found)  # type: ignore[arg-type]


def _json_word(told: Any, number: int) -> Word:
    if isinstance(told, dict):  # openai-whisper's
        told = [told.get("start"), told.get("end"), told.get("word")]
    if not isinstance(told, list) or len(told) != 3 or not isinstance(told[2], str):
        raise UnfitTranscript(Unfit.NOT_JSON, cue=number)
    if not _is_span(told[0], told[1]):
        raise UnfitTranscript(Unfit.BAD_TIME, cue=number)
    return Word(told[0], told[1], told[2])


def _check_count(cues: Sequence[Cue], line: int) -> None:
    if len(cues) > MAX_CUES:
        raise UnfitTranscript(Unfit.TOO_MANY_CUES, line=line)
