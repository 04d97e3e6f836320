"""What must not stand in a log, whoever writes the line: secrets by their shape, and those that are set.

The last line of defence, not the first: code does not log secrets. Pure but for `hide`, which a process calls
once at its start with the secrets of its settings. What is taken out leaves `[hidden]`, so that a reader sees
that something stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "[hidden]"
SHORTEST_SECRET = 6  # one of "a" would take half of every line away

# `before` stays, what follows it goes.
_NAMES = (
    r"pass(?:word|wd|phrase)?|secret|(?:access|api|publish|stream|csrf|reset|session)?[_-]?token|x-csrftoken"
    r"|(?:stream|secret|access|api|encryption)[_-]?key(?:_id)?|signature|credential|sig|authorization|cookie"
    r"|kodo_session|kodo_unlock[\w-]{0,80}|x-amz-[\w-]{1,80}|awsaccesskeyid"
)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&})\]]+)"
_RULES = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        # Addresses whose last part opens something: media and feeds, set-up, invitations, resets, links.
        r"(?P<before>/(?:live|setup|invitation|invite|reset|password|link|join|enter)/)(?!open/)[^/?#\s\"'<>]{6,}",
        r"(?P<before>\b(?:Bearer|Basic|Digest)\s+)[^\s\"',]+",
        r"(?P<before>://)[^\s/@\"'<>]*:[^\s/@\"'<>]*(?=@)",
        r"(?P<before>[?&](?:k|key|token|link|access|ticket|invite|sig|code|signature)=)[^&\s\"'<>]{8,}",
        rf"(?P<before>\b(?:{_NAMES})[\"']?\s*[=:]\s*)(?!\[hidden\]){_VALUE}",
        # Keys and tokens as Kodo makes them (people.stream_keys, people.api_tokens, broadcast.access).
        r"(?P<before>\bkodo(?:api)?_)[A-Za-z0-9_-]{20,}",
        r"(?P<before>\bv1\.)[\w-]+\.\d+\.\d+\.[\w-]{20,}",
        # Links of rooms (people.room_links).
        r"(?P<before>)(?<![0-9a-f-])[0-9a-f-]{36}\.[0-9a-f]{32}",
        # Signed values (itsdangerous: publish tokens and cookies).
        r"(?P<before>)(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{6,}+\.[A-Za-z0-9_-]{20,}",
    )
)
_set: list[str] = []


def hide(secrets: Iterable[str | None]) -> None:
    """From now on none of these stands in a line of this process, also not in an address."""
    known = {one for one in secrets if one and len(one) >= SHORTEST_SECRET}
    forms = {form for one in known for form in (one, quote(one, safe=""), quote(one))}
    _set[:] = sorted(forms, key=len, reverse=True)  # one may be a part of another


def redacted(text: str) -> str:
    """`text` without secrets. Takes some microseconds for a line."""
    for secret in _set:
        text = text.replace(secret, HIDDEN)
    for rule in _RULES:
        text = rule.sub(lambda found: found["before"] + HIDDEN, text)
    return text
