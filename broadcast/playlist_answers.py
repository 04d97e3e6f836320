"""Requests for playlists and seek marks of one session: at once, held until the log has grown, or refused.

Called by `live_answers.py`. Clauses are those of draft-pantos-hls-rfc8216bis-22.
"""

from __future__ import annotations

from broadcast.answer import (
    ERROR_SECONDS,
    HELD_PLAYLIST_SECONDS,
    PLAYLIST_SECONDS,
    RESTRICTED_MEDIA_SECONDS,
    Answer,
    json_answer,
    max_age,
    playlist_answer,
    problem_answer,
)
from broadcast.blocking_reload import TooFarAhead, check_not_too_far, is_ready
from broadcast.live_address import RENDITION, Directives, Index, Marks, ReplayPlaylist
from broadcast.live_window import LiveWindow
from broadcast.outcome import GONE, HELD_TOO_LONG, Hold, Refused, calm
from broadcast.playlist import multivariant_playlist
from broadcast.rendered_playlists import PlaylistForm, gzip_bytes


def live_playlist(
    window: LiveWindow, form: PlaylistForm, directives: Directives, *, whole: bool
) -> Answer | Hold:
    """`media.m3u8` and `window.m3u8`, with Delivery Directives (6.2.5). Raises Refused.

    `whole`, here and below: for who may edit the recording, with what is private.
    """
    window.refresh_if_stale()
    msn, part = directives.msn, directives.part
    key = (form, msn, part, whole)
    # 6.2.5.2: "A Server MUST ignore _HLS_msn and _HLS_part if the Playlist contains an EXT-X-ENDLIST tag."
    if not window.view.ended and key not in window.holds:
        _check(window, directives)
    # Appendix B.1: blocking requests name what they want, so their answers may be kept longer.
    lifetime = max_age(PLAYLIST_SECONDS if msn is None else HELD_PLAYLIST_SECONDS)

    def poll() -> Answer | None:
        with window.lock:
            if not window.begun:
                return GONE if window.view.ended else None
            if msn is not None and not is_ready(window.view, msn, part):
                return None
            body = window.playlist(form, whole=whole)
            return playlist_answer(body, gzipped=form.gzip, cache_control=lifetime)

    found = None if key in window.holds else poll()
    return found or Hold(window, key, poll, HELD_TOO_LONG)


def _check(window: LiveWindow, directives: Directives) -> None:
    if directives.problem is not None:
        raise Refused(problem_answer(400, directives.problem, max_age(ERROR_SECONDS)))
    if directives.msn is None or not window.begun:
        return
    try:
        check_not_too_far(window.view, directives.msn, directives.part)
    except TooFarAhead:
        # Perhaps another process told the client of parts that this one has not read yet.
        window.refresh()
    try:
        check_not_too_far(window.view, directives.msn, directives.part)
    except TooFarAhead as error:
        raise Refused(problem_answer(400, str(error))) from error


def index(window: LiveWindow, asked: Index, *, gzip: bool, whole: bool) -> Answer | Hold:
    """A multivariant playlist; held until the first part of a session. Raises NotInLog, OSError."""
    window.refresh_if_stale()

    def poll() -> Answer | None:
        with window.lock:
            if asked.replay is not None:
                variant = window.replay_variant(asked.replay, whole=whole)
                uri = f"{RENDITION}/replay-{asked.replay}.m3u8"
            elif window.begun:
                variant, uri = window.variant(), f"{RENDITION}/{asked.playlist}.m3u8"
            else:
                return GONE if window.view.ended else None
        text = multivariant_playlist(variant, uri).encode()
        body = gzip_bytes(text) if gzip else text
        return playlist_answer(body, gzipped=gzip, cache_control=max_age(PLAYLIST_SECONDS))

    return poll() or Hold(window, (asked, gzip, whole), calm(poll), HELD_TOO_LONG)


def replay(window: LiveWindow, asked: ReplayPlaylist, *, gzip: bool, whole: bool) -> Answer:
    """A version of the edit list as a VOD. Raises NotInLog."""
    window.refresh_if_stale()
    body = window.replay(asked.version, gzip=gzip, whole=whole)
    # It only loses what becomes private; and it names what is watched, so it leaves caches when a room is
    # closed.
    return playlist_answer(body, gzipped=gzip, cache_control=max_age(RESTRICTED_MEDIA_SECONDS))


def seek_marks(window: LiveWindow, asked: Marks, *, whole: bool) -> Answer:
    """What the seek bar marks. Raises NotInLog."""
    window.refresh_if_stale()
    lifetime = PLAYLIST_SECONDS if asked.replay is None else RESTRICTED_MEDIA_SECONDS
    return json_answer(window.marks(asked.replay, whole=whole), cache_control=max_age(lifetime))
