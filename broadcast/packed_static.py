"""Static text (scripts, styles, icons) gzipped for those who take it: the player's page costs a third.

Called in web threads for each static file. Each version of a file is packed once and kept; the files are
ours, so what is kept is bounded by them.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Response, request

TYPES = ("text/", "image/svg+xml", "application/json")
LEVEL = 9


def pack(answer: Response, path: Path) -> Response:
    """`answer` sends the whole file at `path`; or it is none of those that are packed, and stays as it is."""
    if answer.status_code != 200 or not (answer.mimetype or "").startswith(TYPES):
        return answer
    answer.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or "Range" in request.headers:
        return answer
    answer.direct_passthrough = False
    answer.set_data(_packed(path, path.stat().st_mtime_ns))
    answer.headers["Content-Encoding"] = "gzip"
    # RFC 9110 8.8.3: another representation of the same may not have the same strong tag.
    tag, _weak = answer.get_etag()
    if tag is not None:
        answer.set_etag(tag, weak=True)
    return answer


@lru_cache(maxsize=256)
def _packed(path: Path, _version: int) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)
