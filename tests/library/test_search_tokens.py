"""Tokens of what is said and of what is asked for: whatever was said is found by any part of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from library.search_tokens import (
    MAX_PHRASES,
    MAX_QUERY,
    Phrase,
    find,
    merged,
    phrases_of,
    words_of,
)

JAPANESE = "二分探索木の計算量はオーログエヌです"
japanese = st.text(st.sampled_from(JAPANESE), min_size=1, max_size=12)
latin = st.text(st.sampled_from("abcXYZ019é"), min_size=1, max_size=6)
sentences = st.lists(
    japanese | latin | st.sampled_from(["。", " ", "\n", "、", "-", "＂", "ｶﾞ", "①", "😀"])
).map("".join)


def marks(text: str, query: str) -> list[str]:
    found = [place for places in find(text, phrases_of(query)) for place in places]
    return [text[start:end] for start, end in merged(found)]


def test_runs_without_spaces_become_pairs_and_a_last_character() -> None:
    assert words_of("二分探索") == ["二分", "分探", "探索", "索"]
    assert words_of("第3章 Ｏ(ｌｏｇ n)") == ["第", "3", "章", "o", "log", "n"]
    assert words_of("ﾊﾞﾌﾞﾙｿｰﾄ") == words_of("バブルソート")
    assert words_of("二分\n探 索") == words_of("二分探索")
    assert words_of("二分。探索") == ["二分", "分", "探索", "索"]


def test_queries_are_phrases() -> None:
    assert phrases_of("二分探索") == (Phrase(("二分", "分探", "探索")),)
    assert phrases_of("二分　探索") == (Phrase(("二分",)), Phrase(("探索",)))
    assert phrases_of("木") == (Phrase(("木",), True),)
    assert phrases_of("第3章") == (Phrase(("第", "3", "章"), True),)
    assert phrases_of("Binary search") == (Phrase(("binary",)), Phrase(("search",)))
    assert phrases_of('"Binary search" tree') == (Phrase(("binary", "search")), Phrase(("tree",)))
    assert phrases_of("二分tree") == (Phrase(("二分", "分", "tree")),)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("これは二分探索です", "二分探索", ["二分探索"]),
        ("これは二分探索です", "二分", ["二分"]),
        ("これは二分探索です", "索", ["索"]),
        ("これは二分探索です", "す", ["す"]),
        ("二分\n探索", "分探", ["分\n探"]),
        ("二分、探索", "分探", []),
        ("ﾊﾞﾌﾞﾙｿｰﾄを", "バブル", ["ﾊﾞﾌﾞﾙ"]),
        ("The Binary-Search tree", "binary SEARCH", ["Binary", "Search"]),
        ("The Binary-Search tree", '"binary search"', ["Binary-Search"]),
        ("the tree", "tre", []),
        ("第30章、第3章", "第3章", ["第3章"]),
        ("①番", "1", ["①"]),
        ("機械学習と機械学習", "機械学習", ["機械学習", "機械学習"]),
        ("算法的时间复杂度", "复杂", ["复杂"]),
        ("이진 탐색 트리", "탐색", ["탐색"]),
    ],
)
def test_where_words_stand(text: str, query: str, found: list[str]) -> None:
    assert marks(text, query) == found


@given(japanese, japanese, japanese)
def test_any_part_of_a_sentence_is_found(before: str, part: str, after: str) -> None:
    assert part in "".join(marks(before + part + after, part))


def stands_in(words: list[str], phrase: Phrase) -> bool:
    """As a database finds it: the tokens one behind the other."""
    *before, last = phrase.words
    return any(
        (word.startswith(last) if phrase.open_ended else word == last)
        and words[max(0, index - len(before)) : index] == before
        for index, word in enumerate(words)
    )


@given(sentences, sentences)
@example("二分探索", '"二分。探索"')
@example("二分。_探索", '"二分。探索"')
@example("二分\n探索", '"二分。探索"')
@example("a" * 70, "a" * 64)
@example("a" * 63, "a" * 64)
def test_what_is_marked_is_what_the_database_finds(text: str, query: str) -> None:
    for asked in (query, f'"{query}"', text, f'"{text}"'):
        for phrase in phrases_of(asked):
            (places,) = find(text, [phrase])
            assert bool(places) is stands_in(words_of(text), phrase), (text, phrase)
            assert all(0 <= start < end <= len(text) for start, end in places)


@given(st.text())
def test_whatever_is_asked_is_only_letters_and_digits(query: str) -> None:
    for phrase in phrases_of(query):
        assert phrase.words and all(phrase.words)
        assert not any(sign in word for word in phrase.words for sign in "\"'\\*:()^ \n\0&|!<>")


@pytest.mark.parametrize("query", ["", "   ", "!?。、", "😀", '"', '""', "*", "( ) :", "\0", "-", "👩‍🏫"])
def test_questions_without_words(query: str) -> None:
    assert phrases_of(query) == ()


@pytest.mark.parametrize(
    "query", ["あ" * 10_000, "a " * 5_000, "a" * 10_000, "\u0301" * 10_000, '"' * 10_000]
)
def test_long_questions_are_bounded(query: str) -> None:
    phrases = phrases_of(query)
    assert len(phrases) <= MAX_PHRASES
    assert sum(len(phrase.words) for phrase in phrases) <= MAX_QUERY


def test_operators_are_words() -> None:
    assert phrases_of("NEAR(a b) OR c:d*") == (
        Phrase(("near", "a")),
        Phrase(("b",)),
        Phrase(("or",)),
        Phrase(("c", "d")),
    )
