"""A recording uploaded in real Chromium: dialog, a page that is loaded again, states, player."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end import axe
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.installation import Installation
from tests.recorder.film_maker import make_film

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow, pytest.mark.timeout(240)]

SIZE = 9_000_000  # two pieces
LINE = "#upload-lines li"


class HeldLine:
    """Lets one piece of an upload pass; the next gets no answer."""

    def __init__(self, page: Page) -> None:
        self.page, self.passed = page, 0
        page.route("**/upload", self._pass)

    def release(self) -> None:
        self.page.unroute("**/upload")

    def _pass(self, route: Route) -> None:
        if route.request.method == "PATCH":
            self.passed += 1
            if self.passed > 1:
                return
        route.continue_()


def films(folder: Path) -> tuple[Path, Path]:
    """A large one, and what is none."""
    film = make_film(folder / "Determinants.mp4", 4)
    size = film.stat().st_size
    with open(film, "r+b") as file:
        file.seek(size)
        file.write((SIZE - size).to_bytes(4, "big") + b"free")
        file.truncate(SIZE)
    broken = folder / "Broken.mp4"
    broken.write_bytes(b"no film" * 1000)
    return film, broken


def choose(page: Page, file: Path) -> None:
    page.click("#upload-open")
    page.set_input_files("#upload-file", file)
    expect(page.locator("#upload-title")).to_have_value(file.stem)


def test_from_the_dialog_to_the_player(installation: Installation, browser: Browser, tmp_path: Path) -> None:
    installation.add_lecturer("sato", PASSWORD)
    film, broken = films(tmp_path)
    lecturer = Lecturer(browser, installation)
    page, found = lecturer.page, []
    axe.install(page)
    lecturer.sign_in("sato")
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(installation.url + "/library")
    choose(page, film)
    page.select_option("#upload-visibility", "public")
    found += axe.violations(page, "upload-dialog") + axe.small_targets(page, "upload-dialog")

    held = HeldLine(page)
    page.click("#upload-dialog .primary")
    line, stand = page.locator(LINE), page.locator(f"{LINE} [data-field=stand]")
    expect(stand).to_have_text("Uploading: 93 percent of 9.0 MB")
    page.reload()
    held.release()
    expect(stand).to_have_text("Stopped at 93 percent. Choose the same file again, and it goes on.")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    found += axe.violations(page, "upload-stopped") + axe.small_targets(page, "upload-stopped")
    line.locator("input").set_input_files(film)
    expect(line).to_have_attribute("data-state", "ready")

    choose(page, broken)
    page.locator("#upload-title").press("Enter")
    failed = page.locator(f"{LINE}[data-state=failed]")
    expect(failed.locator("[data-field=reason]")).to_contain_text("This file cannot be read")
    found += axe.violations(page, "upload-ended") + axe.small_targets(page, "upload-ended")
    failed.get_by_role("button", name="Give up: Broken").click()
    expect(failed).to_have_count(0)

    page.get_by_role("link", name="Watch it: Determinants").click()
    page.wait_for_selector("#room[data-state=replay]")
    page.wait_for_function("() => document.querySelector('video').duration > 3.8")
    expect(page.get_by_role("link", name="Open studio")).to_have_count(0)
    page.goto(installation.url + "/library")
    expect(page.locator("#recordings h3")).to_have_text(["Determinants"])
    assert found == []
    assert lecturer.console.fatal == []
    lecturer.close()
