"""A notice comes into an open page without a reload, is put away, and stays away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end import axe
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

LOOK = "() => document.dispatchEvent(new Event('visibilitychange'))"  # as a tab that is looked at again


def test_a_notice_is_a_banner_until_its_reader_puts_it_away(
    installation: Installation, browser: Browser
) -> None:
    installation.run("user", "add", "unyo", "--role", "operator", "--password-stdin", stdin=f"{PASSWORD}\n")
    installation.run("room", "add", "hall", "--owner", "unyo")
    hall, console = fresh_page(browser, locale="ja-JP")
    axe.install(hall)
    hall.goto(installation.url + "/rooms/hall")
    hall.wait_for_selector("#site-notices[data-ready]", state="attached")
    operator = Lecturer(browser, installation)
    axe.install(operator.page)
    operator.sign_in("unyo")
    page = operator.page
    page.goto(installation.url + "/admin/notices")
    page.wait_for_selector("#notices-page[data-ready]")
    page.fill("#text-ja", "今夜22時から保守を行います。")
    page.click("#notice-form button.primary")
    expect(page.locator("#notice-list li")).to_contain_text("保守")
    assert axe.violations(page, "notices") + axe.small_targets(page, "notices") == []

    hall.evaluate(LOOK)
    banner = hall.locator("[data-notice]")
    expect(banner).to_contain_text("今夜22時から")
    assert axe.violations(hall, "notice") + axe.small_targets(hall, "notice") == []
    hall.get_by_role("button", name="このお知らせを閉じる").press("Enter")
    expect(banner).to_have_count(0)
    hall.reload()
    hall.wait_for_selector("#site-notices[data-ready]", state="attached")
    expect(banner).to_have_count(0)

    page.click("[data-act=withdraw]")
    page.click("#withdraw-dialog button.danger")
    expect(page.locator("[data-act=withdraw]")).to_have_count(0)
    assert console.fatal + operator.console.fatal == []
    hall.context.close()
    operator.close()
