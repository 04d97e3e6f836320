"""A network camera in a lecture, in real Chromium: shown by the panel, seen by a viewer, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.end_to_end import axe
from tests.end_to_end.lecturer import Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.rtsp_camera import running_camera

pytestmark = pytest.mark.slow

WIDTH = 320  # of the camera's picture


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(tmp_path_factory.mktemp("cameras"), KODO_CAMERA_NETWORKS="127.0.0.0/8")
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.mark.timeout(240)
def test_a_network_camera_is_shown_and_taken_back(installation: Installation, browser: Browser) -> None:
    lecturer = Lecturer(browser, installation)
    axe.install(lecturer.page)
    lecturer.set_up()
    lecturer.send_small_pictures()
    lecturer.open_studio()
    lecturer.go_live()
    viewer = Viewer(browser)
    viewer.open(lecturer.room_address)
    viewer.wait_for_playing(1.0)
    page = lecturer.page
    page.fill("#film-camera-url", "rtsp://127.0.0.1:1/nothing")
    page.click("#film-camera-show")
    page.wait_for_selector("#films-problem:visible")
    with running_camera(user="sato", password="s p:a") as camera:
        page.fill("#film-camera-url", camera.url)
        page.press("#film-camera-url", "Enter")
        page.wait_for_selector("#films[data-kind=camera]")
        viewer.wait("video.videoWidth === argument", 30, WIDTH)
        viewer.wait_for_playing(2.0)
        assert page.is_hidden("#film-pause") and page.is_checked("#film-voice")
        assert page.is_hidden("#films-problem")
        assert axe.violations(page, "studio-network-camera") == []
        page.click("#film-stop")
        viewer.wait("video.videoWidth !== argument", 30, WIDTH)
        viewer.wait_for_playing(1.0)
        page.fill("#film-camera-url", camera.url)
        page.press("#film-camera-url", "Enter")
        viewer.wait("video.videoWidth === argument", 30, WIDTH)
    # The camera is gone: the lecturer comes back without a click.
    viewer.wait("video.videoWidth !== argument", 30, WIDTH)
    page.wait_for_selector("#films[data-kind='']")
    lecturer.end()
    assert "s%20p" not in installation.log() and "s p:a" not in installation.log()
    assert viewer.console.fatal == [] and lecturer.console.fatal == []
