"""The playlists of one session as bytes, each written and compressed once per version of the log.

Owned by one `live_window.LiveWindow`, called under its lock. The old segments of the long playlist are
written and compressed once for all: a new part costs its tail only.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from broadcast.playlist import (
    is_dated,
    live_head,
    media_playlist,
    parts_from,
    segment_text,
    tail_text,
    window_playlist,
)
from broadcast.playlist_view import (
    PlaylistView,
)

PlaylistName = Literal["media", "window"]
GZIP_WINDOW_BITS = 31
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class PlaylistForm:
    """Which of a session's live playlists, and how it travels."""

    name: PlaylistName
    delta: bool
    gzip: bool


def gzip_bytes(text: bytes) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW_BITS)
    return packer.compress(text) + packer.flush()


class RenderedPlaylists:
    """Keeps the playlists of the current version; `forget()` when the log has grown."""

    def __init__(self) -> None:
        self._rendered: dict[PlaylistForm, bytes] = {}
        self._history: _History | None = None

    def forget(self) -> None:
        self._rendered.clear()

    def render(self, view: PlaylistView, form: PlaylistForm) -> bytes:
        """The playlist's bytes, gzipped if the form says so. `view` must hold a part or have ended."""
        rendered = self._rendered.get(form)
        if rendered is None:
            rendered = self._rendered[form] = self._write(view, form)
        return rendered

    def _write(self, view: PlaylistView, form: PlaylistForm) -> bytes:
        if form.name == "media" and not form.delta:
            if self._history is None:
                self._history = _History(view)
            return self._history.render(view, gzip=form.gzip)
        write = media_playlist if form.name == "media" else window_playlist
        text = write(view, delta=form.delta).encode()
        return gzip_bytes(text) if form.gzip else text


class _History:
    """Head and old segments of `media.m3u8`, as text and as the beginning of a gzip stream."""

    def __init__(self, view: PlaylistView) -> None:
        first = view.segments[0] if view.segments else view.growing
        head = live_head(
            view.part_target_seconds, first.number if first else 0, 0, event=True, delta=False
        ).encode()
        self._until = 0
        self._text = bytearray(head)
        self._packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW_BITS)
        self._packed = bytearray(self._packer.compress(head))

    def render(self, view: PlaylistView, *, gzip: bool) -> bytes:
        settled = parts_from(view)
        self._extend(view, settled)
        # A cut that moves back (the segment being written grew no longer) still leaves no parts behind it.
        tail = tail_text(view, self._until, max(settled, self._until), all_dated=False).encode()
        if not gzip:
            return bytes(self._text) + tail
        packer = self._packer.copy()
        return b"".join((self._packed, packer.compress(tail), packer.flush()))

    def _extend(self, view: PlaylistView, until: int) -> None:
        if until <= self._until:
            return
        chunks = []
        for index in range(self._until, until):
            segment, previous = view.segments[index], view.segments[index - 1] if index else None
            chunks.append(segment_text(segment, previous, view.started_at, dated=is_dated(segment, previous)))
        added = "".join(chunks).encode()
        self._text += added
        self._packed += self._packer.compress(added)
        self._until = until
