"""The absolute address that this request's client reached us by: what its answers' addresses begin with.

Pure but for Flask's request. The public address where the client used that name (it knows of TLS that an
edge in front ended); else the one the client used itself, for a page opened at 127.0.0.1 may not, by its own
content policy, fetch from localhost.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from broadcast.services import services


def absolute(path: str) -> str:
    """`path` begins with a slash."""
    public = services().settings.public_url
    if request.host == urlsplit(public).netloc:
        return public + path
    return request.host_url.rstrip("/") + path
