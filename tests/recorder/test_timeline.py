"""RTP times on the session's clock: arrival, drift, jumps, lip sync."""

from __future__ import annotations

import random

import pytest

from recorder.media import SenderReport
from recorder.timeline import SourceTimeline

START = 500.0


def line() -> SourceTimeline:
    return SourceTimeline(START)


def test_the_first_arrival_is_the_anchor_and_rtp_time_counts_from_there():
    timeline = line()
    assert timeline.video_pts(7_000_000, START + 2) == 180_000
    assert timeline.video_pts(7_003_000, START + 2.07) == 183_000
    assert timeline.audio_pts(1_000, START + 2) == 96_000


@pytest.mark.parametrize("jump", [2**31, -(2**31), 90_000 * 6, -90_000 * 6])
def test_a_jump_is_anchored_anew(jump):
    timeline = line()
    timeline.video_pts(0, START)
    assert timeline.video_pts(jump + 90_000, START + 1) == pytest.approx(90_000, abs=1)
    assert timeline.video_pts(jump + 93_000, START + 1.04) == pytest.approx(93_000, abs=1)
    assert timeline.anchored == 2


@pytest.mark.parametrize("ppm", [-300, 300])
def test_slow_drift_is_followed_in_small_steps(ppm):
    timeline, dice, last = line(), random.Random(1), None
    for n in range(30 * 600):
        at = n / 30
        rtp = round(at * 90_000 * (1 + ppm / 1e6))
        pts = timeline.video_pts(rtp, START + at + dice.choice((0.02, 0.03, 0.08)))
        if last is not None:
            assert abs(pts - last - 3000) <= 400
        last = pts
    assert last / 90_000 == pytest.approx(600, abs=0.06), "180 ms of drift do not pile up"


def test_jitter_alone_moves_nothing():
    timeline, dice = line(), random.Random(2)
    timeline.video_pts(0, START)
    places = [timeline.video_pts(3000 * n, START + n / 30 + dice.choice((0, 0.2))) for n in range(1, 300)]
    assert max(abs(pts - 3000 * n) for n, pts in enumerate(places, 1)) <= 90


def test_media_that_stays_late_moves_at_once():
    timeline = line()
    for n in range(300):
        timeline.video_pts(3000 * n, START + n / 30)
    for n in range(300, 450):
        pts = timeline.video_pts(3000 * n, START + n / 30 + 1.0)
    assert pts / 90_000 == pytest.approx(449 / 30 + 1.0, abs=0.05)


def test_an_anchor_on_a_late_packet_is_put_right():
    timeline = line()
    timeline.video_pts(0, START + 3.0)
    assert timeline.video_pts(270_000, START + 3.01) == pytest.approx(3.01 * 90_000, abs=1)


def reports(timeline: SourceTimeline, at: float, audio_shift: float = 0.0) -> None:
    """Both tracks tell that they were captured at session time; the audio's clock is `audio_shift` off."""
    timeline.on_sender_report(SenderReport("video", 1e9 + at, round(at * 90_000), START + at))
    timeline.on_sender_report(SenderReport("audio", 1e9 + at + audio_shift, round(at * 48_000), START + at))


def test_sender_reports_put_sound_to_its_picture():
    timeline = line()
    timeline.video_pts(0, START + 0.3)  # the picture takes 300 ms, the sound 20
    assert timeline.audio_pts(0, START + 0.02) == pytest.approx(960, abs=1)
    reports(timeline, 1.0)
    assert timeline.lip_synced
    assert timeline.audio_pts(48_000, START + 1.02) == pytest.approx(1.3 * 48_000, abs=1)
    assert timeline.video_pts(90_000, START + 1.3) == pytest.approx(1.3 * 90_000, abs=1)


def test_later_reports_move_the_sound_gently():
    timeline = line()
    timeline.video_pts(0, START)
    timeline.audio_pts(0, START)
    reports(timeline, 1.0)
    reports(timeline, 2.0, audio_shift=0.1)
    assert timeline.audio_pts(96_000, START + 2) == pytest.approx(96_000 + 480, abs=2)


def test_reports_that_cannot_be_true_are_ignored():
    timeline = line()
    timeline.video_pts(0, START)
    timeline.audio_pts(0, START)
    reports(timeline, 1.0, audio_shift=30)
    assert not timeline.lip_synced
    timeline.on_sender_report(SenderReport("audio", 5.0, 2**40, START + 1))
    assert timeline.audio_pts(48_000, START + 1) == 48_000


def test_a_jump_asks_for_new_reports():
    timeline = line()
    timeline.video_pts(0, START)
    timeline.audio_pts(0, START)
    reports(timeline, 1.0)
    timeline.video_pts(2**31, START + 1.1)
    assert not timeline.lip_synced


def test_times_before_the_session_are_its_start():
    assert line().video_pts(5, START - 10) == 0
