"""The JSON API of an organization's doors, `/api/v1/doors…`: its allow and deny lists, and trying them.

Blueprint `doors`, in web threads. Admins look after their own organization, operators after any
(`?organization=<slug>`). Whoever changes the lists must still get in afterwards, from where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf
from flask import request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast.problems import Problem
from broadcast.publishers import cut_off_kept_out
from broadcast.room_api import person_here
from broadcast.services import services
from people import audit, entry_lists
from people.accounts import UnfitUserId, fold_user_id, operates
from people.entry import Judged, judged
from people.entry_lists import StoredRule, TooManyRules, WouldShutOut
from people.entry_rules import MAX_RULES, Effect, Rule, Rules
from people.entry_words import lookup_words, rule_words, unfit_words, why_words
from people.models import Organization
from people.request_address import address_of, client_address
from people.session_cookie import people

blueprint = APIBlueprint("doors", __name__, url_prefix="/api/v1", tag="Doors")

TEXT_LENGTH = 900_000  # 10,000 lines with their notes; the front collects a MiB
SHOWN = 200
UNFIT_TOLD = 20
EFFECTS = [effect.value for effect in Effect]


class RuleOut(Schema):
    id = String()
    effect = String(metadata={"description": "allow or deny"})
    kind = String(metadata={"description": "person (a user ID), network or host"})
    value = String()
    note = String()


class UnfitOut(Schema):
    line = Integer()
    value = String()
    reason = String()


class DoorsOut(Schema):
    organization = String(metadata={"description": "its slug"})
    rules = List(Nested(RuleOut), metadata={"description": f"of those found the first {SHOWN}"})
    found = Integer(metadata={"description": "how many `q` and `effect` leave"})
    total = Integer()
    most = Integer()
    added = Integer()
    removed = Integer()
    unfit = List(
        Nested(UnfitOut), metadata={"description": f"lines that are no rules, the first {UNFIT_TOLD}"}
    )
    unfit_count = Integer()


class RulesIn(Schema):
    effect = String(required=True, validate=OneOf(EFFECTS))
    text = String(
        required=True,
        validate=Length(1, TEXT_LENGTH),
        metadata={
            "description": "a rule a line: a user ID, network or host name, and maybe a note behind a comma; "
            "or lines of CSV: effect, kind, value, note, as is needed where a.b may be a user ID or a host"
        },
    )
    replace = Boolean(load_default=False, metadata={"description": "these are all rules from now on"})


class RemoveIn(Schema):
    ids = List(String(validate=Length(1, 64)), required=True, validate=Length(1, MAX_RULES))


class TryIn(Schema):
    user_id = String(load_default="", validate=Length(max=64), metadata={"description": "empty: a stranger"})
    address = String(required=True, validate=Length(1, 100))


class TryOut(Schema):
    let_in = Boolean()
    why = String(
        metadata={"description": "no_list, allowed, denied, not_among (of persons), not_from (a place)"}
    )
    words = String(metadata={"description": "why, in the asker's language"})
    rules = List(String(), metadata={"description": "those that decided, in words"})
    address = String(metadata={"description": "as it is understood"})
    lookup = String(
        allow_none=True,
        metadata={
            "description": "of its host name: confirmed, unconfirmed, nameless, late, failed; null: not asked"
        },
    )
    names = List(String(), metadata={"description": "confirmed host names"})
    lookup_words = String()


@blueprint.get("/doors")
@blueprint.output(DoorsOut)
def get_doors() -> dict[str, Any]:
    """The lists. `?q=` in value or note, `?effect=allow|deny`, `?organization=`."""
    with people().database.reading() as transaction:
        return get_told(transaction, organization_here(transaction))


@blueprint.post("/doors")
@blueprint.input(RulesIn, location="json")
@blueprint.output(DoorsOut)
def add_rules(json_data: dict[str, Any]) -> dict[str, Any]:
    """Add rules, many at once. Where a line is none, nothing is changed: 200 with `unfit`."""
    with people().database.reading() as transaction:
        persons = entry_lists.dotted_user_ids(transaction, organization_here(transaction).id)
    pasted = entry_lists.read_lines(json_data["text"], json_data["effect"], persons)
    with people().database.session() as transaction:
        organization = organization_here(transaction)
        if pasted.unfit:
            return {**get_told(transaction, organization), **_unfit(pasted.unfit)}
        everything = json_data["replace"]
        changed = _change(transaction, organization, add=pasted.rules, everything=everything)
        told = {**get_told(transaction, organization), "added": changed.added, "removed": changed.removed}
    _tell(organization, changed)
    return told


@blueprint.delete("/doors")
@blueprint.input(RemoveIn, location="json")
@blueprint.output(DoorsOut)
def remove_rules(json_data: dict[str, Any]) -> dict[str, Any]:
    """Take rules away."""
    with people().database.session() as transaction:
        organization = organization_here(transaction)
        changed = _change(transaction, organization, remove=json_data["ids"])
        told = {**get_told(transaction, organization), "removed": changed.removed}
    _tell(organization, changed)
    return told


@blueprint.post("/doors/try")
@blueprint.input(TryIn, location="json")
@blueprint.output(TryOut)
def try_doors(json_data: dict[str, Any]) -> dict[str, Any]:
    """Whether a person would get in from an address, and why. Nothing is changed or noted."""
    address = address_of(json_data["address"])
    if address is None:
        raise Problem(422, _("Not accepted"), _("This is no IP address."))
    try:
        name = fold_user_id(json_data["user_id"]) if json_data["user_id"].strip() else None
    except UnfitUserId as error:
        raise Problem(422, _("Not accepted"), _("This is no user ID.")) from error
    with people().database.reading() as transaction:
        rules = people().entry.rules_of(organization_here(transaction).id, transaction)
    found = judged(rules, name, address, people().entry.names)
    return {
        "let_in": bool(found.verdict),
        "why": found.verdict.why.value,
        "words": why_words(found),
        "rules": [rule_words(rule) for rule in found.verdict.rules],
        "address": str(address),
        "lookup": found.lookup.state.value if found.lookup is not None else None,
        "names": list(found.lookup.names) if found.lookup is not None else [],
        "lookup_words": lookup_words(found.lookup),
    }


def organization_here(transaction: Session) -> Organization:
    """The asker's own; for operators the one that the address names. Raises Problem."""
    person, slug = person_here(), request.args.get("organization")
    own = transaction.get_one(Organization, person.organization_id)
    if slug is None or slug == own.slug:
        return own
    if not operates(person):
        raise Problem(403, _("Not allowed"), _("Your account may not do this."))
    found = transaction.scalar(select(Organization).where(Organization.slug == slug))
    if found is None:
        raise Problem(404, _("Not found"), _("There is no such organization."))
    return found


def _change(transaction: Session, organization: Organization, **changes: Any) -> entry_lists.Changed:
    """Raises Problem."""
    person, address = person_here(), client_address()
    seen: list[Judged] = []

    def still_let_in(rules: Rules) -> bool:
        if person.organization_id != organization.id:
            return True
        seen.append(people().entry.judge(rules, person.user_id, address))
        return bool(seen[-1].verdict)

    try:
        changed = entry_lists.change(transaction, organization, let_in=still_let_in, **changes)
    except TooManyRules as error:
        raise Problem(
            422, _("Not accepted"), _("There are at most %(count)s rules.", count=MAX_RULES)
        ) from error
    except WouldShutOut as error:
        words = _("These rules would keep you out, from where you are now (%(address)s).", address=address)
        unchanged = _("Nothing was changed.")
        detail = f"{words} {why_words(seen[-1])} {unchanged}"
        raise Problem(409, _("You would be kept out"), detail) from error
    if changed.added or changed.removed:
        audit.note(
            transaction,
            action="doors.changed",
            actor=person,
            organization_id=organization.id,
            subject=organization.slug,
            details={"added": changed.added, "removed": changed.removed},
            address=address,
        )
    return changed


def _tell(organization: Organization, changed: entry_lists.Changed) -> None:
    if changed.added or changed.removed:
        services().access_changed()
    if changed.stricter:
        one = services()
        cut_off_kept_out(one.database, one.recorder, people().entry, organization.id)


def get_told(transaction: Session, organization: Organization) -> dict[str, Any]:
    """The lists as they are told to the API and to the page."""
    transaction.flush()
    rows = entry_lists.rows_of(transaction, organization.id)
    found = [row for row in rows if _is_asked_for(row.rule)]
    return {
        "organization": organization.slug,
        "rules": [_rule_out(row) for row in found[:SHOWN]],
        "found": len(found),
        "total": len(rows),
        "most": MAX_RULES,
        "added": 0,
        "removed": 0,
        "unfit": [],
        "unfit_count": 0,
    }


def _is_asked_for(rule: Rule) -> bool:
    words, effect = request.args.get("q", "").strip().lower(), request.args.get("effect", "")
    return (not effect or rule.effect == effect) and (words in rule.value or words in rule.note.lower())


def _rule_out(row: StoredRule) -> dict[str, Any]:
    rule = row.rule
    told = {"effect": rule.effect.value, "kind": rule.kind.value, "value": rule.value, "note": rule.note}
    return {"id": row.id, **told}


def _unfit(unfit: Sequence[tuple[int, Any]]) -> dict[str, Any]:
    lines = [
        {"line": number, "value": error.value[:100], "reason": unfit_words(error)}
        for number, error in unfit[:UNFIT_TOLD]
    ]
    return {"unfit": lines, "unfit_count": len(unfit)}
