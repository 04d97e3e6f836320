"""Pages that set a password: accepting an invitation, asking for a reset, and setting it by the link.

Blueprint `passwords`, in web threads. Whoever asks for a reset gets the same answer, as quickly, whether or
not there is such an account. The links leave no Referer.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as BaseResponse

from people import account_links, account_mail, known_browser, mail
from people.account_links import LinkRefused
from people.error_words import password_error
from people.models import LinkKind, User
from people.passwords import UnfitPassword
from people.request_address import client_address
from people.session_cookie import people
from people.sign_in_views import safe_next, welcome
from people.throttle import ResetThrottle

blueprint = Blueprint("passwords", __name__)

Answer = str | BaseResponse | tuple[str, int]


@blueprint.after_request
def leave_no_referer(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/forgotten-password")
def ask_page() -> Answer:
    return render_template(
        "forgotten_password.html", by_mail=mail.is_configured(people().settings), asked=False
    )


@blueprint.post("/forgotten-password")
def ask() -> Answer:
    here = people()
    ResetThrottle(here.database, clock=here.clock).ask(client_address())
    if not mail.is_configured(here.settings):
        return ask_page()
    asked_for, language, now = request.form.get("account", "")[:256], str(get_locale()), here.clock()
    here.postman.post(
        lambda: account_mail.send_resets(here.database, here.settings, asked_for, language=language, now=now)
    )
    return render_template("forgotten_password.html", by_mail=True, asked=True)


@blueprint.get("/invitation/<token>", defaults={"kind": LinkKind.INVITATION})
@blueprint.get("/reset/<token>", defaults={"kind": LinkKind.RESET})
def link_page(kind: LinkKind, token: str) -> Answer:
    return _form(kind, _holder(kind, token))


@blueprint.post("/invitation/<token>", defaults={"kind": LinkKind.INVITATION})
@blueprint.post("/reset/<token>", defaults={"kind": LinkKind.RESET})
def set_password(kind: LinkKind, token: str) -> Answer:
    holder = _holder(kind, token)
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return _form(kind, holder, _("The two passwords are not the same.")), 400
    try:
        user = account_links.redeem(
            people().database, kind, token, password, address=client_address(), now=people().clock()
        )
    except LinkRefused:
        abort(404, _dead_link())
    except UnfitPassword as error:
        return _form(kind, holder, password_error(error)), 400
    welcome(user)
    answer = redirect(safe_next(None), 303)
    known_browser.remember_here(answer, user.user_id)
    return answer


def _holder(kind: LinkKind, token: str) -> User:
    try:
        with people().database.reading() as transaction:
            return account_links.holder(transaction, kind, token, people().clock())
    except LinkRefused:
        abort(404, _dead_link())


def _form(kind: LinkKind, holder: User, error: str = "") -> str:
    return render_template(
        "set_password.html", invited=kind is LinkKind.INVITATION, holder=holder, error=error
    )


def _dead_link() -> str:
    return _("This link was used or is too old. Ask for a new one.")


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
