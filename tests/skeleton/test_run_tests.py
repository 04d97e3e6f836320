"""`make test` is two runs of pytest with one exit code, and each test is in one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import joint_code

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "scripts" / "run_tests.py"
FAULT, ACCOUNTS = "tests/faults/test_line_cut.py", "tests/people/test_accounts.py"


@pytest.mark.parametrize(
    ("codes", "joint"),
    [
        ([0, 0], 0),
        ([1, 0], 1),
        ([0, 1], 1),
        ([1, 4], 1),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 1], 1),
        ([5, 5], 5),
        ([2], 2),
    ],
)
def test_one_exit_code_of_two_runs(codes: list[int], joint: int) -> None:
    assert joint_code(codes) == joint


def collected(*command: str | Path) -> list[str]:
    """Names of the tests that `python …` would run, in their order."""
    run = subprocess.run(
        [sys.executable, *command, "--collect-only", "--quiet", FAULT, ACCOUNTS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [line for line in run.stdout.splitlines() if "::" in line]


@pytest.mark.timeout(600)  # three runs that import much
def test_each_test_is_in_one_of_the_runs_and_serial_ones_in_the_last() -> None:
    told = collected(SCRIPT, "--numprocesses=0")
    assert sorted(told) == sorted(collected("-m", "pytest"))
    assert told[0].startswith(ACCOUNTS)
    last = next(n for n, name in enumerate(told) if name.startswith(FAULT))
    assert told[-1] == f"{ACCOUNTS}::test_an_unknown_user_takes_as_long[postgresql]"
    assert {name.split("[")[0] for name in told[last:] if name.startswith(ACCOUNTS)} == {
        told[-1].split("[")[0]
    }
