"""Which picture stands for a lecture: not a black one, not one colour, not a blurred one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from recorder.poster_choice import PictureFacts, facts_of, score

GOOD = PictureFacts(brightness=120, contrast=50, edges=90, colour=10)
lumas = st.floats(0, 255)


def picture(rows: list[bytes], chroma: bytes = b"\x80" * 8) -> PictureFacts:
    return facts_of(b"".join(rows), chroma, rows)


def blurred(row: bytes, reach: int) -> bytes:
    return bytes(sum(row[max(0, n - reach) : n + reach + 1]) // (2 * reach + 1) for n in range(len(row)))


def slide() -> list[bytes]:
    """White, with strokes of two samples."""
    source = random.Random(3)
    rows = [bytearray(b"\xeb" * 320) for _ in range(48)]
    for row in rows[8:40]:
        for _ in range(12):
            at = source.randrange(20, 300)
            row[at : at + 2] = b"\x20\x20"
    return [bytes(row) for row in rows]


def test_a_slide_is_one() -> None:
    assert score(picture(slide()), 0.3) > 0.4


def test_what_is_none() -> None:
    black = [b"\x10" * 320] * 48
    one_colour = [b"\xa0" * 320] * 48
    nearly_black = [bytes(16 + n % 5 for n in range(320))] * 48
    smooth = [bytes(60 + n // 4 for n in range(320))] * 48
    for rows in (black, one_colour, nearly_black, smooth):
        assert score(picture(rows), 0.3) == 0.0


def test_a_sharp_one_goes_before_a_blurred_one() -> None:
    soft = [blurred(row, 4) for row in slide()]
    assert score(picture(soft), 0.3) < 0.7 * score(picture(slide()), 0.3)


def test_the_middle_goes_before_the_first_and_the_last_moment() -> None:
    assert score(GOOD, 0.3) > score(GOOD, 0.9) > score(GOOD, 0.0) == score(GOOD, 1.0)


@given(st.builds(PictureFacts, lumas, lumas, lumas, lumas), st.floats(0, 1))
def test_a_score_is_between_none_and_one(facts: PictureFacts, place: float) -> None:
    assert 0 <= score(facts, place) <= 1


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_facts_are_those_of_any_samples(rows: list[bytes]) -> None:
    facts = picture(rows, b"".join(rows))
    assert 0 <= facts.brightness <= 255 and 0 <= facts.contrast <= 128
    assert 0 <= facts.edges <= 255 and 0 <= facts.colour <= 128
