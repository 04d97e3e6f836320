"""A recording's pictures in real Chromium: on its card, before it plays, over and under the seek bar."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from library import transcripts
from library.database import utc_now
from library.jobs import newest_of
from library.models import LectureSession
from library.pictures import KIND
from library.transcript_formats import Cue
from people.models import Room
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation, wait_for
from tests.recorder.lecture_maker import Lecture
from tests.screens.stage import sign_in

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

SHIFT = """() => { window.shift = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true }); }"""
LOADED = "() => document.querySelector('#recordings img')?.naturalWidth > 0"


@pytest.fixture(scope="module")
def recording(installation: Installation) -> str:
    """16 s of a lecture of `yamada`, silent from 8 s on, over, with pictures → its page."""
    installation.add_lecturer("yamada", PASSWORD)
    installation.add_room("hall", "yamada")
    database = database_of(installation)
    with database.reading() as transaction:
        room_id = transaction.scalars(select(Room.id)).one()
    database.close()
    lecture = Lecture(installation.folder, room_id=room_id)
    lecture.camera(0, 16, falls_silent=8)
    lecture.end(16)
    wait_for("pictures", lambda: pictures(installation).get("poster_url"))
    return f"{installation.url}/watch/{lecture.session_id}"


def pictures(installation: Installation) -> dict[str, str]:
    session = installation.room("hall")["session"]
    return session or {}


def test_the_card_has_its_poster(installation: Installation, browser: Browser, recording: str) -> None:
    page, console = fresh_page(browser, viewport={"width": 390, "height": 844})
    page.add_init_script(f"({SHIFT})()")
    axe.install(page)
    page.goto(installation.url)
    page.wait_for_function(LOADED)
    card = page.locator("#recordings li")
    expect(card).to_have_count(1)
    assert axe.violations(page, "front-poster") == []
    assert page.evaluate("() => window.shift") < 0.01
    page.evaluate(
        "() => document.querySelector('#recordings li').remove()"
    )  # drawn anew by the page's script
    page.wait_for_function(LOADED)
    assert console.complaints == []
    page.context.close()


def test_the_seek_bar_shows_what_is_there(browser: Browser, recording: str) -> None:
    viewer = Viewer(browser)
    axe.install(viewer.page)
    viewer.open(recording)
    assert "/poster.webp?v=" in (viewer.page.get_attribute("video", "poster") or "")
    viewer.page.wait_for_selector(".loudness rect", state="attached")
    silent = viewer.page.evaluate(
        "() => { const r = document.querySelector('.loudness rect'); return [r.x.baseVal.value, "
        "r.width.baseVal.value, document.querySelector('.loudness').viewBox.baseVal.width]; }"
    )
    assert silent == pytest.approx([9, 7, 16], abs=1)
    viewer.page.evaluate("() => document.querySelector('video').pause()")
    for share, place, words in ((0.16, "-160px 0px", False), (0.75, "-480px 0px", True)):
        bar = viewer.page.locator(".seek").bounding_box()
        assert bar is not None
        viewer.page.mouse.move(bar["x"] + share * bar["width"], bar["y"] + bar["height"] / 2)
        preview = viewer.page.locator(".preview-picture")
        expect(preview).to_be_visible()
        expect(preview).to_have_css("background-position", place)
        expect(viewer.page.locator(".mark-words:visible")).to_have_count(1 if words else 0)
    viewer.wait("getComputedStyle(document.querySelector('#controls')).opacity === '1'")
    assert axe.violations(viewer.page, "watch-seek") == []
    assert viewer.console.complaints == []
    viewer.close()


def test_its_lecturer_chooses_the_poster(
    installation: Installation, browser: Browser, recording: str
) -> None:
    viewer = Viewer(browser)
    before = pictures(installation)["poster_url"]
    sign_in(viewer.page, installation)
    viewer.open(recording)
    viewer.page.wait_for_selector("#use-as-poster:visible")
    viewer.page.evaluate("() => document.querySelector('video').pause()")
    viewer.seek(5.0)
    viewer.page.click("#use-as-poster")
    viewer.page.wait_for_selector(".toast")
    wait_for("another poster", lambda: pictures(installation)["poster_url"] != before)
    assert viewer.console.complaints == []
    viewer.close()


def test_what_is_made_while_the_page_is_open_appears_on_it(
    installation: Installation, browser: Browser, recording: str
) -> None:
    """Pictures and the first transcript; the page is not loaded again."""
    session_id = recording.rsplit("/", 1)[1]
    installation.run("jobs", "wait", session_id, "--timeout", "90")  # none of them writes over what follows
    database = database_of(installation)

    def pictures_are(version: int | None, state: str) -> None:
        with database.session() as transaction:
            transaction.get_one(LectureSession, session_id).pictures_version = version
            job = newest_of(transaction, KIND, session_id)
            assert job is not None
            job.state, job.not_before = state, utc_now() + timedelta(hours=1)

    pictures_are(None, "waiting")
    viewer = Viewer(browser)
    viewer.open(recording)
    viewer.page.wait_for_selector(".seek", state="attached")
    assert viewer.page.locator(".loudness").count() == 0
    with database.session() as transaction:
        transcripts.save(transaction, session_id, "ja", [Cue(1, 3, "固有値です")], origin="engine")
    pictures_are(1, "done")
    viewer.page.wait_for_selector(".loudness", state="attached")
    viewer.page.wait_for_selector("#room[data-transcript=ready]")
    assert viewer.page.evaluate("() => performance.getEntriesByType('navigation').length") == 1
    assert viewer.console.complaints == []
    viewer.close()
    database.close()
