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
from dataclasses import dataclass, field
from functools import lru_cache
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
_LETTER = rf"[^\W_{_DENSE}]"
_RUNS = re.compile(rf"(?P<dense>[{_DENSE}](?:\s*[{_DENSE}])*)|{_LETTER}+")
_BETWEEN = rf"(?:(?![{_DENSE}])[\W_])"  # what is of no token
_PAUSE = rf"\s*(?:(?![{_DENSE}])[^\w\s]|_)"
_TERMS = re.compile(r"[\"“”„]([^\"“”„]*)[\"“”„]|(\S+)")
_HALF_WIDTH_MARKS = "\uff9e\uff9f"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that follow each other; of the last one, where `open_ended`, only the beginning is told.

    `pattern`: a regular expression of folded text that finds the same.
    """

    words: tuple[str, ...]
    open_ended: bool = False
    pattern: str = field(default="", compare=False, repr=False)


def words_of(text: str) -> list[str]:
    """The tokens of what was said, in order."""
    folded, _ = _fold(text)
    words: list[str] = []
    for run in _RUNS.finditer(folded):
        words += _words_of_run(run)
    return words


def phrases_of(query: str) -> tuple[Phrase, ...]:
    """What is looked for, all of it: each term between spaces, and what stands in quotes as one.

    Of a query only the first MAX_QUERY characters count; one without letters and digits has no phrases.
    """
    folded, _ = _fold(query[:MAX_QUERY])
    found = [_phrase(quoted or term) for quoted, term in _TERMS.findall(folded)]
    return tuple(dict.fromkeys(phrase for phrase in found if phrase.words))[:MAX_PHRASES]


def find(text: str, phrases: Sequence[Phrase]) -> list[list[tuple[int, int]]]:
    """Where each phrase stands: (start, end) in characters of the text."""
    folded, places = _fold(text)
    found = [[match.span(1) for match in _searcher(phrase.pattern).finditer(folded)] for phrase in phrases]
    if places is None:
        return found
    starts, ends = places
    return [[(starts[start], ends[end - 1]) for start, end in spans] for spans in found]


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
    runs = list(_RUNS.finditer(term))
    if not runs:
        return Phrase(())
    words = [word for run in runs for word in _words_of_run(run)]
    pattern = _pattern_of(runs)
    if runs[-1].lastgroup != "dense":
        return Phrase(tuple(words), pattern=pattern)
    if len(_letters(runs[-1])) == 1:
        return Phrase(tuple(words), open_ended=True, pattern=pattern)
    # What was said may go on behind the run that was asked for: its last character is no token of its own.
    return Phrase(tuple(words[:-1]), pattern=pattern)


def _pattern_of(runs: Sequence[re.Match[str]]) -> str:
    pattern = ""
    for before, run in zip([None, *runs], runs, strict=False):
        dense = run.lastgroup == "dense"
        if before is not None:
            # Only spaces between two dense runs would make them one.
            pattern += (_PAUSE if dense and before.lastgroup == "dense" else "") + f"{_BETWEEN}*"
        if dense:
            pattern += r"\s*".join(map(re.escape, _letters(run)))
        else:
            word = run.group()[:MAX_WORD]
            rest = f"{_LETTER}*" if len(word) == MAX_WORD else f"(?!{_LETTER})"
            pattern += f"(?<!{_LETTER}){re.escape(word)}{rest}"
    return pattern


@lru_cache(maxsize=256)
def _searcher(pattern: str) -> re.Pattern[str]:
    """Also of places that overlap."""
    return re.compile(f"(?=({pattern}))")


def _words_of_run(run: re.Match[str]) -> list[str]:
    if run.lastgroup != "dense":
        return [run.group()[:MAX_WORD]]
    letters = _letters(run)
    return [*map(add, letters, letters[1:]), letters[-1]]


def _letters(run: re.Match[str]) -> str:
    return "".join(run.group().split())


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
