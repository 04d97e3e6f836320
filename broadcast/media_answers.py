"""Requests for init segments, segments and parts of one session.

Called by `live_answers.py`. What many want now is read once and kept; older media is read in a thread, what
was moved into the object store in threads of its own; the hinted part is held until all its bytes are there
(draft-pantos-hls-rfc8216bis-22, 6.2.6).
"""

from __future__ import annotations

from broadcast.answer import Answer, media_answer
from broadcast.live_window import LiveWindow
from broadcast.media_place import Media, Place
from broadcast.outcome import AHEAD, GONE, MEDIA_HELD_TOO_LONG, Hold, Later, calm


def media(window: LiveWindow, asked: Media, *, public: bool) -> Answer | Hold | Later:
    """`public`: the room is open, caches may keep its media for long. Raises NotInLog, OSError."""
    key = (asked, public)
    kept = window.kept(key)
    if kept is not None:
        return kept
    window.refresh_if_stale()
    if key in window.holds:
        return _hold(window, asked, public=public)
    place = window.place(asked)
    if place is Place.AHEAD and window.refresh():
        place = window.place(asked)
    if place in (Place.RECENT, Place.OLD) and window.is_far(asked):
        return _later(window, asked, public=public, far=True)
    if place is Place.RECENT:
        return _read_and_keep(window, asked, public=public)
    if place is Place.OLD:
        return _later(window, asked, public=public, far=False)
    if place is Place.HINTED:
        return _hold(window, asked, public=public)
    # 6.2.6: "SHOULD respond with "Not Found" … to a request for a resource that it cannot find and that is
    # not specified by an EXT-X-PRELOAD-HINT tag".
    return AHEAD if place is Place.AHEAD else GONE


def _later(window: LiveWindow, asked: Media, *, public: bool, far: bool) -> Later:
    read = calm(lambda: media_answer(window.read(asked), public=public))
    return Later(lambda: read() or GONE, far=far)


def _hold(window: LiveWindow, asked: Media, *, public: bool) -> Hold:
    poll = calm(lambda: _hinted(window, asked, public=public))
    return Hold(window, (asked, public), poll, MEDIA_HELD_TOO_LONG)


def _hinted(window: LiveWindow, asked: Media, *, public: bool) -> Answer | None:
    """6.2.6: "the server MUST refrain from transmitting any bytes belonging to a Partial Segment until all
    bytes of that Partial Segment can be transmitted"; one that will never come is Not Found.
    """
    place = window.place(asked)
    if place is Place.HINTED:
        return None
    if place in (Place.RECENT, Place.OLD):
        return window.kept((asked, public)) or _read_and_keep(window, asked, public=public)
    return GONE


def _read_and_keep(window: LiveWindow, asked: Media, *, public: bool) -> Answer:
    answer = media_answer(window.read(asked), public=public)
    window.keep((asked, public), answer)
    return answer
