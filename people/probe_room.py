"""The room of the synthetic lecture by which the live chain is tried: it stands in no database and no list.

Its slug is one that no room can have, its media open to nobody without a token of it, and who publishes in it
has a token of this installation's secret. Web processes pass over its sessions (`broadcast.session_files`);
`operation.health.live_chain` begins and removes them.
"""

from __future__ import annotations

import time

from people.tokens import Clock, TokenRefused, issue_text, read_text

SLUG = "_probe"  # `people.rooms.check_slug` lets none begin so
ROOM_ID = "_probe"
TITLE = "Kodo probe"
ACCESS = "members"  # what its sessions fall back on, for a room that nobody knows: a token
TOKEN_SECONDS = 60


def publish_token(secret: bytes, *, clock: Clock = time.time) -> str:
    return issue_text(secret, "probe", SLUG, clock=clock)


def may_publish(secret: bytes, text: str, *, clock: Clock = time.time) -> bool:
    """Whether it is a token of this room that is a minute old at most."""
    try:
        return read_text(secret, "probe", text, TOKEN_SECONDS, clock=clock) == SLUG
    except TokenRefused:
        return False
