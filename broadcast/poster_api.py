"""Which picture of a recording is its poster, as its lecturer chooses it.

`PUT /api/v1/rooms/<slug>/sessions/<session>/poster`; blueprint `poster`, in web threads. A job of the worker
makes it in a moment; the session's `poster_url` is another then.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Float
from apiflask.validators import Range
from flask import g
from flask_babel import gettext as _

from broadcast.edit_doors import must_change
from broadcast.problems import Problem
from broadcast.services import services
from library import pictures
from library.models import LectureSession
from recorder.media import SessionPhase

blueprint = APIBlueprint("poster", __name__, url_prefix="/api/v1", tag="Lectures")

MOST_SECONDS = 7 * 86_400.0


class PosterIn(Schema):
    at = Float(
        required=True,
        allow_none=True,
        validate=Range(0.0, MOST_SECONDS),
        metadata={"description": "seconds of the lecture's own clock; null: the picture that is fit best"},
    )


@blueprint.put("/rooms/<slug>/sessions/<session_id>/poster")
@blueprint.input(PosterIn, location="json")
def choose(slug: str, session_id: str, json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:  # noqa: ARG001
    """Have the picture of a moment made the poster."""
    with services().database.session() as transaction:
        row = transaction.get(LectureSession, session_id)
        if row is None or row.room_id != g.room.id:
            raise Problem(404, _("Not found"), _("There is no recording at this address."))
        must_change(row, g.room)
        if row.phase != SessionPhase.ENDED:
            raise Problem(409, _("Not ended"), _("This lecture has not ended yet."))
        pictures.choose_poster(transaction, row, json_data["at"])
    return {"at": json_data["at"]}, 202
