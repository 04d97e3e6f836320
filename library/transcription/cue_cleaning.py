"""What an engine heard, made fit to be shown and searched.

Pure. An engine may answer anything: the same words over and over where it lost its way, words outside of
their sentence, times that run backwards or are none, a minute of text in one piece. What comes out of `clean`
is in order, inside its chunk, without overlap, and cut as captions are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from typing import TypeVar

from library.transcript_formats import Cue, Word

LONGEST_SECONDS = 7.0
SHORTEST_SECONDS = 0.8
LEAST_SECONDS = 0.05
MOST_COLUMNS = 84  # two lines of 42; a Chinese, Japanese or Korean sign takes two
PAUSE_SECONDS = 1.5
WORD_REPEATS, LONGEST_PHRASE = 4, 30  # nobody says a phrase of so many words so often in a row
CUE_REPEATS, LONGEST_CYCLE = 3, 4

_MOST_CHARACTERS = 2_000  # of a cue as an engine gives it
_MOST_WORDS = 400
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
_SPACELESS = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"  # Hangul is written with spaces
_WIDE_SIGN = re.compile(f"[{_WIDE}]")
_SUPERFLUOUS_SPACE = re.compile(rf"(?<=[{_SPACELESS}])\s+|\s+(?=[{_SPACELESS}])")
_SPACE = re.compile(r"\s+")
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd\ud800-\udfff]"
)
_TOKEN = re.compile(rf"\s*[{_SPACELESS}]|\s*[^\s{_SPACELESS}]+")
_SAID = re.compile(r"\w")
_SENTENCE_ENDS = tuple(".?!。？！…")
_CLAUSE_ENDS = tuple(",;:、，；：")
_SPACELESS_LANGUAGES = frozenset(("ja", "zh", "yue", "th", "lo", "km", "my", "bo"))

T = TypeVar("T")


def clean(cues: Iterable[Cue], start: float, end: float, language: str | None = None) -> list[Cue]:
    """Cues of a chunk from `start` to `end`, in seconds.

    A word's text begins with a space where one is before it, as engines give it; in languages that are
    written without, or where no word has one, words are put together as the language does it.
    """
    found = [cue for raw in cues if (cue := _bounded(raw, start, end)) is not None]
    pieces = [piece for cue in found for piece in _cut(cue, language) if _SAID.search(piece.text)]
    pieces.sort(key=attrgetter("start"))
    names = [piece.text.casefold() for piece in pieces]
    return _apart(_collapsed(pieces, names, LONGEST_CYCLE, CUE_REPEATS), end)


def tidy(text: str) -> str:
    """In one line, single spaces, none beside Chinese and Japanese signs."""
    one_line = _SPACE.sub(" ", _UNSHOWN.sub("", text)).strip()
    return _SUPERFLUOUS_SPACE.sub("", one_line)


def columns(text: str) -> int:
    """How wide it is in a caption."""
    return len(text) + len(_WIDE_SIGN.findall(text))


def _bounded(cue: Cue, start: float, end: float) -> Cue | None:
    """With times that are some, within the chunk; None for what cannot be placed there."""
    words = tuple(_bounded_words(cue.words, start, end))[:_MOST_WORDS]
    first, last = (words[0].start, words[-1].end) if words else (cue.start, cue.end)
    if not (math.isfinite(first) and math.isfinite(last)) or first >= end or max(first, last) < start:
        return None
    first = max(first, start)
    return Cue(first, min(max(last, first + LEAST_SECONDS), end), cue.text[:_MOST_CHARACTERS], words)


def _bounded_words(words: Iterable[Word], start: float, end: float) -> Iterator[Word]:
    """In order, none before the one before it has begun. (So long a word is none.)"""
    at = start
    for word in words:
        text = _UNSHOWN.sub("", word.text)
        finite = math.isfinite(word.start) and math.isfinite(word.end)
        if finite and text.strip() and columns(text) <= MOST_COLUMNS:
            at = min(max(word.start, at), end)
            yield Word(at, min(max(word.end, at), end), text)


def _cut(cue: Cue, language: str | None) -> Iterator[Cue]:
    """The cue as captions, none too long or too wide, and each phrase that goes on and on once."""
    words = cue.words or tuple(_guessed_words(cue))
    names = [word.text.strip("".join((*_SENTENCE_ENDS, *_CLAUSE_ENDS, " "))).casefold() for word in words]
    for some in _captions(_collapsed(words, names, LONGEST_PHRASE, WORD_REPEATS), language):
        shown = tuple(replace(word, text=tidy(word.text)) for word in some) if cue.words else ()
        last = max(some[-1].end, some[0].start + LEAST_SECONDS)
        yield Cue(some[0].start, last, _text(some, language), shown)


def _guessed_words(cue: Cue) -> Iterator[Word]:
    """Of a cue whose words nobody timed: each takes its share of the time."""
    tokens = [token for token in _TOKEN.findall(_UNSHOWN.sub("", cue.text)) if columns(token) <= MOST_COLUMNS]
    widths = [columns(token) for token in tokens]
    a_column = (cue.end - cue.start) / max(sum(widths), 1)
    at = cue.start
    for token, width in zip(tokens, widths, strict=True):
        yield Word(at, at + width * a_column, token)
        at += width * a_column


def _collapsed(items: Sequence[T], names: Sequence[str], longest: int, repeats: int) -> list[T]:
    """Of up to `longest` items in a row that come at least `repeats` times in a row, the first ones."""
    kept: list[T] = []
    at = 0
    while at < len(items):
        size = next((k for k in range(1, longest + 1) if _times(names, at, k) >= repeats), 0)
        kept += items[at : at + max(size, 1)]
        at += size * _times(names, at, size) if size else 1
    return kept


def _times(names: Sequence[str], at: int, size: int) -> int:
    """How often the `size` names from `at` on come in a row."""
    phrase = names[at : at + size]
    count = 1
    while names[at + count * size : at + (count + 1) * size] == phrase:
        count += 1
    return count


def _captions(words: Sequence[Word], language: str | None) -> Iterator[Sequence[Word]]:
    begin = 0
    for n, (word, after) in enumerate(pairwise(words), 1):
        if after.start - word.end > PAUSE_SECONDS:
            yield from _fitting(words[begin:n], language)
            begin = n
    if words:
        yield from _fitting(words[begin:], language)


def _fitting(words: Sequence[Word], language: str | None) -> Iterator[Sequence[Word]]:
    while len(words) > 1 and not _fits(words, language):
        most = next(n for n in range(1, len(words)) if not _fits(words[: n + 1], language))
        even = -(-len(words) // 2)
        place = _best_place(words, most if len(words) - most > most // 2 else min(most, even))
        yield words[:place]
        words = words[place:]
    yield words


def _fits(words: Sequence[Word], language: str | None) -> bool:
    seconds = words[-1].end - words[0].start
    return seconds <= LONGEST_SECONDS and columns(_text(words, language)) <= MOST_COLUMNS


def _best_place(words: Sequence[Word], most: int) -> int:
    """Before which word to cut, at most `most`: behind a sentence, else a clause, else where it is full."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for place in range(most, most // 2, -1):
            if words[place - 1].text.rstrip().endswith(ends):
                return place
    return most


def _text(words: Sequence[Word], language: str | None) -> str:
    spaced = language in _SPACELESS_LANGUAGES or any(word.text[:1].isspace() for word in words)
    return tidy(("" if spaced else " ").join(word.text for word in words))


def _apart(cues: Sequence[Cue], end: float) -> list[Cue]:
    """None reaches into the next; short ones stay for as long as there is room."""
    apart: list[Cue] = []
    joined = _joined(cues)
    for cue, room in zip(joined, [*(after.start for after in joined[1:]), end], strict=False):
        last = min(max(cue.end, cue.start + SHORTEST_SECONDS), room)
        if last > cue.start:
            apart.append(Cue(cue.start, last, cue.text, tuple(_inside(word, last) for word in cue.words)))
    return apart


def _joined(cues: Sequence[Cue]) -> list[Cue]:
    """Cues that begin at once are one; so are short ones with what directly follows, if both fit."""
    joined: list[Cue] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if last is None or not (_at_once(last, cue) or _belong_together(last, cue)):
            joined.append(cue)
        elif _is_bearable(last, cue):
            both = (*last.words, *cue.words) if last.words and cue.words else ()
            words = sorted(both, key=attrgetter("start"))
            text = tidy(f"{last.text} {cue.text}")
            joined[-1] = Cue(last.start, max(last.end, cue.end), text, tuple(words))
    return joined


def _is_bearable(cue: Cue, after: Cue) -> bool:
    characters, words = len(cue.text) + len(after.text), len(cue.words) + len(after.words)
    return characters < _MOST_CHARACTERS and words <= _MOST_WORDS


def _at_once(cue: Cue, after: Cue) -> bool:
    return after.start - cue.start < LEAST_SECONDS


def _belong_together(cue: Cue, after: Cue) -> bool:
    short = min(cue.end - cue.start, after.end - after.start) < SHORTEST_SECONDS
    fits = after.end - cue.start <= LONGEST_SECONDS and columns(cue.text) + columns(after.text) < MOST_COLUMNS
    return short and fits and after.start - cue.end < SHORTEST_SECONDS / 2


def _inside(word: Word, end: float) -> Word:
    return Word(min(word.start, end), min(word.end, end), word.text)
