"""What drives a browser or measures time runs alone: its file says so by the mark `serial`."""

import re

import pytest

from tests.conftest import ALL_SERIAL, HERE, SERIAL, SIDE_BY_SIDE

DRIVES_A_BROWSER = r"^(?:from|import) playwright"
MEASURES_TIME = r"\b(?:perf_counter|process_time|thread_time)\("
NEEDS_THE_MACHINE = re.compile(f"{DRIVES_A_BROWSER}|{MEASURES_TIME}", re.MULTILINE)


def needs_the_mark(source: str) -> bool:
    return bool(NEEDS_THE_MACHINE.search(source)) and SERIAL not in source


def test_what_needs_the_machine_is_marked() -> None:
    sources = [path for path in HERE.rglob("test_*.py") if not any(map(path.is_relative_to, ALL_SERIAL))]
    assert [path for path in sources if needs_the_mark(path.read_text(encoding="utf-8"))] == []


def test_what_runs_side_by_side_measures_nothing() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (HERE / "end_to_end").glob("test_*.py")}
    beside = [path for path, source in sources.items() if SIDE_BY_SIDE in source]
    assert beside
    assert [path for path in beside if re.search(MEASURES_TIME + r"|\bmonotonic\(", sources[path])] == []


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("from playwright.sync_api import Page\n", True),
        ("import time\nbegan = time.perf_counter()\n", True),
        ("import pytest\nimport playwright\npytestmark = pytest.mark.serial\n", False),
        ("import time\nbegan = time.monotonic()\n", False),
    ],
)
def test_the_rule_can_fail(source: str, needed: bool) -> None:
    assert needs_the_mark(source) is needed
