"""Key frame requests are paced, and silence waits for sound that usually comes late."""

from __future__ import annotations

import pytest

from recorder.source_feed import SHORTEST_MARGIN, SoundMargin, SourceFeed


class Owner:
    def feed_picture(self, feed, unit):
        pass

    def feed_sound(self, packet):
        pass

    def feed_closed(self, feed, reason):
        self.reason = reason


class Camera:
    def __init__(self):
        self.requests = 0

    def request_key_frame(self):
        self.requests += 1

    async def close(self):
        pass


def feed(camera: Camera, *, has_video: bool = True) -> SourceFeed:
    return SourceFeed(Owner(), camera, has_video=has_video, started_monotonic=0.0, now=100.0)


def asked(target: SourceFeed, camera: Camera, first: float, last: float) -> list[float]:
    times = []
    for hundredth in range(round(first * 100), round(last * 100)):
        before = camera.requests
        target.request_key_frame(hundredth / 100)
        times += [hundredth / 100] * (camera.requests - before)
    return times


def test_requests_that_go_unanswered_become_rarer():
    camera = Camera()
    assert asked(feed(camera), camera, 100, 108) == pytest.approx([100, 100.5, 101.5, 103.5, 105.5, 107.5])


def test_an_answer_makes_the_next_request_quick_again():
    camera = Camera()
    target = feed(camera)
    asked(target, camera, 100, 104)
    target.key_frame_came(104)
    assert asked(target, camera, 104, 105.2) == pytest.approx([104.5, 105.0])


def test_a_source_without_picture_is_never_asked():
    camera = Camera()
    assert asked(feed(camera, has_video=False), camera, 100, 105) == []


def test_the_margin_follows_late_sound_and_comes_back():
    margin = SoundMargin()
    assert margin.seconds == SHORTEST_MARGIN
    margin.note(0.3, 1.0)
    assert margin.seconds == pytest.approx(0.4)
    margin.note(5.0, 2.0)
    assert margin.seconds == 0.8
    for at in (7.0, 12.0, 17.0):
        margin.note(0.01, at)
    assert margin.seconds == SHORTEST_MARGIN
