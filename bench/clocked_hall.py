"""A lecture whose picture tells when it was encoded, and viewers in Chromium whose pages read that clock.

One machine, one clock: the sender stamps CLOCK_MONOTONIC, which is what Chromium's performance.now() counts,
from another zero; where that zero lies is measured over short round trips, at the beginning and at the end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bench.live_hall import live_hall
from bench.measure import percentile
from tests.end_to_end.chromium import launch
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation

READER = Path(__file__).with_name("clock_reader.js")
ROUND_TRIPS = 60
STALL_SECONDS = 0.1
STOCK_PAGE = """<!doctype html><title>stock hls.js</title><video muted playsinline></video>
<script type="module">
import Hls from "/static/vendor/hls.js-1.7.4/hls.light.min.mjs";
const hls = new Hls();
const video = document.querySelector("video");
hls.loadSource(new URLSearchParams(location.search).get("source"));
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
</script>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture: when the page had it (monotonic seconds), how old it was, at which rate it was played."""

    at: float
    latency: float
    media_time: float
    rate: float


class ClockedViewer:
    """A viewer whose page reads the clock. `look()` gives what was seen since `begin()`."""

    def __init__(self, browser: Browser) -> None:
        self.viewer = Viewer(browser)
        self.viewer.page.add_init_script(path=READER)
        self._zero = 0.0
        self.clock_error = 0.0

    def open_hall(self, origin: str) -> None:
        self.viewer.open(f"{origin}/rooms/hall")

    def open_stock(self, origin: str, source: str) -> None:
        """hls.js as it comes, with its own settings, on an otherwise empty page of the same origin."""
        page = self.viewer.page
        page.route(lambda url: urlsplit(url).path == "/stock", _give_stock_page)
        page.goto(f"{origin}/stock?source={source}", wait_until="domcontentloaded")

    def wait_for_pictures(self, seconds: float = 20.0) -> None:
        self.viewer.wait("window.clock.samples.length > 3", seconds)

    def begin(self) -> None:
        """What was seen up to now counts no more."""
        self.viewer.begin_anew()
        self.viewer.page.evaluate(
            "() => { Object.assign(window.clock, { samples: [], unread: 0, seeks: [] }); }"
        )
        self._zero = page_zero(self.viewer.page)

    def look(self) -> list[Seen]:
        """Also measures by how much the two clocks have parted since `begin()`: `clock_error`, seconds."""
        self.clock_error = abs(page_zero(self.viewer.page) - self._zero)
        samples = self.viewer.page.evaluate("() => window.clock.samples")
        return [self._seen(*sample) for sample in samples]

    def _seen(self, now: float, told: float, media_time: float, rate: float) -> Seen:
        at = now / 1000 + self._zero
        return Seen(at, ((at * 1000 - told) % 2**32) / 1000, media_time, rate)

    @property
    def skips(self) -> list[list[float]]:
        seeks: list[list[float]] = self.viewer.page.evaluate("() => window.clock.seeks")
        return seeks

    @property
    def unread(self) -> int:
        return int(self.viewer.page.evaluate("() => window.clock.unread"))

    @property
    def stalls(self) -> list[tuple[float, float]]:
        """(monotonic seconds, length in seconds) of each time the media stood still that should have run."""
        ahead = time.time() - time.monotonic()
        return [(s.at - ahead, round(s.seconds, 3)) for s in self.viewer.stalls(longer_than=STALL_SECONDS)]


def _give_stock_page(route: Route) -> None:
    route.fulfill(body=STOCK_PAGE, content_type="text/html")


def page_zero(page: Page) -> float:
    """The monotonic second at which the page's performance.now() is 0, by the quickest of many trips."""
    quickest, zero = float("inf"), 0.0
    for _ in range(ROUND_TRIPS):
        before = time.monotonic()
        now = page.evaluate("() => performance.now()")
        after = time.monotonic()
        if after - before < quickest:
            quickest, zero = after - before, (before + after) / 2 - now / 1000
    return zero


@contextlib.contextmanager
def clocked_hall(folder: Path, seconds: float) -> Iterator[tuple[Installation, Browser]]:
    """`app.py` with the room `hall` live for at most `seconds`, and a browser."""

    def sender(key: dict[str, str]) -> list[str]:
        return ["bench.clock_sender", "--seconds", str(seconds), "--to", key["whip_url"], key["stream_key"]]

    with live_hall(folder, sender) as app, sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield app, browser
        finally:
            browser.close()


def summary(seen: list[Seen]) -> dict[str, float]:
    latencies = [one.latency for one in seen]
    names = {"median": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}
    return {name: round(percentile(latencies, share), 3) for name, share in names.items()}
