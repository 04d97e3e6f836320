"""One installation and one Chromium for each module of end-to-end tests, or for several that run alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from broadcast.recorder_client import RecorderClient
from settings import Settings
from tests.end_to_end import chromium
from tests.installation import PATIENCE_SECONDS, Installation

expect.set_options(timeout=1000 * PATIENCE_SECONDS)  # only a failure waits for its end


HERE = Path(__file__).parent
# Of a test that names none, with its installation's and its browser's beginning and end.
TEST_SECONDS = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def _while_alone(fixture_name: str, config: pytest.Config) -> str:
    """Side by side, installations and event loops would be there for whatever a worker runs next."""
    return "package" if config.getoption("part") == "serial" else "module"


@pytest.fixture(scope="module")
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The module's own, or that of all with `shares_installation`, whose lectures end with each of them."""
    if request.node.get_closest_marker("shares_installation") is None:
        yield from _running(tmp_path_factory)
    else:
        shared: Installation = request.getfixturevalue("shared_installation")
        yield shared
        end_lectures(shared)


@pytest.fixture(scope=_while_alone)
def shared_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    yield from _running(tmp_path_factory)


def end_lectures(installation: Installation) -> None:
    settings = Settings.from_environment(installation.environment)
    for slug, room in RecorderClient(settings.recorder_socket).status()["rooms"].items():
        if room["session"] is not None:
            installation.end(slug)


def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(tmp_path_factory.mktemp("installation"))
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.fixture(scope=_while_alone)
def playwright() -> Iterator[Playwright]:
    chromium.chromium_path()
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Ends with the pages that its tests left open: a studio goes on composing."""
    browser = chromium.launch(playwright)
    yield browser
    browser.close()
