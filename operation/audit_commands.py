"""What `app.py audit verify` and `export` do: check the chain, write the log to standard output."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from broadcast.audit_pages import CSV_HEADER, csv_rows
from broadcast.csv_table import table
from library.database import Database
from operation.wrong_use import WrongUse
from people import audit, audit_list
from people.audit import BEFORE_THE_FIRST, ChainReport, Head
from people.audit_list import Filter

WHY = {
    "missing": "rows before it are not there",
    "changed": "it is not what was noted",
    "details": "its details are not those that were noted",
    "end": "the log ends before it",
}


class ChainBroken(Exception):
    """The audit log is not what was noted; says where."""


def verify(database: Database, parsed: argparse.Namespace) -> None:
    """Raises ChainBroken, WrongUse."""
    report = audit.check(database, seen=_seen(parsed.seen))
    if parsed.json:
        print(json.dumps({"ok": report.ok, **asdict(report)}))
    elif report.ok:
        print(f"{report.rows} rows are in order, {report.erased} of them without details")
        if report.head is not None:
            print(f"keep this to prove it later: {report.head.number}:{report.head.hash}")
    if report.wrong is not None:
        raise ChainBroken(_words(report))


def export(database: Database, _: argparse.Namespace) -> None:
    """All of it, the newest first, as the admins' page gives it."""
    lines = audit_list.everything(database, None, Filter())
    for piece in table(CSV_HEADER, csv_rows(lines)):
        sys.stdout.write(piece)


def _words(report: ChainReport) -> str:
    assert report.wrong is not None, "asked of a broken chain"
    return f"the audit log is broken at row {report.wrong.number}: {WHY[report.wrong.why]}"


def _seen(text: str | None) -> Head | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != len(BEFORE_THE_FIRST):
        raise WrongUse("--seen takes what `audit verify` printed: NUMBER:HASH")
    return Head(int(number), digest)
