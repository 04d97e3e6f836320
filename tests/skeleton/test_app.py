"""The command line: exit codes, one line for a mistake, and what works before the first start."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from library.backup.restoring import MARKER
from tests.installation import APP, Installation, children, command_line, wait_for

pytestmark = pytest.mark.timeout(600)  # many processes, and the machine may be busy


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.stop()


def app(
    installation: Installation, *arguments: str, stdin: str = "", **environment: str
) -> tuple[int, str, str]:
    """Run `app.py` → exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, str(APP), *arguments],
        env={**installation.environment, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def test_people_and_rooms_can_be_made_before_the_first_start(installation: Installation) -> None:
    installation.add_lecturer("sato")
    assert installation.run("room", "add", "math", "--owner", "sato", "--title", "数学") == (
        f"{installation.url}/rooms/math\n"
    )
    (room,) = json.loads(installation.run("room", "list", "--json"))
    assert (room["slug"], room["title"], room["owner"]) == ("math", "数学", "sato")
    first, second = (json.loads(installation.run("room", "key", "math", "--json")) for _ in range(2))
    assert first["whip_url"] == f"{installation.url}/whip/math"
    assert first["room_url"] == f"{installation.url}/rooms/math"
    assert first["stream_key"] != second["stream_key"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "sato"],
        ["user", "add", "sato", "--role", "king", "--password-stdin"],
        ["user", "add", "sato", "--role", "viewer"],  # no terminal to ask for a password
        ["room"],
        ["room", "key"],
        ["fly"],
        ["cert"],
    ],
)
def test_wrong_use_is_2(installation: Installation, arguments: list[str]) -> None:
    code, out, err = app(installation, *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "stdin", "word"),
    [
        (["room", "add", "math", "--owner", "nobody"], "", "nobody"),
        (["room", "add", "Not a slug", "--owner", "nobody"], "", "no user"),
        (["room", "key", "none"], "", "room"),
        (["user", "add", "sato", "--role", "viewer", "--password-stdin"], "short\n", "password"),
        (["session", "end", "math"], "", "is Kodo running?"),
        (["cert", "not a name", "--out", "/nowhere"], "", "not a name"),
    ],
)
def test_what_fails_is_1_and_one_line(
    installation: Installation, arguments: list[str], stdin: str, word: str
) -> None:
    code, out, err = app(installation, *arguments, stdin=stdin)
    assert (code, out) == (1, "")
    assert word in err
    assert err.count("\n") == 1


def test_a_wrong_setting_is_2_and_named(installation: Installation) -> None:
    for command in ([], ["web"], ["recorder"], ["worker"], ["room", "list"]):
        code, out, err = app(installation, *command, KODO_PORT="many")
        assert (code, out) == (2, "")
        assert err.startswith("app.py: KODO_PORT: 'many'")
        assert err.count("\n") == 1


def test_a_database_url_without_a_file_is_refused_at_once(installation: Installation) -> None:
    for command in ([], ["migrate"], ["web"]):
        code, _, err = app(installation, *command, KODO_DATABASE_URL="sqlite:kodo.db")
        assert code == 2
        assert err.startswith("app.py: KODO_DATABASE_URL: its value must be sqlite:///FILE")


def test_a_storage_that_cannot_be_written_is_named(installation: Installation) -> None:
    code, _, err = app(installation, KODO_STORAGE="/proc/kodo")
    assert code == 2
    assert err.startswith("app.py: KODO_STORAGE: /proc/kodo")
    half = installation.folder / "half"
    (half / MARKER).mkdir(parents=True)
    code, _, err = app(installation, KODO_STORAGE=str(half))
    assert (code, "half of a backup" in err) == (2, True), err


def test_a_lost_database_is_not_replaced_by_an_empty_one(installation: Installation) -> None:
    installation.add_lecturer("sato")
    (installation.storage / "kodo.db").rename(installation.storage / "elsewhere")
    code, _, err = app(installation, "room", "list")
    assert code == 1
    assert "kodo.db is missing" in err
    assert not (installation.storage / "kodo.db").exists()
    installation.run("migrate", "--new-database")
    assert installation.run("room", "list") == ""


def test_starts_refuses_a_second_one_and_stops_in_order(installation: Installation) -> None:
    installation.start()
    wait_for("the ready line", lambda: f"Kodo is ready: {installation.url}" in installation.log(), 60)
    assert f"{installation.url}/setup/" in installation.log()

    code, _, err = app(installation)
    assert code == 1
    assert f"process {installation.supervisor_pid} serves {installation.storage} already" in err
    code, _, err = app(installation, "recorder")
    assert code == 1
    assert str(installation.pid("recorder")) in err
    code, _, err = app(installation, KODO_STORAGE=str(installation.folder / "other"))
    assert code == 1
    assert "KODO_PORT" in err

    everything = [installation.supervisor_pid, *children(installation.supervisor_pid)]
    installation.stop()
    assert [pid for pid in everything if Path(f"/proc/{pid}/cmdline").exists()] == []
    assert "Traceback" not in installation.log()


def test_nothing_outlives_a_killed_supervisor_and_a_new_one_takes_over(installation: Installation) -> None:
    installation.start()
    left = children(installation.supervisor_pid)
    os.kill(installation.supervisor_pid, signal.SIGKILL)
    installation.stop()
    installation.start()
    # The new one may be ready before the old web process has let its requests go (two seconds).
    wait_for("all of the old to end", lambda: not any(command_line(pid)[0:1] > [""] for pid in left), 60)


def test_serves_https_with_its_own_certificate(installation: Installation) -> None:
    folder = installation.folder / "made"
    code, out, _ = app(installation, "cert", "localhost", "127.0.0.1", "--out", str(folder))
    assert code == 0
    environment = dict(line.split("=", 1) for line in out.splitlines())
    url = f"https://127.0.0.1:{installation.port}/healthz"
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    installation.environment.update(environment)
    installation.url = f"https://localhost:{installation.port}"
    with open(installation.log_path, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(APP)], env=installation.environment, stdout=log, stderr=log
        )
    try:
        wait_for("the ready line", lambda: "Kodo is ready: https://localhost" in installation.log(), 60)
        with urllib.request.urlopen(url, timeout=60, context=trusting) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        assert process.wait(60) == 0
