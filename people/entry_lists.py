"""An organization's allow and deny lists as they are changed: by the page, the API and the command line.

`change` works within the caller's transaction. What becomes stricter makes every media address of before void
(rooms' and recordings' `access_epoch`), so that whoever is kept out from now on is out at the origin at once.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from library.database import exclusive, new_id, utc_now
from people import media_addresses
from people.accounts import one_line
from people.entry_rules import (
    MAX_RULES,
    Effect,
    Flaw,
    Kind,
    Rule,
    Rules,
    UnfitRule,
    compile_rules,
    fit_value,
    kind_of,
)
from people.models import EntryRule, Organization, User

NOTE_LENGTH = 200
HEADER = ("effect", "kind", "value", "note")
Line = tuple[Effect, Kind, str]


class TooManyRules(ValueError):
    """The lists would get longer than MAX_RULES."""


class WouldShutOut(Exception):
    """Who changes the lists would be kept out by them. `rules`: as they would be."""

    def __init__(self, rules: Rules) -> None:
        super().__init__("these rules would keep out who makes them")
        self.rules = rules


@dataclass(frozen=True, slots=True)
class Pasted:
    """`unfit`: the number of each line that is no rule (from 1), and why."""

    rules: tuple[Rule, ...]
    unfit: tuple[tuple[int, UnfitRule], ...]


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule and the id of its row."""

    id: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Changed:
    """How many lines came and went. `stricter`: somebody who was let in before may be kept out now."""

    added: int
    removed: int
    stricter: bool = False


def fit_rule(
    effect: str, kind: str, value: str, note: str = "", *, persons: Container[str] = frozenset()
) -> Rule:
    """`kind` empty: what the value most likely is (`kind_of`). Raises UnfitRule."""
    if effect not in list(Effect):
        raise UnfitRule(Flaw.EFFECT, effect)
    if kind and kind not in list(Kind):
        raise UnfitRule(Flaw.KIND, kind)
    line = one_line(note)
    if len(line) > NOTE_LENGTH:
        raise UnfitRule(Flaw.NOTE, note)
    meant = Kind(kind) if kind else kind_of(value, persons)
    if meant is None:
        clear = (f"{effect},{one},{value.strip()}" for one in (Kind.PERSON, Kind.HOST))
        raise UnfitRule(Flaw.AMBIGUOUS, value, " / ".join(clear))
    return Rule(Effect(effect), meant, fit_value(meant, value), line)


def read_lines(text: str, effect: str, persons: Container[str] = frozenset()) -> Pasted:
    """What was pasted: a value a line, and maybe a note behind a comma, or whole lines of our own CSV.

    `persons`: user IDs that look like host names and are none (`dotted_user_ids`).
    """
    rules: dict[Line, Rule] = {}
    unfit: list[tuple[int, UnfitRule]] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        row = [cell.strip().removeprefix("'") for cell in _cells(line)]
        if not any(row) or tuple(row[:3]) == HEADER[:3]:
            continue
        try:
            rule = _of_row(row, effect, persons)
        except UnfitRule as error:
            unfit.append((number, error))
            continue
        rules[_line(rule)] = rule
    return Pasted(tuple(rules.values()), tuple(unfit))


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:  # a cell is too long, or ends oddly: as one value it is judged as any other
        return [line]


def _of_row(row: Sequence[str], effect: str, persons: Container[str]) -> Rule:
    if len(row) >= 3 and row[0].lower() in list(Effect):
        note = row[3] if len(row) > 3 else ""
        return fit_rule(row[0].lower(), row[1].lower(), row[2], note, persons=persons)
    return fit_rule(effect, "", row[0], row[1] if len(row) > 1 else "", persons=persons)


def dotted_user_ids(transaction: Session, organization_id: str) -> frozenset[str]:
    """Of the organization's accounts: those user IDs that could be taken for host names."""
    query = select(User.user_id).where(User.organization_id == organization_id, User.user_id.contains("."))
    return frozenset(transaction.scalars(query))


def change(
    transaction: Session,
    organization: Organization,
    *,
    add: Iterable[Rule] = (),
    remove: Iterable[str] = (),
    everything: bool = False,
    let_in: Callable[[Rules], bool] = lambda _rules: True,
) -> Changed:
    """Add rules, take others away (by id; `everything`: all that is not added again).

    `let_in`: whether who does it would still get in. Raises TooManyRules, WouldShutOut.
    """
    exclusive(transaction, f"doors:{organization.id}")
    rows = rows_of(transaction, organization.id)
    new = {_line(rule): rule for rule in add}
    unwanted = set(remove)
    gone = [row for row in rows if (everything or row.id in unwanted) and _line(row.rule) not in new]
    removed = {row.id for row in gone}
    kept = {_line(row.rule): row.rule for row in rows if row.id not in removed}
    added = [rule for line, rule in new.items() if line not in kept]
    if len(kept) + len(added) > MAX_RULES:
        raise TooManyRules(f"an organization has at most {MAX_RULES} rules")
    if not gone and not added:
        return Changed(0, 0)
    before, after = [row.rule for row in rows], [*kept.values(), *added]
    organization.doors_version += 1
    compiled = compile_rules(after, organization.doors_version)
    if not let_in(compiled):
        raise WouldShutOut(compiled)
    _write(transaction, organization.id, [row.id for row in gone], added)
    stricter = _is_stricter(before, after, [row.rule for row in gone], added)
    if stricter or bool(before) != bool(after):
        media_addresses.end_of_organization(transaction, organization.id, guarded=bool(after))
    return Changed(len(added), len(gone), stricter)


def rows_of(transaction: Session, organization_id: str) -> Sequence[StoredRule]:
    """All of an organization's, by effect, kind and value."""
    query = select(EntryRule.id, EntryRule.effect, EntryRule.kind, EntryRule.value, EntryRule.note)
    query = query.where(EntryRule.organization_id == organization_id)
    rows = transaction.execute(query.order_by(EntryRule.effect, EntryRule.kind, EntryRule.value))
    return [StoredRule(one, Rule(Effect(effect), Kind(kind), *rest)) for one, effect, kind, *rest in rows]


def _write(transaction: Session, organization_id: str, gone: Sequence[str], new: Iterable[Rule]) -> None:
    for first in range(0, len(gone), 500):
        transaction.execute(delete(EntryRule).where(EntryRule.id.in_(gone[first : first + 500])))
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "organization_id": organization_id,
            "effect": rule.effect.value,
            "kind": rule.kind.value,
            "value": rule.value,
            "note": rule.note,
            "created_at": now,
        }
        for rule in new
    ]
    if rows:
        transaction.execute(insert(EntryRule), rows)


def _is_stricter(
    before: Iterable[Rule], after: Iterable[Rule], gone: Iterable[Rule], new: Iterable[Rule]
) -> bool:
    """Whether somebody who was let in before may be kept out now."""
    if any(rule.effect is Effect.DENY for rule in new):
        return True
    was, now, lost = _allow_lists(before), _allow_lists(after), _allow_lists(gone)
    return any(one in lost or one not in was for one in now)


def _allow_lists(rules: Iterable[Rule]) -> set[str]:
    """Which of the two allow lists these rules are on: of persons, of places."""
    allowed = (rule.kind for rule in rules if rule.effect is Effect.ALLOW)
    return {"who" if kind is Kind.PERSON else "where" for kind in allowed}


def _line(rule: Rule) -> Line:
    return rule.effect, rule.kind, rule.value
