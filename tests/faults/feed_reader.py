"""A page's event feed: the snapshot, then batch after batch, with retries; it begins anew when told to (400).

Runs in a thread from `start()` to `stop()`. It holds the server to it that a batch has one content for ever.
"""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request

from tests.installation import PATIENCE_SECONDS, wait_for

RETRY_SECONDS = 0.2
REQUEST_SECONDS = 3.0  # less than a batch is held for: so that `stop()` need not wait


class FeedReader:
    """Follows the feed of the room at `room_api`; `states` as the events told them, one after the other."""

    def __init__(self, room_api: str) -> None:
        self.states: list[str] = []
        self.snapshots = 0
        self._room_api = room_api
        self._batches: dict[str, bytes] = {}
        self._url: str | None = None
        self._next = 0
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Raises what ended it early; AssertionError if a batch changed."""
        self._stopping.set()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the feed's reader does not stop"
        if self._failure is not None:
            raise self._failure
        for url, body in self._batches.items():
            status, now = wait_for(f"{url} to be told again", lambda url=url: self._answered(url))
            assert status == 200, (status, url)
            assert now == body, f"{url} has two contents"

    def _answered(self, url: str) -> tuple[int, bytes] | None:
        """A busy server may take longer than what is held may be waited for."""
        status, body = self._get(url)
        return (status, body) if status else None

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not (self._begin() if self._url is None else self._follow()):
                    self._stopping.wait(RETRY_SECONDS)
        except BaseException as error:
            self._failure = error

    def _begin(self) -> bool:
        status, body = self._get(self._room_api)
        feed = json.loads(body)["feed"] if status == 200 else None
        if not feed:
            return False
        status, body = self._get(feed["snapshot_url"])
        if status != 200:
            return False
        snapshot = json.loads(body)
        self.snapshots += 1
        self._tell(snapshot["state"]["session"])
        self._url, self._next = feed["batch_url"], snapshot["next"]
        return True

    def _follow(self) -> bool:
        assert self._url is not None
        url = self._url.replace("{k}", str(self._next))
        status, body = self._get(url)
        if status == 400:
            self._url = None
        if status != 200:
            return status == 204
        self._batches[url] = body
        batch = json.loads(body)
        for event in batch["events"]:
            if event["kind"] == "session":
                self._tell(event["payload"])
        self._next = batch["next"]
        return True

    def _tell(self, session: dict | None) -> None:
        if session is not None and self.states[-1:] != [session["state"]]:
            self.states.append(session["state"])

    def _get(self, url: str) -> tuple[int, bytes]:
        """`(status, body)`; status 0: nobody answers."""
        try:
            with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
