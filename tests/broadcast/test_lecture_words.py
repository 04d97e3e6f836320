"""What people type as a description: cleaned, never longer, and the same when cleaned again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.lecture_words import DESCRIPTION_LENGTH, UnfitDescription, check_description


@given(st.text(max_size=300))
def test_what_is_cleaned_is_clean(text: str) -> None:
    once = check_description(text)
    assert check_description(once) == once
    once.encode()
    assert "\r" not in once and "\0" not in once


@given(st.lists(st.text("ab あ。", min_size=1).filter(lambda line: line == line.strip()), min_size=1))
def test_line_breaks_stay(lines: list[str]) -> None:
    for end in ("\n", "\r\n", "\r", "\u2028"):
        assert check_description(end.join(lines)) == "\n".join(lines)


def test_too_long() -> None:
    assert len(check_description(" " + "あ" * DESCRIPTION_LENGTH + "\n")) == DESCRIPTION_LENGTH
    with pytest.raises(UnfitDescription):
        check_description("あ" * (DESCRIPTION_LENGTH + 1))
