"""For all tests: databases, and which tests run side by side and which alone.

`scripts/run_tests.py` gives the option `--part`; a run without it, as by hand, has both.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Here once: each place that imports a session's fixture would start a server of its own.
from tests.databases import (  # noqa: F401
    database,
    database_url,
    postgresql_server,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)

HERE = Path(__file__).parent
ALL_SERIAL = (HERE / "end_to_end", HERE / "faults")
SERIAL = "pytest.mark.serial"

# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=["parallel", "serial"], help="only tests without or with `serial`")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What has no test of the part need not be imported."""
    part = config.getoption("part")
    if part == "parallel":
        return collection_path in ALL_SERIAL or None
    if part == "serial" and collection_path.suffix == ".py" and not _is_all_serial(collection_path):
        return SERIAL not in collection_path.read_text(encoding="utf-8") or None
    return None


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _is_all_serial(item.path):
            item.add_marker("serial")
    part = config.getoption("part")
    if part is not None:
        others = [item for item in items if _part_of(item) != part]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _part_of(item) == part]


def _is_all_serial(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in ALL_SERIAL)


def _part_of(item: pytest.Item) -> str:
    return "parallel" if item.get_closest_marker("serial") is None else "serial"
