"""How often one address may ask what costs something; 429 with Retry-After beyond (RFC 6585 4).

In the memory of each web process. A lecture hall behind one address is the normal case: generous.
"""

from __future__ import annotations

import time

from flask import Flask, request
from flask_limiter import Limiter

from people.request_address import client_address

limiter = Limiter(client_address, storage_uri="memory://")


def looks_at_lists() -> str:
    """A search reads the whole list; a look without one is mostly remembered, and pages look often."""
    return "600 per minute" if request.args.get("q") else "6000 per minute"


def install(app: Flask) -> None:
    limiter.init_app(app)


def seconds_to_wait() -> int:
    """How long who was just refused had better wait."""
    limit = limiter.current_limit
    return max(1, round(limit.reset_at - time.time())) if limit is not None else 60
