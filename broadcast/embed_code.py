"""The player for other sites' pages: its address and the HTML that embeds it. Pure."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

WIDTH, HEIGHT = 960, 540
# What a frame of another origin must be given, or the browser keeps it from the player.
ALLOWED = "autoplay; picture-in-picture; screen-wake-lock"


def embed_address(page: str, seconds: str | None = None) -> str:
    """`page`: the absolute address of a room or recording; `seconds`: where to begin."""
    return f"{page}?{urlencode({'embed': '1', **({'t': seconds} if seconds else {})})}"


def embed_code(address: str, title: str, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """One `<iframe>`; nothing else is needed on the page that takes it."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="{width}" height="{height}"'
        f' allow="{ALLOWED}" allowfullscreen loading="lazy" frameborder="0"></iframe>'
    )
