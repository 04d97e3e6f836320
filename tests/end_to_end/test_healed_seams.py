"""A healed recording in a real browser: over both seams each picture comes where it belongs, no stall."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from recorder.healing import CopyFile, heal
from tests.broadcast.session_writer import STARTED_AT
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.recorder.lecture_maker import BITS, SIZE, Lecture, write_copy

pytestmark = pytest.mark.slow

# Notes the number that each shown picture bears, with its place in the playlist.
WATCH = """(shape) => {
    const video = document.querySelector("video");
    const canvas = new OffscreenCanvas(shape.width, 1);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const bar = Math.floor(shape.width / shape.bits);
    window.numbers = [];
    const note = (now, { mediaTime }) => {
        context.drawImage(video, 0, shape.height / 4, shape.width, 1, 0, 0, shape.width, 1);
        const { data } = context.getImageData(0, 0, shape.width, 1);
        let number = 0;
        for (let bit = 0; bit < shape.bits; bit++) {
            if (data[4 * (bit * bar + (bar >> 1))] > 128) number += 2 ** bit;
        }
        window.numbers.push([mediaTime, number]);
        video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
}"""


@pytest.mark.full
def test_pictures_go_on_over_the_seams(installation: Installation, browser: Browser, tmp_path: Path) -> None:
    lecture = Lecture(installation.folder)
    lecture.camera(0, 9, falls_silent=7)
    lecture.slate(9, 12)
    lecture.camera(12, 20)
    lecture.end(20)
    copy = CopyFile(write_copy(tmp_path / "copy.mkv", 1, 19), STARTED_AT + 1.2)
    made = heal(lecture.roots, lecture.session_id, [copy], disk_floor_bytes=0, progress=lambda *_: None)
    assert made.version == 2
    installation.wait_for_recording(lecture.session_id)

    viewer = Viewer(browser)
    viewer.open(installation.url + f"/watch/{lecture.session_id}")
    viewer.wait("video && video.readyState > 2 && video.duration > 19")
    viewer.seek(4.0)
    viewer.page.evaluate(WATCH, {"width": SIZE[0], "height": SIZE[1], "bits": BITS})
    viewer.begin_anew()
    viewer.page.evaluate("() => document.querySelector('video').play()")
    viewer.wait("video.currentTime > 16", 40)
    shown = viewer.page.evaluate("() => window.numbers")
    assert len(shown) > 200
    for at, number in shown:
        assert abs(number / 30 - at) < 0.06, (at, number)
    assert all(after[1] >= before[1] for before, after in pairwise(shown))
    assert viewer.stalls(0.25) == [] and viewer.console.complaints == []
    viewer.close()
