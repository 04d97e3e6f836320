"""Browsers in which somebody has signed in before: their attempts are counted by themselves.

Whoever shares an address with an attacker (a campus behind one NAT) could else be kept out by failures that
are not theirs. The cookie holds, signed, up to five accounts with a random name each; it signs nobody in.
Used in web threads, within a request.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from flask import request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from people.session_cookie import people

COOKIE = "kodo_known"
COOKIE_SECONDS = 365 * 24 * 3600
ACCOUNTS = 5
_MAX_LENGTH = 1_000


def place_of(account: str) -> str | None:
    """What stands for the address when this browser tries `account` (folded); None in a strange browser."""
    name = _known().get(_short(account))
    return f"browser {name}" if name is not None else None


def remember_here(answer: BaseResponse, account: str) -> None:
    """Somebody has just signed in to `account` in this browser."""
    known = _known()
    name = known.pop(_short(account), None) or secrets.token_hex(16)
    kept = list(known.items())[-(ACCOUNTS - 1) :]
    answer.set_cookie(
        COOKIE,
        str(_serializer().dumps([*kept, (_short(account), name)])),
        max_age=COOKIE_SECONDS,
        path="/",
        secure=people().settings.secure,
        httponly=True,
        samesite="Lax",
    )


def _known() -> dict[str, str]:
    text = request.cookies.get(COOKIE, "")
    if not text or len(text) > _MAX_LENGTH:
        return {}
    try:
        pairs: Any = _serializer().loads(text)
    except BadData:
        return {}
    return {str(account): str(name) for account, name in pairs}


def _short(account: str) -> str:
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(people().secret, salt="kodo.known-browser")
