"""What is private in a session, as playlists and media of it leave it out.

Owned by one `live_window.LiveWindow`, called under its lock, and made anew when a version of the edit list
hides something else. What any version shows, and the lecture as it was sent, is without what the *newest* one
calls private: an older address gives nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from broadcast.playlist_view import PlaylistView, Segment
from recorder.hidden_spans import HiddenSpan, is_left_out, private_of
from recorder.media_log_reader import NotInLog, SessionReader


class Private:
    """Of the spans `hidden`, those that are private."""

    def __init__(self, hidden: Sequence[HiddenSpan], reader: SessionReader) -> None:
        self.spans = private_of(hidden)
        self._reader = reader
        self._by_take: dict[int, frozenset[int]] = {}

    def holds(self, take: int, segment: int) -> bool:
        """Whether that segment, of a take that grows no more, could show or sound a private moment."""
        if not self.spans:
            return False
        known = self._by_take.get(take)
        if known is None:
            known = self._by_take[take] = self._segments_of(take)
        return segment in known

    def without(self, segments: Sequence[Segment]) -> Sequence[Segment]:
        return [one for one in segments if not self.holds(one.take, one.number)] if self.spans else segments

    def redacted(self, view: PlaylistView) -> PlaylistView:
        """A lecture that has ended, as it was sent: what is private is not available (EXT-X-GAP)."""
        shown = [
            replace(one, gap=True, parts=()) if self.holds(one.take, one.number) else one
            for one in view.segments
        ]
        return replace(view, segments=shown)

    def _segments_of(self, take: int) -> frozenset[int]:
        try:
            timed = self._reader.take(take).timed_segments()
        except NotInLog:
            return frozenset()
        return frozenset(one.segment for one in timed if is_left_out(one.start, one.end, self.spans))
