"""The library in real Chromium: found, described, made private, thrown away and had back; by keyboard."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end import axe
from tests.end_to_end.archive import add_recordings
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]


def test_a_recording_from_the_library_to_the_trash_and_back(
    installation: Installation, browser: Browser
) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("kaze")
    add_recordings(installation, "kaze", ("行列式", "Eigenvalues", "Norms"))
    stranger, console = fresh_page(browser, viewport={"width": 320, "height": 640})
    lecturer = Lecturer(browser, installation)
    axe.install(stranger)
    axe.install(lecturer.page)
    lecturer.sign_in("sato")
    page = lecturer.page

    page.get_by_role("link", name="Library").click()
    page.wait_for_url("**/library")  # and its script is there: it asks at once
    expect(page.locator("#recordings li")).to_have_count(3)
    page.select_option("#sort", "title")
    expect(page.locator("#recordings h3").first).to_have_text("Eigenvalues")
    page.wait_for_url("**/library?sort=title")
    page.get_by_role("link", name="Edit “Eigenvalues”").click()
    page.wait_for_url("**/edit")

    page.fill("#title", "Eigenvalues and eigenvectors")
    page.fill("#tags", "algebra、 week 7")
    page.fill("#series", "Linear algebra")
    page.select_option("#language", "en")
    page.fill("#publish-at", "2026-01-02T03:04")
    page.locator("input[name=visibility][value=private]").press(" ")
    page.locator("#title").press("Enter")
    expect(page.locator(".toast")).to_have_text("Saved.")
    assert axe.violations(page, "edit") == []

    stranger.goto(f"{installation.url}/library")
    expect(stranger.locator("#recordings h3")).to_have_text(["行列式", "Norms"])
    assert stranger.evaluate("() => document.documentElement.scrollWidth") <= 320
    assert axe.violations(stranger, "library") == []
    edit = page.url
    assert installation.get(edit.removesuffix("/edit"))[0] == 404
    page.reload()
    expect(page.locator("#tags")).to_have_value("algebra, week 7")
    expect(page.locator("#publish-at")).to_have_value("2026-01-02T03:04")

    page.click("#throw-away")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("The recording is in the trash.")
    expect(page.locator("#recordings h3")).to_have_text(["行列式", "Norms"])
    toast.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#recordings li")).to_have_count(3)
    page.get_by_role("link", name="Linear algebra").click()
    expect(page.locator("#recordings h3")).to_have_text(["Eigenvalues and eigenvectors"])
    page.get_by_role("link", name="Without “Linear algebra”").click()
    expect(page.locator("#recordings li")).to_have_count(3)

    token = json.loads(installation.run("token", "add", "sato", "--json"))["token"]
    identity = re.findall(r"/watch/([\w-]+)/edit", edit)[0]
    bearer = {"Authorization": f"Bearer {token}"}
    status, body = installation.get(f"/api/v1/recordings/{identity}", bearer)
    assert (status, json.loads(body)["visibility"]) == (200, "private")
    assert installation.get(f"/api/v1/recordings/{identity}")[0] == 404
    assert console.complaints == lecturer.console.complaints == []
    lecturer.close()
    stranger.context.close()


def test_a_room_to_the_trash_and_back_by_keyboard(installation: Installation, browser: Browser) -> None:
    installation.add_lecturer("kida", PASSWORD)
    installation.add_room("hikari", owner="kida")
    add_recordings(installation, "hikari", ("光の講義",))
    lecturer = Lecturer(browser, installation)
    page = lecturer.page
    axe.install(page)
    lecturer.sign_in("kida")

    page.goto(f"{installation.url}/rooms/hikari/settings")
    page.locator("#delete-room").press("Enter")
    expect(page.locator("#delete-dialog")).to_contain_text("Recordings that go to the trash with it: 1")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    assert axe.violations(page, "room-delete") + axe.small_targets(page, "room-delete") == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The room is in the trash.")
    assert page.url == f"{installation.url}/rooms"
    expect(page.locator("main")).not_to_contain_text("/rooms/hikari")
    assert installation.get("/rooms/hikari")[0] == 404

    page.get_by_role("link", name="Trash").press("Enter")
    line = page.locator("#deleted-rooms li")
    expect(line).to_contain_text("/rooms/hikari")
    page.wait_for_load_state()  # its script is there
    assert axe.violations(page, "trash-room") + axe.small_targets(page, "trash-room") == []
    line.get_by_role("button").press("Enter")
    expect(page.locator(".toast")).to_have_text("The room is back.")
    expect(line).to_have_count(0)
    assert installation.get("/rooms/hikari")[0] == 200
    page.goto(f"{installation.url}/library")
    expect(page.locator("#recordings")).to_contain_text("光の講義")
    assert lecturer.console.fatal == []
    lecturer.close()
