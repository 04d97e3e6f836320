"""When a playlist request may be answered (draft-pantos-hls-rfc8216bis-22, 6.2.5.2): pure functions.

Called by `live_answers.py` for every request with `_HLS_msn`, and again for each held one when the log grew.
"""

from __future__ import annotations

from broadcast.playlist_view import (
    PlaylistView,
)


class TooFarAhead(Exception):
    """The request names a segment or part that is not expected soon (HTTP 400). Says why."""


def check_not_too_far(view: PlaylistView, msn: int, part: int | None) -> None:
    """Raises TooFarAhead (6.2.5.2: "the server SHOULD immediately return Bad Request")."""
    # "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in the current
    # Playlist plus two …": the last with an EXTINF; the one being written is the first of the two.
    if msn > _last_complete(view) + 2:
        raise TooFarAhead(f"Media sequence number {msn} is too far ahead.")
    # "… or if the _HLS_part exceeds the last Partial Segment in the current Playlist by the Advance Part
    # Limit".
    if part is not None and part > _part_count(view, msn) - 1 + advance_part_limit(view.part_target_seconds):
        raise TooFarAhead(f"Part {part} of {msn} is too far ahead.")


def advance_part_limit(part_target_seconds: float) -> float:
    """Parts (6.2.5.2): "three divided by the Part Target Duration if the Part Target Duration is less than
    one second, or three otherwise".
    """
    return 3 / part_target_seconds if part_target_seconds < 1 else 3


def is_ready(view: PlaylistView, msn: int, part: int | None) -> bool:
    """Whether the playlist contains what the request waits for. An ended one waits for nothing."""
    # "A Server MUST ignore _HLS_msn and _HLS_part if the Playlist contains an EXT-X-ENDLIST tag."
    if view.ended:
        return True
    last = _last_complete(view)
    if part is None or msn > last:
        return msn <= last or (part is not None and _part_count(view, msn) > part)
    # "If the Client requests a Part Index greater than that of the final Partial Segment of the Parent
    # Segment, the Server MUST treat the request as one for Part Index 0 of the following Parent Segment."
    return part < _part_count(view, msn) or msn < last or _part_count(view, msn + 1) > 0


def _last_complete(view: PlaylistView) -> int:
    if view.segments:
        return view.segments[-1].number
    return view.growing.number - 1 if view.growing is not None else -1


def _part_count(view: PlaylistView, msn: int) -> int:
    """Parts of a segment in the playlist; those of segments removed from a window count as many."""
    if view.growing is not None and msn == view.growing.number:
        return len(view.growing.parts)
    if not view.segments or msn > view.segments[-1].number:
        return 0
    # Media sequence numbers have no holes: lost segments are there as gaps.
    index = msn - view.segments[0].number
    return view.segments[index].part_count if index >= 0 else 1
