"""Every action that the code notes in the audit log has words in its reader's language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from broadcast import audit_words

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("recorder", "broadcast", "library", "people", "operation")
NOTES = {"note", "_note", "note_act", "note_in_room", "note_alone", "note_command"}
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def noted_in(path: Path) -> set[str]:
    """The actions that calls of NOTES name, also where they choose among some."""
    calls = (
        one for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(one, ast.Call)
    )
    given = (
        value
        for call in calls
        if (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")) in NOTES
        for value in (*call.args, *(word.value for word in call.keywords if word.arg == "action"))
    )
    constants = (one.value for value in given for one in ast.walk(value) if isinstance(one, ast.Constant))
    return {one for one in constants if isinstance(one, str) and ACTION.fullmatch(one)}


def test_each_action_has_words() -> None:
    files = (path for package in PACKAGES for path in (PROJECT / package).rglob("*.py"))
    noted = set[str]().union(*map(noted_in, files))
    assert len(noted) > 40
    text = Path(audit_words.__file__).read_text(encoding="utf-8")
    assert {one for one in noted if f'"{one}": _(' not in text} == set()
