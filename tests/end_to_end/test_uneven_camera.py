"""A camera that leaves out a few pictures now and then: the picture goes on as soon as the camera does.

Media Source Extensions drop every picture up to the next key frame where a decode time lies more than two
durations behind the one before ("coded frame processing"), so a guessed duration at a part's end matters.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.encoder import Encoder
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.publishers.prepared_packets import prepare_video

pytestmark = [pytest.mark.slow, pytest.mark.shares_installation]

# 17 picture times a round against 10 of a part: the hole comes to lie at every place of a part, its end too.
AFTER, MISSING = 13, 4
HOLE = (MISSING + 1) / 30
LENGTH = 12.0
LONGEST = 0.5


@pytest.fixture(scope="module")
def encoder(installation: Installation) -> Iterator[Encoder]:
    installation.add_lecturer()
    one = Encoder(installation.add_room("uneven"), prepare_video())
    yield one
    one.stop()


@pytest.mark.full
def test_pictures_go_on_after_a_hole(installation: Installation, browser: Browser, encoder: Encoder) -> None:
    encoder.connect()
    installation.wait_for_state("uneven", "live")
    viewer = Viewer(browser)
    viewer.open(installation.url + "/rooms/uneven")
    viewer.wait_for_playing(1.0)
    encoder.stutter(AFTER, MISSING)
    viewer.begin_anew()
    viewer.wait_for_playing(LENGTH, LENGTH + 10)
    live = viewer.frozen
    installation.end("uneven")
    viewer.wait_for_state("replay")
    viewer.seek(0.0)
    viewer.begin_anew()
    viewer.wait("video.ended || video.currentTime > argument", LENGTH + 15, LENGTH)
    replay = viewer.frozen
    print(f"\nthe longest that a picture stood: live {live}, replay {replay}; the hole was {HOLE:.2f} s")
    assert HOLE * 0.9 < live[0] <= LONGEST
    assert HOLE * 0.9 < replay[0] <= LONGEST
