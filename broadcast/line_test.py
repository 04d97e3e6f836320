"""The studio's line test, `POST /api/v1/rooms/<slug>/line-test`: takes bytes and forgets them.

Blueprint `line_test`, in web threads. For who may host in the room; bounded in size and rate, so that it
is no way to fill memory or the line.
"""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request
from flask_babel import gettext as _

from broadcast.problems import Problem
from broadcast.rate_limits import limiter

MAX_BYTES = 256 << 10  # `BODY_BYTES` of static/js/line_test.js

blueprint = APIBlueprint("line_test", __name__, url_prefix="/api/v1", tag="Rooms")


@blueprint.post("/rooms/<slug>/line-test")
@limiter.limit("1000 per minute")  # one test sends at most a hundred; a school may be behind one address
def measure(slug: str) -> Response:  # noqa: ARG001
    """Answers when all of the body has come: the client's clock tells how fast the line is."""
    length = request.content_length
    if length is None:
        raise Problem(411, _("Length required"), _("Say how long the body is."))
    if length > MAX_BYTES:
        raise Problem(413, _("Too large"), _("A line test sends at most %(bytes)s bytes.", bytes=MAX_BYTES))
    request.get_data(cache=False)
    return Response(status=204)
