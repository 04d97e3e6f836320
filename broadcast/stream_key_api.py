"""The JSON API of a room's stream keys, `/api/v1/rooms/<slug>/stream-keys`: list, make, revoke.

Blueprint `keys`, in web threads. What a key is and how it is kept: `people.stream_keys`.
"""

from __future__ import annotations

import logging
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import String
from apiflask.validators import Length
from flask import Response, g
from flask_babel import gettext as _

from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.recorder_client import RecorderUnavailable
from broadcast.services import services
from library.database import utc_now
from people import stream_keys
from people.acts import note_in_room
from people.error_words import stream_key_error
from people.models import StreamKey

blueprint = APIBlueprint("keys", __name__, url_prefix="/api/v1", tag="Rooms")

log = logging.getLogger(__name__)


class StreamKeyIn(Schema):
    label = String(load_default="", validate=Length(max=100))


@blueprint.get("/rooms/<slug>/stream-keys")
def list_stream_keys(slug: str) -> dict[str, Any]:  # noqa: ARG001
    """The valid keys, without their secrets."""
    with services().database.reading() as transaction:
        keys = stream_keys.stream_keys_of(transaction, g.room)
    return {"stream_keys": [_key_out(key) for key in keys]}


@blueprint.post("/rooms/<slug>/stream-keys")
@blueprint.input(StreamKeyIn, location="json")
def add_stream_key(slug: str, json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """One more key. `stream_key` is shown here and never again."""
    try:
        with services().database.session() as transaction:
            key, token = stream_keys.create_stream_key(transaction, g.room, json_data["label"])
            note_in_room(transaction, "stream_key.made", g.room, key.id, label=key.label)
    except stream_keys.TooManyStreamKeys as error:
        raise Problem(409, _("Too many stream keys"), stream_key_error(error)) from error
    return {**_key_out(key), "stream_key": token, "whip_url": absolute(f"/whip/{slug}")}, 201


@blueprint.delete("/rooms/<slug>/stream-keys/<key_id>")
def delete_stream_key(slug: str, key_id: str) -> Response:  # noqa: ARG001
    """Revoke a key: who publishes with it is cut off at once."""
    with services().database.session() as transaction:
        revoked = stream_keys.revoke_stream_key(transaction, g.room, key_id, utc_now())
        if revoked:
            note_in_room(transaction, "stream_key.revoked", g.room, key_id)
    if not revoked:
        raise Problem(404, _("Not found"), _("This room has no such stream key."))
    try:
        services().recorder.revoke(key_id)
    except RecorderUnavailable as error:
        # No recorder, no publication; the next one lets nobody in whom the database calls revoked.
        log.warning("the recorder was not told that stream key %s is revoked: %s", key_id, error)
    return Response(status=204)


def _key_out(key: StreamKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
    }
