"""The page of jobs in real Chromium: it follows by itself; what failed is done again, others are stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from library.database import Database, utc_now
from library.jobs import Jobs, enqueue
from library.models import Job
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.lecturer import PASSWORD
from tests.installation import Installation

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]


@pytest.fixture(scope="module")
def database(installation: Installation) -> Iterator[Database]:
    installation.run("user", "add", "soumu", "--role", "operator", "--password-stdin", stdin=PASSWORD + "\n")
    opened = database_of(installation)
    yield opened
    opened.close()


def add(database: Database, kind: str, **values: Any) -> Job:
    """Of a kind that the installation's worker does not know, so that it waits."""
    with database.session() as session:
        job = enqueue(session, kind=kind, key=kind, subject="-", payload={}, lane="tests")
        for name, value in values.items():
            setattr(job, name, value)
    return job


def opened(browser: Browser, installation: Installation, **context: Any) -> Page:
    page, _ = fresh_page(browser, **context)
    axe.install(page)
    page.goto(installation.url + "/sign-in?next=/admin/jobs")
    page.fill("#user_id", "soumu")
    page.fill("#password", PASSWORD)
    page.click("form.card button.primary")
    page.wait_for_url("**/admin/jobs")
    page.evaluate("() => { window.never_loaded_again = true; }")
    return page


def test_jobs_are_followed_read_done_again_and_stopped(
    installation: Installation, browser: Browser, database: Database
) -> None:
    page = opened(browser, installation)
    expect(page.locator("#nothing")).to_be_visible()
    assert axe.violations(page, "no jobs") == []

    now = utc_now()
    at_work = {"state": "running", "owner": "x", "attempt": 1, "lease_until": now + timedelta(hours=1)}
    running = add(database, "transcribe", **at_work, progress=0.2, started_at=now)
    add(database, "broken", state="failed", finished_at=now, error="no such take", log="one\nno such take")
    expect(page.locator("#running li")).to_contain_text("20 percent done")
    expect(page.locator("#nothing")).to_be_hidden()
    with database.session() as session:
        job = session.get_one(Job, running.id)
        job.progress, job.paced_at = 0.5, utc_now() - timedelta(minutes=3)
    expect(page.locator("#running li")).to_contain_text("about 3 minutes left")

    failed = page.locator("#failed li")
    expect(failed).to_contain_text("no such take")
    page.focus("#failed summary")
    page.keyboard.press("Enter")
    expect(failed.locator("pre")).to_have_text("one\nno such take")
    for theme in ("light", "dark"):
        page.emulate_media(
            color_scheme=theme, reduced_motion="reduce"
        )  # a colour on its way to another has no contrast
        assert axe.violations(page, f"jobs, {theme}") == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert axe.overflow(page, "jobs") + axe.small_targets(page, "jobs") == []

    page.focus("#failed [data-act=retry]")
    page.keyboard.press("Enter")
    expect(page.locator("#waiting li")).to_contain_text("broken")
    expect(page.locator("#failed-section")).to_be_hidden()
    page.click("#running [data-act=cancel]")
    expect(page.locator("#ended li")).to_contain_text("Cancelled")
    expect(page.locator("#running-section")).to_be_hidden()
    assert Jobs(database).get(running.id).state == "cancelled"
    assert page.evaluate("() => window.never_loaded_again"), "the page was loaded again"
    page.context.close()
