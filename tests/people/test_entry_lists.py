"""What is pasted into an organization's doors: whatever it is, each line is a rule or named as none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from people.entry_lists import read_lines
from people.entry_rules import Effect, Kind, Rule


@given(st.text())
@example("\x01\x0f\x9f\r\xa2")  # a bare carriage return: a line's end, too
@example('"never closed\nsato')
@example("a" * 200_000)  # more than the csv module takes for one cell
@example("\0")
def test_any_text_is_read(text: str) -> None:
    pasted = read_lines(text, "deny")
    lines = text.removeprefix("\ufeff").splitlines()
    assert all(1 <= number <= len(lines) for number, _ in pasted.unfit)
    assert len(pasted.rules) + len(pasted.unfit) <= len(lines)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_any_system(end: str) -> None:
    pasted = read_lines(end.join(["sato, left in March", "", "192.0.2.0/24"]), "deny")
    assert pasted.rules == (
        Rule(Effect.DENY, Kind.PERSON, "sato", "left in March"),
        Rule(Effect.DENY, Kind.NETWORK, "192.0.2.0/24"),
    )
    assert pasted.unfit == ()
