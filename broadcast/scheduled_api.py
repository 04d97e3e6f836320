"""`/api/v1/rooms/<slug>/scheduled`: lectures that are to be held in a room: plan, change, cancel.

Blueprint `scheduled`, in web threads. Pages of the room hear of another next lecture by a `scheduled` event
of the room's feed, committed together with the row; the front page by its own looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Integer, List, Nested, String
from apiflask.validators import Length, Range
from flask import Response, g
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import lecture_schedule
from broadcast.event_log import NewEvent
from broadcast.lecture_schedule import FARTHEST, MAX_AHEAD, MAX_MINUTES, plan_payload
from broadcast.lecture_words import DESCRIPTION_LENGTH
from broadcast.problems import Problem
from broadcast.services import services
from broadcast.session_api import checked_words
from library.database import utc_now
from people.rooms import TITLE_LENGTH

blueprint = APIBlueprint("scheduled", __name__, url_prefix="/api/v1", tag="Lectures")


class PlanOut(Schema):
    id = String()
    title = String()
    description = String(metadata={"description": "plain text; line breaks count"})
    starts_at = String(metadata={"description": "ISO 8601, UTC"})
    minutes = Integer(metadata={"description": "planned length"})


class ScheduledOut(PlanOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class ScheduledListOut(Schema):
    scheduled = List(Nested(PlanOut), metadata={"description": "next first"})


class ScheduledIn(Schema):
    title = String(required=True, validate=Length(1, TITLE_LENGTH))
    description = String(load_default="", validate=Length(max=DESCRIPTION_LENGTH))
    starts_at = AwareDateTime(required=True, metadata={"description": "ISO 8601 with its zone"})
    minutes = Integer(required=True, strict=True, validate=Range(1, MAX_MINUTES))


class ScheduledPatchIn(Schema):
    title = String(validate=Length(1, TITLE_LENGTH))
    description = String(validate=Length(max=DESCRIPTION_LENGTH))
    starts_at = AwareDateTime()
    minutes = Integer(strict=True, validate=Range(1, MAX_MINUTES))


@blueprint.get("/rooms/<slug>/scheduled")
@blueprint.output(ScheduledListOut)
def list_scheduled(slug: str) -> dict[str, Any]:  # noqa: ARG001
    """The room's lectures that are to be held."""
    with services().database.reading() as transaction:
        plans = lecture_schedule.ahead_of(transaction, g.room.id, utc_now())
    return {"scheduled": [plan_payload(plan) for plan in plans]}


@blueprint.post("/rooms/<slug>/scheduled")
@blueprint.input(ScheduledIn, location="json")
@blueprint.output(ScheduledOut, status_code=201)
def add_scheduled(slug: str, json_data: dict[str, Any]) -> dict[str, Any] | None:  # noqa: ARG001
    """Plan one more lecture."""
    words = checked_words(json_data)
    with _changing() as (transaction, now):
        plan = lecture_schedule.add(transaction, g.room.id, **words, now=now)
    return plan_payload(plan)


@blueprint.patch("/rooms/<slug>/scheduled/<scheduled_id>")
@blueprint.input(ScheduledPatchIn, location="json")
@blueprint.output(ScheduledOut)
def patch_scheduled(
    slug: str,  # noqa: ARG001
    scheduled_id: str,
    json_data: dict[str, Any],
) -> dict[str, Any] | None:
    """Change what is given of it."""
    words = checked_words(json_data)
    with _changing() as (transaction, now):
        plan = lecture_schedule.plan_of(transaction, g.room.id, scheduled_id, now)
        lecture_schedule.change(plan, words, now)
    return plan_payload(plan)


@blueprint.delete("/rooms/<slug>/scheduled/<scheduled_id>")
def delete_scheduled(slug: str, scheduled_id: str) -> Response:  # noqa: ARG001
    """Cancel it."""
    with _changing() as (transaction, now):
        transaction.delete(lecture_schedule.plan_of(transaction, g.room.id, scheduled_id, now))
    return Response(status=204)


@contextmanager
def _changing() -> Iterator[tuple[Session, datetime]]:
    """A transaction that alone changes the room's plans, and tells of it if another one is next now.

    Raises Problem.
    """
    now, room_id = utc_now(), g.room.id
    try:
        with services().database.session() as transaction:
            lecture_schedule.lock(transaction, room_id)
            before = plan_payload(lecture_schedule.next_of(transaction, room_id, now))
            yield transaction, now
            transaction.flush()
            after = plan_payload(lecture_schedule.next_of(transaction, room_id, now))
            if after != before:
                services().event_log.append(transaction, room_id, NewEvent("scheduled", {"scheduled": after}))
    except lecture_schedule.NoSuchPlan as error:
        raise Problem(404, _("Not found"), _("This room has no such scheduled lecture.")) from error
    except lecture_schedule.UnfitStart as error:
        words = _("A lecture begins in the future, within %(days)s days.", days=FARTHEST.days)
        raise Problem(422, _("Not accepted"), words) from error
    except lecture_schedule.TooManyAhead as error:
        words = _("A room has at most %(count)s lectures ahead. Call some off first.", count=MAX_AHEAD)
        raise Problem(409, _("Too many scheduled lectures"), words) from error
    if after != before:
        services().announce(room_id)
