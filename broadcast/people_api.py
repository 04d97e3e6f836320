"""The JSON API of accounts, `/api/v1/people`: list, invite, change, links, sign-ins; CSV in and out.

Blueprint `people_api`, in web threads. Admins see and change the people of their own organization, operators
all; of others there is nothing (404). Who may do what to whom: `people.standing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf
from flask import Response, request
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from broadcast import people_words
from broadcast.csv_table import Row as CsvRow
from broadcast.csv_table import csv_response
from broadcast.problems import Problem
from broadcast.publishers import cut_off
from broadcast.services import services
from library.database import Database
from people import account_links, account_mail, directory, people_csv, sign_ins, standing
from people.account_links import Link
from people.accounts import NAME_LENGTH, UnfitEmail, UnfitUserId, UserIdTaken, one_line
from people.devices import device_of
from people.directory import SEARCH_LENGTH, State, Wanted, state_of
from people.error_words import account_error
from people.mail import Message
from people.models import Organization, Role, SignIn, User
from people.people_csv import Judged, UnreadableFile
from people.request_address import client_address
from people.session_cookie import current_sign_in, current_user, people
from people.standing import AboveYou, By, LastAdmin, NotInvited, Oneself

blueprint = APIBlueprint("people_api", __name__, url_prefix="/api/v1", tag="People")

ROLES = [role.value for role in Role]
STATES = [state.value for state in State]
EMAIL_LENGTH = 254
USER_ID_TYPED = 256


class PersonOut(Schema):
    id = String()
    user_id = String()
    display_name = String()
    role = String(metadata={"description": ", ".join(ROLES)})
    state = String(metadata={"description": "active, invited (has no password yet) or inactive"})
    email = String(allow_none=True)
    organization = String(metadata={"description": "its name"})
    created_at = String()
    last_sign_in_at = String(allow_none=True)
    may_change = Boolean(metadata={"description": "whether the asker looks after this account"})


class PersonAloneOut(PersonOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class PeopleOut(Schema):
    people = List(Nested(PersonOut))
    more = String(allow_none=True, metadata={"description": "`after` of the next page"})
    total = Integer()


class ListIn(Schema):
    q = String(load_default="", validate=Length(max=SEARCH_LENGTH))
    role = String(load_default=None, validate=OneOf(ROLES))
    state = String(load_default=None, validate=OneOf(STATES))
    after = String(load_default="", validate=Length(max=USER_ID_TYPED))


class FilterIn(Schema):
    """As of the list, for a file of all its pages."""

    q = String(load_default="", validate=Length(max=SEARCH_LENGTH))
    role = String(load_default=None, validate=OneOf(ROLES))
    state = String(load_default=None, validate=OneOf(STATES))


class InviteIn(Schema):
    user_id = String(required=True, validate=Length(max=USER_ID_TYPED))
    display_name = String(load_default="", validate=Length(max=NAME_LENGTH))
    role = String(load_default=Role.VIEWER.value, validate=OneOf(ROLES))
    email = String(load_default="", validate=Length(max=EMAIL_LENGTH))


class PatchIn(Schema):
    display_name = String(validate=Length(max=NAME_LENGTH))
    email = String(validate=Length(max=EMAIL_LENGTH), metadata={"description": "empty: none"})
    role = String(validate=OneOf(ROLES))
    active = Boolean()


class LinkOut(Schema):
    kind = String(metadata={"description": "invitation or reset"})
    mail = String(
        metadata={"description": "sent, off (no server is set), nowhere (no address), refused, unavailable"}
    )
    url = String(
        allow_none=True, metadata={"description": "to hand over by other means; null: it was mailed"}
    )
    expires_at = String()


class LinkAloneOut(LinkOut):
    """A whole answer: the API's description knows a schema as a part or as a whole, not as both."""


class InvitedOut(Schema):
    person = Nested(PersonOut)
    link = Nested(LinkOut)


class SignInOut(Schema):
    id = String()
    device = String(metadata={"description": "in words, by its User-Agent"})
    address = String(metadata={"description": "where it signed in"})
    created_at = String()
    last_used_at = String(metadata={"description": "up to five minutes behind"})
    current = Boolean(metadata={"description": "the browser that asks"})


class SignInsOut(Schema):
    sign_ins = List(Nested(SignInOut))


class ImportIn(Schema):
    dry_run = Boolean(load_default=False, metadata={"description": "only say what would be done"})


class WrongLineOut(Schema):
    line = Integer(metadata={"description": "of the file, from 1"})
    user_id = String()
    wrong = String(metadata={"description": "user_id, taken, twice, role, above, email, columns"})
    words = String(metadata={"description": "for people, in their language"})


class ImportOut(Schema):
    made = Integer(metadata={"description": "accounts; on a dry run: that would be made"})
    known = Integer(metadata={"description": "lines whose account is there already"})
    wrong = List(Nested(WrongLineOut), metadata={"description": "the first of them; nothing was made"})
    wrong_count = Integer()


@blueprint.get("/people")
@blueprint.input(ListIn, location="query")
@blueprint.output(PeopleOut)
def list_people(query_data: dict[str, Any]) -> dict[str, Any]:
    """By user ID, 50 at a time."""
    reader = asker()
    with services().database.reading() as transaction:
        page = directory.page(transaction, reader, wanted_of(query_data), query_data["after"])
    return {
        "people": [person_out(line.user, line.organization, reader) for line in page.lines],
        "more": page.more,
        "total": page.total,
    }


@blueprint.get("/people.csv")
@blueprint.input(FilterIn, location="query")
def export(query_data: dict[str, Any]) -> Response:
    """What the filter finds, as CSV (UTF-8 with BOM); it can be read in again."""
    reader, wanted = asker(), wanted_of(query_data)
    header = ["user_id", "name", "role", "email", "state", "organization", "created_at", "last_sign_in_at"]
    return csv_response("people", header, _csv_rows(services().database, reader, wanted))


@blueprint.post("/people")
@blueprint.input(InviteIn, location="json")
@blueprint.output(InvitedOut, status_code=201)
def invite(json_data: dict[str, Any]) -> dict[str, Any]:
    """An account in the asker's organization, and a link that sets its password: by mail where that goes."""
    reader = asker()
    with _refusals(), services().database.session() as transaction:
        organization = transaction.get_one(Organization, reader.organization_id)
        user, link = standing.invite(
            transaction,
            by(),
            organization,
            user_id=json_data["user_id"],
            role=Role(json_data["role"]),
            display_name=json_data["display_name"],
            email=json_data["email"],
        )
    return {
        "person": person_out(user, organization.name, reader),
        "link": _hand_over(user, organization.name, link),
    }


@blueprint.get("/people/<person_id>")
@blueprint.output(PersonAloneOut)
def get_person(person_id: str) -> dict[str, Any]:
    with services().database.reading() as transaction:
        return _told(transaction, find(transaction, person_id))


@blueprint.patch("/people/<person_id>")
@blueprint.input(PatchIn, location="json")
@blueprint.output(PersonAloneOut)
def patch_person(person_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Name, mail address, role, and whether the account may be used: it counts at once, everywhere."""
    with _refusals(), services().database.session() as transaction:
        user = must_change(find(transaction, person_id))
        published, before = standing.may_publish(user), (user.role, user.active)
        standing.describe(
            transaction,
            by(),
            user,
            display_name=json_data.get("display_name"),
            email=json_data.get("email"),
        )
        if "role" in json_data:
            standing.change_role(transaction, by(), user, Role(json_data["role"]))
        if "active" in json_data:
            (standing.activate if json_data["active"] else standing.deactivate)(transaction, by(), user)
        stopped = published and not standing.may_publish(user)
        credentials = standing.credentials_of(transaction, user) if stopped else []
        answer = _told(transaction, user)
    if before != (user.role, user.active):
        services().access_changed()
    cut_off(services().recorder, credentials)
    return answer


@blueprint.delete("/people/<person_id>")
def delete_invited(person_id: str) -> Response:
    """Take an invitation back: the account goes. 409 once it has been used: deactivate it."""
    with _refusals(), services().database.session() as transaction:
        standing.remove_invited(transaction, by(), must_change(find(transaction, person_id)))
    return Response(status=204)


@blueprint.post("/people/<person_id>/link")
@blueprint.output(LinkAloneOut, status_code=201)
def make_link(person_id: str) -> dict[str, Any]:
    """A fresh link that sets the password; those before are void. By mail where that goes."""
    with services().database.session() as transaction:
        user = must_change(find(transaction, person_id))
        if not user.active:
            raise Problem(409, _("Not accepted"), _("This account is deactivated."))
        link = standing.new_link(transaction, by(), user)
        organization = transaction.get_one(Organization, user.organization_id).name
    return _hand_over(user, organization, link)


@blueprint.post("/people/invitations.csv")
def invitation_links() -> Response:
    """A fresh invitation link for each of the asker's organization who has no password yet, as CSV."""
    now, reader = people().clock(), asker()
    invited = Wanted(state=State.INVITED)
    with services().database.session() as transaction:
        found = [line.user for line in directory.everybody(transaction, reader, invited)]
        users = [user for user in found if standing.may_invite_again(reader, user)]
        account_links.void_invitations(transaction, [user.id for user in users])
        links = account_links.issue_many(transaction, users, now)
        by().note_many(transaction, "user.invitation_links", reader.organization_id, {"accounts": len(users)})
    public = services().settings.public_url
    rows: list[CsvRow] = [
        (user.user_id, user.display_name, user.email, public + link.path, link.expires_at)
        for user, link in zip(users, links, strict=True)
    ]
    return csv_response("invitations", ["user_id", "name", "email", "link", "expires_at"], rows)


@blueprint.get("/people/<person_id>/sign-ins")
@blueprint.output(SignInsOut)
def list_sign_ins(person_id: str) -> dict[str, Any]:
    """The browsers that somebody is signed in with."""
    with services().database.reading() as transaction:
        user = must_change(find(transaction, person_id))
        return {"sign_ins": sign_ins_out(sign_ins.of_person(transaction, user.id, people().clock()))}


@blueprint.delete("/people/<person_id>/sign-ins")
def sign_out(person_id: str) -> Response:
    """Sign somebody out everywhere, at once."""
    with services().database.session() as transaction:
        standing.sign_out(transaction, by(), must_change(find(transaction, person_id)))
    return Response(status=204)


@blueprint.delete("/people/<person_id>/sign-ins/<sign_in_id>")
def end_sign_in(person_id: str, sign_in_id: str) -> Response:
    """Sign one browser of somebody out."""
    with services().database.session() as transaction:
        user = must_change(find(transaction, person_id))
        end_one(transaction, user, sign_in_id)
    return Response(status=204)


@blueprint.post("/people/import")
@blueprint.input(ImportIn, location="query")
@blueprint.output(ImportOut)
def take_in(query_data: dict[str, Any]) -> dict[str, Any]:
    """Accounts from CSV (`text/csv`; columns user_id, name, role, email), all or none. They are invited then.

    UTF-8, or Shift_JIS as Excel writes it in Japan. 422: the file cannot be read.
    """
    try:
        rows = people_csv.read(request.get_data(cache=False))
    except UnreadableFile as error:
        words = people_words.unreadable(error)
        raise Problem(422, _("Not accepted"), words, reason=error.reason) from error
    reader = asker()
    with services().database.session() as transaction:
        organization = transaction.get_one(Organization, reader.organization_id)
        work = people_csv.judge if query_data["dry_run"] else people_csv.take_in
        judged = work(transaction, by(), organization, rows)
    return _import_out(judged, done=not query_data["dry_run"])


# For the pages and the own account's API.


def asker() -> User:
    person = current_user()
    if person is None:
        raise Problem(401, _("Sign in"), _("Sign in to do this."))
    return person


def by() -> By:
    return By(asker(), client_address(), people().clock())


def find(transaction: Session, person_id: str) -> User:
    """Somebody whom the asker knows of. Raises Problem."""
    user = transaction.get(User, person_id) if person_id.isprintable() else None
    reader = asker()
    if user is None or (reader.role != Role.OPERATOR and user.organization_id != reader.organization_id):
        raise Problem(404, _("Not found"), _("There is no such account."))
    return user


def must_change(user: User) -> User:
    if not standing.may_look_after(asker(), user):
        raise Problem(403, _("Not allowed"), _("Only an operator changes an operator's account."))
    return user


def end_one(transaction: Session, user: User, sign_in_id: str) -> None:
    if not sign_in_id.isprintable() or not sign_ins.end(transaction, user.id, sign_in_id):
        raise Problem(404, _("Not found"), _("This browser is not signed in any more."))
    by().note(transaction, "sign_in.ended", user, {"browsers": 1})


def wanted_of(query: dict[str, Any]) -> Wanted:
    role, state = query["role"], query["state"]
    return Wanted(one_line(query["q"]), Role(role) if role else None, State(state) if state else None)


def person_out(user: User, organization: str, reader: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "user_id": user.user_id,
        "display_name": user.display_name,
        "role": user.role,
        "state": state_of(user).value,
        "email": user.email,
        "organization": organization,
        "created_at": user.created_at.isoformat(),
        "last_sign_in_at": user.last_sign_in_at.isoformat() if user.last_sign_in_at else None,
        "may_change": standing.may_look_after(reader, user),
    }


def sign_ins_out(rows: list[SignIn]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "device": people_words.device(device_of(row.user_agent)),
            "address": row.address,
            "created_at": row.created_at.isoformat(),
            "last_used_at": row.last_used_at.isoformat(),
            "current": row.id == current_sign_in(),
        }
        for row in rows
    ]


def _told(transaction: Session, user: User) -> dict[str, Any]:
    return person_out(user, transaction.get_one(Organization, user.organization_id).name, asker())


def _hand_over(user: User, organization: str, link: Link) -> dict[str, Any]:
    """Mail it, after the transaction; where that does not go, the link itself is the admin's to hand over."""
    settings = services().settings
    message: Message | None = None
    if user.email is not None:
        message = account_mail.of_link(settings, user, organization, link, language=str(get_locale()))
    outcome = account_mail.try_to_send(settings, message)
    url = None if outcome == "sent" else settings.public_url + link.path
    return {"kind": link.kind, "mail": outcome, "url": url, "expires_at": link.expires_at.isoformat()}


def _csv_rows(database: Database, reader: User, wanted: Wanted) -> Iterator[CsvRow]:
    with database.reading() as transaction:
        for line in directory.everybody(transaction, reader, wanted):
            user = line.user
            yield (
                user.user_id,
                user.display_name,
                user.role,
                user.email,
                state_of(user).value,
                line.organization,
                user.created_at,
                user.last_sign_in_at,
            )


def _import_out(judged: Judged, *, done: bool) -> dict[str, Any]:
    wrong = [
        {
            "line": one.line,
            "user_id": one.user_id,
            "wrong": one.wrong,
            "words": people_words.wrong_line(one.wrong),
        }
        for one in judged.wrong[: people_csv.WRONG_SHOWN]
    ]
    made = 0 if done and judged.wrong else len(judged.new)
    return {"made": made, "known": judged.known, "wrong": wrong, "wrong_count": len(judged.wrong)}


@contextmanager
def _refusals() -> Iterator[None]:
    """The rules' refusals as answers."""
    try:
        yield
    except (UnfitUserId, UnfitEmail) as error:
        raise Problem(422, _("Not accepted"), account_error(error)) from error
    except UserIdTaken as error:
        raise Problem(409, _("Not accepted"), account_error(error)) from error
    except AboveYou as error:
        raise Problem(403, _("Not allowed"), _("You can give no role above your own.")) from error
    except LastAdmin as error:
        words = _("Nobody else administers it. Make somebody else an admin first.")
        raise Problem(409, _("Not accepted"), words) from error
    except Oneself as error:
        raise Problem(409, _("Not accepted"), _("You cannot deactivate your own account.")) from error
    except NotInvited as error:
        words = _("This account is in use. Deactivate it instead.")
        raise Problem(409, _("Not accepted"), words) from error
