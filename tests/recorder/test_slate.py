"""The holding picture decodes, stands still, and has an IDR every two seconds."""

from __future__ import annotations

from recorder.h264 import parse_pps, parse_sps
from recorder.media import VideoSample
from recorder.slate import HEIGHT, PICTURES_PER_GOP, STEP_TICKS, WIDTH, StillRun, slate_parameters
from tests.recorder.program_stage import decode, nals_of


def samples(run: StillRun, until: int) -> list[VideoSample]:
    return [VideoSample(p.data, p.pts, STEP_TICKS, p.independent) for p in run.due(until)]


def test_baseline_cavlc_at_1280_by_720():
    video = slate_parameters()
    sps, pps = parse_sps(video.sps), parse_pps(video.pps[0])
    assert (sps.profile, sps.width, sps.height, pps.cabac) == (66, WIDTH, HEIGHT, False)
    assert video.codecs.startswith("avc1.42")


def test_six_seconds_decode_and_only_repeat_the_picture():
    run = StillRun(90_000)
    pictures = samples(run, 7 * 90_000)
    assert [p.pts for p in pictures] == list(range(90_000, 7 * 90_000 + 1, STEP_TICKS))
    assert [n for n, p in enumerate(pictures) if p.independent] == [0, 30, 60, 90]
    images = decode(slate_parameters(), pictures)
    assert len(images) == len(pictures)
    for first in (0, 30, 60):
        assert len(set(images[first : first + PICTURES_PER_GOP])) == 1
    assert nals_of(pictures[0].data) != nals_of(pictures[30].data), "idr_pic_id alternates (7.4.3)"


def test_it_shows_two_light_bars_on_dark_paper():
    image = decode(slate_parameters(), samples(StillRun(0), 0))[0]
    luma = [image[360 * WIDTH + x] for x in (100, WIDTH // 2 - 48, WIDTH // 2, WIDTH // 2 + 48, WIDTH - 100)]
    assert [value > 100 for value in luma] == [False, True, False, True, False]


def test_pictures_are_given_once():
    run = StillRun(0)
    assert len(run.due(STEP_TICKS * 3)) == 4
    assert run.due(STEP_TICKS * 3) == []


def test_the_skip_pictures_are_tiny():
    assert max(len(p.data) for p in StillRun(0).due(90_000) if not p.independent) <= 14


def test_the_closing_picture_follows_what_was_given():
    run = StillRun(0)
    pictures = samples(run, STEP_TICKS * 30)  # ends on the second IDR
    last = run.closing_picture(STEP_TICKS * 30 + 10)
    decoded = decode(slate_parameters(), [*pictures, VideoSample(last.data, last.pts, 1, False)])
    assert len(decoded) == len(pictures) + 1
