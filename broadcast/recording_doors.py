"""A recording named in an address, for whoever may watch it, or change what belongs to it.

Called in web threads, within a request. While the lecture runs, the room's doors are the recording's.
"""

from __future__ import annotations

from flask_babel import gettext as _

from broadcast.edit_doors import must, must_change, no_recording
from broadcast.services import services
from library.database import utc_now
from library.models import LectureSession
from people import doors
from people.doors import Verdict
from people.models import Room, User
from people.session_cookie import current_user
from people.visits import visit_here
from recorder.log_folders import is_session_id


def recording_to_watch(session_id: str) -> tuple[LectureSession, Room]:
    """Raises Problem (401, 403, 404)."""
    row, room = _recording(session_id)
    must(verdict_on(current_user(), row, room), _("You may not watch this recording."))
    return row, room


def verdict_on(person: User | None, row: LectureSession, room: Room) -> Verdict:
    """Whether `person`, as this browser stands before the room, may watch it now."""
    visit = visit_here(room)
    if row.phase != "ended":
        return doors.may_watch(person, room, visit)
    return doors.may_watch_recording(person, room, row, visit=visit, now=utc_now())


def recording_to_change(session_id: str) -> tuple[LectureSession, Room]:
    """For who may host the room, and may edit the recording. Raises Problem (401, 403, 404)."""
    row, room = _recording(session_id)
    must_change(row, room)
    return row, room


def _recording(session_id: str) -> tuple[LectureSession, Room]:
    row = room = None
    if is_session_id(session_id):
        with services().database.reading() as transaction:
            row = transaction.get(LectureSession, session_id)
            room = transaction.get(Room, row.room_id) if row is not None else None
    if row is None or room is None:
        raise no_recording()
    return row, room
