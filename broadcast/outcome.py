"""What a live request comes to besides an answer: waiting for one, or reading a disk for one.

Made by `live_answers.py` and those it asks; carried out by `front.py` on the event loop and by
`live_views.py` in threads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from broadcast.answer import (
    ERROR_SECONDS,
    HELD_PLAYLIST_ERROR_SECONDS,
    Answer,
    max_age,
    problem_answer,
)
from broadcast.holds import TooManyHolds, Waiter
from broadcast.live_window import LiveWindow
from broadcast.playlist_view import TARGET_DURATION_SECONDS
from recorder.far_media import MediaDamaged, MediaUnavailable
from recorder.media_log_reader import NotInLog

log = logging.getLogger(__name__)

# 6.2.5.2: "blocking for more than three Target Durations SHOULD return Service Unavailable".
MAX_HELD_SECONDS = 3.0 * TARGET_DURATION_SECONDS

BUSY = problem_answer(503, "Too many requests wait here already.")
HELD_TOO_LONG = problem_answer(
    503,
    "Nothing new came in time.",
    # Appendix B.1: four target durations; a browser's own retry must reach a server that has recovered.
    b"public, max-age=1, s-maxage=%d" % HELD_PLAYLIST_ERROR_SECONDS,
)
MEDIA_HELD_TOO_LONG = problem_answer(503, "The part did not come in time.", max_age(1))
GONE = problem_answer(404, "There is no such media.", max_age(ERROR_SECONDS))
AHEAD = problem_answer(404, "There is no such media yet.")
NO_ADDRESS = problem_answer(404, "Nothing has this address.", max_age(ERROR_SECONDS))
NO_SESSION = problem_answer(404, "There is no such lecture.", max_age(ERROR_SECONDS))
# Made up or altered: whoever answers counts it as a sign of an intrusion.
FORGED = problem_answer(403, "This address is not valid.")
# Its page asks for another address then, and gets that of the version without it.
PRIVATE = problem_answer(403, "This part of the lecture is private.")
NOTHING_YET = problem_answer(404, "There is nothing to play here yet.")
ELSEWHERE_SECONDS = 3
ELSEWHERE = problem_answer(
    503,
    "This part of the recording is in the object store, which does not answer just now.",
    retry_seconds=ELSEWHERE_SECONDS,
)
DAMAGED = problem_answer(
    404, "This part of the recording is damaged in the object store. Whoever runs this server has been told."
)
UNREADABLE = problem_answer(503, "The recording cannot be read just now.")
TOO_LONG = problem_answer(414, "This address is longer than any of ours.", max_age(ERROR_SECONDS))


class Refused(Exception):
    """The request is answered by an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Hold:
    """A request that must wait. Requests with equal keys get the same answer. `poll` never raises."""

    window: LiveWindow
    key: Hashable
    poll: Callable[[], Answer | None]
    expired: Answer

    def join(self, waiter: Waiter[Answer]) -> None:
        """`waiter` gets the answer; a 503 if too many wait already."""
        try:
            self.window.hold(self.key, self.poll, self.expired, MAX_HELD_SECONDS, waiter)
        except TooManyHolds:
            waiter.set_result(BUSY)


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that reads a disk: call `work` in a thread. It never raises.

    `far`: it asks an object store, too, which may take seconds; not in the threads that others wait for.
    """

    work: Callable[[], Answer | Hold | Later]
    far: bool = False


def calm(poll: Callable[[], Answer | None]) -> Callable[[], Answer | None]:
    """A poll that never raises: it is called while others are being answered."""

    def calmed() -> Answer | None:
        try:
            return poll()
        except NotInLog:
            return GONE
        except MediaUnavailable:
            return ELSEWHERE
        except MediaDamaged:
            return DAMAGED
        except OSError as error:
            log.warning("held media cannot be read: %s", error)
            return UNREADABLE

    return calmed
