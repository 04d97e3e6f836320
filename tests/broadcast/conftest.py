"""A web process on a stage of its own, and a browser that uploads to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.broadcast.upload_browser import Browser
from tests.broadcast.web_stage import WebStage


@pytest.fixture
def stage_settings() -> dict[str, str]:
    """Settings that the stage has besides its own; a module may give some."""
    return {}


@pytest.fixture
def stage(tmp_path: Path, stage_settings: dict[str, str]) -> Iterator[WebStage]:
    stage = WebStage(tmp_path, **stage_settings)
    yield stage
    stage.close()


@pytest.fixture
def long_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the counts of requests no time passes: hundreds of them may take a busy machine over a minute."""
    now = time.time()
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: now))


@pytest.fixture(params=["flask", "front"])
def browser(request: pytest.FixtureRequest, stage: WebStage) -> Browser:
    return Browser(stage, front=request.param == "front")
