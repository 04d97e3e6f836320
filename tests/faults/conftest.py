"""An installation for faults, shared by them as real faults share one: each test has a room of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.installation import Installation


@pytest.fixture(scope="session")
def shared_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("faults"))
    try:
        made.start()
        made.add_lecturer()
        yield made
    finally:
        made.stop()


@pytest.fixture
def installation(shared_installation: Installation) -> Iterator[Installation]:
    """The shared one; what it said during the test is shown when that fails."""
    said = len(shared_installation.log())
    yield shared_installation
    print(shared_installation.log()[said:][-8_000:])
