"""What a lecture does to players: a resting picture, sound that pauses, new sizes, a reconnect.

KODO_FULL=1 takes the show's full lengths, plays back at normal speed, and rewinds over all of it, too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.encoder import Encoder
from tests.end_to_end.test_ffmpeg_whip import decoding_errors, fetch
from tests.end_to_end.viewer import Stall, Viewer
from tests.installation import Installation, wait_for
from tests.publishers.prepared_packets import prepare_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.shares_installation]

FULL = os.environ.get("KODO_FULL") == "1"
PICTURE_RESTS = 15.0 if FULL else 6.0
SOUND_PAUSES = 5.0 if FULL else 3.0
BETWEEN = 4.0 if FULL else 2.0
PLAYBACK_SPEED = 1 if FULL else 2
WORST_STALL = 0.5
SIZES = ((640, 360), (960, 540), (480, 270))


@dataclass(frozen=True)
class Happened:
    """`line_was_cut` and `line_was_back`: Unix seconds between which no picture could come."""

    line_was_cut: float
    line_was_back: float


@pytest.fixture(scope="module")
def encoder(installation: Installation) -> Iterator[Encoder]:
    installation.add_lecturer()
    one = Encoder(installation.add_room("changes"), prepare_video(*SIZES[0]))
    yield one
    one.stop()


@pytest.mark.full
def test_players_go_on(
    installation: Installation, browser: Browser, encoder: Encoder, tmp_path: Path
) -> None:
    for size in SIZES:
        prepare_video(*size)  # encoded before, so that the test's own work is no pause
    encoder.connect()
    installation.wait_for_state("changes", "live")
    viewer = Viewer(browser)
    viewer.open(installation.url + "/rooms/changes")
    viewer.wait_for_playing(2.0)
    viewer.begin_anew()

    happened = direct(encoder, viewer)
    live = viewer.stalls()
    tell("live", live)
    assert_pictures_moved(viewer, speed=1)
    assert_smooth(live, happened)

    if FULL:
        rewind = play_back(viewer, from_live=True)
        tell("rewind", rewind)
        assert_smooth(rewind)
    viewer.back_to_live()
    installation.end("changes")
    viewer.wait_for_state("replay")
    viewer.wait("diary.loads.length === 2 && diary.loads[1].firstFrame !== null && !video.paused")
    replay = play_back(viewer, from_live=False)
    tell("replay", replay)
    assert_smooth(replay)
    assert viewer.console.complaints == []

    url = wait_for("the MP4", lambda: (installation.session("changes") or {}).get("mp4_url"), 60)
    file = tmp_path / "changes.mp4"
    file.write_bytes(fetch(url)[2])
    assert decoding_errors(str(file)) == ""


def direct(encoder: Encoder, viewer: Viewer) -> Happened:
    """All that happens in the lecture, while the viewer plays."""
    encoder.rest_picture()
    viewer.wait_for_playing(PICTURE_RESTS, PICTURE_RESTS + 5)
    encoder.move_picture()
    viewer.wait_for_playing(BETWEEN)
    encoder.pause_sound()
    viewer.wait_for_playing(SOUND_PAUSES, SOUND_PAUSES + 5)
    encoder.resume_sound()
    for size in SIZES[1:]:
        viewer.wait_for_playing(BETWEEN)
        encoder.change_video(prepare_video(*size))
        viewer.wait("video.videoWidth === argument", argument=size[0])
    viewer.wait_for_playing(BETWEEN)
    cut = time.time()
    encoder.vanish()
    encoder.connect()
    back = time.time()
    viewer.wait_for_playing(BETWEEN + 2)
    return Happened(cut, back)


def play_back(viewer: Viewer, *, from_live: bool) -> list[Stall]:
    """From the beginning over all of it, at `PLAYBACK_SPEED`."""
    end = viewer.time if from_live else viewer.duration
    viewer.page.select_option("#speed", str(PLAYBACK_SPEED))
    viewer.seek(0.0)
    viewer.begin_anew()
    viewer.wait("video.ended || video.currentTime > argument", end + 10, end - 1.0)
    stalls = viewer.stalls()
    assert_pictures_moved(viewer, PLAYBACK_SPEED)
    viewer.page.select_option("#speed", "1")
    return stalls


def assert_pictures_moved(viewer: Viewer, speed: float) -> None:
    """Fillers and the slate are pictures too: whatever the source does, one stands only for a moment."""
    frozen, where = viewer.frozen
    print(f"\nthe longest that a picture stood: {frozen / speed:.2f} s at {where:.2f} s")
    assert frozen / speed <= WORST_STALL, f"the picture stood {frozen} s at {where} s while the media ran"


def assert_smooth(stalls: list[Stall], happened: Happened | None = None) -> None:
    """No stall over half a second; where the line was cut, what the cut itself took may come on top."""
    for stall in stalls:
        allowed = WORST_STALL
        if happened is not None and happened.line_was_cut < stall.at < happened.line_was_back + 3:
            allowed += happened.line_was_back - happened.line_was_cut
        assert stall.seconds <= allowed, f"{stall} while all were {stalls}"


def tell(what: str, stalls: list[Stall]) -> None:
    worst = max((s.seconds for s in stalls), default=0.0)
    print(f"\n{what}: worst stall {worst:.2f} s, {len(stalls)} over 0.08 s · load {os.getloadavg()[0]:.1f}")
