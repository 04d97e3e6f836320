"""The audit log for admins: `/admin/audit`, the same as a CSV file, and `/api/v1/audit`.

Blueprints `audit_pages` and `audit`, in web threads. Admins see what was done in their organization,
operators all, also what belongs to none (`people.routes`). The page is a form that asks with GET: each state
of it has an address, and it works without its script.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, Range
from flask import Blueprint, Response, abort, render_template, request, url_for

from broadcast import audit_words
from broadcast.csv_table import Row, csv_response
from broadcast.event_log import iso_utc
from broadcast.job_board import reach
from people import audit, audit_list
from people.accounts import one_line
from people.audit import ACTION_LENGTH
from people.audit_list import MAX_PAGE_LENGTH, MAX_WHO, PAGE_LENGTH, Filter, Line
from people.session_cookie import current_user, people

pages = Blueprint("audit_pages", __name__)
blueprint = APIBlueprint("audit", __name__, url_prefix="/api/v1", tag="Administration")

MAX_NUMBER = 2**62
CSV_HEADER = (
    "number",
    "at",
    "actor_id",
    "actor",
    "action",
    "subject",
    "subject_name",
    "address",
    "details",
    "hash",
)
_MOST_MINUTES = 14 * 60  # of a zone


class ActorOut(Schema):
    id = String()
    name = String(allow_none=True, metadata={"description": "null: not there any more"})


class ActOut(Schema):
    number = Integer(metadata={"description": "its place in the chain, from 1"})
    at = String()
    actor = Nested(ActorOut, allow_none=True, metadata={"description": "null: nobody who was signed in"})
    action = String(metadata={"description": "dotted words"})
    subject = String(metadata={"description": "id of what it was done to; may be empty"})
    subject_name = String(allow_none=True, metadata={"description": "as it is called now"})
    address = String(allow_none=True)
    details = Dict(allow_none=True, metadata={"description": "null: erased with the person"})
    hash = String(metadata={"description": "over this row and the one before"})


class AuditOut(Schema):
    acts = List(Nested(ActOut), metadata={"description": "newest first"})
    more = Integer(allow_none=True, metadata={"description": "`before` of the next page; null: that was all"})


class AuditIn(Schema):
    who = String(load_default="", validate=Length(max=MAX_WHO))
    what = String(load_default="", validate=Length(max=ACTION_LENGTH))
    since = AwareDateTime(load_default=None, metadata={"description": "ISO 8601 with its zone"})
    until = AwareDateTime(load_default=None, metadata={"description": "ISO 8601 with its zone"})
    before = Integer(load_default=None, validate=Range(1, MAX_NUMBER))
    limit = Integer(load_default=PAGE_LENGTH, validate=Range(1, MAX_PAGE_LENGTH))


@blueprint.get("/audit")
@blueprint.input(AuditIn, location="query")
@blueprint.output(AuditOut)
def list_acts(query_data: dict[str, Any]) -> dict[str, Any]:
    """Who did what, when and from where, page by page."""
    chosen = Filter(
        who=one_line(query_data["who"]),
        what=one_line(query_data["what"]),
        since=query_data["since"],
        until=query_data["until"],
    )
    with people().database.reading() as transaction:
        found = audit_list.page(
            transaction, _reach(), chosen, before=query_data["before"], length=query_data["limit"]
        )
    return {"acts": [_told(line) for line in found.lines], "more": found.more}


@pages.get("/admin/audit")
def acts() -> str:
    """`?who=`, `?what=`, `?since=` and `?until=` (days), `?zone=` (minutes east of UTC), `?before=`."""
    asked = _asked()
    with people().database.reading() as transaction:
        found = audit_list.page(transaction, _reach(), _filter(asked), before=_before())
        newest = audit.head(transaction)
    return render_template(
        "audit.html",
        lines=[(line, audit_words.actor_of(line), audit_words.details_of(line)) for line in found.lines],
        actions=audit_words.action_words(),
        groups=audit_words.group_words(),
        asked=asked,
        filtered=any(asked[name] for name in ("who", "what", "since", "until")),
        more=_address("audit_pages.acts", asked, before=str(found.more)) if found.more is not None else None,
        csv=_address("audit_pages.acts_csv", asked),
        head=newest,
    )


@pages.get("/admin/audit.csv")
def acts_csv() -> Response:
    """What the page would list, all of it."""
    lines = audit_list.everything(people().database, _reach(), _filter(_asked()))
    return csv_response("audit", CSV_HEADER, csv_rows(lines))


def csv_rows(lines: Iterator[Line]) -> Iterator[Row]:
    """In the words of the API, so that a file says the same whoever takes it."""
    for line in lines:
        yield (
            line.number,
            line.at,
            line.actor_id,
            line.actor,
            line.action,
            line.subject,
            line.subject_name,
            line.address,
            audit.canonical(line.details) if line.details is not None else None,
            line.hash,
        )


def _told(line: Line) -> dict[str, Any]:
    return {
        "number": line.number,
        "at": iso_utc(line.at),
        "actor": {"id": line.actor_id, "name": line.actor} if line.actor_id is not None else None,
        "action": line.action,
        "subject": line.subject,
        "subject_name": line.subject_name,
        "address": line.address,
        "details": line.details,
        "hash": line.hash,
    }


def _reach() -> str | None:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    return reach(person)


def _asked() -> dict[str, str]:
    """The form's fields, cleaned; what makes no sense is not there."""
    given = {name: one_line(request.args.get(name, ""))[:MAX_WHO] for name in ("who", "what")}
    given |= {name: request.args.get(name, "") for name in ("since", "until")}
    given |= {name: "" for name in ("since", "until") if _day(given[name]) is None}
    zone = request.args.get("zone", 0, type=int)
    return given | {"zone": str(max(-_MOST_MINUTES, min(_MOST_MINUTES, zone)))}


def _filter(asked: dict[str, str]) -> Filter:
    """From the first day's beginning to the last one's end, in the reader's zone."""
    since, until, east = _day(asked["since"]), _day(asked["until"]), timedelta(minutes=int(asked["zone"]))
    return Filter(
        who=asked["who"],
        what=asked["what"],
        since=since - east if since is not None else None,
        until=until + timedelta(days=1) - east if until is not None else None,
    )


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if 2000 <= day.year <= 2999 else None


def _before() -> int | None:
    before = request.args.get("before", type=int)
    return min(before, MAX_NUMBER) if before is not None else None


def _address(endpoint: str, asked: dict[str, str], **more: str) -> str:
    kept = {name: value for name, value in asked.items() if value and value != "0"}
    values: dict[str, Any] = {**kept, **more}
    return url_for(endpoint, **values)
