"""How old the picture is that a viewer sees, by the clock in it: the room's page, and stock hls.js beside it.

Encoder to canvas, loopback: encoding, WHIP, recorder, playlist, hls.js, decoder and compositor are in it. The
first seconds, in which the page comes down to its distance, are told apart (`settled_seconds`).
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser

from bench.clocked_hall import ClockedViewer, Seen, clocked_hall, summary
from bench.measure import MachineTime
from tests.installation import Installation

SETTLE_SECONDS = 15.0
SETTLED = 1.0  # seconds of latency


def run(folder: Path, *, seconds: float = 600.0, runs: int = 3) -> dict[str, object]:
    """`median` and `p95`: the worst run's, in seconds; `stalls` and `skips`: of all runs."""
    found = []
    for number in range(1, runs + 1):
        with clocked_hall(folder / str(number), seconds + 120) as (app, browser):
            found.append(_watch(app, browser, seconds))
        print(f"    run {number}: {found[-1]}", flush=True)
    return {
        "seconds": seconds,
        "median": max(one["median"] for one in found),
        "p95": max(one["p95"] for one in found),
        "stalls": sum(len(one["stalls"]) for one in found),
        "skips": sum(one["skips"] for one in found),
        "stock_median": max(one["stock"]["median"] for one in found),
        "stock_p95": max(one["stock"]["p95"] for one in found),
        "runs": found,
    }


def _watch(app: Installation, browser: Browser, seconds: float) -> dict:
    ours, stock = ClockedViewer(browser), ClockedViewer(browser)
    ours.open_hall(app.url)
    stock.open_stock(app.url, app.room("hall")["session"]["live_url"])
    for one in (ours, stock):
        one.wait_for_pictures()
        one.begin()
    ours.viewer.page.wait_for_timeout(SETTLE_SECONDS * 1000)
    beginning = ours.look()
    for one in (ours, stock):
        one.begin()
    machine = MachineTime.now()
    ours.viewer.page.wait_for_timeout(seconds * 1000)
    seen, beside = ours.look(), stock.look()
    return {
        **summary(seen),
        "pictures_read": len(seen),
        "unread": ours.unread,
        "stalls": [length for _, length in ours.stalls],
        "skips": len(ours.skips),
        "rates": (min(s.rate for s in seen), max(s.rate for s in seen)),
        "settled_seconds": settled_after(beginning),
        "clock_error_ms": round(1000 * max(ours.clock_error, stock.clock_error), 2),
        "stock": {**summary(beside), "stalls": [length for _, length in stock.stalls]},
        "console": ours.viewer.console.complaints,
        "busy": round(MachineTime.now().busy_since(machine), 2),
        "load": round(os.getloadavg()[0], 1),
    }


def settled_after(seen: list[Seen]) -> float | None:
    """Seconds from the first picture to the first that is no older than `SETTLED`; None: none was."""
    if not seen:
        return None
    return next((round(one.at - seen[0].at, 1) for one in seen if one.latency <= SETTLED), None)
