"""From a live request to its answer: who may, what is meant, is it there, or must it wait.

Called by `front.py` on the event loop and by `live_views.py` in Flask's threads, with the same outcome: an
`Answer`, a `Hold` (wait, then answer), or a `Later` (reads a disk: not on an event loop).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from broadcast.access import AccessBook, AccessDenied, AccessForged, AccessUnknown, Claim
from broadcast.answer import Answer, problem_answer
from broadcast.live_address import (
    AddressTooLong,
    Batch,
    Directives,
    Index,
    LiveAddress,
    LivePlaylist,
    Marks,
    NoSuchAddress,
    ReplayPlaylist,
    Snapshot,
    parse_address,
    parse_directives,
)
from broadcast.live_window import LiveWindow
from broadcast.live_windows import LiveWindows
from broadcast.media_answers import media
from broadcast.outcome import (
    FORGED,
    NO_ADDRESS,
    NO_SESSION,
    NOTHING_YET,
    PRIVATE,
    TOO_LONG,
    UNREADABLE,
    Hold,
    Later,
    Refused,
)
from broadcast.playlist_answers import index, live_playlist, replay, seek_marks
from broadcast.recording_access import EDITORS, OWNER
from broadcast.rendered_playlists import PlaylistForm
from recorder.media_log_reader import NotInLog

log = logging.getLogger(__name__)

OutcomeT = TypeVar("OutcomeT", bound=Answer | Hold | Later)


@dataclass(frozen=True, slots=True)
class EventRequest:
    """An admitted request for a room's events. `public`: the room is open."""

    room_id: str
    resource: Batch | Snapshot
    public: bool


@dataclass(frozen=True, slots=True)
class _Request:
    address: LiveAddress
    directives: Directives
    gzip: bool


class LiveAnswers:
    """Answers GET and HEAD of everything under `/live/`; of events it says who may."""

    def __init__(self, windows: LiveWindows, book: AccessBook) -> None:
        self._windows = windows
        self._book = book

    def answer(self, path: str, query: bytes, *, gzip: bool) -> Answer | Hold | Later:
        """`path`: decoded, `query`: as sent; `gzip`: the client takes it. Never raises for what a client
        sends.
        """
        return _guarded(lambda: self._find(path, query, gzip=gzip))

    def room_of_events(self, path: str) -> EventRequest | Answer:
        """What is asked of which room's events, or why not; the feed answers the rest."""
        try:
            address = parse_address(path)
            if not isinstance(address.resource, Batch | Snapshot):
                return NO_ADDRESS
            public = self._book.admit(self._book.claim(address.access), address.subject, None)
        except NoSuchAddress:
            return NO_ADDRESS
        except AddressTooLong:
            return TOO_LONG
        except AccessDenied as denied:
            return _denied(denied)
        except AccessUnknown as unknown:
            return problem_answer(503, str(unknown))
        return EventRequest(address.subject, address.resource, public)

    def _find(self, path: str, query: bytes, *, gzip: bool) -> Answer | Hold | Later:
        request = _Request(parse_address(path), parse_directives(query), gzip)
        if isinstance(request.address.resource, Batch | Snapshot):
            raise NoSuchAddress
        # A forged token costs no look at the disk.
        self._book.claim(request.address.access)
        window = self._windows.opened(request.address.subject)
        if window is None:
            return Later(lambda: _guarded(lambda: self._open_and_answer(request)))
        return self._answer(window, request)

    def _open_and_answer(self, request: _Request) -> Answer | Hold | Later:
        try:
            window = self._windows.open(request.address.subject)
        except NotInLog:
            return NO_SESSION
        outcome = self._answer(window, request)
        return outcome.work() if isinstance(outcome, Later) and not outcome.far else outcome

    def _answer(self, window: LiveWindow, request: _Request) -> Answer | Hold | Later:
        claim = self._book.claim(request.address.access)
        public = self._admit(window, request.address, claim)
        whole = claim.room_id in (EDITORS + request.address.subject, OWNER + request.address.subject)
        resource = request.address.resource
        if isinstance(resource, LivePlaylist):
            form = PlaylistForm(resource.name, request.directives.skip, request.gzip)
            return live_playlist(window, form, request.directives, whole=whole)
        if isinstance(resource, Index):
            return index(window, resource, gzip=request.gzip, whole=whole)
        if isinstance(resource, ReplayPlaylist):
            return replay(window, resource, gzip=request.gzip, whole=whole)
        if isinstance(resource, Marks):
            return seek_marks(window, resource, whole=whole)
        if isinstance(resource, Batch | Snapshot):
            raise NoSuchAddress
        if not whole and window.is_withheld(resource):
            return PRIVATE
        # What is private may be found out later: caches must not keep it for a year.
        return media(window, resource, public=public and not window.has_private)

    def _admit(self, window: LiveWindow, address: LiveAddress, claim: Claim) -> bool:
        """A lecture under way is watched as its room is, its recording as its editors say.

        Raises AccessDenied, AccessUnknown.
        """
        if not window.view.ended:
            return self._book.admit(claim, window.room_id, window.access_mode)
        return self._book.admit_recording(
            claim, address.subject, window.room_id, window.access_mode, window.recorded_access
        )


def _denied(denied: AccessDenied) -> Answer:
    return FORGED if isinstance(denied, AccessForged) else problem_answer(403, str(denied))


def _guarded(work: Callable[[], OutcomeT]) -> OutcomeT | Answer:
    """Every error of a live request as its answer: the one place."""
    try:
        return work()
    except NoSuchAddress:
        return NO_ADDRESS
    except AddressTooLong:
        return TOO_LONG
    except AccessDenied as denied:
        return _denied(denied)
    except AccessUnknown as unknown:
        return problem_answer(503, str(unknown))
    except Refused as refused:
        return refused.answer
    except NotInLog:
        return NOTHING_YET
    except OSError as error:
        log.warning("a session cannot be read: %s", error)
        return UNREADABLE
