"""axe-core in a page: what it finds, and a picture of the page where KODO_SCREENSHOTS names a folder."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.installation import PROJECT

SCRIPT = PROJECT / "tests" / "vendor" / "axe-core-4.14.1" / "axe.min.js"
FOLDER = os.environ.get("KODO_SCREENSHOTS")

# What is on its way to another colour has no contrast.
_RUN = """async () => {
  const ends = (one) => Number.isFinite(one.effect?.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const words = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message);
  const place = (node) => `${node.target.join(" ")} (${words(node)})`;
  return violations.map((v) => `${v.id}: ${v.nodes.map(place).join("; ")}`);
}"""


_TARGETS = "button, a.button, select, input, textarea, nav a, .choice, summary"
_SMALL = """targets => [...document.querySelectorAll(targets)]
    .filter((e) => e.checkVisibility() && !["radio", "checkbox", "hidden", "range"].includes(e.type))
    .filter((e) => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)
    .map((e) => e.outerHTML.slice(0, 120))"""


def install(page: Page) -> None:
    """Before the page is opened: the content security policy forbids it later."""
    page.add_init_script(path=SCRIPT)


def violations(page: Page, name: str) -> list[str]:
    """Each with the page's name before it."""
    if FOLDER:
        Path(FOLDER).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)
    return [f"{name}: {found}" for found in page.evaluate(_RUN)]


def small_targets(page: Page, name: str) -> list[str]:
    """What a finger would miss: under 44 px."""
    return [f"{name}: small {element}" for element in page.evaluate(_SMALL, _TARGETS)]


def overflow(page: Page, name: str) -> list[str]:
    """A page that scrolls sideways is broken."""
    wider = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return [f"{name}: {wider} px wider than the window"] if wider > 0 else []
