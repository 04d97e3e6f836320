"""A link opens a room for another browser until it is taken back; an admin tries the doors."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import axe
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]


def check(page: Page, name: str) -> None:
    assert axe.violations(page, name) + axe.small_targets(page, name) == []


def test_a_link_opens_the_room_until_it_is_taken_back(installation: Installation, browser: Browser) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("gasshuku")
    room = installation.url + "/rooms/gasshuku"
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    page = lecturer.page
    axe.install(page)
    page.goto(room + "/settings")
    page.wait_for_selector("#guests[data-ready=yes]")
    page.check("input[value=invited]")
    page.click("#room-form button.primary")
    expect(page.locator(".toast")).to_have_text("Saved.")
    page.fill("#invite-text", "tanaka, suzuki@example.ac.jp")
    page.click("#invite-form button")
    expect(page.locator("#invited-count")).to_have_text("On the list: 2")
    page.fill("#link-label", "Kyoto")
    page.click("#link-form button")
    line = page.locator("#link-list li")
    expect(line).to_have_count(1)
    check(page, "guests")

    guest, console = fresh_page(browser, locale="ja-JP")
    axe.install(guest)
    guest.goto(room)
    guest.wait_for_selector("#room[data-state=members]")
    guest.goto(str(line.get_attribute("data-url")))
    guest.wait_for_selector("#room[data-state=waiting]")
    guest.wait_for_url(room)  # the link is gone from the address bar

    line.locator("[data-act=revoke]").click()
    page.click("#guest-dialog button.danger")
    expect(line.locator("[data-field=state]")).to_have_text("Taken back")
    guest.reload()
    guest.wait_for_selector("#room[data-state=members]")
    check(guest, "link-taken-back")
    assert console.fatal + lecturer.console.fatal == []
    guest.context.close()
    lecturer.close()


def test_an_admin_tries_the_doors(installation: Installation, browser: Browser) -> None:
    installation.run("user", "add", "kanri", "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    admin = Lecturer(browser, installation)
    admin.sign_in("kanri")
    page = admin.page
    axe.install(page)
    page.goto(installation.url + "/admin/doors")
    page.wait_for_selector("html[data-ready=doors]")
    page.check("input[value=deny]")
    page.fill("#add-text", "203.0.113.0/24, spam\n192.0.2.7/24")
    page.click("#add-form button.primary")
    expect(page.locator("#unfit li")).to_contain_text("192.0.2.0/24")
    page.fill("#add-text", "203.0.113.0/24, spam\n127.0.0.0/8")
    page.click("#add-form button.primary")
    expect(page.locator("#add-problem-words")).to_contain_text("These rules would keep you out")
    page.fill("#add-text", "203.0.113.0/24, spam")
    page.click("#add-form button.primary")
    expect(page.locator("#rules tbody tr")).to_have_count(1)
    page.fill("#try-address", "203.0.113.9")
    page.click("#try-form button")
    expect(page.locator("#tried-words")).to_contain_text("203.0.113.0/24")
    check(page, "doors")
    page.click("#rules tbody button")
    expect(page.locator("#no-rules")).to_be_visible()
    assert admin.console.fatal == []
    admin.close()
