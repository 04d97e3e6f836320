"""A viewer by LL-HLS (RFC 8216bis) that never gives up: blocking reloads, parts, discontinuities, retries.

Runs in a thread of its own from `start()` to `stop()` or ENDLIST. It holds the server to what a player relies
on: numbers only grow, what was listed stays as it was, an address has one content for ever.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import re
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urljoin

RETRY_SECONDS = 0.2
REQUEST_SECONDS = 25.0
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')


class Violation(AssertionError):
    """The server broke a rule that players rely on."""


@dataclass(frozen=True)
class Listed:
    """One segment of a playlist. `complete`: it has its EXTINF."""

    number: int
    init: str
    discontinuities: int
    parts: tuple[str, ...]
    uri: str | None = None
    gap: bool = False

    @property
    def complete(self) -> bool:
        return self.uri is not None


@dataclass
class Playlist:
    first: int
    segments: list[Listed] = field(default_factory=list)
    ended: bool = False

    @property
    def last(self) -> tuple[int, int]:
        """(media sequence number, parts) it reaches up to; behind a whole segment: (the next, 0)."""
        if not self.segments:
            return (self.first, 0)
        newest = self.segments[-1]
        return (newest.number + 1, 0) if newest.complete else (newest.number, len(newest.parts))


def parse(text: str) -> Playlist:
    """A media playlist without EXT-X-SKIP. Raises Violation for what is none."""
    lines = text.splitlines()
    if not lines or lines[0] != "#EXTM3U":
        raise Violation(f"not a playlist: {text[:100]!r}")
    playlist = Playlist(0)
    init, discontinuities, parts, gap = "", 0, [], False
    for line in lines:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-MEDIA-SEQUENCE":
            playlist.first = int(value)
        elif tag == "#EXT-X-DISCONTINUITY":
            discontinuities += 1
        elif tag == "#EXT-X-MAP":
            init = _attributes(value)["URI"]
        elif tag == "#EXT-X-PART":
            parts.append(_attributes(value)["URI"])
        elif tag == "#EXT-X-GAP":
            gap = True
        elif tag == "#EXT-X-ENDLIST":
            playlist.ended = True
        elif line and not line.startswith("#"):
            number = playlist.first + len(playlist.segments)
            playlist.segments.append(Listed(number, init, discontinuities, tuple(parts), line, gap))
            parts, gap = [], False
    if parts:
        number = playlist.first + len(playlist.segments)
        playlist.segments.append(Listed(number, init, discontinuities, tuple(parts)))
    return playlist


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


class Viewer:
    """Watches the room at `room_api` (its address in the API)."""

    def __init__(self, room_api: str) -> None:
        self.arrivals: list[tuple[float, str]] = []  # (monotonic seconds, address) of each part that came
        self.retries = 0
        self.ended = False
        self.playlist: Playlist | None = None
        self._room_api = room_api
        self._media_url: str | None = None
        self._digests: dict[str, bytes] = {}
        self._listed: dict[int, Listed] = {}
        self._last = (0, 0)
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="viewer")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Raises Violation, or whatever ended it."""
        self._stopping.set()
        self._thread.join(REQUEST_SECONDS + 10)
        assert not self._thread.is_alive(), "the viewer does not stop"
        self.check()

    def check(self) -> None:
        """Raises what the viewer complained of so far."""
        if self._failure is not None:
            raise self._failure

    def arrival_after(self, at: float) -> float | None:
        """When the first part after `at` came."""
        self.check()
        return next((when for when, _ in self.arrivals if when > at), None)

    @property
    def longest_wait(self) -> float:
        """The longest time between two parts, in seconds."""
        times = [when for when, _ in self.arrivals]
        return max((later - at for at, later in itertools.pairwise(times)), default=0.0)

    def look_again(self) -> int:
        """Get every address once more and compare; how many there were. Raises Violation."""
        missing = [url for url in sorted(self._digests) if not self._get_media(url)]
        if missing:
            raise Violation(f"{len(missing)} of {len(self._digests)} are gone, such as {missing[0]}")
        return len(self._digests)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and not self.ended:
                if not self._watch():
                    self.retries += 1
                    self._stopping.wait(RETRY_SECONDS)
        except BaseException as error:
            self._failure = error

    def _watch(self) -> bool:
        """One reload; false: to be tried again."""
        if self._media_url is None and not self._find():
            return False
        assert self._media_url is not None
        number, parts = self._last
        directives = f"?_HLS_msn={number}&_HLS_part={parts}" if self._listed else ""
        status, body = self._get(self._media_url + directives)
        if status != 200:
            return False
        playlist = parse(body.decode())
        self._compare(playlist)
        self._collect(playlist)
        self.playlist = playlist
        self.ended = playlist.ended
        return True

    def _find(self) -> bool:
        status, body = self._get(self._room_api)
        session = json.loads(body)["session"] if status == 200 else None
        if session is None or not session["live_url"]:
            return False
        index = session["live_url"]
        status, body = self._get(index)
        if status != 200:
            return False
        media = next(line for line in body.decode().splitlines() if line and not line.startswith("#"))
        self._media_url = urljoin(index, media)
        return True

    def _compare(self, playlist: Playlist) -> None:
        """6.2.1: a playlist only grows, and nothing listed changes."""
        if playlist.last < self._last:
            raise Violation(f"the playlist went back from {self._last} to {playlist.last}")
        self._last = playlist.last
        for now in playlist.segments:
            before = self._listed.get(now.number)
            if before is not None and not _continues(before, now):
                raise Violation(f"segment {now.number} changed from {before} to {now}")
            self._listed[now.number] = now

    def _collect(self, playlist: Playlist) -> None:
        assert self._media_url is not None
        for segment in playlist.segments:
            if segment.gap:
                continue
            wanted = [segment.init, *segment.parts]
            if segment.complete and not segment.parts:
                wanted.append(str(segment.uri))
            for uri in wanted:
                url = urljoin(self._media_url, uri)
                if url not in self._digests and self._get_media(url) and uri != segment.init:
                    self.arrivals.append((time.monotonic(), url))

    def _get_media(self, url: str) -> bool:
        status, body = self._get(url)
        if status != 200:
            self.retries += 1
            return False
        digest = hashlib.sha256(body).digest()
        if self._digests.setdefault(url, digest) != digest:
            raise Violation(f"{url} has two contents")
        return True

    def _get(self, url: str) -> tuple[int, bytes]:
        """`(status, body)`; status 0: nobody answers."""
        try:
            with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, http.client.HTTPException):  # the server was killed before or in its answer
            return 0, b""


def _continues(before: Listed, now: Listed) -> bool:
    if (before.init, before.discontinuities) != (now.init, now.discontinuities):
        return False
    if before.complete:
        return before.uri == now.uri
    return not now.parts or now.parts[: len(before.parts)] == before.parts
