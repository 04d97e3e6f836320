"""What a lecturer changes of one lecture, also while it is live: its title.

`PATCH /api/v1/rooms/<slug>/sessions/<session>`; blueprint `sessions`, in web threads. Viewers hear of it by a
`title` event of the room's feed, committed together with the row.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import String
from apiflask.validators import Length
from flask import g
from flask_babel import gettext as _

from broadcast import session_rows
from broadcast.event_log import NewEvent
from broadcast.problems import Problem
from broadcast.services import services
from library.models import LectureSession
from people.error_words import room_error
from people.rooms import UnfitTitle, check_title

blueprint = APIBlueprint("sessions", __name__, url_prefix="/api/v1", tag="Lectures")


class SessionPatchIn(Schema):
    title = String(required=True, validate=Length(1, 200))


class SessionTitleOut(Schema):
    id = String()
    title = String()


@blueprint.patch("/rooms/<slug>/sessions/<session_id>")
@blueprint.input(SessionPatchIn, location="json")
@blueprint.output(SessionTitleOut)
def patch_session(slug: str, session_id: str, json_data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Give a lecture another title. Whoever watches sees it at once."""
    try:
        title = check_title(json_data["title"])
    except UnfitTitle as error:
        raise Problem(422, _("Not accepted"), room_error(error)) from error
    state = services().directory.states().get(session_id)
    with services().database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None or row.room_id != g.room.id:
            raise Problem(404, _("Not found"), _("There is no recording at this address."))
        row.title = title
        clock = session_rows.clock_ms(state) if state is not None else None
        event = NewEvent("title", {"session": session_id, "title": title}, session_id, clock)
        services().event_log.append(transaction, g.room.id, event)
    services().announce(g.room.id)
    return {"id": session_id, "title": title}
