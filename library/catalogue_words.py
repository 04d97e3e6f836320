"""The words that a recording is found by in the catalogue: title, lecturer, series, tags in one text. Pure.

Folded (NFKC, without case), so that a search is one comparison of a row, in any script and width. Whoever
sets a title, lecturer, series or tags has `library.catalogue.note_words` write it anew.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def folded(text: str) -> str:
    """As words and texts are compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(title: str, lecturer: str, series: str | None, tags: Iterable[str]) -> str:
    """A line for each: no word is found across two of them."""
    return "\n".join(folded(part) for part in (title, lecturer, series or "", *tags) if part)
