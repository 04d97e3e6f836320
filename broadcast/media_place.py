"""Where a segment, part or init segment stands in a session's log: there, next, ahead or gone.

Pure; called by `live_window.LiveWindow` under its lock, for every media request that nothing kept answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from broadcast.live_address import Init, PartMedia, SegmentMedia
from broadcast.playlist_view import (
    PlaylistView,
    Segment,
)
from recorder.log_folders import is_healed

RECENT_SEGMENTS = 3

Media = Init | PartMedia | SegmentMedia


class Place(Enum):
    """Where a media resource stands in the log."""

    RECENT = auto()  # many want it now: read once, kept
    OLD = auto()
    HINTED = auto()  # the next to come: its requests are held
    AHEAD = auto()  # may come
    GONE = auto()  # never was, or is no more


def place_of(view: PlaylistView, takes: Sequence[int], media: Media) -> Place:
    """`takes`: numbers of the log's takes with parts, ascending."""
    if is_healed(media.take):
        return Place.OLD  # beside the log: there, or nowhere, as the disk will tell
    if isinstance(media, Init):
        return _place_of_init(view, takes, media.take)
    hint = view.hint
    if hint is not None and media == PartMedia(hint.take, hint.segment, hint.part):
        return Place.HINTED
    segment = segment_numbered(view, media.segment)
    if segment is None:
        return Place.AHEAD if hint is not None and media.segment >= hint.segment else Place.GONE
    return _place_in(view, segment, media)


def segment_numbered(view: PlaylistView, number: int) -> Segment | None:
    """The segment of a media sequence number, complete or growing. The numbers have no holes: gaps are
    listed.
    """
    if view.growing is not None and number == view.growing.number:
        return view.growing
    index = number - view.segments[0].number if view.segments else -1
    return view.segments[index] if 0 <= index < len(view.segments) else None


def _place_of_init(view: PlaylistView, takes: Sequence[int], take: int) -> Place:
    if take in takes:
        return Place.RECENT
    if view.hint is None or (takes and take < takes[-1]):
        return Place.GONE
    return Place.HINTED if view.hint.new_init and take == view.hint.take else Place.AHEAD


def _place_in(view: PlaylistView, segment: Segment, media: PartMedia | SegmentMedia) -> Place:
    growing = segment is view.growing
    if media.take != segment.take or segment.gap:
        return Place.GONE
    if isinstance(media, PartMedia) and media.part >= segment.part_count:
        return Place.AHEAD if growing else Place.GONE
    if isinstance(media, SegmentMedia) and growing:
        return Place.AHEAD
    recent = growing or segment.number > view.segments[-1].number - RECENT_SEGMENTS
    return Place.RECENT if recent else Place.OLD
