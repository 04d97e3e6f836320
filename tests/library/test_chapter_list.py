"""Chapters as values and files: both ways without a loss, and what hostile ones get."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import chapter_list
from library.chapter_list import MAX_CHAPTERS, TITLE_LENGTH, Chapter, Unfit, UnfitChapters, fit_chapters
from library.models import ChapterOrigin

END = 7200.0
titles = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=TITLE_LENGTH)
moments = st.integers(0, 7_200_000).map(lambda milliseconds: milliseconds / 1000)
lists = st.lists(st.builds(Chapter, moments, titles), max_size=10, unique_by=lambda one: one.at)


def refusal(chapters: list[Chapter]) -> tuple[Unfit, int | None]:
    with pytest.raises(UnfitChapters) as refused:
        fit_chapters(chapters, END)
    return refused.value.reason, refused.value.number


@given(lists)
def test_what_is_kept_is_in_order_and_stays_so(made: list[Chapter]) -> None:
    kept = fit_chapters(made, END)
    assert [one.at for one in kept] == sorted(one.at for one in made)
    assert fit_chapters(kept, END) == kept


@given(lists)
def test_webvtt_comes_back_as_it_went(made: list[Chapter]) -> None:
    kept = fit_chapters(made, END)
    text = chapter_list.write_vtt(kept, END)
    assert text.startswith("WEBVTT")
    if kept:
        found = fit_chapters(chapter_list.parse_vtt(text.encode()), END)
        assert [(one.at, one.title) for one in found] == [(one.at, one.title) for one in kept]
        assert {one.origin for one in found} == {ChapterOrigin.VTT}


@given(lists)
def test_json_comes_back_as_it_went(made: list[Chapter]) -> None:
    told = json.dumps({"chapters": [{"at": one.at, "title": one.title} for one in made]})
    assert list(chapter_list.parse_json(told.encode())) == made


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (chapter_list.parse_vtt, chapter_list.parse_json):
        for one in (data, b"WEBVTT\n\n" + data, b'{"chapters": [' + data + b"]}"):
            with contextlib.suppress(UnfitChapters):
                fit_chapters(parse(one), END)


@given(lists, lists)
def test_a_version_names_what_they_say(one: list[Chapter], other: list[Chapter]) -> None:
    first, second = fit_chapters(one, END), fit_chapters(other, END)
    assert (chapter_list.version_of(first) == chapter_list.version_of(second)) is (first == second)


def test_a_file_of_ten_megabytes_is_not_looked_into() -> None:
    data = b"WEBVTT\n\n" + b"00:01.000 --> 00:02.000\nx\n\n" * 400_000
    for parse in (chapter_list.parse_vtt, chapter_list.parse_json):
        with pytest.raises(UnfitChapters) as refused:
            parse(data)
        assert refused.value.reason is Unfit.TOO_LARGE


def test_ten_thousand_chapters_are_too_many() -> None:
    assert refusal([Chapter(n / 10, "x") for n in range(MAX_CHAPTERS + 1)]) == (Unfit.TOO_MANY, None)
    assert len(fit_chapters([Chapter(n / 10, "x") for n in range(MAX_CHAPTERS)], END)) == MAX_CHAPTERS
    told = {"chapters": [{"at": n, "title": "x"} for n in range(10_000)]}
    with pytest.raises(UnfitChapters) as refused:
        chapter_list.parse_json(json.dumps(told).encode())
    assert refused.value.reason is Unfit.TOO_MANY


def test_titles() -> None:
    kept = fit_chapters(
        [Chapter(1, "行列式の幾何学的な意味と応用に" * 20), Chapter(2, " a\n\u3000b\tc\u2028d ")], END
    )
    assert (len(kept[0].title), kept[1].title) == (300, "a b c d")
    assert fit_chapters([Chapter(1, "👩‍🏫 <b>&amp;")], END)[0].title == "👩‍🏫 <b>&amp;"
    assert refusal([Chapter(0, "x"), Chapter(1, "字" * 301)]) == (Unfit.TOO_LONG_TITLE, 2)
    for nothing in ("", " \u3000", "\x00\n", "\ud800"):
        assert refusal([Chapter(1, nothing)]) == (Unfit.NO_TITLE, 1)


def test_times_beyond_the_recording() -> None:
    assert refusal([Chapter(END + 1.1, "x")]) == (Unfit.BEYOND_END, 1)
    assert fit_chapters([Chapter(END + 0.4, "x")], END)[0].at == END
    for none in (-0.1, math.nan, math.inf, -math.inf):
        assert refusal([Chapter(none, "x")]) == (Unfit.BAD_TIME, 1)


def test_of_two_at_one_moment_the_later_one_counts() -> None:
    kept = fit_chapters([Chapter(5.0001, "a"), Chapter(3, "b"), Chapter(5.0, "c")], END)
    assert [(one.at, one.title) for one in kept] == [(3.0, "b"), (5.0, "c")]


def test_a_chapter_of_which_nothing_is_shown_is_not_told() -> None:
    chapters = [Chapter(at, str(at)) for at in (0, 10, 20, 30, 40)]
    shown = ((5.0, 10.0), (29.0, 30.0), (45.0, 50.0))
    found = chapter_list.shown_chapters(chapters, shown, 60.0)
    assert [one.at for one in found] == [0, 20, 40]
    assert chapter_list.shown_chapters(chapters, ((0.0, 60.0),), 60.0) == tuple(chapters)
    assert chapter_list.shown_chapters((), shown, 60.0) == ()


def test_what_is_not_changed_keeps_its_origin() -> None:
    known = [Chapter(1, "a", ChapterOrigin.VTT), Chapter(2, "b", ChapterOrigin.EVENT)]
    found = chapter_list.with_known_origins([Chapter(1, "a"), Chapter(2, "B"), Chapter(3, "c")], known)
    assert [one.origin for one in found] == ["vtt", "person", "person"]


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", Unfit.NOT_VTT, 1),
        ("00:01.000 --> 00:02.000\nx", Unfit.NOT_VTT, 1),
        ("WEBVTT\n\nNOTE nothing", Unfit.NO_CHAPTERS, None),
        ("WEBVTT\n\n00:03.000 --> 00:02.000\nx", Unfit.BAD_TIME, 3),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "x" * 2001, Unfit.TOO_LONG_TITLE, None),
    ],
)
def test_files_that_are_none(text: str, reason: Unfit, line: int | None) -> None:
    with pytest.raises(UnfitChapters) as refused:
        chapter_list.parse_vtt(text.encode())
    assert (refused.value.reason, refused.value.line) == (reason, line)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"chapters": {}}',
        b'{"chapters": [1]}',
        b'{"chapters": [{"at": 1}]}',
        b'{"chapters": [{"title": "x"}]}',
        b'{"chapters": [{"at": "1", "title": "x"}]}',
        b'{"chapters": [{"at": true, "title": "x"}]}',
        b'{"chapters": [{"at": NaN, "title": "x"}]}',
        b'{"chapters": [{"at": 1e400, "title": "x"}]}',
        b'{"chapters": [{"at": -1, "title": "x"}]}',
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
)
def test_json_that_is_none(data: bytes) -> None:
    with pytest.raises(UnfitChapters) as refused:
        chapter_list.parse_json(data)
    assert refused.value.reason in (Unfit.NOT_JSON, Unfit.BAD_TIME)
