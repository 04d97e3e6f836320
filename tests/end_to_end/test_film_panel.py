"""The studio's panel of films by keyboard alone, and axe-core on each of its states."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import axe
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.end_to_end.test_film import make_clock_film
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.shares_installation]

READY = "#film-list li[data-state=ready]"
MOST_STOPS = 80
# Longer than a busy machine takes from its beginning to its pause; behind it there are no brighter greys.
FILM_SECONDS = 42


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """As somebody does who has no mouse, once it is there to be reached."""
    page.wait_for_selector(f"{selector}:enabled")
    for _ in range(MOST_STOPS):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}")


def test_all_of_it_by_keyboard(installation: Installation, browser: Browser, tmp_path: Path) -> None:
    installation.add_lecturer("sato", PASSWORD)
    installation.add_room("films")
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    page, found = lecturer.page, []
    axe.install(page)
    lecturer.send_small_pictures()
    page.goto(installation.url + "/rooms/films/studio")
    page.wait_for_selector("#films-empty:visible")
    found += axe.violations(page, "films-empty") + axe.small_targets(page, "films-empty")

    broken = tmp_path / "Broken.mp4"
    broken.write_bytes(b"no film" * 1000)
    tab_to(page, "#films-file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files([make_clock_film(tmp_path / "Clock.mp4", seconds=FILM_SECONDS), broken])
    page.wait_for_selector(READY)
    page.wait_for_selector("#film-list li[data-state=failed]")
    found += axe.violations(page, "films-listed") + axe.small_targets(page, "films-listed")
    tab_to(page, "#go-live")
    page.keyboard.press("Enter")
    lecturer.wait_for_state("live")

    tab_to(page, f"{READY} [data-act=play]", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#films[data-state=playing]")
    found += axe.violations(page, "films-playing") + axe.small_targets(page, "films-playing")
    tab_to(page, "#film-pause", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#films[data-state=paused]")
    found += axe.violations(page, "films-paused")
    tab_to(page, "#film-position", "Shift+Tab")
    page.keyboard.press("End")
    expect(page.locator("#film-clock")).to_contain_text(f"0:{FILM_SECONDS} / ")
    page.keyboard.press("Home")
    expect(page.locator("#film-clock")).to_contain_text("0:00 / ")
    tab_to(page, "#film-voice")
    page.keyboard.press("Space")
    expect(page.locator("#film-voice")).to_be_checked()
    tab_to(page, "#film-stop", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#films[data-playing='']")

    tab_to(page, f"{READY} [data-act=delete]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#film-delete[open]")
    found += axe.violations(page, "films-delete")
    page.keyboard.press("Escape")
    page.wait_for_selector("#film-delete:not([open])", state="attached")
    assert page.is_visible(READY), "asked, and not deleted"
    tab_to(page, f"{READY} [data-act=delete]")
    page.keyboard.press("Enter")
    tab_to(page, "#film-delete [value=delete]")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY, state="detached")
    tab_to(page, "#end")
    page.keyboard.press("Enter")
    tab_to(page, "#end-confirm")
    page.keyboard.press("Enter")
    lecturer.wait_for_state("ended")
    assert found == []
    assert lecturer.console.fatal == []
    lecturer.close()
