"""Watching as a learner, in Chromium: on with it on another device, how far one is; chapters, their desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.broadcast.session_writer import SessionWriter
from tests.end_to_end import axe
from tests.end_to_end.lecturer import PASSWORD
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.media_maker import make_media, make_parts

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

SECOND = 90_000
PERSON = "manabu"
VTT = """WEBVTT

00:00.000 --> 00:06.000
はじめに

00:13.000 --> 00:15.000
休憩

00:20.000 --> 00:30.000
行列式
"""
PAUSE = "() => document.querySelector('video').pause()"
TOLD = "async (id) => (await (await fetch(`/api/v1/recordings/${id}`)).json()).watched"
MOVED = "() => document.querySelector('video').readyState > 2 && !document.querySelector('video').seeking"


@pytest.fixture(scope="module")
def recording(installation: Installation) -> str:
    """12 s of a lecture, 6 s of slate that the replay leaves out, 12 s after it."""
    installation.run("user", "add", PERSON, "--role", "operator", "--password-stdin", stdin=PASSWORD + "\n")
    writer = SessionWriter(Path(installation.folder))
    for slate, start, seconds in ((False, 0, 12), (True, 12, 6), (False, 18, 12)):
        writer.begin_take(slate=slate, parameters=make_media(seconds).parameters)
        for part in make_parts(make_media(seconds), start_pts=start * SECOND):
            writer.log.append(part)
    writer.pts = 30 * SECOND
    writer.end()
    installation.wait_for_recording(writer.session_id)
    return writer.session_id


def device(browser: Browser, installation: Installation, **context: Any) -> Viewer:
    """One of the learner's, signed in."""
    one = Viewer(browser, **context)
    axe.install(one.page)
    page = one.page
    page.goto(f"{installation.url}/sign-in")
    page.fill("#user_id", PERSON)
    page.fill("#password", PASSWORD)
    page.click("form.card button.primary")
    page.wait_for_url("**/rooms")
    return one


def watch(viewer: Viewer, address: str) -> None:
    viewer.open(address)
    viewer.wait_for_state("replay")
    viewer.wait("video.readyState > 2 && room.dataset.controls === 'own'")


def play(viewer: Viewer) -> None:
    """From where it stands, once the page tells what is played."""
    viewer.wait("room.dataset.watched !== undefined")
    viewer.page.evaluate("() => document.querySelector('video').play()")


def told(page: Page, recording: str) -> Any:
    """As the API tells the person of this page."""
    return page.evaluate(TOLD, recording)


def test_on_with_it_on_another_device(installation: Installation, browser: Browser, recording: str) -> None:
    address = f"{installation.url}/watch/{recording}"
    desk = device(browser, installation)
    watch(desk, f"{address}?t=19")  # the clock's: 13 s of the replay
    expect(desk.page.locator("#watched")).to_be_hidden()
    desk.wait("Math.abs(video.currentTime - 13) < 0.1")
    play(desk)
    desk.wait("video.currentTime > 15.5")
    with desk.page.expect_response(lambda answer: answer.url.endswith("/watched")) as beacon:
        desk.page.evaluate(PAUSE)
    assert beacon.value.status == 200, beacon.value.text()
    expect(desk.page.locator("#watched")).to_contain_text("percent")
    known = told(desk.page, recording)
    assert 20.5 < known["position"] < 28 and 0.05 < known["completion"] < 0.5, known

    phone = device(browser, installation, viewport={"width": 320, "height": 640})
    phone.page.goto(f"{installation.url}/library")
    bar = phone.page.locator(".lecture .watched")
    expect(bar).to_have_js_property("value", known["completion"])
    found = axe.violations(phone.page, "library-watched") + axe.overflow(phone.page, "library-watched")
    watch(phone, address)
    expect(phone.page.locator("#resumed-words")).to_contain_text(f"0:{int(known['position'])}")
    play(phone)
    phone.wait("video.currentTime > argument", argument=known["position"] - 5.5)
    phone.page.goto(installation.url)  # as the page goes it tells what was played
    further = f"async ([id, completion]) => (await ({TOLD})(id)).completion > completion"
    desk.page.wait_for_function(further, arg=[recording, known["completion"]], polling=200)
    expect(phone.page.locator("#recordings .watched")).to_be_visible()
    watch(desk, f"{address}?t=2")
    desk.wait("Math.abs(video.currentTime - 2) < 0.1")
    expect(desk.page.locator("#resumed")).to_be_hidden()
    assert found == []
    assert desk.console.complaints == phone.console.complaints == []
    desk.close()
    phone.close()


def test_chapters_from_the_desk_to_the_player(
    installation: Installation, browser: Browser, recording: str
) -> None:
    lecturer = device(browser, installation, viewport={"width": 1280, "height": 900})
    page = lecturer.page
    page.goto(f"{installation.url}/watch/{recording}/edit")
    expect(page.locator("#chapters[data-changed=false] #no-chapters")).to_be_visible()
    page.set_input_files("#chapters-file", {"name": "c.vtt", "mimeType": "", "buffer": VTT.encode()})
    titles = page.locator("#chapter-rows [data-field=title]")
    expect(titles).to_have_count(3)
    page.locator("#chapter-add").focus()  # the recording is loaded now
    page.wait_for_function(MOVED)
    page.evaluate("() => { document.querySelector('video').currentTime = 8.5; }")
    expect(page.locator("#chapter-now")).to_have_text("0:08.5")
    page.keyboard.press("Enter")
    expect(titles).to_have_count(4)
    expect(titles.nth(1)).to_be_focused()
    page.keyboard.type("a < b & c")
    titles.nth(0).fill("導入")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="The chapters are saved.").last).to_be_visible()
    found = axe.violations(page, "chapters-desk") + axe.small_targets(page, "chapters-desk")
    page.set_viewport_size({"width": 320, "height": 640})
    found += axe.overflow(page, "chapters-desk-320") + axe.violations(page, "chapters-desk-320")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#chapter-rows [data-act=remove]").nth(3).press("Enter")
    expect(titles).to_have_count(3)
    page.click("#chapters-discard")
    expect(titles).to_have_count(4)
    status, body = installation.get(f"/api/v1/recordings/{recording}/chapters")
    chapters = [(one["at"], one["title"], one["origin"]) for one in json.loads(body)["chapters"]]
    assert (status, chapters) == (
        200,
        [(0, "導入", "person"), (8.5, "a < b & c", "person"), (13, "休憩", "vtt"), (20, "行列式", "vtt")],
    )

    watch(lecturer, f"{installation.url}/watch/{recording}?t=9")
    page.evaluate(PAUSE)
    lecturer.seek(9.0)
    lecturer.wait("room.dataset.chapters === '4'")
    expect(page.locator(".mark.chapter")).to_have_count(3)
    page.click("#chapters-open")
    lines = page.locator("#chapter-lines .line")
    expect(lines.nth(1)).to_have_attribute("aria-current", "true")
    lines.nth(3).click()  # the clock's 20 s are 14 s of the replay
    lecturer.wait_for_landing(14.0)
    expect(lines.nth(3)).to_have_attribute("aria-current", "true")
    page.evaluate(PAUSE)  # controls stay where nothing plays
    page.locator("#screen").hover()
    page.locator(".seek").hover(position={"x": 40, "y": 20})
    expect(page.locator(".chapter-name")).to_have_text("導入")
    found += axe.violations(page, "watch-chapters") + axe.small_targets(page, "watch-chapters")
    page.locator("#chapters-title").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#chapters-open")).to_be_focused()
    assert found == []
    assert lecturer.console.complaints == []
    lecturer.close()
