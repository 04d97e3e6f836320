"""The event feed's answers with their headers, as the front and Flask send them.

Pure. A closed batch is cached exactly like a part; a snapshot a second, so that a hall that opens the page
at once asks a cache; what may change is not kept.
"""

from __future__ import annotations

from broadcast.answer import (
    CROSS_ORIGIN,
    NO_STORE,
    OPEN_MEDIA_SECONDS,
    RESTRICTED_MEDIA_SECONDS,
    Answer,
    max_age,
    problem_answer,
)
from broadcast.feed_answer import FeedAnswer

SNAPSHOT_SECONDS = 1


def event_answer(found: FeedAnswer, *, public: bool, gzip: bool) -> Answer:
    """`public`: the room is open; `gzip`: the client takes it."""
    if found.status == 204:
        return Answer(204, [(b"cache-control", NO_STORE), *CROSS_ORIGIN], b"")
    if found.status != 200:
        return problem_answer(found.status, found.body.decode())
    gzipped = found.gzipped if gzip else None
    body = found.body if gzipped is None else gzipped
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", _lifetime(found, public=public)),
        (b"vary", b"accept-encoding"),
        (b"content-length", b"%d" % len(body)),
        *CROSS_ORIGIN,
    ]
    if gzipped is not None:
        headers.append((b"content-encoding", b"gzip"))
    return Answer(200, headers, body)


def _lifetime(found: FeedAnswer, *, public: bool) -> bytes:
    if not found.immutable:
        return max_age(SNAPSHOT_SECONDS)
    return max_age(OPEN_MEDIA_SECONDS) + b", immutable" if public else max_age(RESTRICTED_MEDIA_SECONDS)
