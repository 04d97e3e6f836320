"""`app.py user …`: list, invite, roles, deactivation, links and import, as the command line parses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import app
from operation import administration
from operation.wrong_use import WrongUse
from people.accounts import UnfitEmail, UserIdTaken, UserNotFound
from people.user_commands import Deactivated, LinesWrong
from settings import Settings

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command → what it prints."""
    storage = {"KODO_STORAGE": str(tmp_path / "storage"), "KODO_PUBLIC_URL": "https://kodo.example"}
    settings = Settings.from_environment(storage)
    settings.storage.mkdir()

    def command(*arguments: str) -> str:
        parsed = app._parser().parse_args(["user", *arguments])
        administration.COMMANDS[f"user {arguments[0]}"](settings, parsed)
        return capsys.readouterr().out

    return command


def test_users_by_command(run: Run) -> None:
    printed = run("invite", "sato", "--role", "admin", "--name", "佐藤", "--email", "S@x.jp")
    assert printed.startswith("https://kodo.example/invitation/")
    with pytest.raises(UserIdTaken):
        run("invite", "sato", "--role", "viewer")
    with pytest.raises(UnfitEmail):
        run("invite", "x", "--role", "viewer", "--email", "a@x.jp\nBcc: b@x.jp")
    run("role", "sato", "lecturer")
    run("deactivate", "sato")
    with pytest.raises(Deactivated, match=r"app\.py user activate sato"):
        run("reset-link", "sato")
    run("activate", "sato")
    assert "/invitation/" in run("reset-link", "sato")
    with pytest.raises(UserNotFound):
        run("reset-link", "nobody")
    (line,) = json.loads(run("list", "--json"))
    assert line == {
        "user_id": "sato",
        "name": "佐藤",
        "role": "lecturer",
        "state": "invited",
        "email": "s@x.jp",
        "last_sign_in_at": None,
    }
    assert run("list") == "sato\tlecturer\tinvited\t-\t佐藤\n"


def test_import_by_command(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("ユーザーID,氏名,役割\r\nyama,山田,講師\r\nkan,菅,神\r\n".encode("cp932"))
    with pytest.raises(LinesWrong, match=r"line 3 \(kan\): role"):
        run("import", str(file))
    file.write_bytes("ユーザーID,氏名,役割\r\nyama,山田,講師\r\nkan,菅,視聴者\r\n".encode("cp932"))
    assert run("import", "--dry-run", str(file)) == "would be invited: 2, there already: 0\n"
    assert run("list") == ""
    assert run("import", str(file)) == "invited: 2, there already: 0\n"
    assert run("import", str(file)) == "invited: 0, there already: 2\n"
    with pytest.raises(WrongUse):
        run("import", str(tmp_path / "none.csv"))
