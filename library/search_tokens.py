"""Words that are found: what is said and what is asked for, cut into the same tokens. Pure.

Japanese, Chinese, Korean and other scripts without spaces become overlapping pairs of characters, and the
last character of each run by itself: 二分探索 → 二分 分探 探索 索. So every character begins a token: a query
of two or more characters is a phrase of pairs, one of a single character the beginning of a token. Other
scripts are cut into words. Both after NFKC, in lower case; line breaks within a run count for nothing. A
token has letters and digits only, hence no query can be more to a database than words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

MAX_QUERY = 200
MAX_PHRASES = 8
MAX_WORD = 64

# Written without spaces, or as if: ideographs, kana, Bopomofo, Hangul, Thai, Lao, Burmese, Khmer.
_DENSE = (
    "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u109f\u1100-\u11ff\u1780-\u17d3\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003fffd"
)
_RUNS = re.compile(rf"(?P<dense>[{_DENSE}](?:\s*[{_DENSE}])*)|[^\W_{_DENSE}]+")
_DENSE_CHARACTER = re.compile(f"[{_DENSE}]")
_TERMS = re.compile(r"[\"“”„]([^\"“”„]*)[\"“”„]|(\S+)")
_HALF_WIDTH_MARKS = "\uff9e\uff9f"


class Token(NamedTuple):
    """`start`, `end`: its characters in the text that was given. `head`: the end of its first character."""

    word: str
    start: int
    end: int
    head: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that follow each other; of the last one, where `open_ended`, only the beginning is told."""

    words: tuple[str, ...]
    open_ended: bool = False


def words_of(text: str) -> list[str]:
    """The tokens of what was said, in order."""
    folded, _ = _fold(text)
    return [word for word, _, _, _ in _cut(folded)]


def tokens_of(text: str) -> list[Token]:
    """The same with their places in `text`."""
    folded, places = _fold(text)
    if places is None:
        return list(_cut(folded))
    starts, ends = places
    return [
        Token(word, starts[start], ends[end - 1], ends[head - 1]) for word, start, end, head in _cut(folded)
    ]


def phrases_of(query: str) -> tuple[Phrase, ...]:
    """What is looked for, all of it: each term between spaces, and what stands in quotes as one.

    Of a query only the first MAX_QUERY characters count; one without letters and digits has no phrases.
    """
    folded, _ = _fold(query[:MAX_QUERY])
    found = [_phrase(quoted or term) for quoted, term in _TERMS.findall(folded)]
    return tuple(dict.fromkeys(phrase for phrase in found if phrase.words))[:MAX_PHRASES]


def find(tokens: Sequence[Token], phrase: Phrase) -> list[tuple[int, int]]:
    """Where a phrase stands: (start, end) in characters of the text that the tokens are of."""
    *before, last = phrase.words
    length = len(before)
    words = [token.word for token in tokens]
    places = []
    for index in range(length, len(words)):
        fits = words[index].startswith(last) if phrase.open_ended else words[index] == last
        if fits and words[index - length : index] == before:
            end = tokens[index].head if phrase.open_ended else tokens[index].end
            places.append((tokens[index - length].start, end))
    return places


def merged(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, what overlaps or touches as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _phrase(term: str) -> Phrase:
    cuts = list(_cut(term))
    words = tuple(word for word, _, _, _ in cuts)
    if not cuts or _DENSE_CHARACTER.fullmatch(words[-1]) is None:
        return Phrase(words)
    # What was said may go on behind the run that was asked for: its last character is no token of its own.
    if len(cuts) > 1 and cuts[-2].end == cuts[-1].end:
        return Phrase(words[:-1])
    return Phrase(words, open_ended=True)


def _cut(folded: str) -> Iterator[Token]:
    """Of folded text, with places in it."""
    for run in _RUNS.finditer(folded):
        if run.lastgroup != "dense":
            start, end = run.span()
            yield Token(folded[start:end][:MAX_WORD], start, end, start + 1)
            continue
        places = [index for index in range(*run.span()) if not folded[index].isspace()]
        for here, following in pairwise(places):
            yield Token(folded[here] + folded[following], here, following + 1, here + 1)
        yield Token(folded[places[-1]], places[-1], places[-1] + 1, places[-1] + 1)


def _fold(text: str) -> tuple[str, tuple[list[int], list[int]] | None]:
    """NFKC in lower case; with (starts, ends) of its characters in `text`, None when they are the same."""
    if unicodedata.is_normalized("NFKC", text):
        folded = text.lower()
        if len(folded) == len(text):
            return folded, None
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[start:end]).lower())
        pieces.append(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return "".join(pieces), (starts, ends)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Characters with the marks that NFKC joins to them."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _joins(text[index]):
            if start < index:
                yield start, index
            start = index


def _joins(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or character in _HALF_WIDTH_MARKS
        or "\u1160" <= character <= "\u11ff"
    )
