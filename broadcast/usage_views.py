"""`/admin/usage` and its tables, and `/api/v1/usage`: lectures, viewers, hours, devices and quality.

Blueprints `usage` (page and CSV) and `usage_api`, in web threads. Admins see their own organization,
operators all. Pages read totals alone (`library.usage_totals`), so two million visits cost them nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint, Schema
from apiflask.fields import Date, Dict, List, Nested, String
from apiflask.validators import OneOf
from babel.dates import format_skeleton
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from broadcast import usage_figures
from broadcast.csv_table import csv_response
from broadcast.event_log import iso_utc
from broadcast.job_board import reach
from broadcast.services import services
from broadcast.usage_figures import HEADER, VISITS_HEADER, Line, cells
from library import usage
from library.database import utc_now
from library.usage_periods import Period, Span, period_of
from people.session_cookie import current_user

blueprint = Blueprint("usage", __name__)
api = APIBlueprint("usage_api", __name__, url_prefix="/api/v1", tag="Usage")

SPANS = (Span.MONTH, Span.WEEK, Span.DAY)


@blueprint.get("/admin/usage")
def page() -> str:
    """`?span=` and `?first=`: which periods, and of which one the rooms are shown; `?q=`: of which rooms."""
    chosen, organization_id = _chosen(), _reach()
    with services().database.reading() as transaction:
        lines = usage_figures.periods(transaction, organization_id, chosen.span, _today())
        rooms = usage_figures.rooms(transaction, organization_id, chosen)
        newest = usage_figures.added_up_at(transaction, period_of(chosen.span, _today()))
    wanted = request.args.get("q", "").strip()[:100]
    found = [one for one in rooms if wanted.casefold() in one.name.casefold()]
    return render_template(
        "usage.html",
        spans={Span.MONTH: _("Months"), Span.WEEK: _("Weeks"), Span.DAY: _("Days")},
        chosen=chosen,
        lines=lines,
        rooms=found[: usage_figures.ROOMS_SHOWN],
        more=len(found) - usage_figures.ROOMS_SHOWN,
        q=wanted,
        words=lambda name: _words(period_of(chosen.span, date.fromisoformat(name))),
        of_all=organization_id is None,
        newest=newest,
        visits=urlencode({"from": chosen.first, "until": chosen.after - timedelta(days=1)}),
        kept_days=usage.KEPT.days,
    )


@blueprint.get("/admin/usage/periods.csv")
def periods_csv() -> Response:
    with services().database.reading() as transaction:
        lines = usage_figures.periods(transaction, _reach(), _chosen().span, _today())
    rows = ([one.name, *cells(one.figures)] for one in lines)
    return csv_response(_("Usage"), ["first_day", *HEADER], rows)


@blueprint.get("/admin/usage/rooms.csv")
def rooms_csv() -> Response:
    chosen = _chosen()
    with services().database.reading() as transaction:
        lines = usage_figures.rooms(transaction, _reach(), chosen)
    rows = ([one.organization, one.room, one.name, *cells(one.figures)] for one in lines)
    name = _("Usage")
    return csv_response(f"{name} {chosen.first}", ["organization", "room", "title", *HEADER], rows)


@blueprint.get("/admin/usage/visits.csv")
def visits_csv() -> Response:
    """Every visit from the day `from` to the day `until`: a year has millions of lines and begins at once."""
    begin, end = _day("from", _today() - timedelta(days=usage.KEPT.days)), _day("until", _today())
    span = Period(Span.DAY, begin, end + timedelta(days=1)).bounds(None)
    rows = usage_figures.visit_rows(services().database, _reach(), *span)
    name = _("Visits")
    return csv_response(f"{name} {begin}", VISITS_HEADER, rows)


class LineOut(Schema):
    name = String(metadata={"description": "first day of the period; title of the room"})
    room = String(
        allow_none=True, metadata={"description": "address of the room; null: it is no room, or gone"}
    )
    figures = Dict(
        metadata={"description": "lectures, visits, viewers, seconds, phones, …; shares from 0 to 1, or null"}
    )


class UsageOut(Schema):
    span = String()
    first = String(metadata={"description": "first day of the period whose rooms are told"})
    added_up_at = String(allow_none=True, metadata={"description": "up to when the newest period counts"})
    periods = List(Nested(LineOut), metadata={"description": "newest first"})
    rooms = List(Nested(LineOut), metadata={"description": "most watched first"})


class UsageIn(Schema):
    span = String(load_default="month", validate=OneOf([one.value for one in SPANS]))
    first = Date(load_default=None)


@api.get("/usage")
@api.input(UsageIn, location="query")
@api.output(UsageOut)
def get_usage(query_data: dict[str, Any]) -> dict[str, Any]:
    """What was watched: of the asker's organization, for operators of all."""
    chosen, organization_id = period_of(Span(query_data["span"]), query_data["first"] or _today()), _reach()
    with services().database.reading() as transaction:
        newest = usage_figures.added_up_at(transaction, period_of(chosen.span, _today()))
        lines = usage_figures.periods(transaction, organization_id, chosen.span, _today())
        rooms = usage_figures.rooms(transaction, organization_id, chosen)
    return {
        "span": chosen.span.value,
        "first": chosen.first.isoformat(),
        "added_up_at": iso_utc(newest) if newest is not None else None,
        "periods": [_told(one) for one in lines],
        "rooms": [_told(one) for one in rooms],
    }


def _told(line: Line) -> dict[str, Any]:
    return {"name": line.name, "room": line.room, "figures": line.figures}


def _reach() -> str | None:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    return reach(person)


def _chosen() -> Period:
    span = request.args.get("span", Span.MONTH)
    if span not in SPANS:
        abort(404, _("There is no such page."))
    return period_of(Span(span), _day("first", _today()))


def _day(name: str, default: date) -> date:
    """A day of the address. 404 for what is none, or lies beyond any calendar."""
    told = request.args.get(name)
    try:
        day = date.fromisoformat(told) if told else default
    except ValueError:
        abort(404, _("There is no such page."))
    if not 2000 <= day.year < 2200:
        abort(404, _("There is no such page."))
    return day


def _today() -> date:
    """In the server's zone, in which periods begin."""
    return utc_now().astimezone().date()


def _words(period: Period) -> str:
    """What a period is called, in the reader's language."""
    if period.span is Span.MONTH:
        return str(format_skeleton("yMMMM", period.first, locale=get_locale()))
    if period.span is Span.WEEK:
        return (
            f"{format_date(period.first, 'short')} – {format_date(period.after - timedelta(days=1), 'short')}"
        )
    return str(format_date(period.first, "medium"))
