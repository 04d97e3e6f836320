"""Whole playlists, compared line by line, and the arithmetic of what they show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.playlist import (
    date_time,
    media_playlist,
    multivariant_playlist,
    parts_from,
    replay_playlist,
    seconds,
    skipped_until,
    window_from,
    window_playlist,
)
from broadcast.playlist_view import Hint, Part, PlaylistView, Segment, Variant
from broadcast.segment_rates import SegmentRates
from tests.broadcast.live_stage import attributes, tags

PARTS = tuple(Part(30_000, n == 0) for n in range(6))


def make_segment(number: int, take: int = 1, *, ticks: int = 180_000, before: int = 0) -> Segment:
    return Segment(number, take, number * ticks, ticks, 500_000, before, 6, PARTS)


def make_view(count: int, *, take: int = 1, growing_parts: int = 2, ended: bool = False) -> PlaylistView:
    segments = [make_segment(n, take) for n in range(count)]
    growing = None
    if growing_parts and not ended:
        parts = PARTS[:growing_parts]
        growing = Segment(count, take, count * 180_000, 30_000 * growing_parts, 9, 0, growing_parts, parts)
    hint = None if ended else Hint(take, count, growing_parts, new_init=False)
    return PlaylistView(segments, growing, hint, 1_795_000_000.25, 0.334)


HEAD = """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=36,HOLD-BACK=18,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
"""


def test_a_lecture_that_has_begun() -> None:
    growing = Segment(1, 1, 180_000, 60_000, 9, 0, 2, PARTS[:2])
    view = PlaylistView(
        [replace(make_segment(0), parts=PARTS[:2], part_count=2)],
        growing,
        Hint(1, 1, 2, new_init=False),
        1_795_000_000.25,
        0.334,
    )
    assert media_playlist(view) == HEAD + (
        """\
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="1/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:40.250Z
#EXT-X-PART:DURATION=0.333334,URI="1/0.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.333334,URI="1/0.1.m4s"
#EXTINF:2.0,
1/0.m4s
#EXT-X-PART:DURATION=0.333334,URI="1/1.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.333334,URI="1/1.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/1.2.m4s"
"""
    )


def test_an_ended_lecture_with_a_second_take_and_a_gap() -> None:
    segments = [
        make_segment(0),
        replace(make_segment(1), gap=True),
        replace(make_segment(2, 3, before=1), pts=900_000),
    ]
    view = PlaylistView(segments, None, None, 1_795_000_000.25, 0.334)
    assert media_playlist(view) == HEAD + (
        """\
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="1/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:40.250Z
#EXTINF:2.0,
1/0.m4s
#EXT-X-GAP
#EXTINF:2.0,
1/1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="3/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:50.250Z
#EXTINF:2.0,
3/2.m4s
#EXT-X-ENDLIST
"""
    )


def test_a_delta_update_skips_what_is_beyond_the_boundary() -> None:
    view = make_view(100)
    whole, delta = media_playlist(view), media_playlist(view, delta=True)
    assert tags(delta, "EXT-X-VERSION") == ["9"]
    (skip,) = tags(delta, "EXT-X-SKIP")
    skipped = int(attributes(skip)["SKIPPED-SEGMENTS"])
    assert skipped == 82, "18 segments of 2 s reach back 36 s"
    assert skipped + len(tags(delta, "EXTINF")) == len(tags(whole, "EXTINF")) == 100
    body = delta.split("\n#EXT-X-SKIP:SKIPPED-SEGMENTS=82\n")[1]
    assert whole.endswith(body), "what is not skipped is there as it was"


def test_a_delta_update_of_a_short_lecture_is_the_whole() -> None:
    view = make_view(18)
    assert media_playlist(view, delta=True) == media_playlist(view)


def test_parts_are_listed_in_the_last_three_target_durations_only() -> None:
    view = make_view(100, growing_parts=6)
    # 2 s are growing: eight more segments of 2 s would be told as 18.000036 s, for each part is rounded up.
    assert parts_from(view) == 93
    assert len(tags(media_playlist(view), "EXT-X-PART")) == 7 * 6 + 6


def test_the_window_counts_what_it_has_lost() -> None:
    segments = [make_segment(n, 1 + (n >= 20) + (n >= 80), before=(n >= 20) + (n >= 80)) for n in range(100)]
    view = PlaylistView(segments, None, Hint(4, 100, 0, new_init=True), 0.0, 0.334)
    text = window_playlist(view)
    assert tags(text, "EXT-X-MEDIA-SEQUENCE") == ["70"] and len(tags(text, "EXTINF")) == 30
    assert tags(text, "EXT-X-DISCONTINUITY-SEQUENCE") == ["1"]
    assert len(tags(text, "EXT-X-DISCONTINUITY")) == 1
    assert tags(text, "EXT-X-MAP") == ['URI="2/init.mp4"', 'URI="3/init.mp4"']
    assert len(tags(text, "EXT-X-PROGRAM-DATE-TIME")) == 30
    assert not tags(text, "EXT-X-PLAYLIST-TYPE")
    assert text.index("2/init.mp4") < text.index("2/70.m4s")


def test_a_window_that_begins_with_a_take_keeps_its_discontinuity() -> None:
    segments = [make_segment(n, 1 + (n >= 70), before=int(n >= 70)) for n in range(100)]
    view = PlaylistView(segments, None, Hint(2, 100, 0, new_init=True), 0.0, 0.334)
    text = window_playlist(view)
    assert tags(text, "EXT-X-DISCONTINUITY-SEQUENCE") == ["0"]
    assert len(tags(text, "EXT-X-DISCONTINUITY")) == 1, "0 and one tag before it: the first segment has 1"
    assert tags(text, "EXT-X-MAP") == ['URI="2/init.mp4"']


def test_a_window_delta_skips_within_the_window() -> None:
    text = window_playlist(make_view(100), delta=True)
    (skip,) = tags(text, "EXT-X-SKIP")
    assert attributes(skip) == {"SKIPPED-SEGMENTS": "12"}
    assert tags(text, "EXT-X-MEDIA-SEQUENCE") == ["70"] and len(tags(text, "EXTINF")) == 18


@given(st.lists(st.integers(min_value=45_000, max_value=585_000), min_size=1, max_size=80))
def test_windows_and_deltas_never_show_too_little(durations: list[int]) -> None:
    segments = [replace(make_segment(n), duration=d) for n, d in enumerate(durations)]
    assert sum(durations[window_from(segments) :]) >= min(60 * 90_000, sum(durations))
    kept = durations[skipped_until(segments) :]
    assert sum(kept) >= min(36 * 90_000, sum(durations))
    assert sum(kept[1:]) < 36 * 90_000, "and no segment more than the boundary asks for"


def test_the_replay_leaves_out_and_marks_every_cut() -> None:
    segments = [make_segment(0), make_segment(1), make_segment(5), make_segment(6, 3)]
    text = replay_playlist(segments, 0.0)
    assert text.startswith("#EXTM3U\n") and text.endswith("#EXT-X-ENDLIST\n")
    assert tags(text, "EXT-X-PLAYLIST-TYPE") == ["VOD"]
    assert len(tags(text, "EXT-X-DISCONTINUITY")) == 2 and len(tags(text, "EXT-X-MAP")) == 2
    assert not tags(text, "EXT-X-PART") and not tags(text, "EXT-X-PRELOAD-HINT")
    assert [line for line in text.split("\n") if line.endswith(".m4s")] == [
        "1/0.m4s", "1/1.m4s", "1/5.m4s", "3/6.m4s",
    ]  # fmt: skip


def test_the_multivariant_playlist() -> None:
    variant = Variant("avc1.42c01f,mp4a.40.2", 1280, 720, 29.97, 2_500_001, 2_100_000)
    assert multivariant_playlist(variant, "source/media.m3u8") == (
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2500001,AVERAGE-BANDWIDTH=2100000,"
        'CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970\nsource/media.m3u8\n'
    )
    assert "FRAME-RATE" not in multivariant_playlist(replace(variant, frame_rate=None), "x")


@pytest.mark.parametrize(
    ("ticks", "text"),
    [(180_000, "2.0"), (30_000, "0.333334"), (30_001, "0.333345"), (30_060, "0.334"), (0, "0.0")],
)
def test_seconds_are_rounded_up_to_the_microsecond(ticks: int, text: str) -> None:
    assert seconds(ticks) == text


def test_dates_have_milliseconds_and_a_zone() -> None:
    assert date_time(0.0005) == "1970-01-01T00:00:00.000Z" and date_time(1.9996) == "1970-01-01T00:00:02.000Z"


def brute_force_peak(segments: list[tuple[int, int]]) -> float:
    """4.1, word by word: every contiguous set of 3 to 9.5 s."""
    best = 0.0
    for first in range(len(segments)):
        for end in range(first + 1, len(segments) + 1):
            duration = sum(d for _, d in segments[first:end])
            if 270_000 <= duration <= 855_000:
                best = max(best, sum(s for s, _ in segments[first:end]) * 8 * 90_000 / duration)
    return best


@given(st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(30_000, 585_000)), min_size=1, max_size=30))
def test_the_peak_rate_is_that_of_the_draft(segments: list[tuple[int, int]]) -> None:
    rates = SegmentRates()
    for size, duration in segments:
        rates.add(size, duration)
    peak = brute_force_peak(segments)
    average = sum(s for s, _ in segments) * 8 * 90_000 / sum(d for _, d in segments)
    assert rates.average - 1 < average <= rates.average
    assert rates.peak - 1 < max(peak, average) <= rates.peak
