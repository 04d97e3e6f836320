"""Whether who asks may change a recording, or what belongs to it. Called in web threads, within a request."""

from __future__ import annotations

from flask_babel import gettext as _

from broadcast.problems import Problem
from library.models import LectureSession
from people import doors
from people.doors import Reason, Verdict
from people.models import Room
from people.session_cookie import current_user


def must_change(row: LectureSession, room: Room) -> None:
    """A lecture under way is its hosts', its recording who may edit it. Raises Problem (401, 403, 404)."""
    person = current_user()
    if row.removal is not None:
        verdict = Verdict(Reason.NOT_SHOWN)
    elif row.phase != "ended":
        verdict = doors.may_host(person, room)
    else:
        verdict = doors.may_edit_recording(person, room, row)
    must(verdict, _("Your account may not do this."))


def must(verdict: Verdict, detail: str) -> None:
    """Raises Problem: 404 where nobody need know, 401 where signing in could help, else 403 and `detail`."""
    if verdict:
        return
    if verdict.reason is Reason.NOT_SHOWN:
        raise no_recording()
    if verdict.reason is Reason.SIGN_IN:
        raise Problem(401, _("Sign in"), _("Sign in to do this."))
    raise Problem(403, _("Not allowed"), detail)


def no_recording() -> Problem:
    return Problem(404, _("Not found"), _("There is no recording at this address."))
