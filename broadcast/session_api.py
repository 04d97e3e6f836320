"""What a lecturer changes of one lecture, also while it is live: its title and description.

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
from broadcast.edit_doors import must_change
from broadcast.lecture_words import DESCRIPTION_LENGTH, UnfitDescription, check_description
from broadcast.problems import Problem
from broadcast.services import services
from library import catalogue
from library.models import LectureSession
from people.error_words import room_error
from people.rooms import TITLE_LENGTH, UnfitTitle, check_title

blueprint = APIBlueprint("sessions", __name__, url_prefix="/api/v1", tag="Lectures")


class SessionPatchIn(Schema):
    title = String(validate=Length(1, TITLE_LENGTH))
    description = String(validate=Length(max=DESCRIPTION_LENGTH))


class SessionWordsOut(Schema):
    id = String()
    title = String()
    description = String()


@blueprint.patch("/rooms/<slug>/sessions/<session_id>")
@blueprint.input(SessionPatchIn, location="json")
@blueprint.output(SessionWordsOut)
def patch_session(slug: str, session_id: str, json_data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Give a lecture another title, another description, or both. Whoever watches sees it at once."""
    words = checked_words(json_data)
    state = services().directory.states().get(session_id)
    with services().database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None or row.room_id != g.room.id:
            raise Problem(404, _("Not found"), _("There is no recording at this address."))
        must_change(row, g.room)
        for name, value in words.items():
            setattr(row, name, value)
        catalogue.note_words(transaction, row)
        clock = session_rows.clock_ms(state) if state is not None else None
        if words:
            transaction.flush()
            session_rows.describe(transaction, row)
        if words and session_rows.is_told_to_the_room(row):
            services().event_log.append(transaction, g.room.id, session_rows.title_event(row, clock))
    services().announce(g.room.id)
    return {"id": session_id, "title": row.title, "description": row.description}


def checked_words(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of title and description, cleaned; the rest as it is. Raises Problem."""
    words = dict(given)
    try:
        if "title" in words:
            words["title"] = check_title(words["title"])
        if "description" in words:
            words["description"] = check_description(words["description"])
    except UnfitTitle as error:
        raise Problem(422, _("Not accepted"), room_error(error)) from error
    except UnfitDescription as error:
        detail = _("A description has at most %(count)s characters.", count=DESCRIPTION_LENGTH)
        raise Problem(422, _("Not accepted"), detail) from error
    return words
