"""`app.py doors`: the way out for who has locked everybody out; what it prints, refuses and notes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app import _parser
from library.database import Database
from operation import door_commands
from operation.door_commands import OrganizationUnknown
from operation.wrong_use import WrongUse
from people.command_line import add_user
from people.models import AuditRow, Role, Room, User
from people.rooms import ensure_own_room
from settings import Settings

NOWHERE = Settings.from_environment({"KODO_STORAGE": "/nonexistent"})  # no recorder answers there

ALONE = {"list": door_commands.listing, "clear": door_commands.clear, "try": door_commands.attempt}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    add_user(sqlite_database, "tanaka", Role.LECTURER, "a long enough secret")
    with sqlite_database.session() as transaction:
        ensure_own_room(transaction, transaction.scalars(select(User)).one(), "Tanaka's")
    return sqlite_database


def run(database: Database, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    parsed = _parser().parse_args(["doors", *words])
    if words[0] in ALONE:
        ALONE[words[0]](database, parsed)
    else:
        work = {"add": door_commands.add, "remove": door_commands.remove}[words[0]]
        work(database, NOWHERE, parsed)
    return capsys.readouterr().out


def test_rules_come_and_go(database: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(database, capsys, "add", "deny", "0.0.0.0/0", "::/0") == "added 2, removed 0\n"
    assert run(database, capsys, "list") == "deny network 0.0.0.0/0\ndeny network ::/0\n"
    assert run(database, capsys, "try", "192.0.2.9", "--user", "Tanaka").startswith("kept out: denied")
    with database.reading() as transaction:
        assert transaction.scalars(select(Room.guarded)).all() == [True]
    assert run(database, capsys, "remove", "::/0") == "removed 1\n"
    file = tmp_path / "rules.csv"
    file.write_text("\ufeffeffect,kind,value,note\r\nallow,host,.example.ac.jp,campus\r\n", encoding="utf-8")
    assert run(database, capsys, "add", "deny", "--file", str(file), "--replace") == "added 1, removed 1\n"
    told = json.loads(run(database, capsys, "list", "--json"))
    assert told == [{"effect": "allow", "kind": "host", "value": ".example.ac.jp", "note": "campus"}]
    assert run(database, capsys, "clear") == "removed 1\n"
    assert run(database, capsys, "try", "192.0.2.9") == "let in: no_list\n"
    with database.reading() as transaction:
        rows = transaction.scalars(select(AuditRow).where(AuditRow.action == "doors.changed")).all()
        assert len(rows) == 4 and all("command line" in (row.details or "") for row in rows)
        assert transaction.scalars(select(Room.guarded)).all() == [False]


def test_a_user_id_with_a_dot_is_a_persons(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    add_user(database, "taro.yamada", Role.VIEWER, "a long enough secret")
    run(database, capsys, "add", "deny", "Taro.Yamada")
    assert run(database, capsys, "list") == "deny person taro.yamada\n"
    with pytest.raises(WrongUse, match=r"deny,host,example\.net"):
        run(database, capsys, "add", "deny", "example.net")
    run(database, capsys, "add", "deny", "deny,host,example.net")
    assert "deny host example.net\n" in run(database, capsys, "list")


def test_what_makes_no_sense_is_refused(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("add", "deny", "192.0.2.7/24"), ("try", "nowhere"), ("try", "192.0.2.9", "--user", "a b")):
        with pytest.raises(WrongUse):
            run(database, capsys, *words)
    with pytest.raises(OrganizationUnknown):
        run(database, capsys, "list", "--organization", "nowhere")
