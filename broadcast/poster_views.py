"""The picture of a live lecture, for the page around its player: `/rooms/<slug>/poster.webp`.

Blueprint `posters`, in web threads. Who may watch the room may see it; without the database nobody can be
asked, and the page does without.
"""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext as _

from broadcast.edit_doors import must
from broadcast.live_poster import FRESH_SECONDS
from broadcast.problems import Problem
from broadcast.room_api import room_here
from broadcast.services import services
from people import doors
from people.doors import Verdict
from people.models import Room
from people.session_cookie import current_user
from people.visits import visit_here

blueprint = Blueprint("posters", __name__)


def live_poster_url(room: Room) -> str | None:
    """Where the picture of the lecture under way is, for who asks; None without one."""
    state = services().directory.live_state(room.slug)
    return url_for("posters.live_poster", slug=room.slug) if state is not None and _verdict(room) else None


@blueprint.get("/rooms/<slug>/poster.webp")
def live_poster(slug: str) -> Response:
    """WebP of some 20 kB, at most 640 pixels wide, some seconds old. Raises Problem(401, 403, 404)."""
    room = room_here(slug)
    must(_verdict(room), _("You may not watch this room."))
    state = services().directory.live_state(room.slug)
    picture = services().posters.poster(state.session_id) if state is not None else None
    if picture is None:
        raise Problem(404, _("Not found"), _("There is no picture of this room now."))
    shared = "public" if room.is_public else "private"
    headers = {"Cache-Control": f"{shared}, max-age={FRESH_SECONDS:.0f}"}
    return Response(picture, content_type="image/webp", headers=headers)


def _verdict(room: Room) -> Verdict:
    return doors.may_watch(current_user(), room, visit_here(room))
