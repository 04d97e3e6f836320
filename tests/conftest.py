"""For all tests: databases, and which tests run side by side and which alone.

`scripts/run_tests.py` gives the option `--part`; a run without it, as by hand, has both.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from people import passwords

# Here once: each place that imports a session's fixture would start a server of its own.
from tests.databases import (  # noqa: F401
    database,
    database_url,
    patient,
    postgresql_server,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)

HERE = Path(__file__).parent
ALL_SERIAL = (HERE / "end_to_end", HERE / "faults")
FULL = os.environ.get("KODO_FULL") == "1"
SERIAL = "pytest.mark.serial"
SIDE_BY_SIDE = "pytest.mark.side_by_side"  # a page's flow in a browser that measures nothing

# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A third of the time of tests of accounts and rooms went into making hashes: what they hold is the same with
# quick ones. Installations that tests start, and who asks for `slow_hashes`, have those of the product.
SLOW_HASHER = passwords._hasher
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def slow_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as in the product."""
    monkeypatch.setattr(passwords, "_hasher", SLOW_HASHER)
    passwords._nobodys_hash.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=["parallel", "serial"], help="only tests without or with `serial`")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What has no test of the part need not be imported."""
    part = config.getoption("part")
    if part is None or not collection_path.match("test_*.py"):
        return None
    source = collection_path.read_text(encoding="utf-8")
    if _is_all_serial(collection_path):
        return (SIDE_BY_SIDE in source) is (part == "serial") or None
    return (part == "serial" and SERIAL not in source) or None


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _is_all_serial(item.path) and item.get_closest_marker("side_by_side") is None:
            item.add_marker("serial")
    if not FULL:
        _leave_out(config, items, [item for item in items if item.get_closest_marker("full") is not None])
    part = config.getoption("part")
    if part is not None:
        others = [item for item in items if _part_of(item) != part]
        _leave_out(config, items, others)


def _leave_out(config: pytest.Config, items: list[pytest.Item], others: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=others)
    left_out = set(others)
    items[:] = [item for item in items if item not in left_out]


def _is_all_serial(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in ALL_SERIAL)


def _part_of(item: pytest.Item) -> str:
    return "parallel" if item.get_closest_marker("serial") is None else "serial"
