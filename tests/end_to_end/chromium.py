"""The real Chromium that end-to-end tests drive, with a fake camera and microphone.

`launch` starts Debian's or another that is installed; contexts made by `fresh_page` share nothing.
Playwright's synchronous calls keep an event loop in the test's thread: fixtures stop it at the module's end.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from tests.installation import PATIENCE_SECONDS

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get update && apt-get install --yes --no-install-recommends chromium fonts-noto-cjk"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
)
# What a page's console may say: a failed request is told twice, here and by the page in words.
EXPECTED_ERRORS = ("Failed to load resource",)


def chromium_path() -> str:
    """Fails the test with the command that installs it; KODO_SKIP_BROWSER=1 skips instead."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if os.environ.get("KODO_SKIP_BROWSER") == "1":
        pytest.skip("no Chromium, and KODO_SKIP_BROWSER=1")
    pytest.fail(f"Chromium is missing. Run: sudo sh -c '{INSTALL}' (or set KODO_SKIP_BROWSER=1)")


def launch(playwright: Playwright, *more: str, without: tuple[str, ...] = ()) -> Browser:
    """`more`: further flags; `without`: those of Playwright's own that must not be set."""
    return playwright.chromium.launch(
        executable_path=chromium_path(),
        headless=True,
        args=[*FLAGS, *more],
        ignore_default_args=list(without),
    )


@dataclass
class Console:
    """What a page complained of: uncaught errors, refused content, fatal errors of hls.js."""

    complaints: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_ERRORS):
            self.complaints.append(f"{message.type}: {message.text}")

    @property
    def fatal(self) -> list[str]:
        """All but warnings, and the warnings by which the player tells a fatal error of hls.js."""
        return [c for c in self.complaints if not c.startswith("warning") or "hls.js:" in c]


def fresh_page(browser: Browser, **context: Any) -> tuple[Page, Console]:
    """A page in a context of its own: no cookie, no storage, no cache of others."""
    options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}} | context
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    console = Console()
    console.listen(page)
    return page, console
