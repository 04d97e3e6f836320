"""What a lecture is called and what it is about, as people typed it: checked and cleaned. Pure."""

from __future__ import annotations

import unicodedata

DESCRIPTION_LENGTH = 5_000
_LINE_ENDS = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "})


class UnfitDescription(ValueError):
    """Longer than DESCRIPTION_LENGTH."""


def check_description(text: str) -> str:
    """Plain text with its line breaks, without what no database or page can show. Raises UnfitDescription."""
    lines = text.replace("\r\n", "\n").translate(_LINE_ENDS)
    # PostgreSQL refuses NUL, and a lone surrogate has no bytes in UTF-8.
    shown = "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
    if len(shown) > DESCRIPTION_LENGTH:
        raise UnfitDescription(f"a description has at most {DESCRIPTION_LENGTH} characters")
    return shown
