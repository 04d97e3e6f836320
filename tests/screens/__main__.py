"""`make screens`: every page and state, wide and narrow, light and dark, by language, into docs/screens/.

`python -m tests.screens [NAME…]` takes only the scenes whose names begin so. Ends with 1 when axe-core finds
anything, a target is too small, a page scrolls sideways or the folder has grown too large.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.end_to_end import chromium
from tests.installation import PROJECT
from tests.screens.camera import LOOKS, Picture, take
from tests.screens.scenes import Scene, scenes
from tests.screens.stage import Stage, built

FOLDER = PROJECT / "docs" / "screens"
MAX_BYTES = 30_000_000  # some 740 pictures


def main(names: list[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        with built(browser) as stage:
            every = scenes(stage)
            for scene in every:
                if not names or any(scene.name.startswith(name) for name in names):
                    for language in scene.languages:
                        found += _taken(browser, stage, scene, language)
                    print(f"{scene.name}: {', '.join(scene.languages)}", flush=True)
        browser.close()
    if not names:
        _tidy(every)
    (FOLDER / "README.md").write_text(_index(every), encoding="utf-8")
    return _judged(found)


def _pictures(scene: Scene) -> list[Picture]:
    return [Picture(scene, language, *look) for language in scene.languages for look in LOOKS]


def _taken(browser: Browser, stage: Stage, scene: Scene, language: str) -> list[str]:
    """One state that does not come is no reason to go without the pictures of all others."""
    try:
        return take(browser, stage, scene, language, FOLDER)
    except PlaywrightError as error:
        return [f"{scene.name}, {language}: {error}"]


def _tidy(every: list[Scene]) -> None:
    """Pictures of scenes that are no more go."""
    known = {picture.file for scene in every for picture in _pictures(scene)}
    for path in FOLDER.glob("*.webp"):
        if path.name not in known:
            path.unlink()


def _index(every: list[Scene]) -> str:
    lines = [
        "# Screens",
        "",
        "Every page and state as Chromium shows it. `make screens` makes them, has axe-core look at each",
        "(0 violations) and measures that targets have 44 px and no page scrolls sideways. Links: width in",
        "pixels, theme, language.",
    ]
    for scene in every:
        there = [picture for picture in _pictures(scene) if (FOLDER / picture.file).exists()]
        if not there:
            continue
        links = [f"[{p.width} {p.theme} {p.language}]({p.file})" for p in there]
        lines += [
            "",
            f"## {scene.words}",
            "",
            f"![{scene.words}]({there[0].file})",
            "",
            " · ".join(links),
        ]
    return "\n".join(lines) + "\n"


def _judged(found: list[str]) -> int:
    for one in found:
        print(one, file=sys.stderr)
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    count = len(list(Path(FOLDER).glob("*.webp")))
    print(f"{count} pictures, {size / 1e6:.1f} MB, {len(found)} found")
    if size > MAX_BYTES:
        print(f"more than {MAX_BYTES / 1e6:.0f} MB", file=sys.stderr)
    return 1 if found or size > MAX_BYTES else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
