"""What was said, in Chromium: found on the front page, shown as captions, followed, searched, corrected."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from library import transcripts
from library.transcript_formats import Cue, Word
from tests.broadcast.session_writer import SessionWriter
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.media_maker import make_media, make_parts

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

SECOND = 90_000
SAID = (
    Cue(1.0, 3.0, "今日は二分探索木です"),
    Cue(3.0, 11.0, "a < b & c を考えます"),
    Cue(13.0, 15.0, "休憩中の言葉"),
    Cue(20.0, 22.0, "Binary search", (Word(20.0, 20.8, "Binary"), Word(20.8, 22.0, "search"))),
    Cue(22.0, 30.0, "二分探索のまとめ"),
)
# Seconds of the player, and text, of what stands on the picture now.
SHOWN = """() => [...document.querySelector('video').textTracks].filter((t) => t.mode === 'showing')
    .flatMap((t) => [...t.activeCues]).map((c) => [c.startTime, c.endTime, c.getCueAsHTML().textContent])"""


@pytest.fixture(scope="module")
def recording(installation: Installation) -> str:
    """12 s of a lecture, 6 s of slate that the replay leaves out, 12 s after it; with what was said."""
    writer = SessionWriter(Path(installation.folder))
    for slate, start, seconds in ((False, 0, 12), (True, 12, 6), (False, 18, 12)):
        writer.begin_take(slate=slate, parameters=make_media(seconds).parameters)
        for part in make_parts(make_media(seconds), start_pts=start * SECOND):
            writer.log.append(part)
    writer.pts = 30 * SECOND
    writer.end()
    installation.wait_for_recording(writer.session_id)
    database = database_of(installation)
    with database.session() as transaction:
        transcripts.save(transaction, writer.session_id, "ja", SAID, origin="engine")
    database.close()
    return writer.session_id


@pytest.fixture
def viewer(installation: Installation, browser: Browser, recording: str) -> Viewer:
    one = Viewer(browser, viewport={"width": 1440, "height": 900})
    axe.install(one.page)
    one.open(f"{installation.url}/watch/{recording}")
    one.wait_for_state("replay")
    one.wait("video.readyState > 2 && room.dataset.transcript === 'ready'")
    return one


def pause_at(viewer: Viewer, seconds: float) -> None:
    viewer.page.evaluate("() => document.querySelector('video').pause()")
    viewer.seek(seconds)


def line(page: Page, text: str):
    return page.locator("#transcript-lines .line", has_text=text)


def test_captions_stand_at_the_time_of_the_replay(viewer: Viewer) -> None:
    page = viewer.page
    assert page.evaluate(SHOWN) == []
    page.keyboard.press("c")
    expect(page.locator("#captions")).to_have_attribute("aria-pressed", "true")
    pause_at(viewer, 4.0)
    viewer.wait("[...video.textTracks].some((t) => t.mode === 'showing' && t.activeCues?.length)")
    assert page.evaluate(SHOWN) == [[3.0, 11.0, "a < b & c を考えます"]]
    pause_at(viewer, 14.5)
    viewer.wait("[...video.textTracks].some((t) => t.activeCues?.[0]?.text === 'Binary search')")
    ((start, end, _),) = page.evaluate(SHOWN)
    assert (start, end) == (pytest.approx(14.0, abs=0.05), pytest.approx(16.0, abs=0.05))
    texts = page.evaluate("() => [...document.querySelector('video').textTracks[0].cues].map((c) => c.text)")
    assert "休憩中の言葉" not in texts, "the replay leaves it out"
    page.locator("#screen").hover()
    page.click("#captions")
    assert page.evaluate(SHOWN) == []
    assert viewer.console.complaints == []
    viewer.close()


def test_the_pane_follows_is_searched_and_jumps(viewer: Viewer) -> None:
    page = viewer.page
    page.click("#transcript-open")
    pause_at(viewer, 14.2)
    expect(line(page, "Binary")).to_have_attribute("aria-current", "true")
    expect(page.locator(".line .now")).to_have_text("Binary")
    pause_at(viewer, 15.2)
    expect(page.locator(".line .now")).to_have_text("search")

    page.fill("#transcript-search", "二分 探索")
    expect(page.locator("#transcript-lines li:visible")).to_have_count(2)
    expect(page.locator("#transcript-lines mark").first).to_have_text("二分探索")
    assert axe.violations(page, "transcript-search") == []
    line(page, "まとめ").click()
    viewer.wait_for_landing(16.0)
    viewer.wait("!video.paused")
    page.fill("#transcript-search", "")
    expect(page.locator("#transcript-lines li:visible")).to_have_count(len(SAID))

    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#transcript-follow")).to_be_visible()
    page.keyboard.press("Enter")
    viewer.wait_for_landing(3.0)
    pause_at(viewer, 4.0)
    page.locator("#screen").hover()
    assert axe.violations(page, "transcript") + axe.small_targets(page, "transcript") == []
    page.keyboard.press("Escape")
    expect(page.locator("#transcript")).to_be_hidden()
    expect(page.locator("#transcript-open")).to_be_focused()
    assert viewer.console.complaints == []
    viewer.close()


def test_the_pane_is_a_sheet_on_a_phone(viewer: Viewer) -> None:
    page = viewer.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.click("#transcript-open")
    box = page.locator("#transcript").bounding_box()
    assert box is not None and box["width"] == 320 and box["y"] + box["height"] == 640
    found = axe.violations(page, "transcript-320") + axe.small_targets(page, "transcript-320")
    assert found + axe.overflow(page, "transcript-320") == []
    page.click("#transcript-captions")
    viewer.wait("room.dataset.captions === 'on'")
    viewer.close()


def test_the_front_page_finds_words_and_leads_to_the_moment(
    installation: Installation, browser: Browser, recording: str
) -> None:
    page, console = fresh_page(browser)
    axe.install(page)
    page.goto(installation.url)
    page.fill("#q", "木で")
    expect(page.locator("#said mark")).to_have_text("木で")
    expect(page.locator("#nothing")).to_be_hidden()
    page.fill("#q", "binary 探索の")
    expect(page.locator("#said mark")).to_have_count(2)
    assert axe.violations(page, "front-said") + axe.overflow(page, "front-said") == []
    page.fill("#q", "鬱蒼")
    expect(page.locator("#said-section")).to_be_hidden()
    expect(page.locator("#nothing")).to_be_visible()
    page.fill("#q", "binary")
    page.click("#said .moments a")
    page.wait_for_url(f"**/watch/{recording}?t=20")
    page.wait_for_function("() => Math.abs(document.querySelector('video')?.currentTime - 14) < 2")
    page.goto(f"{installation.url}/?q=二分")
    expect(page.locator("#said mark")).to_have_count(2)
    assert console.complaints == []
    page.context.close()


def test_a_line_is_corrected_and_found(installation: Installation, browser: Browser, recording: str) -> None:
    installation.run("user", "add", "kanri", "--role", "operator", "--password-stdin", stdin=PASSWORD + "\n")
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("kanri")
    page = lecturer.page
    page.goto(f"{installation.url}/watch/{recording}?t=4")
    page.click("#transcript-open")
    expect(line(page, "a < b & c")).to_have_attribute("aria-current", "true")  # it is the one that is edited
    page.click("#transcript-edit")
    box = page.locator("#transcript-lines textarea")
    expect(box).to_be_focused()
    box.fill("a < b & c と置きます")
    page.keyboard.press("Enter")
    expect(box).to_have_value("休憩中の言葉")
    page.keyboard.press("Escape")
    expect(page.locator("#transcript-changed")).to_have_text("Lines changed: 1")
    page.click("#transcript-save")
    expect(page.locator("#transcript-edit-bar")).to_be_hidden()
    expect(line(page, "と置きます")).to_be_visible()
    page.goto(f"{installation.url}/?q=置きま")
    expect(page.locator("#said mark")).to_have_text("置きま")
    assert lecturer.console.complaints == []
    page.context.close()
