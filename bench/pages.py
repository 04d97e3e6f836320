"""Lighthouse on the front page (a lecture live, recordings below) and the sign-in, as phone and as desktop.

Needs Node: the command `lighthouse` where there is one, else npx, which fetches it. Lighthouse starts a
Chromium of its own; its phone is simulated (a slow line, a quarter of the CPU).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.end_to_end.archive import add_recordings
from tests.end_to_end.chromium import chromium_path
from tests.end_to_end.encoder import Encoder
from tests.installation import Installation
from tests.publishers.prepared_packets import prepare_video

PACKAGE = "lighthouse@13"
CATEGORIES = ("performance", "accessibility", "best-practices")
PATHS = ("/", "/sign-in")
FORMS = {"phone": [], "desktop": ["--preset=desktop"]}
SECONDS = 180.0


def run(folder: Path, rounds: int) -> dict[str, object]:
    """The lowest score of each category, 0 to 100, and all scores of each page and form."""
    installation = Installation(folder)
    encoder: Encoder | None = None
    try:
        installation.start()
        installation.add_lecturer()
        encoder = Encoder(installation.add_room("hall"), prepare_video())
        add_recordings(installation, "hall", [f"線形代数 第{n}回" for n in range(1, 20)])
        encoder.connect()
        installation.wait_for_state("hall", "live")
        scores = {
            f"{path} {form} {number}": _scores(installation.url + path, flags)
            for number in range(1, rounds + 1)
            for path in PATHS
            for form, flags in FORMS.items()
        }
    finally:
        if encoder is not None:
            encoder.stop()
        installation.stop()
    lowest = {name: min(one[name] for one in scores.values()) for name in CATEGORIES}
    return {**{f"lowest_{name.replace('-', '_')}": score for name, score in lowest.items()}, "scores": scores}


def _scores(url: str, flags: list[str]) -> dict[str, int]:
    command = [
        *_lighthouse(),
        url,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        *flags,
    ]
    environment = {**os.environ, "CHROME_PATH": chromium_path()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"lighthouse {url}: {done.returncode}\n{done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def _lighthouse() -> list[str]:
    if found := shutil.which("lighthouse"):
        return [found]
    if found := shutil.which("npx"):
        return [found, "--yes", PACKAGE]
    raise RuntimeError("Lighthouse needs Node: install it, then npm install --global lighthouse")
