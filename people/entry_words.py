"""What doors decide, as sentences in the reader's language. Called by web views, within a request.

Whoever is refused hears from which address they come, never which rule it was; admins, who try the doors,
hear all of it.
"""

from __future__ import annotations

from flask_babel import gettext

from people.entry import Judged
from people.entry_rules import Effect, Flaw, Kind, Rule, UnfitRule, Why
from people.host_names import Lookup, State
from people.request_address import client_address


def kept_out_words() -> str:
    """For who is signed in and not let in."""
    address = client_address()
    return _("Your organization does not let you in from here (%(address)s).", address=address)


def why_words(judged: Judged) -> str:
    """Why somebody is let in or not."""
    rules = ", ".join(rule_words(rule) for rule in judged.verdict.rules)
    match judged.verdict.why:
        case Why.NO_LIST:
            return _("No rule refuses them, and there is no list of who is let in.")
        case Why.ALLOWED:
            return _("They are let in by: %(rules)s. No rule refuses them.", rules=rules)
        case Why.DENIED:
            return _("They are refused by: %(rules)s.", rules=rules)
        case Why.NOT_AMONG:
            return _("There is a list of user IDs that are let in, and they are not on it.")
        case Why.NOT_FROM:
            return _("There is a list of places that are let in, and this is none of them.")


def rule_words(rule: Rule) -> str:
    allows = rule.effect is Effect.ALLOW
    match rule.kind:
        case Kind.PERSON:
            text = _("allow user ID %(value)s") if allows else _("deny user ID %(value)s")
        case Kind.NETWORK:
            text = _("allow network %(value)s") if allows else _("deny network %(value)s")
        case Kind.HOST:
            text = _("allow host name %(value)s") if allows else _("deny host name %(value)s")
    return text.replace("%(value)s", rule.value)


def lookup_words(lookup: Lookup | None) -> str:
    """What was looked up of the address, and what came of it."""
    if lookup is None:
        return _("No host name was looked up: it would not have changed anything.")
    names, told = ", ".join(lookup.names), ", ".join(lookup.told)
    match lookup.state:
        case State.CONFIRMED:
            return _("The address's host name, confirmed by looking it up again: %(names)s.", names=names)
        case State.UNCONFIRMED:
            return _(
                "The address calls itself %(names)s, but that name does not lead back to it.", names=told
            )
        case State.NAMELESS:
            return _("The address has no host name.")
        case State.LATE:
            return _("The host name could not be looked up in time; it counts as none.")
        case State.FAILED:
            return _("The host name could not be looked up; it counts as none.")


def unfit_words(error: UnfitRule) -> str:
    """Why a line is no rule."""
    match error.flaw:
        case Flaw.USER_ID:
            return _("This is no user ID.")
        case Flaw.NETWORK:
            return _("This is no network such as 192.0.2.0/24 or 2001:db8::/32.")
        case Flaw.HOST_BITS | Flaw.AMBIGUOUS:
            return _meant_words(error)
        case Flaw.HOST:
            return _("This is no host name such as pc1.example.ac.jp or .example.ac.jp.")
        case Flaw.KIND:
            return _("A rule is about a person, a network or a host.")
        case Flaw.EFFECT:
            return _("A rule says allow or deny.")
        case Flaw.NOTE:
            return _("A note has at most 200 characters.")


def _meant_words(error: UnfitRule) -> str:
    if error.flaw is Flaw.HOST_BITS:
        return _("This address is no network's first one. Is %(network)s meant?", network=error.meant)
    return _(
        "This may be a user ID or a host name. Write the line that is meant: %(lines)s", lines=error.meant
    )


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
