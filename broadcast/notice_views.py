"""Notices to all users: what a page shows (`/api/v1/notices`), and their admins' page and API.

Blueprints `notices` (the page) and `notices_api`, in web threads. Admins speak to their own organization,
operators to each and to everybody. Open pages look once a minute; what is not new is a 304.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Dict, Integer, List, Nested, String
from apiflask.validators import Length
from flask import Blueprint, abort, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from broadcast import languages
from broadcast.event_log import iso_utc
from broadcast.job_board import reach
from broadcast.notice_board import notice_board, notices_here, told
from broadcast.page_strings import STRINGS
from broadcast.private_answer import private_answer
from broadcast.problems import Problem
from broadcast.rate_limits import limiter
from broadcast.services import services
from library import notices
from library.database import utc_now
from library.models import Notice
from library.notices import UnfitNotice
from people import mail
from people.acts import note_act
from people.models import User
from people.session_cookie import current_user

blueprint = Blueprint("notices", __name__)
api = APIBlueprint("notices_api", __name__, url_prefix="/api/v1", tag="Notices")


@blueprint.get("/admin/notices")
def page() -> str:
    person = _admin()
    with services().database.reading() as transaction:
        listed = [_line(transaction, one) for one in notices.listed(transaction, reach(person))]
    return render_template(
        "notices.html",
        notices=listed,
        may_tell_all=reach(person) is None,
        mail_is_set=mail.is_configured(services().settings),
        text_length=notices.TEXT_LENGTH,
        page={"api": "/api/v1/admin/notices"},
        strings=STRINGS["notices_page.js"](),
    )


class ShownOut(Schema):
    id = String()
    text = String(metadata={"description": "plain text, in the asker's language where it was written in it"})
    language = String(metadata={"description": "of the text, BCP 47"})


class ShownNoticesOut(Schema):
    notices = List(Nested(ShownOut), metadata={"description": "those that count now, newest first"})


class NoticeOfListOut(Schema):
    id = String()
    texts = Dict(metadata={"description": "by language: ja, en, zh"})
    everybody = Boolean(metadata={"description": "of the installation, not of one organization alone"})
    state = String(metadata={"description": "planned, shown or over"})
    starts_at = String()
    ends_at = String(allow_none=True)
    mailed_at = String(allow_none=True, metadata={"description": "when it was ordered that it goes by mail"})
    mails = Integer(metadata={"description": "sent so far"})
    refused = Integer(metadata={"description": "of them, by their servers"})


class NoticeOut(NoticeOfListOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class NoticeListOut(Schema):
    notices = List(Nested(NoticeOfListOut))


class NoticeIn(Schema):
    texts = Dict(
        keys=String(validate=Length(1, 8)), values=String(validate=Length(max=10_000)), required=True
    )
    everybody = Boolean(load_default=False, metadata={"description": "operators only"})
    starts_at = AwareDateTime(load_default=None, allow_none=True, metadata={"description": "null: now"})
    ends_at = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "null: until it is withdrawn"}
    )
    mail = Boolean(load_default=False, metadata={"description": "by mail, too, to all who have an address"})


@api.get("/notices")
@limiter.limit("12000 per minute")
@api.output(ShownNoticesOut)
def get_shown() -> BaseResponse:
    """What counts now for who asks, less what this browser has put away; with an ETag."""
    return private_answer({"notices": notices_here(current_user())})


@api.get("/admin/notices")
@api.output(NoticeListOut)
def list_notices() -> dict[str, Any]:
    """All that the asker looks after, the newest first."""
    person = _admin()
    with services().database.reading() as transaction:
        return {"notices": [_line(transaction, one) for one in notices.listed(transaction, reach(person))]}


@api.post("/admin/notices")
@api.input(NoticeIn, location="json")
@api.output(NoticeOut, status_code=201)
def add_notice(json_data: dict[str, Any]) -> dict[str, Any]:
    """Tell all users something. 422 without a text, or with times that cannot be."""
    person = _admin()
    if json_data["everybody"] and reach(person) is not None:
        raise Problem(403, _("Not allowed"), _("Only operators speak to everybody."))
    with services().database.session() as transaction:
        notice = _added(transaction, person, json_data)
        if json_data["mail"]:
            _order_mail(transaction, notice)
        line = _line(transaction, notice)
    notice_board().forget()
    return line


@api.post("/admin/notices/<notice_id>/withdraw")
@api.output(NoticeOut)
def withdraw_notice(notice_id: str) -> dict[str, Any]:
    """From now on it is shown to nobody; mail that is still to go is not sent."""
    person = _admin()
    with services().database.session() as transaction:
        notice = _found(transaction, person, notice_id)
        notices.withdraw(notice, utc_now())
        _note(transaction, "notice.withdrawn", notice)
        line = _line(transaction, notice)
    notice_board().forget()
    return line


@api.post("/admin/notices/<notice_id>/mail")
@api.output(NoticeOut, status_code=202)
def mail_notice(notice_id: str) -> dict[str, Any]:
    """Send it to all whom it is for and who have a mail address: to each once, whatever happens."""
    person = _admin()
    with services().database.session() as transaction:
        notice = _found(transaction, person, notice_id)
        _order_mail(transaction, notice)
        return _line(transaction, notice)


def _admin() -> User:
    person = current_user()
    if person is None:  # the rules have let nobody else in
        abort(401)
    return person


def _found(transaction: Session, person: User, notice_id: str) -> Notice:
    notice = notices.find(transaction, reach(person), notice_id)
    if notice is None:
        raise NotFound(_("There is no such notice."))
    return notice


def _added(transaction: Session, person: User, told: dict[str, Any]) -> Notice:
    try:
        notice = notices.add(
            transaction,
            organization_id=None if told["everybody"] else person.organization_id,
            texts=told["texts"],
            starts_at=told["starts_at"],
            ends_at=told["ends_at"],
            author=person.id,
            now=utc_now(),
        )
    except UnfitNotice as error:
        raise _unfit(error) from error
    _note(transaction, "notice.added", notice)
    return notice


def _order_mail(transaction: Session, notice: Notice) -> None:
    if not mail.is_configured(services().settings):
        raise Problem(409, _("Not possible now"), _("This server sends no mail: KODO_SMTP_URL is not set."))
    try:
        notices.order_mail(transaction, notice, utc_now())
    except UnfitNotice as error:
        raise Problem(409, _("Not possible now"), _("This notice is over.")) from error
    _note(transaction, "notice.mailed", notice)


def _unfit(error: UnfitNotice) -> Problem:
    words = {
        "text": _(
            "Please write the notice in at least one language, with at most %(count)s characters.",
            count=notices.TEXT_LENGTH,
        ),
        "time": _("Please choose an end that lies ahead and after the start, within four years."),
    }
    return Problem(422, _("Not accepted"), words[error.reason])


def _note(transaction: Session, action: str, notice: Notice) -> None:
    details = {"everybody": notice.organization_id is None}
    note_act(transaction, action, organization_id=notice.organization_id, subject=notice.id, details=details)


def _line(transaction: Session, notice: Notice) -> dict[str, Any]:
    now = utc_now()
    is_over = notice.ends_at is not None and notice.ends_at <= now
    mails, refused = notices.mailed(transaction, [notice.id]).get(notice.id, (0, 0))
    return {
        "id": notice.id,
        "texts": notice.texts,
        "shown": told(notice),
        "languages": ", ".join(languages.LANGUAGES[one] for one in notice.texts),
        "everybody": notice.organization_id is None,
        "state": "over" if is_over else "planned" if notice.starts_at > now else "shown",
        "starts_at": iso_utc(notice.starts_at),
        "ends_at": iso_utc(notice.ends_at) if notice.ends_at is not None else None,
        "mailed_at": iso_utc(notice.mailed_at) if notice.mailed_at is not None else None,
        "mails": mails,
        "refused": refused,
    }
