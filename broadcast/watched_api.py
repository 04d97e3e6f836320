"""`POST /api/v1/recordings/<id>/watched`: what a signed-in viewer's page has played since it told last.

Blueprint `watched`, in web threads; pages tell every half minute, and when they are left. Nobody else learns
of it: the answer and the lists of the same person tell how far they are. What a page claims is bounded by
`library.watched_spans`.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Float, List
from apiflask.validators import Length
from flask_babel import gettext as _

from broadcast import watched_facts
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.recording_doors import recording_to_watch
from broadcast.room_api import person_here
from broadcast.services import services
from broadcast.watched_facts import WatchedOut
from library import watching
from library.database import utc_now
from library.watched_spans import MAX_CLAIMS, UnfitClaim

blueprint = APIBlueprint("watched", __name__, url_prefix="/api/v1", tag="Recordings")


class WatchedIn(Schema):
    spans = List(
        List(Float(), validate=Length(equal=2)),
        load_default=list,
        validate=Length(max=MAX_CLAIMS),
        metadata={
            "description": "[from, to], seconds of the lecture's own clock, played since the last beacon"
        },
    )
    position = Float(required=True, metadata={"description": "where the page is now, on the same clock"})


class HowFarOut(WatchedOut):
    """By itself; in lists it stands with its recording."""


def _who_asks() -> str:
    """A lecture hall behind one address has one of these for each of its people."""
    return person_here().id


@blueprint.post("/recordings/<session_id>/watched")
@blueprint.input(WatchedIn, location="json")
@blueprint.output(HowFarOut)
@limiter.limit("30 per minute", key_func=_who_asks)
def post_watched(session_id: str, json_data: dict[str, Any]) -> dict[str, float] | None:
    """Note it → how far the viewer is now."""
    person = person_here()
    row, _room = recording_to_watch(session_id)
    if row.phase != "ended":
        raise Problem(409, _("Not ended"), _("This lecture has not ended yet."))
    claims = [(start, end) for start, end in json_data["spans"]]
    try:
        with services().database.session() as transaction:
            watched = watching.note(transaction, person.id, row, claims, json_data["position"], utc_now())
    except UnfitClaim as error:
        raise Problem(422, _("Not accepted"), _("These are no times of a recording.")) from error
    return watched_facts.told(watched, row)
