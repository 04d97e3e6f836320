"""`GET /api/v1/lectures`: what is live, coming up and recorded (page by page), as the asker may see it.

Blueprint `lectures`, in web threads. Front pages look every few seconds: an answer that says nothing new is a
304 without a body.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, List, Nested, String
from apiflask.validators import Length
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from broadcast.lecture_board import lecture_board
from broadcast.lecture_lists import MAX_SEARCH
from broadcast.list_cursor import CURSOR_LENGTH, Cursor, UnfitCursor, read_cursor
from broadcast.own_address import absolute
from broadcast.private_answer import private_answer
from broadcast.problems import Problem
from broadcast.rate_limits import limiter, looks_at_lists
from broadcast.watched_facts import WatchedOut
from people.session_cookie import current_user

blueprint = APIBlueprint("lectures", __name__, url_prefix="/api/v1", tag="Lectures")


class LectureOut(Schema):
    id = String(metadata={"description": "of the session"})
    title = String()
    lecturer = String(metadata={"description": "empty when the room has no owner any more"})
    started_at = String()
    url = String(metadata={"description": "of the page to watch it on"})


class LiveOut(LectureOut):
    room = String()
    poster_url = String(metadata={"description": "WebP of now, 640 wide at most; 404 while there is none"})
    state = String(metadata={"description": "live or slate"})
    viewers = Integer()


class RecordingOfListOut(LectureOut):
    seconds = Integer()
    poster_url = String(allow_none=True, metadata={"description": "WebP, 1280 wide at most"})
    thumbnail_url = String(allow_none=True, metadata={"description": "the poster, 640 wide at most"})
    watched = Nested(
        WatchedOut, allow_none=True, metadata={"description": "by the asker; null: nothing of it yet"}
    )


class ScheduledOfListOut(Schema):
    id = String(metadata={"description": "of the scheduled lecture"})
    title = String()
    lecturer = String()
    starts_at = String()
    minutes = Integer(metadata={"description": "planned length"})
    url = String(metadata={"description": "of its room"})


class LecturesOut(Schema):
    live = List(Nested(LiveOut), metadata={"description": "on the first page only"})
    scheduled = List(
        Nested(ScheduledOfListOut), metadata={"description": "next first; on the first page only"}
    )
    recordings = List(Nested(RecordingOfListOut))
    more = String(allow_none=True, metadata={"description": "`before` of the next page; null: that was all"})


class LecturesIn(Schema):
    q = String(
        load_default="",
        validate=Length(max=MAX_SEARCH),
        metadata={"description": "words, each in the title or the lecturer's name"},
    )
    before = String(load_default=None, validate=Length(1, CURSOR_LENGTH))


@blueprint.get("/lectures")
@blueprint.input(LecturesIn, location="query")
@blueprint.output(LecturesOut)
@limiter.limit(looks_at_lists)
def list_lectures(query_data: dict[str, Any]) -> BaseResponse:
    """What is live now, what is to be held and what was recorded; with an ETag to ask again by."""
    board = lecture_board()
    found = board.look(current_user(), query_data["q"], _place(query_data["before"]))
    return private_answer(board.tell(found, absolute))


def _place(before: str | None) -> Cursor | None:
    try:
        return read_cursor(before) if before is not None else None
    except UnfitCursor as error:
        raise Problem(422, _("Not accepted"), _("The list has no such place.")) from error
