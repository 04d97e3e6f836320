"""axe-core in a page: what it finds, and a picture of the page where KODO_SCREENSHOTS names a folder."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.installation import PROJECT

SCRIPT = PROJECT / "tests" / "vendor" / "axe-core-4.14.1" / "axe.min.js"
FOLDER = os.environ.get("KODO_SCREENSHOTS")

_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const words = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message);
  const place = (node) => `${node.target.join(" ")} (${words(node)})`;
  return violations.map((v) => `${v.id}: ${v.nodes.map(place).join("; ")}`);
}"""


def install(page: Page) -> None:
    """Before the page is opened: the content security policy forbids it later."""
    page.add_init_script(path=SCRIPT)


def violations(page: Page, name: str) -> list[str]:
    """Each with the page's name before it."""
    if FOLDER:
        Path(FOLDER).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)
    return [f"{name}: {found}" for found in page.evaluate(_RUN)]
