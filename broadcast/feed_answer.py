"""What the event feed answers: batches and snapshots as ready bytes, and how they are put together.

Pure values, made on the feed's thread and handed to the front and to Flask, which add the headers.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.event_log import EventRow, event_document, iso_utc

SNAPSHOT_KINDS = ("session", "viewers", "title", "playback", "scheduled", "kept")
_WORTH_GZIP_BYTES = 600


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """`status`: 200, 204 (nothing happened in time), 400 (far ahead, or lost), 404 (no room), 503 (not now).

    `body` is JSON for 200, else what to tell people; `gzipped` only where it is worth it. `immutable`: a
    closed batch, which never changes.
    """

    status: int
    body: bytes = b""
    gzipped: bytes | None = None
    immutable: bool = False


NOTHING_YET = FeedAnswer(204)
TOO_FAR_AHEAD = FeedAnswer(400, b"This batch is far ahead: begin with the snapshot.")
NOT_OF_THIS_NUMBERING = FeedAnswer(400, b"This batch is lost: begin with the snapshot.")
NO_SUCH_ROOM = FeedAnswer(404, b"There is no such room.")
NOT_NOW = FeedAnswer(503, b"The event feed cannot be read now.")


def batch_answer(number: int, rows: Sequence[EventRow]) -> FeedAnswer:
    """A closed batch."""
    events = ",".join(event_document(row) for row in rows)
    return _answer(f'{{"batch":{number},"next":{number + 1},"events":[{events}]}}', immutable=True)


def snapshot_answer(next_batch: int, seq: int, latest: Mapping[str, EventRow | None]) -> FeedAnswer:
    """The state that all batches before `next_batch` left: whoever goes on from there misses nothing.

    `seq`: of the first event that is not in this state, whether it has happened yet or not. `latest`: the
    last event of each of SNAPSHOT_KINDS.
    """
    session, viewers, title, playback, scheduled, kept = (latest[kind] for kind in SNAPSHOT_KINDS)
    state = {
        "session": _with_time(session) if session is not None else None,
        "viewers": _payload(viewers).get("count", 0),
        "title": _payload(title) or None,
        "playback": _playback(playback) if playback is not None else None,
        "scheduled": _payload(scheduled).get("scheduled"),
        "kept": _payload(kept) or None,
    }
    document = {"next": next_batch, "seq": seq, "state": state}
    return _answer(json.dumps(document, ensure_ascii=False, separators=(",", ":")), immutable=False)


def _payload(row: EventRow | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.payload) if row is not None else {}
    return found


def _with_time(row: EventRow) -> dict[str, object]:
    """An event's payload, and since when it is so."""
    return {**_payload(row), "at": iso_utc(row.at)}


def _playback(row: EventRow) -> dict[str, object] | None:
    """The film's or camera's state with the session and its `clock` (ms) at which `position` was so."""
    playback = _payload(row).get("playback")
    return {**playback, "session": row.session_id, "clock": row.clock_ms} if playback else None


def _answer(text: str, *, immutable: bool) -> FeedAnswer:
    body = text.encode()
    gzipped = gzip.compress(body, 6, mtime=0) if len(body) >= _WORTH_GZIP_BYTES else None
    return FeedAnswer(200, body, gzipped, immutable)
