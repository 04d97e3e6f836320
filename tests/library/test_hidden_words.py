"""Words within hidden spans: none of a private span is told, the rest stays as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from library.hidden_words import Hidden, hidden_of, shown, shown_of
from library.transcript_formats import Cue, Word

WORDS = ("A", "ring", "is", "not", "a", "field.")


def cue(start: float = 10.0, words: tuple[str, ...] = WORDS) -> Cue:
    timed = tuple(Word(start + n / 2, start + n / 2 + 0.5, word) for n, word in enumerate(words))
    return Cue(start, start + len(words) / 2, " ".join(words), timed)


def test_words_of_a_private_span_go_and_the_others_keep_their_times() -> None:
    left = shown(cue(), (Hidden(11.2, 11.6, True),))
    assert left is not None
    assert left.text == "A ring a field."
    assert [word.start for word in left.words] == [10.0, 10.5, 12.0, 12.5]
    assert (left.start, left.end) == (10.0, 13.0)


def test_of_a_cut_words_go_by_their_middle() -> None:
    left = shown(cue(), (Hidden(0, 10.8, False),))
    assert left is not None and left.text == "is not a field."
    assert left.start == 11.0
    assert shown(cue(), (Hidden(0, 10.2, False),)) == cue()


def test_the_last_word_takes_what_follows_it_along() -> None:
    left = shown(Cue(0, 2, "Yes, no!", (Word(0, 1, "Yes"), Word(1, 2, "no"))), (Hidden(1.2, 2, True),))
    assert left is not None and left.text == "Yes,"


def test_japanese_has_no_spaces() -> None:
    words = (Word(0, 1, "線形"), Word(1, 2, "代数"), Word(2, 3, "です"))
    left = shown(Cue(0, 3, "線形代数です", words), (Hidden(1.1, 1.5, True),))
    assert left is not None and left.text == "線形です"


def test_a_cue_without_times_of_its_words_goes_whole() -> None:
    plain = Cue(10, 14, "A ring is not a field.")
    assert shown(plain, (Hidden(13.9, 20, True),)) is None
    assert shown(plain, (Hidden(14, 20, True), Hidden(0, 10, True))) == plain
    assert shown(plain, (Hidden(13.9, 20, False),)) == plain
    assert shown(plain, (Hidden(11, 20, False),)) is None


def test_words_that_do_not_stand_in_the_text_tell_nothing() -> None:
    odd = Cue(0, 2, "corrected since", (Word(0, 1, "as"), Word(1, 2, "heard")))
    assert shown(odd, (Hidden(0, 0.5, True),)) is None


def test_spans_of_a_row() -> None:
    assert hidden_of([[1, 2, "private"], [3.5, 4, "cut"]]) == (Hidden(1, 2, True), Hidden(3.5, 4, False))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.booleans()), max_size=5),
    st.lists(st.integers(0, 50), max_size=6, unique=True),
)
def test_no_private_word_is_left_and_no_other_is_lost(
    given_spans: list[tuple[int, int, bool]], starts: list[int]
) -> None:
    hidden = tuple(Hidden(a / 2, (a + b) / 2, private) for a, b, private in given_spans)
    cues = [cue(float(start), tuple(f"w{start}x{n}" for n in range(6))) for start in sorted(starts)]
    left = {word.text for one in shown_of(cues, hidden) for word in one.words}
    text = " ".join(one.text for one in shown_of(cues, hidden)).split()
    assert left == set(text)
    for one in cues:
        for word in one.words:
            assert (word.text in left) == (not any(span.holds(word.start, word.end) for span in hidden))
