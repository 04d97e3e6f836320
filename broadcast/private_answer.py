"""JSON that is its reader's own and is asked for again and again: what is not new is a 304 without a body."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, json, request
from werkzeug.wrappers import Response as BaseResponse


def private_answer(document: dict[str, Any]) -> BaseResponse:
    """With an ETag to ask again by; kept by the reader's browser alone, and asked about each time."""
    body = json.dumps(document)
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return response.make_conditional(request)
