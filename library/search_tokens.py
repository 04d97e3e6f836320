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
from operator import add

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


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of a text, in order: each one's word, and where it stands in the text that was given.

    `heads`: the ends of their first characters. Lists side by side: a search looks at ten thousand of them.
    """

    words: list[str]
    starts: Sequence[int]
    ends: Sequence[int]
    heads: Sequence[int]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that follow each other; of the last one, where `open_ended`, only the beginning is told."""

    words: tuple[str, ...]
    open_ended: bool = False


def words_of(text: str) -> list[str]:
    """The tokens of what was said, in order."""
    folded, _ = _fold(text)
    return _cut(folded).words


def tokens_of(text: str) -> Tokens:
    """The same with their places in `text`."""
    folded, places = _fold(text)
    cut = _cut(folded)
    if places is None:
        return cut
    starts, ends = places
    return Tokens(
        cut.words,
        [starts[start] for start in cut.starts],
        [ends[end - 1] for end in cut.ends],
        [ends[head - 1] for head in cut.heads],
    )


def phrases_of(query: str) -> tuple[Phrase, ...]:
    """What is looked for, all of it: each term between spaces, and what stands in quotes as one.

    Of a query only the first MAX_QUERY characters count; one without letters and digits has no phrases.
    """
    folded, _ = _fold(query[:MAX_QUERY])
    found = [_phrase(quoted or term) for quoted, term in _TERMS.findall(folded)]
    return tuple(dict.fromkeys(phrase for phrase in found if phrase.words))[:MAX_PHRASES]


def find(tokens: Tokens, phrase: Phrase) -> list[tuple[int, int]]:
    """Where a phrase stands: (start, end) in characters of the text that the tokens are of."""
    *before, last = phrase.words
    words, length = tokens.words, len(before)
    if phrase.open_ended:
        fitting = [index for index, word in enumerate(words) if word.startswith(last)]
    else:
        fitting = [index for index, word in enumerate(words) if word == last]
    ends = tokens.heads if phrase.open_ended else tokens.ends
    return [
        (tokens.starts[index - length], ends[index])
        for index in fitting
        if index >= length and words[index - length : index] == before
    ]


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
    cut = _cut(term)
    words = tuple(cut.words)
    if not words or _DENSE_CHARACTER.fullmatch(words[-1]) is None:
        return Phrase(words)
    # What was said may go on behind the run that was asked for: its last character is no token of its own.
    if len(words) > 1 and cut.ends[-2] == cut.ends[-1]:
        return Phrase(words[:-1])
    return Phrase(words, open_ended=True)


def _cut(folded: str) -> Tokens:
    """Of folded text, with places in it."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for run in _RUNS.finditer(folded):
        text, start, end = run.group(), run.start(), run.end()
        if run.lastgroup != "dense":
            words.append(text[:MAX_WORD])
            starts.append(start)
            ends.append(end)
            continue
        letters = "".join(text.split())
        words.extend(map(add, letters, letters[1:]))
        words.append(letters[-1])
        if len(letters) == len(text):
            starts.extend(range(start, end))
            ends.extend(range(start + 2, end + 1))
        else:
            places = [start + index for index, letter in enumerate(text) if not letter.isspace()]
            starts.extend(places)
            ends.extend(place + 1 for place in places[1:])
        ends.append(end)
    return Tokens(words, starts, ends, [start + 1 for start in starts])


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
