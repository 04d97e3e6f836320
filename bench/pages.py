"""Lighthouse on front page (a lecture live, recordings below), sign-in, live hall and recording; two forms.

Needs Node: the command `lighthouse` where there is one, else npx, which fetches it. Lighthouse starts a
Chromium of its own; its phone is simulated (a slow line, a quarter of the CPU). On a live hall it waits in
vain for a quiet line, and counts as loading whatever happens meanwhile: it is given LOAD_SECONDS instead of
its 45 s.

Each load is judged twice: by the CPU time of the page's tasks (`page_time.py`), which is what the bar is for,
and as Lighthouse took it, by the clock on the wall, which here also tells what else the two cores had to do
(decision 0021).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from bench.page_time import by_cpu_time
from tests.end_to_end.archive import add_recordings
from tests.end_to_end.chromium import chromium_path
from tests.end_to_end.encoder import Encoder
from tests.installation import Installation, wait_for
from tests.publishers.prepared_packets import prepare_video

PACKAGE = "lighthouse@13"
CATEGORIES = ("performance", "accessibility", "best-practices")
BY_THE_WALL = "performance by the wall"
RECORDED_BYTES = 1_000_000
FORMS = {"phone": [], "desktop": ["--preset=desktop"]}
CHROME_FLAGS = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
SECONDS = 180.0
LOAD_SECONDS = 15
TRIES = 2  # now and then it loses its own trace ("NO_NAVSTART")


def run(folder: Path, rounds: int) -> dict[str, object]:
    """The lowest score of each category, 0 to 100, over all pages and forms; the performance of each page in
    each form, by CPU time and by the wall (the lowest of `rounds`); and all scores.
    """
    installation = Installation(folder)
    encoder: Encoder | None = None
    try:
        installation.start()
        installation.add_lecturer()
        encoder = Encoder(installation.add_room("hall"), prepare_video())
        add_recordings(installation, "hall", [f"線形代数 第{n}回" for n in range(1, 20)])
        encoder.connect()
        installation.wait_for_state("hall", "live")
        pages = {"front": "/", "sign-in": "/sign-in", "hall": "/rooms/hall"}
        pages["recording"] = f"/watch/{_recorded(installation)}"
        scores = {
            f"{page} {form} {number}": _scores(installation.url + path, flags, folder / "lighthouse")
            for number in range(1, rounds + 1)
            for page, path in pages.items()
            for form, flags in FORMS.items()
        }
    finally:
        if encoder is not None:
            encoder.stop()
        installation.stop()
    lowest = {
        f"lowest_{name.replace('-', '_')}": min(one[name] for one in scores.values()) for name in CATEGORIES
    }
    return {
        **lowest,
        "performance": _lowest(scores, "performance"),
        "performance_by_the_wall": _lowest(scores, BY_THE_WALL),
        "scores": scores,
    }


def _lowest(scores: dict[str, dict[str, int]], category: str) -> dict[str, int]:
    lowest: dict[str, int] = {}
    for name, one in scores.items():
        page_and_form = name.rsplit(" ", 1)[0]
        lowest[page_and_form] = min(one[category], lowest.get(page_and_form, 100))
    return lowest


def _recorded(installation: Installation) -> str:
    """The id of a short lecture that is over."""
    encoder = Encoder(installation.add_room("past"), prepare_video())
    try:
        encoder.connect()
        session = installation.wait_for_state("past", "live")
        wait_for("some seconds", lambda: _bytes_of(installation) > RECORDED_BYTES, 60)
        installation.end("past")
    finally:
        encoder.stop()
    installation.wait_for_state("past", "ended")
    return str(session["id"])


def _bytes_of(installation: Installation) -> int:
    return int(installation.room("past")["session"]["recording"]["bytes"])


def _scores(url: str, flags: list[str], folder: Path) -> dict[str, int]:
    """One load of `url`, judged by CPU time, and its performance as the wall's clock has it."""
    settings = [
        url,
        "--quiet",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--max-wait-for-load={1000 * LOAD_SECONDS}",
        *flags,
    ]
    for left in reversed(range(TRIES)):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _run([*settings, f"--gather-mode={folder}", CHROME_FLAGS])
            by_the_wall = _judged(settings, folder)  # only here it tells that it has lost its trace
            break
        except RuntimeError:
            if not left:
                raise
    trace = folder / "trace.json"
    trace.write_text(json.dumps(by_cpu_time(json.loads(trace.read_text()))))
    return {**_judged(settings, folder), BY_THE_WALL: by_the_wall["performance"]}


def _judged(settings: list[str], folder: Path) -> dict[str, int]:
    report = json.loads(_run([*settings, f"--audit-mode={folder}", "--output=json"]))
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def _run(arguments: list[str]) -> str:
    environment = {**os.environ, "CHROME_PATH": chromium_path()}
    command = [*_lighthouse(), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"lighthouse {arguments[0]}: {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def _lighthouse() -> list[str]:
    if found := shutil.which("lighthouse"):
        return [found]
    if found := shutil.which("npx"):
        return [found, "--yes", PACKAGE]
    raise RuntimeError("Lighthouse needs Node: install it, then npm install --global lighthouse")
