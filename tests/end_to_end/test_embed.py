"""The player in a frame of another site, in real Chromium: without a cookie, and only where it may."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.encoder import Encoder
from tests.installation import Installation
from tests.publishers.prepared_packets import prepare_video

pytestmark = pytest.mark.slow


class OtherSite:
    """A page of somebody else with one frame: at 127.0.0.1 another site than localhost, where Kodo is."""

    def __init__(self) -> None:
        self.body = b""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(site.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="other site", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def frames(self, code: str) -> None:
        self.body = f"<!doctype html><title>Course</title><h1>Course</h1>{code}".encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture(scope="module")
def site() -> Iterator[OtherSite]:
    one = OtherSite()
    yield one
    one.close()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, site: OtherSite) -> Iterator[Installation]:
    allowed = f"'self' http://127.0.0.1:{site.port}"
    one = Installation(tmp_path_factory.mktemp("embed"), KODO_FRAME_ANCESTORS=allowed)
    try:
        one.start()
        one.add_lecturer()
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def encoder(installation: Installation) -> Iterator[Encoder]:
    one = Encoder(installation.add_room("open"), prepare_video())
    one.connect()
    installation.wait_for_state("open", "live")
    yield one
    one.stop()


def embed_code(installation: Installation) -> str:
    """As a course site gets it: by the page's discovery link."""
    _, page = installation.get("/rooms/open")
    match = re.search(r'type="application/json\+oembed" href="([^"]+)"', page.decode())
    assert match is not None
    _, document = installation.get(match[1].replace("&amp;", "&"))
    return str(json.loads(document)["html"])


def test_a_frame_of_another_site_plays_without_a_cookie(
    installation: Installation, browser: Browser, encoder: Encoder, site: OtherSite
) -> None:
    site.frames(embed_code(installation))
    page, console = fresh_page(browser)
    page.goto(f"http://127.0.0.1:{site.port}/")
    framed = page.wait_for_selector("iframe")
    assert framed is not None
    frame = framed.content_frame()
    assert frame is not None
    frame.wait_for_selector("#room[data-state=live]")
    frame.wait_for_selector("#controls")
    frame.wait_for_function("() => document.querySelector('video').currentTime > 1")
    frame.wait_for_selector("#viewers:visible")  # it is counted
    link = frame.locator("#title")
    assert link.get_attribute("href") == f"{installation.url}/rooms/open"
    assert page.context.cookies() == []
    assert console.complaints == []
    page.context.close()


def test_a_site_that_is_not_named_gets_nothing(
    installation: Installation, browser: Browser, encoder: Encoder, site: OtherSite
) -> None:
    site.frames(embed_code(installation))
    page, console = fresh_page(browser)
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.goto(f"http://localhost:{site.port}/")
    assert any("frame-ancestors" in complaint for complaint in console.complaints)
    page.context.close()
