"""A lecture is planned, announced without a reload, held and described, in real Chromium."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.shares_installation]

TOKYO = timezone(timedelta(hours=9))
BOOK = "https://example.org/determinants"


def save(page: Page) -> None:
    page.click("#plan-dialog button.primary")
    page.wait_for_selector("#plan-dialog:not([open])", state="attached")


def test_a_lecture_is_planned_announced_and_held(installation: Installation, browser: Browser) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("plans")
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    front, front_console = fresh_page(browser)
    front.goto(installation.url)
    hall, hall_console = fresh_page(browser, locale="ja-JP", timezone_id="Asia/Tokyo")
    hall.goto(installation.url + "/rooms/plans")
    hall.wait_for_selector("#room[data-state=waiting]")

    page = lecturer.page
    page.goto(installation.url + "/rooms/plans/settings")
    page.focus("#plan")
    page.keyboard.press("Enter")
    page.keyboard.type("Determinants")  # the first field has the focus
    starts_at = datetime.now().astimezone() + timedelta(minutes=10)
    page.fill("#plan-start", starts_at.strftime("%Y-%m-%dT%H:%M"))
    save(page)
    expect(page.locator("#plans li")).to_have_count(1)
    words = hall.locator("#curtain-words")
    expect(words).to_contain_text("Determinants")
    expect(words).to_contain_text(starts_at.astimezone(TOKYO).strftime("%H:%M"))
    expect(front.locator("#scheduled h3")).to_have_text("Determinants")

    page.click("#plans [data-act=change]")
    page.fill("#plan-title", "Determinants and volume")
    page.fill("#plan-description", f"Read this before:\n{BOOK}.")
    save(page)
    expect(words).to_contain_text("Determinants and volume")
    expect(hall.locator("#scheduled .written a")).to_have_attribute("href", BOOK)

    page.goto(installation.url + "/rooms/plans/studio")
    expect(page.locator("#planned-words")).to_contain_text("Determinants and volume")
    lecturer.go_live()
    expect(page.locator("#planned")).to_be_hidden()
    hall.wait_for_selector("#room[data-state=live]")
    expect(hall.locator("#title")).to_have_text("Determinants and volume")
    expect(hall.locator("#description a")).to_have_attribute("href", BOOK)
    expect(hall.locator("#scheduled")).to_be_hidden()
    expect(front.locator("#live h3")).to_have_text("Determinants and volume")
    expect(front.locator("#scheduled-section")).to_be_hidden()

    page.click("#edit-title")
    page.fill("#new-title", "Volume")
    page.fill("#new-description", "<b>Second</b> edition")
    page.click("#title-form button.primary")
    expect(hall.locator("#title")).to_have_text("Volume")
    expect(hall.locator("#description")).to_have_text("<b>Second</b> edition")
    session = page.get_attribute("#studio", "data-session")
    lecturer.end()
    hall.goto(f"{installation.url}/watch/{session}")
    expect(hall.locator("#description")).to_have_text("<b>Second</b> edition")
    assert front_console.fatal + hall_console.fatal + lecturer.console.fatal == []
    for context in (front.context, hall.context, page.context):
        context.close()
