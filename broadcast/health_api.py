"""`/api/v1/health`: what is watched, its alarms and availability; the dashboard's values; a trial message.

Blueprint `health_api`, in web threads. Operators see all of it, admins the dashboard of their organization.
"""

from __future__ import annotations

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Dict, Integer, List, Raw, String
from flask import abort
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from broadcast import health_board
from broadcast.job_board import reach
from broadcast.private_answer import private_answer
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library.database import utc_now
from people.session_cookie import current_user

blueprint = APIBlueprint("health_api", __name__, url_prefix="/api/v1", tag="Health")

TEST_FILE = "test-alarm"  # the watching process looks for it (`operation.health.watch_process`)


class HealthOut(Schema):
    at = String(allow_none=True, metadata={"description": "of the newest look"})
    watched = Boolean(metadata={"description": "false: what is told is old, nobody looks"})
    checks = List(Dict(), metadata={"description": "name, state (good, bad, skipped), reason, figures, …"})
    alarms = List(Dict(), metadata={"description": "the newest first"})
    availability = List(Dict(), metadata={"description": "of each month and check: share and seconds"})
    told_by = Dict(metadata={"description": "mail: receivers; webhooks: how many"})


class DashboardOut(Schema):
    tiles = Dict(metadata={"description": "running, live, room, backup: kind, words, detail, at"})
    live = List(Dict(), metadata={"description": "lectures under way, with how they come in"})
    jobs = Dict(values=Integer())
    alarms = List(Dict(), metadata={"description": "those that are open"})
    disk = Raw(allow_none=True, metadata={"description": "free, total, floor, growth, seconds_left"})


@blueprint.get("/health")
@blueprint.output(HealthOut)
def get_health() -> BaseResponse:
    """All that is looked at, with an ETag to ask again by."""
    with services().database.reading() as transaction:
        return private_answer(health_board.health(transaction, utc_now()))


@blueprint.get("/dashboard")
@blueprint.output(DashboardOut)
def get_dashboard() -> BaseResponse:
    """What `/admin` shows to the asker."""
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    with services().database.reading() as transaction:
        return private_answer(health_board.dashboard(transaction, reach(person), utc_now()))


@blueprint.post("/health/test")
@limiter.limit("6 per minute")
@blueprint.output({}, status_code=202)
def send_test() -> tuple[dict[str, str], int]:
    """Have a trial message sent to all who are told. 409 where nobody is."""
    told_by = health_board.told_by()
    if not told_by["mail"] and not told_by["webhooks"]:
        raise Problem(409, _("Not possible now"), _("Nobody is named who would be told."))
    folder = services().settings.storage / "health"
    folder.mkdir(mode=0o750, exist_ok=True)
    (folder / TEST_FILE).touch()
    return {}, 202
