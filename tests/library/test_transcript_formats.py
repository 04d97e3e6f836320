"""Transcripts as files: both ways without a loss, and what hostile files get."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import transcript_formats as formats
from library.transcript_formats import Cue, Unfit, UnfitTranscript, Word

milliseconds = st.integers(0, 360_000_000)
lines = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)
texts = st.lists(lines, min_size=1, max_size=3).map("\n".join)
# SubRip has no escapes: what looks like its tags cannot be told from them.
plain_texts = st.lists(lines.map(lambda line: line.translate({60: "A", 62: "B", 123: "C"})), min_size=1).map(
    "\n".join
)


@st.composite
def cues(draw: st.DrawFn, text: st.SearchStrategy[str] = texts, words: bool = False) -> list[Cue]:
    made = []
    for start in sorted(draw(st.lists(milliseconds, min_size=1, max_size=8))):
        end = draw(st.integers(start, min(start + 60_000, 360_000_000)))
        heard = [Word(start / 1000, end / 1000, draw(lines))] if words and draw(st.booleans()) else []
        made.append(Cue(start / 1000, end / 1000, draw(text), tuple(heard)))
    return made


@given(cues())
def test_webvtt_comes_back_as_it_went(made: list[Cue]) -> None:
    assert list(formats.parse_vtt(formats.write_vtt(made).encode()).cues) == made


@given(cues(text=plain_texts))
def test_subrip_comes_back_as_it_went(made: list[Cue]) -> None:
    assert list(formats.parse_srt(formats.write_srt(made).encode()).cues) == made


@given(cues(words=True), st.sampled_from([None, "ja", "zh-Hans", "en-GB"]))
def test_json_comes_back_with_its_words(made: list[Cue], language: str | None) -> None:
    found = formats.parse_json(formats.write_json(language, made).encode())
    assert (found.language, list(found.cues)) == (language, made)


@given(cues())
def test_plain_text_is_one_cue_a_line(made: list[Cue]) -> None:
    assert formats.write_text(made).count("\n") == len(made)


@given(st.binary(max_size=400), st.sampled_from([formats.parse_vtt, formats.parse_srt, formats.parse_json]))
def test_any_bytes_are_read_or_refused(data: bytes, parse) -> None:
    for given_bytes in (data, b"WEBVTT\n\n" + data, b"00:01.000 --> 00:02.000\n" + data):
        with contextlib.suppress(UnfitTranscript):
            assert parse(given_bytes).cues


def test_what_others_write_is_understood() -> None:
    vtt = """\ufeffWEBVTT - made by hand\r
Kind: captions\r
\r
STYLE\r
::cue { color: red }\r
\r
NOTE 00:01.000 is no time of a cue here\r
\r
intro\r
00:01.500 --> 00:00:03.000 align:start position:10%\r
<v 山田>二分<c.yellow>探索</c> <00:00:02.000>a &lt; b\r
- と<i>線形</i>探索\r
00:04.000 --> 00:05.000\r
blank line forgotten\r
""".encode()
    assert list(formats.parse_vtt(vtt).cues) == [
        Cue(1.5, 3.0, "二分探索 a < b\n- と線形探索"),
        Cue(4.0, 5.0, "blank line forgotten"),
    ]


def test_subrip_of_the_wild() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,5\n<font color='red'>{\\an8}一</font>\n"
    srt += "2\n0:00:03.000 --> 0:00:04.000\n二\n"
    expected = [Cue(1.0, 2.5, "一"), Cue(3.0, 4.0, "二")]
    for data in (srt.encode(), srt.encode("utf-16"), srt.replace("\n", "\r").encode()):
        assert list(formats.parse_srt(data).cues) == expected


def test_what_whisper_writes_is_understood() -> None:
    heard = {"start": 0.5, "end": 0.9, "word": " Hello", "probability": 0.9}
    told = {"text": "…", "language": "en", "segments": [{"id": 0, "start": 0.5, "end": 1, "text": " Hello."}]}
    told["segments"][0]["words"] = [heard]
    found = formats.parse_json(json.dumps(told).encode())
    assert found == formats.Transcript("en", (Cue(0.5, 1.0, "Hello.", (Word(0.5, 0.9, "Hello"),)),))


@pytest.mark.parametrize(
    ("parse", "data", "reason", "line"),
    [
        (formats.parse_vtt, b"", Unfit.NOT_VTT, 1),
        (formats.parse_vtt, b"WEBVTTX\n", Unfit.NOT_VTT, 1),
        (formats.parse_vtt, b"WEBVTT\n\nNOTE nothing\n", Unfit.NO_CUES, None),
        (formats.parse_vtt, b"WEBVTT\n\n1\n00:02.000 --> 00:01.000\nx\n", Unfit.BAD_TIME, 4),
        (formats.parse_vtt, b"WEBVTT\n\n99:99:99 --> 1\nx\n", Unfit.BAD_TIME, 3),
        (formats.parse_vtt, b"WEBVTT\n\n00:01.000 -->\nx\n", Unfit.BAD_TIME, 3),
        (formats.parse_vtt, b"WEBVTT\n\n9999:00:00.000 --> 9999:00:01.000\nx", Unfit.BAD_TIME, 3),
        (formats.parse_vtt, b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"x" * 9000, Unfit.TOO_LONG_CUE, 3),
        (formats.parse_srt, b"00:01.000 --> 00:02.000\n" + b"x" * 2001, Unfit.TOO_LONG_CUE, None),
        (formats.parse_srt, b"", Unfit.NO_CUES, None),
        (formats.parse_srt, b"\x89PNG\r\n\x1a\n", Unfit.NOT_TEXT, None),
        (formats.parse_srt, b" " * (formats.MAX_BYTES + 1), Unfit.TOO_LARGE, None),
        (formats.parse_json, b" " * (formats.MAX_BYTES + 1), Unfit.TOO_LARGE, None),
        (formats.parse_json, b"[" * 100_000, Unfit.NOT_JSON, None),
        (formats.parse_json, b'{"cues": {}}', Unfit.NOT_JSON, None),
        (formats.parse_json, b'{"cues": [{"start": 0, "end": 1}]}', Unfit.NOT_JSON, None),
        (formats.parse_json, b'{"cues": [{"start": NaN, "end": 1, "text": "x"}]}', Unfit.BAD_TIME, None),
        (formats.parse_json, b'{"cues": [{"start": true, "end": 1, "text": "x"}]}', Unfit.BAD_TIME, None),
        (formats.parse_json, b'{"language": "<script>", "cues": []}', Unfit.BAD_LANGUAGE, None),
    ],
)
def test_what_is_refused_and_why(parse, data: bytes, reason: Unfit, line: int | None) -> None:
    with pytest.raises(UnfitTranscript) as refused:
        parse(data)
    assert (refused.value.reason, refused.value.line) == (reason, line)


def test_a_file_of_endless_cues_is_refused() -> None:
    one = b"00:01.000 --> 00:02.000\nx\n\n"
    with pytest.raises(UnfitTranscript) as refused:
        formats.parse_srt(one * (formats.MAX_CUES + 1))
    assert refused.value.reason is Unfit.TOO_MANY_CUES


def test_what_an_engine_says_is_made_fit_or_refused() -> None:
    said = [Cue(2, 3, "b\0\n\n \ud800c "), Cue(0, 1, " a ", (Word(0, math.inf, "a"),)), Cue(4, 5, " \n")]
    assert formats.fit_cues(said) == (Cue(0.0, 1.0, "a"), Cue(2.0, 3.0, "b\nc"))
    for start, end in ((math.nan, 1), (-1, 1), (2, 1), (0, math.inf)):
        with pytest.raises(UnfitTranscript):
            formats.fit_cues([Cue(start, end, "x")])
