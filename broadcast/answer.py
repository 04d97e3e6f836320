"""What goes back for a live address: status, headers and body, ready to be sent by the front or by Flask.

Pure values. The cache lifetimes are those of draft-pantos-hls-rfc8216bis-22, Appendix B.1; one rule is
added: an answer that a later moment would contradict (not there *yet*) is never cached, else anyone could
make a cache refuse the next part to everybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from broadcast.playlist_view import (
    TARGET_DURATION_SECONDS,
)

HELD_PLAYLIST_SECONDS = 6 * TARGET_DURATION_SECONDS
HELD_PLAYLIST_ERROR_SECONDS = 4 * TARGET_DURATION_SECONDS
PLAYLIST_SECONDS = TARGET_DURATION_SECONDS // 2
ERROR_SECONDS = TARGET_DURATION_SECONDS
# Restricted media leaves caches within ten minutes of a room's access being withdrawn.
RESTRICTED_MEDIA_SECONDS = 600
OPEN_MEDIA_SECONDS = 365 * 24 * 3600

Header = tuple[bytes, bytes]

# The token in the address is the secret, so any page may read what it can address (WHATWG Fetch, CORS
# protocol).
CROSS_ORIGIN: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"age, date, retry-after"),
)
NO_STORE = b"no-store"
_PLAYLIST_TYPE: Header = (b"content-type", b"application/vnd.apple.mpegurl")
_MP4_TYPE: Header = (b"content-type", b"video/mp4")
_VARY: Header = (b"vary", b"accept-encoding")
# Appendix B.1 (RFC 9218): "Playlists MUST have priority 1; Media Segments MUST use priorities 2 through 6".
_PLAYLIST_PRIORITY: Header = (b"priority", b"u=1")
_MEDIA_PRIORITY: Header = (b"priority", b"u=3")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response. Header names are lower case; the body of a HEAD is left out by whoever sends it."""

    status: int
    headers: list[Header]
    body: bytes


def max_age(seconds: int) -> bytes:
    return b"public, max-age=%d" % seconds


def playlist_answer(body: bytes, *, gzipped: bool, cache_control: bytes) -> Answer:
    """A playlist; `body` is already compressed when `gzipped`."""
    headers = [
        _PLAYLIST_TYPE,
        (b"cache-control", cache_control),
        _VARY,
        _PLAYLIST_PRIORITY,
        (b"content-length", b"%d" % len(body)),
        *CROSS_ORIGIN,
    ]
    if gzipped:
        headers.append((b"content-encoding", b"gzip"))
    return Answer(200, headers, body)


def json_answer(body: bytes, *, cache_control: bytes) -> Answer:
    """Small facts about a session."""
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", cache_control),
        (b"content-length", b"%d" % len(body)),
        *CROSS_ORIGIN,
    ]
    return Answer(200, headers, body)


def media_answer(body: bytes, *, public: bool) -> Answer:
    """An init segment, segment or part. Its address never serves anything else."""
    lifetime = max_age(OPEN_MEDIA_SECONDS) + b", immutable" if public else max_age(RESTRICTED_MEDIA_SECONDS)
    headers = [
        _MP4_TYPE,
        (b"cache-control", lifetime),
        _MEDIA_PRIORITY,
        (b"content-length", b"%d" % len(body)),
        *CROSS_ORIGIN,
    ]
    return Answer(200, headers, body)


def problem_answer(
    status: int, detail: str, cache_control: bytes = NO_STORE, *, retry_seconds: int = 1
) -> Answer:
    """An error as RFC 9457 problem details; `detail` is shown to people. `retry_seconds`: told with a 503."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"cache-control", cache_control),
        (b"content-length", b"%d" % len(body)),
        *CROSS_ORIGIN,
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"%d" % retry_seconds))
    return Answer(status, headers, body)


def preflight_answer() -> Answer:
    """OPTIONS: a page elsewhere may GET and HEAD with any simple header or Range."""
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
        (b"access-control-allow-headers", b"range, if-none-match"),
        (b"access-control-max-age", b"86400"),
        (b"allow", b"GET, HEAD, OPTIONS"),
    ]
    return Answer(204, headers, b"")


def method_not_allowed() -> Answer:
    answer = problem_answer(405, "Live addresses answer GET, HEAD and OPTIONS.")
    answer.headers.append((b"allow", b"GET, HEAD, OPTIONS"))
    return answer
