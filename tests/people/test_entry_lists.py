"""What is pasted into an organization's doors: whatever it is, each line is a rule or named as none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from people.entry_lists import read_lines
from people.entry_rules import Effect, Flaw, Kind, Rule


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


def test_a_user_id_with_a_dot_is_a_person() -> None:
    """Read as a host name it would deny nobody, or as the only allowed one lock everybody out."""
    pasted = read_lines("Taro.Yamada, left\n.taro.yamada", "deny", {"taro.yamada"})
    assert pasted.rules == (
        Rule(Effect.DENY, Kind.PERSON, "taro.yamada", "left"),
        Rule(Effect.DENY, Kind.HOST, ".taro.yamada"),
    )


def test_what_may_be_a_user_id_or_a_host_name_is_unfit_until_its_kind_is_told() -> None:
    pasted = read_lines("sato\ntaro.yamada", "deny")
    [(number, error)] = pasted.unfit
    assert (number, error.flaw) == (2, Flaw.AMBIGUOUS)
    meant = error.meant.split(" / ")
    assert meant == ["deny,person,taro.yamada", "deny,host,taro.yamada"]
    assert read_lines("\n".join(meant), "allow").rules == (
        Rule(Effect.DENY, Kind.PERSON, "taro.yamada"),
        Rule(Effect.DENY, Kind.HOST, "taro.yamada"),
    )
