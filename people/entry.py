"""Whether an organization's doors let a request in: its rules of the database, put before the pure function.

`Entry` is one per Flask application, asked in its threads; it remembers each organization's compiled rules by
the version that the organization's row tells, so that a change counts from the next request on, in every
process.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from library.database import Database
from people.entry_rules import Address, Effect, Kind, Rule, Rules, Verdict, Why, compile_rules, judge
from people.host_names import HostNames, Lookup
from people.models import EntryRule, Organization
from people.request_address import address_of


@dataclass(frozen=True, slots=True)
class Judged:
    """`lookup`: None where no rule asks for host names, or another rule had decided before."""

    verdict: Verdict
    lookup: Lookup | None = None


class Entry:
    """`names` is opened and closed with it."""

    def __init__(self, database: Database, names: HostNames | None = None) -> None:
        self._database = database
        self.names = names or HostNames()
        self._lock = threading.Lock()
        self._compiled: dict[str, Rules] = {}

    def open(self) -> None:
        """Its threads begin with the first look-up."""

    def close(self) -> None:
        self.names.close()

    def rules_of(self, organization_id: str, transaction: Session | None = None) -> Rules:
        """As they are now. Raises DatabaseUnavailable."""
        if transaction is None:
            with self._database.reading() as own:
                return self._rules(own, organization_id)
        return self._rules(transaction, organization_id)

    def judge(self, rules: Rules, person: str | None, address_text: str) -> Judged:
        """Whether `person` (a folded user ID) gets in from there; waits for host names within bounds."""
        return judged(rules, person, address_of(address_text), self.names)

    def _rules(self, transaction: Session, organization_id: str) -> Rules:
        query = select(Organization.doors_version).where(Organization.id == organization_id)
        version = transaction.scalar(query) or 0
        with self._lock:
            known = self._compiled.get(organization_id)
        if known is not None and known.version == version:
            return known
        compiled = compile_rules(stored_rules(transaction, organization_id), version)
        with self._lock:
            self._compiled[organization_id] = compiled
        return compiled


def judged(rules: Rules, person: str | None, address: Address | None, names: HostNames) -> Judged:
    """With host names looked up only where they could change what is decided."""
    verdict = judge(rules, person, address, ())
    if address is None or not rules.names_hosts or verdict.why in (Why.DENIED, Why.NOT_AMONG):
        return Judged(verdict)
    lookup = names.of(address)
    return Judged(judge(rules, person, address, lookup.names), lookup)


def is_guarded(transaction: Session, organization_id: str) -> bool:
    """Whether an organization has entry rules at all: what a new room of it must know."""
    query = select(EntryRule.id).where(EntryRule.organization_id == organization_id).limit(1)
    return transaction.scalar(query) is not None


def stored_rules(transaction: Session, organization_id: str) -> Sequence[Rule]:
    """All of an organization's, by effect, kind and value."""
    query = select(EntryRule.effect, EntryRule.kind, EntryRule.value, EntryRule.note)
    query = query.where(EntryRule.organization_id == organization_id)
    rows = transaction.execute(query.order_by(EntryRule.effect, EntryRule.kind, EntryRule.value))
    return [Rule(Effect(effect), Kind(kind), value, note) for effect, kind, value, note in rows]
