"""Live requests and their answers: what is there, what is not, bad input, caching, the end and the replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.answer import Answer
from broadcast.outcome import Hold, Later
from tests.broadcast.live_stage import LiveStage, attributes, gunzip, header, tags

MEDIA = "source/media.m3u8"


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    """Segment 0 is complete, two parts of segment 1 are there."""
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    stage.writer.parts(8)
    return stage


@pytest.mark.parametrize(
    "query",
    [
        "_HLS_msn=-1",
        "_HLS_msn=+1",
        "_HLS_msn=1.0",
        "_HLS_msn=0x1",
        "_HLS_msn=abc",
        "_HLS_msn=",
        "_HLS_msn=" + "9" * 21,
        "_HLS_msn=" + "9" * 20,
        "_HLS_msn=99999",
        "_HLS_msn=3",
        "_HLS_msn=1&_HLS_part=-1",
        "_HLS_msn=1&_HLS_part=99999999999",
        "_HLS_msn=0&_HLS_part=99999",
        "_HLS_msn=1&_HLS_part=11",
        "_HLS_msn=1&_HLS_part=x",
        "_HLS_part=0",
        "_HLS_msn=0&_HLS_msn=0",
        "_HLS_msn=0&_HLS_msn=1",
        "_HLS_msn=%D9%A1",
        "_HLS_msn=\u0661",
        "&".join(f"a{n}=1" for n in range(40)),
    ],
)
def test_directives_that_make_no_sense_are_bad_requests(stage: LiveStage, query: str) -> None:
    answer = stage.get(MEDIA, query)
    assert answer.status == 400, answer.body
    assert header(answer, "content-type") == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["foo=1", "_HLS_other=x&_HLS_other=y", "_HLS_msn=0", "%", "_HLS_skip=maybe"]
)
def test_other_parameters_mean_nothing(stage: LiveStage, query: str) -> None:
    assert stage.get(MEDIA, query).status == 200


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("source/1/0.6.m4s", 404),
        ("source/1/1.3.m4s", 404),
        ("source/2/0.m4s", 404),
        ("source/2/init.mp4", 404),
        ("source/1/1.m4s", 404),
        ("source/1/9.m4s", 404),
        ("source/1/00.m4s", 404),
        ("source/01/0.m4s", 404),
        ("other/media.m3u8", 404),
        ("source/", 404),
        ("source/1/../../session.json", 404),
        ("session.json", 404),
        ("source/replay-1.m3u8", 404),
        ("replay-1.m3u8", 404),
        ("events/0", 404),
        ("x" * 600, 414),
    ],
)
def test_what_is_not_there(stage: LiveStage, tail: str, status: int) -> None:
    assert stage.get(tail).status == status


@pytest.mark.parametrize("path", ["/live/", "/live/open", "/live/open/x", "/live/open/../x", "/live//x/y"])
def test_addresses_of_nothing(stage: LiveStage, path: str) -> None:
    answer = stage.answers.answer(path, b"", gzip=False)
    assert isinstance(answer, Answer) and answer.status == 404


def test_an_unknown_session(stage: LiveStage) -> None:
    outcome = stage.answers.answer("/live/open/no-such-session/index.m3u8", b"", gzip=False)
    assert isinstance(outcome, Later), "the disk is not looked at on the event loop"
    answer = outcome.work()
    assert isinstance(answer, Answer) and answer.status == 404


def test_a_query_without_end(stage: LiveStage) -> None:
    assert stage.get(MEDIA, "x" * 600).status == 414


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.text(max_size=40), query=st.binary(max_size=40), gzip=st.booleans())
def test_no_address_breaks_the_server(stage: LiveStage, tail: str, query: bytes, gzip: bool) -> None:
    outcome = stage.answers.answer(f"/live/open/{stage.writer.session_id}/{tail}", query, gzip=gzip)
    if isinstance(outcome, Later):
        outcome = outcome.work()
    assert isinstance(outcome, Hold) or outcome.status in (200, 400, 404, 414)


def test_not_there_yet_is_never_cached(stage: LiveStage) -> None:
    """Else anybody could make a cache refuse the next part to all."""
    for tail, query in (
        ("source/1/1.3.m4s", ""),
        ("source/1/2.0.m4s", ""),
        ("source/2/init.mp4", ""),
        ("source/replay-1.m3u8", ""),
        (MEDIA, "_HLS_msn=4"),
        (MEDIA, "_HLS_msn=1&_HLS_part=12"),
    ):
        assert header(stage.get(tail, query), "cache-control") == "no-store", tail


def test_a_process_behind_the_others_reads_on_before_it_refuses(stage: LiveStage) -> None:
    stage.get(MEDIA)
    stage.writer.parts(6)
    assert stage.get("source/1/2.1.m4s").status == 200, "no hint came, no time passed"
    stage.writer.parts(12)
    assert isinstance(stage.ask(MEDIA, "_HLS_msn=5"), Hold), "msn 5 was too far ahead of what it knew"


def test_a_session_without_parts_is_waited_for(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    waiting = [stage.hold(tail) for tail in ("index.m3u8", "window.m3u8", MEDIA, "source/window.m3u8")]
    stage.writer.begin_take()
    stage.writer.part()
    stage.hint()
    assert [future.result(0).status for future in waiting] == [200] * 4


def test_a_session_that_ended_without_parts_is_not_there(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.end()
    for tail in ("index.m3u8", MEDIA, "replay-1.m3u8", "source/replay-1.m3u8"):
        assert stage.get(tail).status == 404


def test_gzip_is_the_same_playlist(stage: LiveStage) -> None:
    for tail in (MEDIA, "source/window.m3u8", "index.m3u8"):
        plain, packed = stage.get(tail), stage.get(tail, gzip=True)
        assert gunzip(packed.body) == plain.body
        assert header(packed, "content-encoding") == "gzip" and header(plain, "content-encoding") is None
        assert header(packed, "vary") == header(plain, "vary") == "accept-encoding"
        assert int(header(packed, "content-length") or 0) == len(packed.body)


def test_the_end_comes_to_those_who_wait(stage: LiveStage) -> None:
    playlist = stage.hold(MEDIA, "_HLS_msn=1&_HLS_part=2")
    part = stage.hold("source/1/1.2.m4s")
    stage.writer.end()
    stage.windows.on_hint({"kind": "state", "session": stage.writer.session_id})
    assert b"#EXT-X-ENDLIST" in playlist.result(0).body
    assert part.result(0).status == 404


def test_the_replay_leaves_out_the_slate(stage: LiveStage) -> None:
    writer = stage.writer
    writer.begin_take(slate=True)
    writer.parts(12)
    writer.begin_take()
    writer.parts(6)
    assert stage.get("replay-1.m3u8").status == 404
    writer.end()
    stage.windows.on_hint({"kind": "state", "session": writer.session_id})
    text = stage.text("source/replay-1.m3u8")
    assert tags(text, "EXT-X-MAP") == ['URI="1/init.mp4"', 'URI="3/init.mp4"']
    assert len(tags(text, "EXTINF")) == 3 and len(tags(text, "EXT-X-DISCONTINUITY")) == 1
    assert stage.text("replay-1.m3u8").endswith("\nsource/replay-1.m3u8\n")
    assert stage.get("source/replay-2.m3u8").status == stage.get("replay-2.m3u8").status == 404
    assert len(tags(stage.text(MEDIA), "EXTINF")) == 5, "the live playlist keeps it"


def test_window_index_names_the_window(stage: LiveStage) -> None:
    assert stage.text("window.m3u8").endswith("\nsource/window.m3u8\n")


def test_bandwidth_is_measured(stage: LiveStage) -> None:
    stage.writer.end()
    (stream,) = tags(stage.text("index.m3u8"), "EXT-X-STREAM-INF")
    told = attributes(stream)
    sizes = [len(stage.get(f"source/1/{n}.m4s").body) for n in (0, 1)]
    expected = sum(sizes) * 8 / (8 / 3)
    assert int(told["AVERAGE-BANDWIDTH"]) - 1 < expected <= int(told["AVERAGE-BANDWIDTH"])
    assert told["FRAME-RATE"] == "30.000" and told["RESOLUTION"] == "160x96"
    assert told["CODECS"].split(",") == ["avc1.42c00d", "mp4a.40.2"]


def test_old_media_is_read_in_a_thread(stage: LiveStage) -> None:
    stage.writer.parts(40)
    stage.get(MEDIA)
    stage.hint()
    path = f"/live/open/{stage.writer.session_id}/source/1/0.m4s"
    outcome = stage.answers.answer(path, b"", gzip=False)
    assert isinstance(outcome, Later)
    answer = outcome.work()
    assert isinstance(answer, Answer) and answer.status == 200


def test_media_that_vanished_is_not_there(stage: LiveStage) -> None:
    stage.get(MEDIA)
    folder = stage.writer.settings.sessions_folder / stage.writer.session_id
    (folder / "take-0001" / "program.mp4").unlink()
    assert stage.get("source/1/0.m4s").status == 404
