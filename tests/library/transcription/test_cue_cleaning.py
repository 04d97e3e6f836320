"""Whatever an engine answers, what comes out can be shown: in order, inside, apart, cut as captions are."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.transcript_formats import Cue, Word
from library.transcription.cue_cleaning import (
    LONGEST_SECONDS,
    MOST_COLUMNS,
    SHORTEST_SECONDS,
    clean,
    columns,
    tidy,
)


def said(text: str, start: float = 0.0, each: float = 0.4, gap: float = 0.0) -> Cue:
    """Words as Whisper gives them, one after the other."""
    tokens = [" " + token for token in text.split()]
    words = [Word(start + n * (each + gap), start + n * (each + gap) + each, t) for n, t in enumerate(tokens)]
    return Cue(words[0].start, words[-1].end, text, tuple(words))


def texts(cues: list[Cue]) -> list[str]:
    return [cue.text for cue in cues]


def test_a_sentence_stays_as_it_is() -> None:
    cue = said("The eigenvalues of a symmetric matrix are real.", 3.0)
    (cleaned,) = clean([cue], 0, 60, "en")
    assert (cleaned.start, cleaned.end, cleaned.text) == (3.0, pytest.approx(6.2), cue.text)
    assert [word.text for word in cleaned.words] == cue.text.split()
    assert [word.start for word in cleaned.words] == [word.start for word in cue.words]


def test_a_loop_is_said_once() -> None:
    looped = said("So we see it." + " Thank you for watching." * 30, each=0.1)
    assert texts(clean([looped], 0, 60, "en")) == ["So we see it. Thank you for watching."]
    assert texts(clean([said("very very very good")], 0, 60)) == ["very very very good"]
    cues = [Cue(n * 2.0, n * 2.0 + 2, "Music.") for n in range(12)]
    assert texts(clean(cues, 0, 60)) == ["Music."]
    turns = [Cue(n * 2.0, n * 2.0 + 2, ("Yes.", "No.")[n % 2]) for n in range(12)]
    assert texts(clean(turns, 0, 60)) == ["Yes.", "No."]


def test_what_says_nothing_is_dropped() -> None:
    cues = [Cue(0, 2, " ... "), Cue(2, 4, "♪♪"), Cue(4, 6, "\u200b\x00"), Cue(6, 8, "")]
    assert clean(cues, 0, 60) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_times_that_are_none_cost_their_word_alone(bad: float) -> None:
    cue = Cue(1, 3, "one two", (Word(1.0, 1.5, " one"), Word(bad, 2.0, " two"), Word(2.0, 2.5, " three")))
    assert texts(clean([cue], 0, 60)) == ["one three"]
    assert clean([Cue(bad, 2, "x"), Cue(1, bad, "y")], 0, 60) == []


def test_what_lies_outside_of_the_chunk_is_clamped_or_dropped() -> None:
    cues = [Cue(-5, -1, "before"), Cue(58, 70, "at the end"), Cue(61, 62, "behind")]
    (only,) = clean(cues, 0, 60)
    assert (only.start, only.end, only.text) == (58, pytest.approx(60), "at the end")
    assert clean([Cue(5.0, 2.0, "backwards")], 0, 60)[0].start == 5.0


def test_long_speech_is_cut_behind_sentences_and_at_pauses() -> None:
    long = said(
        "This is the first sentence of what is said. " + "And the second one goes on and on with words " * 3
    )
    cleaned = clean([long], 0, 90, "en")
    assert cleaned[0].text == "This is the first sentence of what is said."
    assert all(columns(cue.text) <= MOST_COLUMNS for cue in cleaned)
    assert " ".join(texts(cleaned)).split() == long.text.split()
    one, two = said("before", 0.0), said("behind", 5.0)
    both = Cue(0, 5.4, "before behind", one.words + two.words)
    assert [(cue.start, cue.text) for cue in clean([both], 0, 60)] == [(0.0, "before"), (5.0, "behind")]


def test_a_cue_without_words_is_cut_by_its_length() -> None:
    text = (
        "今日は線形代数の固有値についてお話しします。行列の対角化が分かると、力学系の振る舞いも分かります。"
    )
    cleaned = clean([Cue(10, 30, text)], 0, 60, "ja")
    assert "".join(texts(cleaned)) == text and len(cleaned) > 1
    assert all(cue.words == () and cue.end - cue.start <= LONGEST_SECONDS for cue in cleaned)
    assert cleaned[0].start == 10 and cleaned[-1].end == pytest.approx(30)


def test_japanese_has_no_spaces() -> None:
    words = [Word(0, 1, "今日"), Word(1, 2, " は"), Word(2, 3, " API"), Word(3, 4, "を"), Word(4, 5, "使う")]
    assert texts(clean([Cue(0, 5, "", tuple(words))], 0, 60, "ja")) == ["今日はAPIを使う"]
    assert tidy("固有 値 と eigen value です 。") == "固有値とeigen valueです。"
    assert tidy("한국어 는  띄어쓰기") == "한국어 는 띄어쓰기"


def test_a_short_cue_stays_to_be_read_or_joins_the_next() -> None:
    alone, late = said("Yes", 0, 0.2), said("Then we go on", 5.0)
    first, _ = clean([alone, late], 0, 60, "en")
    assert first.end == pytest.approx(SHORTEST_SECONDS) and first.words[0].end == pytest.approx(0.2)
    assert texts(clean([said("Yes", 0, 0.2), said("we go on", 0.3)], 0, 60, "en")) == ["Yes we go on"]


def test_cues_that_begin_at_once_lose_nothing() -> None:
    cues = [Cue(59.99, 70, "one"), Cue(59.99, 80, "two")]
    assert texts(clean(cues, 0, 60)) == ["one two"]


times = st.one_of(st.floats(-10, 700), st.floats())
word_texts = st.text(alphabet=st.sampled_from(" ab.。、固有値\n\x00\ufffd"), max_size=8)
words = st.builds(Word, times, times, word_texts)
cues = st.builds(Cue, times, times, word_texts, st.lists(words, max_size=6).map(tuple))


@given(st.lists(cues, max_size=5), st.sampled_from([None, "en", "ja"]))
def test_anything_becomes_captions(found: list[Cue], language: str | None) -> None:
    cleaned = clean(found, 100.0, 700.0, language)
    for cue in cleaned:
        assert 100.0 <= cue.start < cue.end <= 700.0
        assert cue.text and cue.text == tidy(cue.text) and len(cue.text) <= 2_000
        for word in cue.words:
            assert cue.start <= word.start <= word.end <= cue.end and word.text
        assert all(one.start <= after.start for one, after in pairwise(cue.words))
    assert all(one.end <= after.start for one, after in pairwise(cleaned))


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.sampled_from(["固有値", " word", " so,"]))
def test_words_one_after_the_other_are_all_there_and_no_caption_is_too_long(
    steps: list[float], text: str
) -> None:
    at, found = 0.0, []
    for n, step in enumerate(steps):
        found.append(Word(at, at + step / 2, f"{text}{n}"))
        at += step
    cleaned = clean([Cue(0, at, "", tuple(found))], 0, 700, "ja" if text == "固有値" else "en")
    assert [word.text for cue in cleaned for word in cue.words] == [tidy(word.text) for word in found]
    for cue in cleaned:
        assert columns(cue.text) <= MOST_COLUMNS
        assert cue.end - cue.start <= LONGEST_SECONDS + SHORTEST_SECONDS
