"""A web process on a stage of its own, and a browser that uploads to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(params=["flask", "front"])
def browser(request: pytest.FixtureRequest, stage: WebStage) -> Browser:
    return Browser(stage, front=request.param == "front")
