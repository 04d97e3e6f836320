"""Fills between real pictures: FFmpeg decodes all, and the real ones as if nothing were there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from av.video.frame import PictureType

from recorder.filler import Filler
from recorder.h264 import SliceHeader, SliceType, nal_type, parse_pps, parse_slice_header, parse_sps, to_avcc
from recorder.media import VideoParameters, VideoSample
from recorder.skip_picture import can_skip, skip_picture
from tests.recorder.program_stage import Encoder, decode

STEP = 3000
STREAMS = {
    "baseline, order type 2": {},
    "four slices": {"x264-params": "slices=4"},
    "three references": {"x264-params": "ref=3", "preset": "fast"},
    "order type 0": {"profile": "main", "x264-params": "cabac=0:bframes=1:rc-lookahead=0"},
    "weighted prediction": {
        "profile": "main",
        "preset": "fast",
        "x264-params": "cabac=0:weightp=2:bframes=0",
    },
    "frames that may be fields": {
        "profile": "main",
        "x264-params": "cabac=0:fake-interlaced=1:bframes=0:weightp=0",
    },
    "8x8 transform": {"profile": "high", "preset": "fast", "x264-params": "cabac=0:bframes=0"},
    "no deblocking": {"x264-params": "no-deblock=1"},
}


def stream(count: int, options: dict[str, str], size: tuple[int, int] = (162, 100)):
    """The parameters and the slices of about `count` pictures, an IDR every 25, the others P."""
    encoder = Encoder(*size, gop=10_000, **options)
    encoder.usual_type = PictureType.P
    units = [encoder.next(key_frame=number % 25 == 0) for number in range(count + 3)]
    nals = [nal for unit in units for nal in unit]
    sps, pps = (next(nal for nal in nals if nal_type(nal) == kind) for kind in (7, 8))
    coded = [[nal for nal in unit if nal_type(nal) in (1, 5)] for unit in units]
    return VideoParameters(sps, (pps,), *size), [unit for unit in coded if unit]


def sample(nals: list[bytes], pts: int) -> VideoSample:
    return VideoSample(to_avcc(nals), pts, 1, nal_type(nals[0]) == 5)


@pytest.mark.parametrize("name", STREAMS)
def test_real_pictures_decode_the_same_with_fills(name):
    video, units = stream(60, STREAMS[name])
    sps, pps = parse_sps(video.sps), parse_pps(video.pps[0])
    assert can_skip(sps, pps), "the stream is CAVLC"
    filler = Filler(sps, pps)
    mixed: list[VideoSample] = []
    real: list[int] = []
    for number, unit in enumerate(units):
        header = parse_slice_header(unit[0], sps, pps)
        assert header.type is not SliceType.B
        filler.note(header, pps, number)
        real.append(len(mixed))
        mixed.append(sample(unit, len(mixed)))
        for _ in range((0, 1, 5)[number % 3]):
            mixed.append(sample([filler.picture()], len(mixed)))
    pictures = decode(video, mixed)
    assert len(pictures) == len(mixed)
    assert [pictures[n] for n in real] == decode(video, [sample(unit, n) for n, unit in enumerate(units)])
    shown = -1
    for number, picture in enumerate(pictures):
        shown = number if number in real else shown
        assert picture == pictures[shown], "a fill shows the last picture"


def test_the_streams_of_this_test_differ_as_their_names_say():
    def sets(name):
        video, _ = stream(1, STREAMS[name])
        return parse_sps(video.sps), parse_pps(video.pps[0])

    assert sets("baseline, order type 2")[0].poc_type == 2
    assert sets("order type 0")[0].poc_type == 0
    assert sets("weighted prediction")[1].weighted_pred
    assert not sets("frames that may be fields")[0].frames_only


def test_cabac_streams_cannot_be_filled():
    video, _ = stream(1, {"profile": "high", "preset": "fast"})
    filler = Filler(parse_sps(video.sps), parse_pps(video.pps[0]))
    assert not filler.possible
    filler.note(SliceHeader(0, SliceType.I, 0, 0, False, True, 0), parse_pps(video.pps[0]), 0)
    assert filler.due(0, 10 * 90_000) == [] and filler.before(0, 90_000) == []


def made(poc_type: int = 2) -> Filler:
    video, _ = stream(1, {})
    sps = replace(parse_sps(video.sps), poc_type=poc_type)
    return Filler(sps, parse_pps(video.pps[0]))


def feed(filler: Filler, interval: int, count: int = 20) -> int:
    pps = parse_pps(stream(1, {})[0].pps[0])
    for number in range(count):
        header = SliceHeader(0, SliceType.P, 0, number % 16, False, True, 0)
        filler.note(header, pps, number * interval)
    return (count - 1) * interval


def test_nothing_is_filled_before_the_picture_rests():
    filler = made()
    last = feed(filler, STEP)
    assert filler.due(last, last + 29_000) == []
    due = filler.due(last, last + 30_000)
    assert due == [last + STEP * n for n in range(1, 8)], "thirty a second, 100 ms behind now"
    assert filler.before(last, last + 27_000) == []


def test_a_slow_source_is_filled_to_fifteen_a_second():
    filler = made()
    last = feed(filler, 18_000)
    assert filler.low_rate
    assert filler.before(last, last + 18_000) == [last + 6_000, last + 12_000]
    assert filler.due(last, last + 17_000) == [last + 6_000]


def test_a_fill_after_a_picture_that_is_no_reference_has_its_number():
    filler = made()
    pps = parse_pps(stream(1, {})[0].pps[0])
    filler.note(SliceHeader(0, SliceType.P, 0, 3, False, True, 0), pps, 0)
    after_reference = filler.picture()
    filler.note(SliceHeader(0, SliceType.P, 0, 4, False, False, 0), pps, STEP)
    assert filler.picture() == after_reference


@pytest.mark.parametrize("always_zero", [True, False])
def test_order_type_1_writes_what_its_sps_asks(always_zero):
    video, _ = stream(1, {})
    pps = parse_pps(video.pps[0])
    sps = replace(
        parse_sps(video.sps), poc_type=1, poc_delta_always_zero=always_zero, poc_offset_non_reference=-1
    )
    short, long = skip_picture(replace(sps, poc_type=2), pps, 5), skip_picture(sps, pps, 5)
    assert (short == long) is always_zero
    assert parse_slice_header(long, sps, pps).frame_num == 5
