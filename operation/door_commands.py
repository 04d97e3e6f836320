"""`app.py doors …`: an organization's allow and deny lists from the machine itself, which no rule keeps out.

This is the way out for who has locked everybody out. Changes are noted in the audit log; running web
processes see them with the next request, and whoever publishes and is kept out from now on is cut off.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from broadcast.publishers import cut_off_kept_out
from broadcast.recorder_client import RecorderClient
from library.database import Database
from operation.wrong_use import WrongUse
from people import entry_lists
from people.accounts import UnfitUserId, fold_user_id
from people.command_line import note_command
from people.entry import Entry, judged, stored_rules
from people.entry_lists import Changed
from people.entry_rules import compile_rules
from people.host_names import HostNames
from people.models import Organization
from people.request_address import address_of
from settings import Settings


class OrganizationUnknown(Exception):
    """There is none with this slug."""


ERRORS = (OrganizationUnknown, entry_lists.TooManyRules)


def listing(database: Database, parsed: argparse.Namespace) -> None:
    """Lines of `effect kind value note`, or JSON."""
    with database.reading() as transaction:
        rules = stored_rules(transaction, _organization(transaction, parsed.organization).id)
    lines = [asdict(rule) for rule in rules]
    if parsed.json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
        return
    for line in lines:
        print(" ".join(line.values()).rstrip())


def add(database: Database, settings: Settings, parsed: argparse.Namespace) -> None:
    """One rule a value, or those of a CSV file."""
    text = _text_of(parsed.file) if parsed.file is not None else "\n".join(parsed.value)
    with database.reading() as transaction:
        organization_id = _organization(transaction, parsed.organization).id
        persons = entry_lists.dotted_user_ids(transaction, organization_id)
    pasted = entry_lists.read_lines(text, parsed.effect, persons)
    if pasted.unfit:
        number, error = pasted.unfit[0]
        raise WrongUse(f"line {number}: {error}")
    with database.session() as transaction:
        organization = _organization(transaction, parsed.organization)
        changed = entry_lists.change(transaction, organization, add=pasted.rules, everything=parsed.replace)
        _note(transaction, organization, changed)
    _cut_off(database, settings, organization, changed)
    print(f"added {changed.added}, removed {changed.removed}")


def remove(database: Database, settings: Settings, parsed: argparse.Namespace) -> None:
    """The rules with these values, on either list."""
    with database.session() as transaction:
        organization = _organization(transaction, parsed.organization)
        rows = entry_lists.rows_of(transaction, organization.id)
        ids = [row.id for row in rows if row.rule.value in parsed.value]
        changed = entry_lists.change(transaction, organization, remove=ids)
        _note(transaction, organization, changed)
    _cut_off(database, settings, organization, changed)
    print(f"removed {changed.removed}")


def clear(database: Database, parsed: argparse.Namespace) -> None:
    """All rules: everybody gets in again, as far as their accounts and the rooms let them."""
    with database.session() as transaction:
        organization = _organization(transaction, parsed.organization)
        changed = entry_lists.change(transaction, organization, everything=True)
        _note(transaction, organization, changed)
    print(f"removed {changed.removed}")


def attempt(database: Database, parsed: argparse.Namespace) -> None:
    """Whether somebody would get in from an address, and why."""
    address = address_of(parsed.address)
    if address is None:
        raise WrongUse(f"{parsed.address} is no IP address")
    try:
        name = fold_user_id(parsed.user) if parsed.user else None
    except UnfitUserId as error:
        raise WrongUse(str(error)) from None
    with database.reading() as transaction:
        rules = stored_rules(transaction, _organization(transaction, parsed.organization).id)
    names = HostNames()
    try:
        found = judged(compile_rules(rules), name, address, names)
    finally:
        names.close()
    decided = ", ".join(f"{rule.effect} {rule.kind} {rule.value}" for rule in found.verdict.rules)
    print(
        f"{'let in' if found.verdict else 'kept out'}: {found.verdict.why}"
        + (f" ({decided})" if decided else "")
    )
    if found.lookup is not None:
        print(f"host name: {found.lookup.state} {' '.join(found.lookup.names or found.lookup.told)}".rstrip())


def _organization(transaction: Session, slug: str) -> Organization:
    found = transaction.scalar(select(Organization).where(Organization.slug == slug))
    if found is None:
        raise OrganizationUnknown(f"there is no organization {slug}")
    return found


def _note(transaction: Session, organization: Organization, changed: Changed) -> None:
    if changed.added or changed.removed:
        details = {"added": changed.added, "removed": changed.removed}
        note_command(transaction, "doors.changed", organization.id, organization.slug, **details)


def _cut_off(database: Database, settings: Settings, organization: Organization, changed: Changed) -> None:
    if not changed.stricter:
        return
    entry = Entry(database)
    try:
        cut_off_kept_out(database, RecorderClient(settings.recorder_socket), entry, organization.id)
    finally:
        entry.close()


def _text_of(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file}: {error}") from error
