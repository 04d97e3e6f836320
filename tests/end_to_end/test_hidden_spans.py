"""Private spans in real Chromium: marked while the lecture runs, and afterwards beside the player."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from people.models import Room
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD
from tests.end_to_end.studio import opened_studio
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.lecture_maker import Lecture
from tests.screens.stage import sign_in

pytestmark = pytest.mark.slow


def test_spans_are_hidden_beside_the_player_by_keyboard_and_shown_again(
    installation: Installation, browser: Browser
) -> None:
    installation.add_lecturer("yamada", PASSWORD)
    installation.add_room("hall", "yamada")
    database = database_of(installation)
    with database.reading() as transaction:
        room_id = transaction.scalars(select(Room.id)).one()
    database.close()
    lecture = Lecture(installation.folder, room_id=room_id)
    lecture.camera(0, 16)
    lecture.end(16)
    installation.wait_for_recording(lecture.session_id)

    page, console = fresh_page(browser, viewport={"width": 390, "height": 844})
    axe.install(page)
    sign_in(page, installation)
    page.goto(f"{installation.url}/watch/{lecture.session_id}/edit")
    page.locator("#cuts-open").press("Enter")
    page.wait_for_function("() => document.querySelector('#cut-video').readyState > 2")
    page.evaluate("() => { document.querySelector('#cut-video').currentTime = 4.5; }")
    expect(page.locator("#cut-now")).to_have_text("0:04.5")
    page.locator("#trim-start").press("i")
    expect(page.locator("#span-start")).to_have_value("0:04.5")
    page.fill("#span-end", "6")
    page.get_by_label("Private").last.press(" ")
    page.locator("#span-end").press("Enter")
    expect(page.locator("#hidden-list .span-times")).to_have_text("0:04.5 – 0:06.0")
    page.evaluate("() => { document.querySelector('#cut-video').currentTime = 14; }")
    expect(page.locator("#cut-now")).to_have_text("0:14.0")
    page.locator("#trim-end").press("Enter")
    expect(page.locator("#cut-length")).to_have_text("0:12.5 of 0:16.0 are shown")
    assert axe.violations(page, "edit-cuts") == []
    assert axe.small_targets(page, "edit-cuts") == axe.overflow(page, "edit-cuts") == []
    page.locator("#cuts-save").press("Enter")
    expect(page.locator("#cut-panel")).to_have_attribute("data-version", "2")

    viewer = Viewer(browser)
    viewer.open(f"{installation.url}/rooms/hall?t=9")
    # Of 16 s, 4 to 8 are withheld (the span, and as far as its sound may reach), and 14 to 16 are cut.
    # What was appended counts once it is there: a segment's sound reaches a little over its pictures.
    viewer.wait("video.readyState > 1 && Math.abs(video.duration - 10) < 0.3")
    viewer.wait("Math.abs(video.currentTime - 5) < 0.2")  # the lecture's own clock
    page.locator("#versions button:visible").press("Enter")
    expect(page.locator("#cut-panel")).to_have_attribute("data-version", "3")
    viewer.wait("video.duration > 15.5")
    assert viewer.console.complaints == console.complaints == []
    viewer.close()
    page.context.close()


def test_a_lecturer_is_off_the_record_for_a_while(installation: Installation, browser: Browser) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("kaze", "sato")
    with opened_studio(browser, installation, "kaze") as studio:
        studio.lecturer.go_live()
        viewer = studio.watch()
        studio.page.keyboard.press("r")
        expect(studio.page.locator("#off-record-notice")).to_be_visible()
        expect(studio.page.locator("#off-record")).to_have_attribute("aria-pressed", "true")
        expect(viewer.page.locator("#off-record")).to_be_visible()
        expect(studio.page.locator("#off-record-badge")).to_be_visible()
        studio.page.keyboard.press("r")
        expect(viewer.page.locator("#off-record")).to_be_hidden()
        expect(studio.page.locator("#off-record-notice")).to_be_hidden()
        session = studio.session
        studio.lecturer.end()
        installation.wait_for_state("kaze", "ended")
        base = f"/live/open/{session}/source"
        status, playlist = installation.get(f"{base}/media.m3u8")
        assert status == 200 and b"EXT-X-GAP" in playlist
        assert studio.lecturer.console.complaints == []
