"""Every page in real Chromium: axe-core finds nothing, targets are large enough, the CSP holds.

One installation serves all; wide and light, narrow and dark; Japanese and English.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.installation import Installation

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-core-4.14.1" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
]
PASSWORD = "correct horse battery"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

FIND_VIOLATIONS = """async rules => (await axe.run(document, {runOnly: rules})).violations
    .map(v => v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | "))"""
TARGETS = "button, a.button, select, input, nav a, .choice"
FIND_SMALL_TARGETS = """targets => [...document.querySelectorAll(targets)]
    .filter(e => e.checkVisibility() && !["radio", "checkbox"].includes(e.type))
    .filter(e => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)
    .map(e => e.outerHTML.slice(0, 120))"""
FIND_OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"

pytestmark = [
    pytest.mark.serial,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    served = Installation(tmp_path_factory.mktemp("pages"))
    try:
        served.start()
        served.add_lecturer("sato", PASSWORD)
        served.add_room("hall")
        yield served
    finally:
        served.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(
    params=[(1440, "light", "ja"), (390, "dark", "en")], ids=lambda look: "-".join(map(str, look))
)
def page(request: pytest.FixtureRequest, browser: Browser, installation: Installation) -> Iterator[Page]:
    width, scheme, language = request.param
    context = browser.new_context(
        base_url=installation.url,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale=language,
        permissions=["camera", "microphone"],
    )
    opened = context.new_page()
    yield opened
    context.close()


def check(page: Page, where: str) -> None:
    """The page as it stands. Its CSP is lifted for axe alone, after the page's own scripts have run."""
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(FIND_VIOLATIONS, RULES) == [], where
    assert page.evaluate(FIND_SMALL_TARGETS, TARGETS) == [], where
    assert page.evaluate(FIND_OVERFLOW) <= 0, where
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": False})


def test_pages_of_strangers(page: Page) -> None:
    refused = _listen_for_refusals(page)
    for path, seen in {"/": "h1", "/sign-in": "#user_id", "/nowhere": "h1", "/rooms/nobody": "h1"}.items():
        page.goto(path)
        page.wait_for_selector(seen)
        check(page, path)
    page.goto("/rooms/hall")
    page.wait_for_selector("#room[data-state=waiting]")
    check(page, "a room that waits")
    assert refused == []


def test_pages_of_lecturers(page: Page) -> None:
    refused = _listen_for_refusals(page)
    page.goto("/sign-in?next=/rooms")
    page.fill("#user_id", "sato")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("[data-open-new-room]")
    check(page, "own rooms")
    page.click("[data-open-new-room]")
    check(page, "new room")
    page.goto("/rooms/hall/settings")
    page.wait_for_selector("#keys:not([hidden])")
    check(page, "settings")
    page.click("#keys tbody tr:last-child button")
    check(page, "revoking a key")
    page.goto("/rooms/hall/studio")
    page.wait_for_selector("#go-live:not([disabled])")
    check(page, "studio")
    assert refused == []


def _listen_for_refusals(page: Page) -> list[str]:
    """What the Content Security Policy refuses, and errors of the page's own scripts."""
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    return refused
