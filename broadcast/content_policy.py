"""The Content-Security-Policy of every answer: nothing from elsewhere, nothing inline.

Pure but for one small file, read once. The player's pages name, by hash, the style sheets that media-chrome's
elements write into their shadow roots; an embedded player may stand in the frames that the operator allows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

OWN_FRAMES = "'self'"
PLAYER_STYLES = (
    Path(__file__).resolve().parent.parent / "static" / "vendor" / "media-chrome-4.19.4" / "styles.txt"
)


@cache
def content_policy(*, player: bool = False, frame_ancestors: str = OWN_FRAMES) -> str:
    """`player`: the page loads the player's controls; `frame_ancestors`: a source list (CSP 3, 6.4.2)."""
    styles = " ".join(f"'{each}'" for each in PLAYER_STYLES.read_text().split()) if player else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src 'self' {styles}".rstrip(),
            "img-src 'self' data: blob:",
            # hls.js feeds a blob: to <video> and may run a blob: worker.
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {frame_ancestors}",
        )
    )
