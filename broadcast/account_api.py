"""The JSON API of the own account, `/api/v1/account`: name, mail address, password, the browsers signed in.

Blueprint `account`, in web threads. What would let a stranger at an open browser take the account over asks
for the password; trying it counts like signing in.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import List, Nested, String
from apiflask.validators import Length
from flask import Response
from flask_babel import gettext as _

from broadcast.people_api import EMAIL_LENGTH, SignInOut, asker, by, end_one, sign_ins_out
from broadcast.problems import Problem
from broadcast.services import services
from library.database import exclusive
from people import account_links, known_browser, passwords, sign_ins, standing
from people.accounts import NAME_LENGTH, UnfitEmail
from people.error_words import account_error, password_error
from people.models import User
from people.passwords import MAX_LENGTH, UnfitPassword
from people.request_address import client_address
from people.session_cookie import current_sign_in, forget, people, remember

blueprint = APIBlueprint("account", __name__, url_prefix="/api/v1", tag="People")


class AccountOut(Schema):
    id = String()
    user_id = String()
    display_name = String()
    role = String()
    email = String(allow_none=True)
    sign_ins = List(Nested(SignInOut))


class AccountIn(Schema):
    display_name = String(validate=Length(max=NAME_LENGTH))
    email = String(
        validate=Length(max=EMAIL_LENGTH), metadata={"description": "empty: none; asks for the password"}
    )
    password = String(validate=Length(max=MAX_LENGTH), metadata={"description": "the present one"})


class PasswordIn(Schema):
    password = String(required=True, validate=Length(max=MAX_LENGTH), metadata={"description": "the present"})
    new_password = String(required=True, validate=Length(max=MAX_LENGTH + 1))


@blueprint.get("/account")
@blueprint.output(AccountOut)
def get_account() -> dict[str, Any]:
    """The asker's own."""
    return _told(asker())


@blueprint.patch("/account")
@blueprint.input(AccountIn, location="json")
@blueprint.output(AccountOut)
def patch_account(json_data: dict[str, Any]) -> dict[str, Any]:
    """Name and mail address."""
    person, email = asker(), json_data.get("email")
    if email is not None and email.strip().lower() != (person.email or ""):
        _must_know(person, json_data.get("password", ""))
    try:
        with services().database.session() as transaction:
            user = transaction.get_one(User, person.id)
            name = json_data.get("display_name")
            standing.describe(transaction, by(), user, display_name=name, email=email)
    except UnfitEmail as error:
        raise Problem(422, _("Not accepted"), account_error(error)) from error
    return _told(user)


@blueprint.put("/account/password")
@blueprint.input(PasswordIn, location="json")
def put_password(json_data: dict[str, Any]) -> Response:
    """Change the password: all other browsers are signed out, and links to set it are void."""
    person = asker()
    _must_know(person, json_data["password"])
    try:
        passwords.check_fitness(json_data["new_password"], user_id=person.user_id)
    except UnfitPassword as error:
        raise Problem(422, _("Not accepted"), password_error(error)) from error
    password_hash = passwords.hash_password(json_data["new_password"])
    with services().database.session() as transaction:
        exclusive(transaction, f"account:{person.id}")
        user = transaction.get_one(User, person.id)
        if user.password_hash != person.password_hash or not user.active:
            raise Problem(409, _("Not accepted"), _("The password was just changed elsewhere."))
        user.password_hash = password_hash
        account_links.void(transaction, user.id)
        sign_ins.end_all(transaction, user)
        by().note(transaction, "password.changed", user)
    if current_sign_in() is not None:
        remember(user, client_address())
    return Response(status=204)


@blueprint.delete("/account/sign-ins")
def sign_out_everywhere() -> Response:
    """Out of all browsers, the one that asks, too."""
    with services().database.session() as transaction:
        standing.sign_out(transaction, by(), transaction.get_one(User, asker().id))
    forget()
    return Response(status=204)


@blueprint.delete("/account/sign-ins/<sign_in_id>")
def end_sign_in(sign_in_id: str) -> Response:
    """One browser."""
    with services().database.session() as transaction:
        end_one(transaction, asker(), sign_in_id)
    return Response(status=204)


def _must_know(person: User, password: str) -> None:
    """That it is the person who sits there. Raises Problem, Throttled, TooBusy."""
    place = known_browser.place_of(person.user_id) or client_address()
    people().throttle.begin(person.user_id, place)
    if not passwords.matches(person.password_hash, password):
        raise Problem(403, _("Not allowed"), _("The password is wrong."))
    people().throttle.succeeded(person.user_id, place)


def _told(user: User) -> dict[str, Any]:
    with services().database.reading() as transaction:
        rows = sign_ins.of_person(transaction, user.id, people().clock())
    return {
        "id": user.id,
        "user_id": user.user_id,
        "display_name": user.display_name,
        "role": user.role,
        "email": user.email,
        "sign_ins": sign_ins_out(rows),
    }
