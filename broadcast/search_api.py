"""`GET /api/v1/search`: recordings in which words were said or that are called by them, with the moments.

Blueprint `search`, in web threads. Each asker finds what they may know of.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String
from flask_babel import gettext as _

from broadcast import word_search
from broadcast.own_address import absolute
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library.search_tokens import MAX_QUERY
from people.session_cookie import current_user

blueprint = APIBlueprint("search", __name__, url_prefix="/api/v1", tag="Search")


class HitOut(Schema):
    at = Float(metadata={"description": "seconds of the lecture's own clock, as ?t= of its page takes them"})
    text = String(metadata={"description": "what was said"})
    marks = List(
        List(Integer()), metadata={"description": "[from, to] of the words in `text`, in Unicode characters"}
    )


class FoundOut(Schema):
    id = String()
    title = String()
    lecturer = String()
    started_at = String()
    seconds = Integer(metadata={"description": "length; 0 while it is live"})
    url = String(metadata={"description": "of the page to watch it on"})
    hits = List(Nested(HitOut), metadata={"description": "the first few moments; none: its title was found"})


class SearchOut(Schema):
    recordings = List(Nested(FoundOut), metadata={"description": "newest first"})
    more = String(allow_none=True, metadata={"description": "`before` of the next page; null: that was all"})


class SearchIn(Schema):
    q = String(
        load_default="",
        metadata={
            "description": f"words that must all be near each other, or in quotes one behind the other; "
            f"the first {MAX_QUERY} characters count"
        },
    )
    before = String(load_default=None)
    spoken = Boolean(
        load_default=False, metadata={"description": "only where it was said, not by title alone"}
    )


@blueprint.get("/search")
@blueprint.input(SearchIn, location="query")
@blueprint.output(SearchOut)
@limiter.limit("600 per minute")
def search(query_data: dict[str, Any]) -> dict[str, Any]:
    """Where words were said."""
    try:
        return word_search.search(
            services().database,
            current_user(),
            query_data["q"],
            before=query_data["before"],
            spoken_only=query_data["spoken"],
            address=absolute,
        )
    except word_search.UnfitPlace as error:
        raise Problem(422, _("Not accepted"), _("The list has no such place.")) from error
