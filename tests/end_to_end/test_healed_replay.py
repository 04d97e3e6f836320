"""A recording that is being watched is completed meanwhile: its page moves to the newer version by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from recorder import edit_list_files
from recorder.edit_list import EditList, Span
from recorder.log_folders import HEALED
from tests.broadcast.session_writer import SessionWriter
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.healed_maker import write_healed
from tests.recorder.media_maker import make_media, make_parts

pytestmark = pytest.mark.slow

SECOND = 90_000
ROOM = "hall"
# Where the version before was left: how far it is played until the newer one is told of is nobody's claim.
NOTE_PLACE = """() => {
  const video = document.querySelector("video");
  const note = () => { if (video.duration > 29) window.lastPlace = video.currentTime; };
  video.addEventListener("timeupdate", note);
}"""


@pytest.fixture(scope="module")
def lecture(installation: Installation) -> SessionWriter:
    """12 s of a lecture, 6 s of slate, 12 s after it; over. Adoption makes its room."""
    writer = SessionWriter(installation.folder)
    for slate, start, seconds in ((False, 0, 12), (True, 12, 6), (False, 18, 12)):
        writer.begin_take(slate=slate, parameters=make_media(seconds).parameters)
        for part in make_parts(make_media(seconds), start_pts=start * SECOND):
            writer.log.append(part)
    writer.pts = 30 * SECOND
    writer.end()
    installation.wait_for_recording(writer.session_id)
    return writer


def save(lecture: SessionWriter, version: int, *spans: Span) -> None:
    folder = lecture.settings.sessions_folder
    edit_list_files.save(folder, lecture.session_id, EditList(version, spans))


def test_the_page_moves_to_the_newer_version_and_keeps_its_place(
    installation: Installation, browser: Browser, lecture: SessionWriter
) -> None:
    viewer = Viewer(browser)
    viewer.open(installation.url + f"/rooms/{ROOM}")
    viewer.wait_for_state("replay")
    viewer.wait("video.readyState > 2")
    viewer.page.evaluate("() => document.querySelector('video').play()")
    viewer.wait_for_playing(1.0)
    viewer.page.wait_for_selector("#marks .mark.slate.left-out", state="attached")
    viewer.page.evaluate("() => { window.sameDocument = true; document.querySelector('video').pause(); }")
    viewer.seek(15.0)
    assert viewer.duration == pytest.approx(24, abs=0.2)

    healed = make_media(6.0, width=320, height=192)
    folder = lecture.settings.sessions_folder
    number = write_healed(folder, lecture.session_id, 1, healed, start_pts=12 * SECOND)
    assert number == HEALED + 1
    save(lecture, 2, Span(1, 0, 5), Span(number, 0, 2), Span(3, 9, 14))
    viewer.wait("video.duration > 29 && !video.seeking && video.readyState > 1")
    viewer.wait("Math.abs(video.currentTime - 21) < 0.1")  # the same moment of the lecture
    assert viewer.page.evaluate("() => document.querySelector('video').paused && window.sameDocument")
    viewer.page.wait_for_selector("#marks .mark.healed", state="attached")
    expect(viewer.page.locator("#mark-list li")).to_have_text("0:12: 0:06 come from the lecturer's own copy")
    viewer.seek(13.0)
    viewer.page.evaluate("() => document.querySelector('video').play()")
    viewer.wait("video.videoWidth === 320")
    viewer.wait_for_playing(1.0)

    viewer.page.evaluate(NOTE_PLACE)
    save(lecture, 3, Span(1, 2, 5), Span(number, 0, 2), Span(3, 9, 14))
    viewer.wait("video.duration < 27 && diary.loads.at(-1).firstFrame !== null && diary.landed !== null")
    moved = viewer.page.evaluate("() => window.lastPlace") - viewer.diary["landed"]
    assert moved == pytest.approx(4, abs=1.5), "four seconds less stand before it"
    viewer.wait_for_playing(2.0)
    assert viewer.page.evaluate("() => window.sameDocument")
    assert viewer.console.complaints == []
    viewer.close()
