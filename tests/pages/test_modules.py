"""The pages' pure modules under Node's own test runner (`*.test.mjs` beside this), where Node is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")
NEEDED = (20, 19)  # from then on it knows an ES module by its text


def node_version() -> tuple[int, int]:
    if NODE is None:
        return (0, 0)
    told = subprocess.run([NODE, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    match = re.match(r"v(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)


@pytest.mark.skipif(node_version() < NEEDED, reason=f"needs Node {NEEDED[0]}.{NEEDED[1]} or later")
@pytest.mark.parametrize("tests", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_module(tests: Path) -> None:
    assert NODE is not None
    run = subprocess.run(
        [NODE, "--test", str(tests)], capture_output=True, text=True, timeout=110, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
