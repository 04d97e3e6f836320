"""A tab that Playwright does not know of: it makes every page of its own believe to be visible and focused.

Spoken to by the DevTools protocol over the browser's own session; in a browser context of its own.
"""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser

from tests.installation import PATIENCE_SECONDS, wait_for


class BareTab:
    """`cookies`: as a Playwright context tells them. Ends with the browser, or by `close`."""

    def __init__(self, browser: Browser, cookies: list[Any], permissions: list[str]) -> None:
        self._session = browser.new_browser_cdp_session()
        self._context = self._session.send("Target.createBrowserContext")["browserContextId"]
        here = {"browserContextId": self._context}
        self._session.send("Browser.grantPermissions", {"permissions": permissions, **here})
        known = ("name", "value", "domain", "path", "httpOnly", "secure")
        plain = [{key: cookie[key] for key in known} for cookie in cookies]
        self._session.send("Storage.setCookies", {"cookies": plain, **here})
        self._answers: dict[int, dict[str, Any]] = {}
        self._session.on("Target.receivedMessageFromTarget", self._hear)
        self._target = self._new_target()
        attached = self._session.send("Target.attachToTarget", {"targetId": self._target, "flatten": False})
        self._speaking = attached["sessionId"]
        self._sent = 0

    def open(self, url: str) -> None:
        self._call("Page.navigate", {"url": url})

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value, awaited."""
        options = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._call("Runtime.evaluate", {**options, "userGesture": True})
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = PATIENCE_SECONDS) -> Any:
        return wait_for(expression, lambda: self.evaluate(expression), seconds)

    def hide(self) -> None:
        """Another tab of the window comes to the front."""
        self._new_target()
        self.wait("document.visibilityState === 'hidden'")

    def show(self) -> None:
        self._session.send("Target.activateTarget", {"targetId": self._target})
        self.wait("document.visibilityState === 'visible'")

    def close(self) -> None:
        self._session.send("Target.disposeBrowserContext", {"browserContextId": self._context})

    def _new_target(self) -> str:
        wish = {"url": "about:blank", "browserContextId": self._context}
        target: str = self._session.send("Target.createTarget", wish)["targetId"]
        return target

    def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._sent += 1
        message = json.dumps({"id": self._sent, "method": method, "params": parameters})
        self._session.send("Target.sendMessageToTarget", {"sessionId": self._speaking, "message": message})
        answer = wait_for(f"the answer to {method}", lambda: self._look_for(self._sent))
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _look_for(self, number: int) -> dict[str, Any] | None:
        self._session.send("Browser.getVersion")  # Playwright hears events only while it is called
        return self._answers.pop(number, None)

    def _hear(self, event: dict[str, Any]) -> None:
        message = json.loads(event["message"])
        if "id" in message:
            self._answers[message["id"]] = message
