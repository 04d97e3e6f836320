"""docs/bad-input.md names a test for each kind of bad input, and the tests are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "docs" / "bad-input.md"
# The issue's paragraph, item by item.
ITEMS = """
    empty, not SDP | 1 MB | VP8 only | 50 m-lines | sound only | wrong | missing | revoked
    negative, huge, not a number | `_HLS_part` alone | unknown session | unknown take | part | unknown batch
    forged | foreign | expired | losses | reordering | duplicates | 2^31 | another SSRC | wall clock
    read-only | full tmpfs | index torn at every byte | every offset of its last 64 kB
    database deleted, locked, read-only
    """


def rows() -> list[list[str]]:
    """The cells of each row."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def named(cell: str) -> list[tuple[str, str]]:
    return re.findall(r"`([\w/]+\.py)::(test_\w+)`", cell)


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_names_tests_that_exist() -> None:
    assert len(rows()) > 30
    for what, answer, tests in rows():
        assert answer and named(tests), f"{what} has no test"
        assert tests.count("::") == len(named(tests)), f"{what}: a test's name cannot be read"
        for file, test in named(tests):
            assert test in functions(PROJECT / "tests" / file), f"{what}: there is no {file}::{test}"


def test_every_item_of_the_issue_has_a_row() -> None:
    kinds = " \n".join(row[0] for row in rows())
    items = [item.strip() for line in ITEMS.strip().splitlines() for item in line.split("|")]
    assert [item for item in items if item not in kinds] == []
