"""A lecturer keeps a lecture back while it is live: viewers are told without a reload, and see no replay."""

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


def let_lecturers_choose(installation: Installation, browser: Browser) -> None:
    installation.run("user", "add", "soumu", "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    admin = Lecturer(browser, installation)
    axe.install(admin.page)
    admin.sign_in("soumu")
    admin.page.goto(installation.url + "/admin/recording")
    admin.page.check("input[value=choice]")
    admin.page.click("#rule-form button.primary")
    expect(admin.page.locator(".toast")).to_have_text("Saved.")
    check(admin.page, "recording-rule")
    assert admin.console.fatal == []
    admin.close()


def test_what_is_not_to_be_published_is_held_for_its_lecturer(
    installation: Installation, browser: Browser
) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("seminar")
    hall, console = fresh_page(browser, locale="ja-JP")
    axe.install(hall)
    hall.goto(installation.url + "/rooms/seminar")
    notice = hall.locator("#keeping-words")
    expect(notice).to_have_text("この講義は録画されます。")
    let_lecturers_choose(installation, browser)

    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    lecturer.send_small_pictures()
    page = lecturer.page
    axe.install(page)
    page.goto(installation.url + "/rooms/seminar/studio")
    expect(page.locator("#publish")).to_be_checked()
    lecturer.go_live()
    hall.wait_for_selector("#room[data-state=live]")
    expect(notice).to_be_visible()
    page.uncheck("#publish")
    expect(notice).to_have_text("この講義の録画は公開されません。講師だけが7日間保管します。")
    expect(page.locator("#keeping-words")).to_contain_text("you alone can watch")
    check(page, "keeping-studio")
    check(hall, "keeping-room")

    session = str(page.get_attribute("#studio", "data-session"))
    page.click("#end")
    expect(page.locator("#end-words")).to_contain_text("held for you alone")
    page.click("#end-confirm")
    lecturer.wait_for_state("ended")
    hall.wait_for_selector("#room[data-state=waiting]")
    expect(notice).to_have_text("この講義は録画されます。")  # the next one

    installation.wait_for_recording(session)  # before that its page leads to the room
    page.goto(f"{installation.url}/watch/{session}")
    page.wait_for_selector("#room[data-state=replay]")
    expect(page.locator("#held-words")).to_contain_text("Held privately until")
    check(page, "keeping-held")
    page.click("#claim")
    expect(page.locator("#held")).to_have_count(0)
    assert installation.get(f"/api/v1/recordings/{session}")[0] == 404, "a private one at first"
    assert console.fatal + lecturer.console.fatal == []
    for context in (hall.context, page.context):
        context.close()
