"""A line between a page's WHIP publisher and the recorder that can be cut: media is lost, HTTP goes on.

The relay of `tests/network` is put in between by rewriting what the page posts and is answered. It has an
event loop in a thread of its own, for Playwright keeps the test's. Ends by `close`.
"""

from __future__ import annotations

import asyncio
import threading

from playwright.sync_api import Page, Request, Route

from tests.installation import PATIENCE_SECONDS
from tests.network.udp_relay import UdpRelay, without_candidates


class CutLine:
    def __init__(self, page: Page) -> None:
        self._relay = UdpRelay()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        page.route("**/whip/**", self._pass)

    def cut(self, cut: bool) -> None:
        """Holds for publications to come, too."""
        self._relay.upward.cut = self._relay.downward.cut = cut

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._relay.close(), self._loop).result(PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def _pass(self, route: Route, request: Request) -> None:
        if request.method != "POST":
            route.continue_()
            return
        answer = route.fetch(post_data=without_candidates(request.post_data or ""))
        if answer.status != 201:
            route.fulfill(response=answer)
            return
        rewriting = self._relay.rewrite_answer(answer.text())
        sdp = asyncio.run_coroutine_threadsafe(rewriting, self._loop).result(PATIENCE_SECONDS)
        route.fulfill(response=answer, body=sdp)
