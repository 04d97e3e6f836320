"""The limit of open files: each viewer is two or three of them, and shells allow 1,024."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operation.open_files import MOST_OPEN_FILES
from tests.installation import APP, Installation, wait_for

HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
RAISED = MOST_OPEN_FILES if HARD == resource.RLIM_INFINITY else min(HARD, MOST_OPEN_FILES)


@contextmanager
def started(folder: Path, *arguments: str, limits: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """`app.py …` from a shell with these limits of open files; its log is `app.log`."""
    installation = Installation(folder)
    shell = f'ulimit -S -n {limits[0]}; ulimit -H -n {limits[1]}; exec "$0" "$@"'
    with open(installation.log_path, "wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", shell, sys.executable, str(APP), *arguments],
            env=installation.environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def soft_limit(pid: int) -> int:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return int(next(line.split()[3] for line in lines if line.startswith("Max open files")))


def test_a_low_soft_limit_is_raised(tmp_path: Path) -> None:
    command = ("user", "add", "sato", "--role", "viewer", "--password-stdin")  # waits for the password
    with started(tmp_path, *command, limits=(512, HARD)) as process:
        wait_for("the limit to be raised", lambda: soft_limit(process.pid) == RAISED, 60)


@pytest.mark.skipif(RAISED < 4096, reason="this machine allows few open files")
def test_a_low_hard_limit_is_told(tmp_path: Path) -> None:
    with started(tmp_path, "web", limits=(512, 4096)) as process:
        log = tmp_path / "app.log"
        wait_for("the warning", lambda: "only 4096 open files are allowed" in log.read_text(), 60)
        assert soft_limit(process.pid) == 4096
