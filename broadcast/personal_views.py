"""Personal data: what is kept of a person, for themselves and for admins who are asked; and erasing a person.

Blueprints `personal` (pages and files) and `personal_api`, in web threads. Admins look after the people of
their own organization, operators after all; nobody erases themselves, and no admin an operator.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Length, OneOf
from flask import Blueprint, Response, abort, json, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from broadcast import erasure
from broadcast.download_views import attachment
from broadcast.erasure import Lectures, StillLive
from broadcast.job_board import reach
from broadcast.page_strings import STRINGS
from broadcast.problems import Problem
from broadcast.services import services
from library import usage
from library.database import utc_now
from people import personal_data
from people.acts import note_act
from people.models import Role, User
from people.request_address import client_address
from people.session_cookie import current_user

blueprint = Blueprint("personal", __name__)
api = APIBlueprint("personal_api", __name__, url_prefix="/api/v1", tag="People")


@blueprint.get("/account/data")
def own_page() -> str:
    """What is kept of the reader, and how to have it."""
    return render_template("account_data.html", kept_days=usage.KEPT.days)


@blueprint.get("/account/data.json")
def own_data() -> Response:
    person = _asker()
    return _file(person)


@blueprint.get("/admin/people/<person_id>/data")
def page(person_id: str) -> str:
    """Of one person: their data, and what erasing them would do."""
    with services().database.reading() as transaction:
        person = _found(transaction, person_id)
        extent = erasure.extent(transaction, person)
    return render_template(
        "personal_data.html",
        one=person,
        extent=extent,
        is_erased=erasure.is_erased(person),
        may_erase=_may_erase(_asker(), person),
        kept_days=usage.KEPT.days,
        page={"api": f"/api/v1/people/{person.id}/erasure", "user_id": person.user_id},
        strings=STRINGS["personal_data_page.js"](),
    )


@blueprint.get("/admin/people/<person_id>/data.json")
def data(person_id: str) -> Response:
    with services().database.reading() as transaction:
        person = _found(transaction, person_id)
    return _file(person)


class ExtentOut(Schema):
    rooms = Integer()
    lectures = Integer(metadata={"description": "recordings in these rooms"})
    visits = Integer(metadata={"description": "in the usage history; they stay, of nobody in particular"})
    elsewhere = Integer(metadata={"description": "recordings of others that name them; not changed"})


class ErasureIn(Schema):
    lectures = String(required=True, validate=OneOf([one.value for one in Lectures]))
    user_id = String(
        required=True,
        validate=Length(1, 64),
        metadata={"description": "of whom is erased, so that it is no slip"},
    )


class ErasureOut(Schema):
    user_id = String(metadata={"description": "of the empty account that is left"})


@api.get("/people/<person_id>/erasure")
@api.output(ExtentOut)
def get_extent(person_id: str) -> dict[str, Any]:
    """What an erasure would be about."""
    with services().database.reading() as transaction:
        extent = erasure.extent(transaction, _found(transaction, person_id))
    return {name: getattr(extent, name) for name in ("rooms", "lectures", "visits", "elsewhere")}


@api.post("/people/<person_id>/erasure")
@api.input(ErasureIn, location="json")
@api.output(ErasureOut)
def erase(person_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Erase them; it cannot be undone. 409 while a lecture of theirs runs, 422 for another user ID."""
    admin = _asker()
    with services().database.reading() as transaction:
        person = _found(transaction, person_id)
    if not _may_erase(admin, person):
        raise Problem(403, _("Not allowed"), _("Your account may not do this."))
    if json_data["user_id"] != person.user_id:
        raise Problem(422, _("Not accepted"), _("This is not the user ID of whom you are about to erase."))
    try:
        erasure.erase(
            services().settings,
            services().database,
            person,
            Lectures(json_data["lectures"]),
            name=_("Former lecturer"),
            by=admin,
            address=client_address(),
        )
    except StillLive as error:
        raise Problem(409, _("Still running"), _("This lecture is still running. End it first.")) from error
    services().access_changed()
    with services().database.reading() as transaction:
        return {"user_id": transaction.get_one(User, person.id).user_id}


def _asker() -> User:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    return person


def _found(transaction: Session, person_id: str) -> User:
    within = reach(_asker())
    person = transaction.get(User, person_id) if person_id.isprintable() else None
    if person is None or within not in (None, person.organization_id):
        raise NotFound(_("There is no such person."))
    return person


def _may_erase(admin: User, person: User) -> bool:
    is_above = person.role == Role.OPERATOR and admin.role != Role.OPERATOR
    return admin.id != person.id and not is_above and not erasure.is_erased(person)


def _file(person: User) -> Response:
    with services().database.session() as transaction:
        document = personal_data.export(transaction, person, utc_now())
        note_act(transaction, "user.exported", organization_id=person.organization_id, subject=person.id)
    response = Response(json.dumps(document, indent=1, sort_keys=False), content_type="application/json")
    response.headers["Content-Disposition"] = attachment(f"kodo {person.user_id}.json")
    return response
