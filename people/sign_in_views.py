"""Pages of the front door: sign in, sign out, and the set-up link. Blueprint `people`, in web threads.

First sign-in of anyone who may host gives them a room. `next` leads only to this site.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response

from people import accounts, audit, known_browser, rooms, setup_link
from people.accounts import SignInRefused, UnfitUserId, UserIdTaken
from people.acts import note_alone, saw
from people.entry_words import kept_out_words
from people.error_words import UnfitAccount, account_error
from people.intrusion_signs import Sign
from people.models import User
from people.passwords import TooBusy, UnfitPassword
from people.request_address import client_address
from people.rooms import UnfitTitle
from people.session_cookie import current_user, forget, people, remember
from people.setup_link import SetupLinkRefused
from people.throttle import Throttled

blueprint = Blueprint("people", __name__)

Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


@blueprint.get("/sign-in")
def sign_in_page() -> Answer:
    if current_user() is not None:
        return redirect(safe_next(request.args.get("next")))
    return _sign_in_form(going_to=request.args.get("next", ""))


@blueprint.post("/sign-in")
def sign_in() -> Answer:
    form = request.form
    kept = {"user_id": form.get("user_id", ""), "going_to": form.get("next", "")}
    place = known_browser.place_of(_folded(kept["user_id"]))
    try:
        user = accounts.sign_in(
            people().database,
            people().throttle,
            user_id=form.get("user_id", ""),
            password=form.get("password", ""),
            address=client_address(),
            now=people().clock(),
            place=place or "",
            language=str(get_locale()),
        )
    except SignInRefused as error:
        saw(Sign.SIGN_IN, error.account)
        return _sign_in_form(_("The user ID or the password is wrong."), **kept), 401
    except (Throttled, TooBusy) as error:
        if isinstance(error, Throttled):
            saw(Sign.SIGN_IN)
        seconds = error.retry_after if isinstance(error, Throttled) else 5
        return _sign_in_form(_wait_message(seconds), **kept), 429, {"Retry-After": str(seconds)}
    if not _is_let_in(user):
        return _sign_in_form(kept_out_words(), **kept), 403
    welcome(user)
    answer = redirect(safe_next(kept["going_to"]), 303)
    known_browser.remember_here(answer, user.user_id)
    return answer


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    if (person := current_user()) is not None:
        note_alone("sign_in.out", organization_id=person.organization_id, subject=person.id)
    forget()
    return redirect("/", 303)


@blueprint.get("/setup/<token>")
def setup_page(token: str) -> Answer:
    if not setup_link.is_valid(people().database, token, people().clock()):
        saw(Sign.USED_LINK)
        abort(404, _dead_link())
    return _setup_form()


@blueprint.post("/setup/<token>")
def setup(token: str) -> Answer:
    try:
        user = setup_link.redeem(
            people().database,
            token,
            user_id=request.form.get("user_id", ""),
            display_name=request.form.get("display_name", ""),
            password=request.form.get("password", ""),
            organization_name=request.form.get("organization", ""),
            now=people().clock(),
            address=client_address(),
        )
    except SetupLinkRefused:
        saw(Sign.USED_LINK)
        abort(404, _dead_link())
    except (UnfitUserId, UnfitPassword, UnfitTitle, UserIdTaken) as error:
        return _setup_form(_message(error)), 400
    welcome(user)
    return redirect(safe_next(None), 303)


def safe_next(target: str | None) -> str:
    """A path of this site to go on to; the own rooms when `target` is none, or leads elsewhere."""
    if not target or len(target) > 2_000:
        return "/rooms"
    # Browsers take "\\" for "/" and drop tabs and line ends: "/\t/evil.example" is another host.
    if re.search(r"[\\\x00-\x20\x7f]", target) or not re.match(r"/(?!/)", target):
        return "/rooms"
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else "/rooms"


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))


def welcome(user: User) -> None:
    """Sign this browser in, and give whoever may host their first room."""
    with people().database.session() as transaction:
        rooms.ensure_own_room(transaction, user, _("%(name)s's room", name=user.display_name[:150]))
    remember(user, client_address())


def _folded(user_id: str) -> str:
    try:
        return accounts.fold_user_id(user_id)
    except UnfitUserId:
        return ""


def _is_let_in(user: User) -> bool:
    """By the entry rules of their organization; a refusal is noted."""
    entry, address = people().entry, client_address()
    judged = entry.judge(entry.rules_of(user.organization_id), user.user_id, address)
    if not judged.verdict:
        saw(Sign.ADDRESS, user.organization_id)
        with people().database.session() as transaction:
            audit.note(
                transaction,
                action="sign_in.kept_out",
                actor=user,
                organization_id=user.organization_id,
                subject=user.id,
                details={"why": judged.verdict.why.value},
                address=address,
            )
    return bool(judged.verdict)


def _sign_in_form(error: str = "", *, user_id: str = "", going_to: str = "") -> str:
    return render_template("sign_in.html", error=error, user_id=user_id, next=going_to)


def _setup_form(error: str = "") -> str:
    kept = {name: request.form.get(name, "") for name in ("user_id", "display_name", "organization")}
    return render_template("setup.html", error=error, **kept)


def _dead_link() -> str:
    return _("This set-up link was used or is too old. A restart prints a new one if there is no admin yet.")


def _wait_message(seconds: int) -> str:
    if seconds < 60:
        return _("Too many attempts. Please try again in %(seconds)s seconds.", seconds=seconds)
    return _("Too many attempts. Please try again in %(minutes)s minutes.", minutes=-(-seconds // 60))


def _message(error: UnfitAccount | UnfitTitle) -> str:
    """The error in the reader's language."""
    if isinstance(error, UnfitTitle):
        return _("Please give the organization a name of at most 200 characters.")
    return account_error(error)
