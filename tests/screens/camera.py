"""Takes one scene in one language at both widths and in both themes; axe-core looks at each.

A page that was photographed is photographed again after resizing: what people do with windows must hold, too.
"""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.end_to_end import axe
from tests.end_to_end.chromium import fresh_page
from tests.screens.scenes import PICTURE, Scene
from tests.screens.stage import Stage

LOCALES = {"ja": "ja-JP", "en": "en-GB", "zh": "zh-CN"}
SIZES = {1440: 900, 390: 844}
THEMES = ("light", "dark")
LOOKS = tuple(itertools.product(SIZES, THEMES))
QUALITY = 55
TALLEST = 5_000  # of /design: its beginning says enough


@dataclass(frozen=True)
class Picture:
    scene: Scene
    language: str
    width: int
    theme: str

    @property
    def file(self) -> str:
        return f"{self.scene.name}-{self.width}-{self.theme}-{self.language}.webp"


def take(browser: Browser, stage: Stage, scene: Scene, language: str, folder: Path) -> list[str]:
    """All looks of the scene → what is wrong in them."""
    found: list[str] = []
    page: Page | None = None
    for width, theme in LOOKS:
        picture = Picture(scene, language, width, theme)
        if page is not None and scene.each:  # what a pointer has opened may not come a second time
            _close(page)
            page = None
        if page is None:
            page = _opened(browser, stage, scene, language)
        page.set_viewport_size({"width": width, "height": SIZES[width]})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        if scene.each:
            scene.each(page, stage)
        page.wait_for_selector(scene.ready)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found += axe.violations(page, picture.file) + axe.small_targets(page, picture.file)
        found += axe.overflow(page, picture.file)
        (folder / picture.file).write_bytes(_photographed(page))
    if page is not None:
        _close(page)
    return found


def _close(page: Page) -> None:
    page.unroute_all()
    page.context.close()


def _opened(browser: Browser, stage: Stage, scene: Scene, language: str) -> Page:
    context: dict[str, Any] = {"locale": LOCALES[language], "permissions": ["camera", "microphone"]}
    if who := scene.who or ("owner" if scene.signed_in else ""):
        context["storage_state"] = stage.cookies[who]
    page, _ = fresh_page(browser, reduced_motion="reduce", **context)
    axe.install(page)
    if scene.before:
        scene.before(page, stage)
    home = stage.empty if scene.empty else stage.full
    page.goto(scene.path if scene.path.startswith("http") else home.url + scene.path)
    if scene.after:
        scene.after(page, stage)
    if scene.plays:
        page.wait_for_function(PICTURE)
    return page


def _photographed(page: Page) -> bytes:
    """WebP of the whole page: Playwright itself only knows PNG and JPEG."""
    root = "document.documentElement"
    width, height, seen = page.evaluate(f"() => [{root}.clientWidth, {root}.scrollHeight, innerHeight]")
    top = 0
    if page.query_selector("dialog[open]"):  # behind it there is nothing to see
        top, height = page.evaluate("() => scrollY"), seen
    clip = {"x": 0, "y": top, "width": width, "height": min(height, TALLEST), "scale": 1}
    # Beyond the window the window is resized, and a menu shuts.
    form = {"format": "webp", "quality": QUALITY, "captureBeyondViewport": height > seen, "clip": clip}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", form)
    return base64.b64decode(shot["data"])
