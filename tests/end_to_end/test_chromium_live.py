"""From the set-up link to the replay, in real Chromium with its fake camera (the issue's first show)."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.lecturer import Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation, stretch

pytestmark = pytest.mark.slow


def test_live_rewind_end_and_replay(installation: Installation, browser: Browser) -> None:
    lecturer = Lecturer(browser, installation)
    lecturer.set_up()
    lecturer.open_studio()
    lecturer.go_live()
    address = lecturer.room_address
    slug = address.rsplit("/", 1)[1]
    viewer = Viewer(browser)

    viewer.open(address)
    viewer.wait_for_state("live")
    viewer.wait_for_playing(4.0)
    assert viewer.page.evaluate("() => document.querySelector('video').src").startswith("blob:"), "not hls.js"
    first_picture = _first_picture(viewer)
    latency = _latency(installation, viewer, slug)

    viewer.seek(max(0.0, viewer.time - 4.0))
    viewer.wait("room.dataset.following === 'false'")
    viewer.wait_for_playing(1.5)
    viewer.wait("room.dataset.following === 'false'")  # it does not run after the edge
    viewer.back_to_live()
    viewer.wait_for_playing(1.0)

    lecturer.end()
    viewer.wait_for_state("replay")
    viewer.wait("diary.loads.length === 2 && diary.loads[1].firstFrame !== null && !video.paused")
    session = installation.wait_for_state(slug, "ended")
    replay_start = viewer.diary["loads"][1]["firstFrame"] / 1000 - _unix(session["ended_at"])
    replay_opened = viewer.diary["loads"][1]["at"] / 1000 - _unix(session["ended_at"])
    assert viewer.page.url == address
    print(
        f"\nfirst picture {first_picture:.2f} s after opening the page · live latency {latency:.2f} s "
        f"from arrival · replay {replay_start:.2f} s after the end (opened after {replay_opened:.2f} s) "
        f"· load {os.getloadavg()[0]:.1f}"
    )
    assert replay_start <= 1.0 * stretch()
    _seek_all_over(viewer, session["ended_at"], session["started_at"])
    assert viewer.console.complaints == []
    assert lecturer.console.fatal == []


def _seek_all_over(viewer: Viewer, ended_at: str, started_at: str) -> None:
    lasted = _unix(ended_at) - _unix(started_at)
    duration = viewer.duration
    assert lasted - 2.5 < duration < lasted + 0.5
    viewer.seek(0.0)
    viewer.wait_for_playing(0.5)
    viewer.seek(duration / 2)
    viewer.wait_for_playing(0.5)
    viewer.seek(duration - 1)
    viewer.wait("video.ended")


def _first_picture(viewer: Viewer) -> float:
    """Seconds from the beginning of navigation to the first picture shown."""
    origin = viewer.page.evaluate("() => performance.timeOrigin")
    return (viewer.diary["firstFrame"] - origin) / 1000


def _latency(installation: Installation, viewer: Viewer, slug: str) -> float:
    """Seconds from a picture's arrival at the recorder to the screen, by the playlist's dates."""
    _, master = installation.get(installation.room(slug)["session"]["hls_url"])
    media = re.search(r"^[^#\s].*$", master.decode(), re.MULTILINE)
    assert media
    base = installation.room(slug)["session"]["hls_url"].rsplit("/", 1)[0]
    _, playlist = installation.get(f"{base}/{media[0]}" if not media[0].startswith("/") else media[0])
    date = re.search(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)", playlist.decode())
    assert date
    return time.time() - (_unix(date[1]) + viewer.time)


def _unix(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
