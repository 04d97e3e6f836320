"""The pages of people: `/admin/people`, one person's, and the own account.

Blueprint `people_pages`, in web threads. Lists are drawn here and filtered by their address, so that they
work without scripts; scripts change things through the API and load the page anew.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from broadcast import people_words
from broadcast.page_strings import STRINGS
from broadcast.people_api import ROLES, STATES, asker, find, person_out, sign_ins_out, wanted_of
from broadcast.problems import Problem
from people import directory, mail, sign_ins, standing
from people.directory import SEARCH_LENGTH
from people.models import Organization, User
from people.session_cookie import people

blueprint = Blueprint("people_pages", __name__)


@blueprint.get("/admin/people")
def list_people() -> str:
    """`?q=`, `?role=`, `?state=`, `?after=`."""
    reader, asked = asker(), _asked()
    with people().database.reading() as transaction:
        page = directory.page(transaction, reader, wanted_of(asked), asked["after"])
    kept = {name: asked[name] for name in ("q", "role", "state") if asked[name]}
    return render_template(
        "people.html",
        lines=[person_out(line.user, line.organization, reader) for line in page.lines],
        total=page.total,
        more=page.more,
        asked=asked,
        kept=kept,
        several=len({line.organization for line in page.lines}) > 1,
        **_words(reader),
        page={"api": "/api/v1/people"},
        strings=STRINGS["people_page.js"](),
    )


@blueprint.get("/admin/people/<person_id>")
def person(person_id: str) -> str:
    reader = asker()
    try:
        with people().database.reading() as transaction:
            user = find(transaction, person_id)
            organization = transaction.get_one(Organization, user.organization_id).name
            browsers = sign_ins.of_person(transaction, user.id, people().clock())
    except Problem as problem:
        abort(problem.status, problem.detail)
    looks_after = standing.may_look_after(reader, user)
    return render_template(
        "person.html",
        one=person_out(user, organization, reader),
        is_self=user.id == reader.id,
        sign_ins=sign_ins_out(browsers) if looks_after else [],
        **_words(reader),
        page={"api": f"/api/v1/people/{user.id}"},
        strings=STRINGS["person_page.js"](),
    )


@blueprint.get("/account")
def account() -> str:
    user: User = asker()
    with people().database.reading() as transaction:
        browsers = sign_ins.of_person(transaction, user.id, people().clock())
    return render_template(
        "account.html",
        user=user,
        sign_ins=sign_ins_out(browsers),
        **_words(user),
        page={"api": "/api/v1/account"},
        strings=STRINGS["account_page.js"](),
    )


def _asked() -> dict[str, Any]:
    """What the address asks for; what is none of it counts as nothing."""
    role, state = request.args.get("role", ""), request.args.get("state", "")
    return {
        "q": request.args.get("q", "")[:SEARCH_LENGTH],
        "role": role if role in ROLES else None,
        "state": state if state in STATES else None,
        "after": request.args.get("after", ""),
    }


def _words(reader: User) -> dict[str, Any]:
    return {
        "roles": people_words.roles(),
        "role_meanings": people_words.role_meanings(),
        "states": people_words.states(),
        "roles_to_give": [role.value for role in standing.roles_to_give(reader)],
        "by_mail": mail.is_configured(people().settings),
    }
