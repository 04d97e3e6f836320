"""The room's page on a bad line: jitter that it must back off from; a cut after which it catches up.

A TCP relay (tests/network/tcp_relay.py) stands between Chromium and the server; the clock in the picture
tells what the viewer has of it.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

from bench.clocked_hall import ClockedViewer, Seen, clocked_hall, summary
from tests.network.tcp_relay import Line, TcpRelay

SETTLE_SECONDS = 20.0
JITTER_SECONDS = 0.1
HICCUPS = (4.0, 0.8)  # about each so many seconds it stands for up to so many
AT_THE_EDGE = 1.1  # seconds of latency: the bar of `latency`'s p95
NEXT_PICTURE = 0.5  # seconds of media between two samples; more was left out


def jitter(folder: Path, *, seconds: float = 120.0, quiet_seconds: float = 150.0) -> dict[str, object]:
    """`seconds` of jitter, then a quiet line: did stalls end in the second half, did the picture come back?

    `stalls_after_backing_off`: of the second half; `backed_off`: its median latency by that before it;
    `median_after`: of the last 15 s of the quiet line.
    """
    with (
        clocked_hall(folder, seconds + quiet_seconds + 120) as (app, browser),
        TcpRelay(app.port, Line(delay_seconds=0.02)) as relay,
    ):
        viewer = _settled(ClockedViewer(browser), relay)
        before = viewer.look()[-50:]
        began = time.monotonic()
        relay.line.jitter_seconds, relay.line.hiccups = JITTER_SECONDS, HICCUPS
        viewer.viewer.page.wait_for_timeout(seconds * 1000)
        relay.line.jitter_seconds, relay.line.hiccups = 0.0, (0.0, 0.0)
        quiet = time.monotonic()
        viewer.viewer.page.wait_for_timeout(quiet_seconds * 1000)
        seen, stalls = viewer.look(), viewer.stalls
        ended = time.monotonic()
        skips = viewer.skips
    half = (began + quiet) / 2
    second = [one for one in seen if half <= one.at < quiet]
    return {
        "seconds": seconds,
        "jitter_seconds": JITTER_SECONDS,
        "hiccups": HICCUPS,
        "median_before": summary(before)["median"],
        "second_half": summary(second),
        "backed_off": round(summary(second)["median"] - summary(before)["median"], 3),
        "stalls": [length for at, length in stalls if at < half],
        "stalls_after_backing_off": sum(at >= half for at, _ in stalls),
        "median_after": summary([one for one in seen if one.at > ended - 15])["median"],
        "skips": len(skips),
        "load": round(os.getloadavg()[0], 1),
    }


def catch_up(folder: Path, *, cut_seconds: float = 10.0, most_seconds: float = 75.0) -> dict[str, object]:
    """The line is cut for `cut_seconds`: from its return on, how long until the picture is at the edge again?

    `left_out`: seconds of media that were not shown on the way.
    """
    with (
        clocked_hall(folder, cut_seconds + most_seconds + 120) as (app, browser),
        TcpRelay(app.port, Line()) as relay,
    ):
        viewer = _settled(ClockedViewer(browser), relay)
        page = viewer.viewer.page
        viewer.begin()
        relay.line.cut = True
        page.wait_for_timeout(cut_seconds * 1000)
        relay.line.cut = False
        back = time.monotonic()
        page.wait_for_timeout(most_seconds * 1000)
        seen, skips = viewer.look(), viewer.skips
    after = [one for one in seen if one.at > back]
    return {
        "most_behind": max(one.latency for one in after),
        "caught_up_seconds": caught_up(after, back),
        "fastest": round(max(one.rate for one in after), 3),
        "left_out": left_out(seen),
        "skips": len(skips),
        "picture_back_after": round(after[0].at - back, 2),
        "median_after": summary(after[-100:])["median"],
        "console": viewer.viewer.console.complaints,
        "load": round(os.getloadavg()[0], 1),
    }


def _settled(viewer: ClockedViewer, relay: TcpRelay) -> ClockedViewer:
    viewer.open_hall(f"http://localhost:{relay.port}")
    viewer.wait_for_pictures(30)
    viewer.begin()
    viewer.viewer.page.wait_for_timeout(SETTLE_SECONDS * 1000)
    return viewer


def caught_up(seen: list[Seen], since: float) -> float:
    """Seconds until the picture was at the edge; infinite where it never was."""
    return next((round(one.at - since, 1) for one in seen if one.latency <= AT_THE_EDGE), float("inf"))


def left_out(seen: list[Seen]) -> float:
    """Media seconds that lay between one picture and the next although no rate explains them."""
    gaps = (b.media_time - a.media_time - 1.5 * (b.at - a.at) for a, b in itertools.pairwise(seen))
    return round(sum(gap for gap in gaps if gap > NEXT_PICTURE), 2)
