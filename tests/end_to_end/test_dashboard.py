"""An operator looks: four answers at a glance, one that changes by itself, why, and a message to try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import axe
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation, wait_for
from tests.webhook_server import TimeServer, WebhookServer, running_time_server, running_webhook_server

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]


@pytest.fixture
def hook() -> Iterator[WebhookServer]:
    with running_webhook_server() as server:
        yield server


@pytest.fixture
def time_server() -> Iterator[TimeServer]:
    with running_time_server() as server:
        yield server


@pytest.fixture
def watched(tmp_path: Path, hook: WebhookServer, time_server: TimeServer) -> Iterator[Installation]:
    made = Installation(
        tmp_path,
        KODO_CHECK_SECONDS="0.5",
        KODO_ALARM_WEBHOOK=hook.url,
        KODO_NTP_SERVER=f"127.0.0.1:{time_server.port}",
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


def check(page: Page, name: str) -> None:
    assert axe.violations(page, name) + axe.small_targets(page, name) == []


def test_what_is_wrong_is_seen_without_a_reload(
    watched: Installation, browser: Browser, hook: WebhookServer, time_server: TimeServer
) -> None:
    watched.run("user", "add", "ops", "--role", "operator", "--password-stdin", stdin=f"{PASSWORD}\n")
    operator = Lecturer(browser, watched)
    page = operator.page
    axe.install(page)
    operator.sign_in("ops")
    page.goto(watched.url + "/admin")
    expect(page.locator("#tile-running.good")).to_be_visible()
    expect(page.locator("#tile-backup.wait")).to_contain_text("No backup yet")
    check(page, "dashboard")

    time_server.ahead = 600.0
    expect(page.locator("#tile-running.bad")).to_contain_text("Clock")
    expect(page.locator("#alarms li", has_text="The clock is off by")).to_be_visible()
    page.click("#tile-running")
    expect(page.locator("[data-check=clock]")).to_have_attribute("data-state", "bad")
    page.click("[data-check=clock] summary")
    check(page, "health")
    page.wait_for_selector("html[data-ready]")
    page.click("#test-form button")
    expect(page.locator(".toast")).to_have_text("A test message is on its way, within half a minute.")
    wait_for("the test message", lambda: [one for one in hook.posted if one.values["event"] == "test"])

    time_server.ahead = 0.0
    expect(page.locator("[data-check=clock]")).to_have_attribute("data-state", "good")
    expect(page.locator("#history-clock")).to_have_attribute("open", "")
    wait_for("the recovery", lambda: hook.of("health.clock", "recovery"))
    assert len(hook.of("health.clock", "trouble")) == 1
    assert operator.console.fatal == []
    page.context.close()
