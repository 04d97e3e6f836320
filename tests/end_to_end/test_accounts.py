"""Somebody is invited, chooses a password, finds their browser in the list and signs out everywhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import axe
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

READY = "html[data-ready=true]"


def check(page: Page, name: str) -> None:
    found = axe.violations(page, name) + axe.small_targets(page, name) + axe.overflow(page, name)
    assert found == []


def invited(installation: Installation, browser: Browser) -> str:
    """The link that the admin hands over."""
    installation.run("user", "add", "soumu", "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    admin = Lecturer(browser, installation)
    axe.install(admin.page)
    admin.sign_in("soumu")
    page = admin.page
    page.goto(installation.url + "/admin/people")
    page.wait_for_selector(READY)
    check(page, "people")
    page.click("#invite")
    page.fill("#invite-name", "森 花子")
    page.fill("#invite-user-id", "Mori")
    page.check("#invite-dialog input[value=lecturer]")
    page.click("#invite-dialog button.primary")
    expect(page.locator("#link-dialog")).to_be_visible()
    link = page.input_value("#link")
    page.click("#link-dialog button.primary")
    expect(page.locator("#people tbody tr")).to_have_count(2)
    page.click("#people a >> text=森 花子")
    page.wait_for_url("**/admin/people/*")  # this page is ready, too
    page.wait_for_selector(READY)
    check(page, "person")
    assert admin.console.fatal == []
    admin.close()
    return link


def test_from_the_invitation_to_signing_out_everywhere(installation: Installation, browser: Browser) -> None:
    link = invited(installation, browser)
    page, console = fresh_page(browser, locale="ja-JP", viewport={"width": 390, "height": 844})
    axe.install(page)
    page.goto(link)
    check(page, "invitation")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("form.card button.primary")
    page.wait_for_url("**/rooms")
    page.goto(installation.url + "/account")
    page.wait_for_selector(READY)
    lines = page.locator("#sign-ins li")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("LinuxのChrome")
    expect(lines).to_contain_text("このブラウザー")
    check(page, "account")
    page.click("#sign-out-all")
    page.wait_for_url("**/sign-in")
    page.goto(installation.url + "/account")
    page.wait_for_url("**/sign-in?next=*")
    assert console.fatal == []
    page.context.close()
