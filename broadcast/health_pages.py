"""The administration's first page, `/admin`, and the page of what is watched, `/admin/health`.

Blueprint `health_pages`, in web threads. The pages are kept new by a script that asks for them again
(`static/js/fresh_parts.js`).
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template, url_for
from flask_babel import gettext as _

from broadcast import health_board
from broadcast.csv_table import csv_response
from broadcast.job_board import reach
from broadcast.page_strings import STRINGS
from library import alarms as alarm_rows
from library.database import utc_now
from people.models import Role, User
from people.session_cookie import current_user, people

blueprint = Blueprint("health_pages", __name__)

MOST_ALARMS = 5000


@blueprint.get("/admin")
def dashboard() -> str:
    """Is everything running, is anything live, is there room, when was the last backup proven."""
    person = _person()
    with people().database.reading() as transaction:
        told = health_board.dashboard(transaction, reach(person), utc_now())
    strings = STRINGS["dashboard_page.js"]()
    return render_template(
        "dashboard.html", told=told, urls=_urls(person), size_of=health_board.size_of, strings=strings
    )


@blueprint.get("/admin/health")
def health() -> str:
    with people().database.reading() as transaction:
        told = health_board.health(transaction, utc_now())
    months = [one for one in told["availability"] if one["check"] in health_board.SHOWN_MONTHS_OF]
    page = {"api": "/api/v1/health/test"}
    strings = STRINGS["health_page.js"]()
    return render_template("health.html", told=told, months=months, page=page, strings=strings)


@blueprint.get("/admin/health/availability.csv")
def availability() -> Response:
    """A line for each month and check; seconds."""
    with people().database.reading() as transaction:
        months = health_board.availability(transaction, utc_now())
    header = (
        _("Month"),
        _("Check"),
        _("Available (share)"),
        _("Well (s)"),
        _("Not well (s)"),
        _("Not looked at (s)"),
        _("Off (s)"),
    )
    rows = [(m.month, m.check, m.share, m.good, m.bad, m.skipped, m.off) for m in months]
    return csv_response("availability", header, rows)


@blueprint.get("/admin/health/alarms.csv")
def alarms() -> Response:
    """The newest first."""
    with people().database.reading() as transaction:
        told = [health_board.told_alarm(one) for one in alarm_rows.latest(transaction, None, MOST_ALARMS)]
    header = (_("Since"), _("Over"), _("Told"), _("Kind"), _("About"), _("What"))
    rows = [
        (one["since"], one["recovered_at"], one["told_at"], one["kind"], one["subject"], one["text"])
        for one in told
    ]
    return csv_response("alarms", header, rows)


def _urls(person: User) -> dict[str, str]:
    """Where each tile leads; who may not look behind one stays."""
    here = url_for("health_pages.dashboard")
    is_operator = person.role == Role.OPERATOR
    has_backups = is_operator and "backup_pages.backups" in current_app.view_functions
    return {
        "running": url_for("health_pages.health") if is_operator else here,
        "live": f"{here}#live",
        "room": f"{here}#disk" if is_operator else here,
        "backup": url_for("backup_pages.backups") if has_backups else here,
    }


def _person() -> User:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    return person
