"""Lectures that several tests read."""

from __future__ import annotations

import asyncio

import pytest

from recorder.media_log import MediaLog
from recorder.media_log_reader import SessionReader
from tests.recorder.media_maker import make_settings
from tests.recorder.program_stage import Encoder, Publisher, Stage


@pytest.fixture(scope="session")
def lecture(tmp_path_factory):
    """15 s of a resting picture, 5 s without sound, two changes of resolution, a reconnect, sound only."""
    folder = tmp_path_factory.mktemp("lecture")
    settings = make_settings(folder)
    told: list[tuple[int, int]] = []
    log = MediaLog(settings, "s1", on_part=lambda take, record: told.append((take, record.pts)))
    stage = Stage(folder, log=log, settings=settings)
    publisher = Publisher(stage).start()
    stage.run(4)
    publisher.camera_on = False
    stage.run(15)
    publisher.camera_on, publisher.microphone_on = True, False
    stage.run(5)
    publisher.microphone_on = True
    for encoder in (Encoder(320, 192), Encoder(176, 144)):
        publisher.encoder = encoder
        stage.run(3)
    publisher.leave()
    stage.run(3)
    Publisher(stage, fps=5).start()
    stage.run(5)
    Publisher(stage).start(has_video=False)
    stage.run(4)
    asyncio.run(stage.close())
    log.close()
    reader = SessionReader(settings.session_roots, "s1")
    reader.refresh()
    return reader, told
