"""A lecturer's studio in real Chromium, and what the recording on disk has of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from recorder.media_log_reader import SessionReader
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation

SCENE_IN_PIXELS = Path(__file__).parent / "scene_in_pixels.js"
RAW_SOUND = """for (const name of ["echoCancellation", "noiseSuppression", "autoGainControl"]) {
  localStorage.setItem(`kodo-${name}`, "off");
}"""
# A picture that the recorder puts in where none came (recorder/skip_picture.py) has a few bytes.
LEAST_PICTURE_BYTES = 24


class Studio:
    """Signed in and opened; `watch` gives a viewer that can tell scenes by their pixels."""

    def __init__(
        self, browser: Browser, installation: Installation, slug: str, *, raw_sound: bool = False
    ) -> None:
        self.browser, self.installation, self.slug = browser, installation, slug
        self.lecturer = Lecturer(browser, installation)
        self.lecturer.sign_in("sato", PASSWORD)
        self.page: Page = self.lecturer.page
        self.lecturer.send_small_pictures()
        if raw_sound:
            self.page.add_init_script(RAW_SOUND)
        self._viewers: list[Viewer] = []

    def open(self) -> None:
        self.page.goto(f"{self.installation.url}/rooms/{self.slug}/studio")
        self.page.wait_for_selector("#go-live:enabled, #end:visible")
        self.page.wait_for_selector("#preview[data-placed=camera]")

    def choose(self, scene: str) -> None:
        """By its tile; returns when the program is composed so."""
        self.page.click(f"[data-scene={scene}]")
        self.page.wait_for_selector(f"#studio[data-scene={scene}]")

    def watch(self) -> Viewer:
        viewer = Viewer(self.browser)
        viewer.page.add_init_script(path=SCENE_IN_PIXELS)
        viewer.open(f"{self.installation.url}/rooms/{self.slug}")
        self._viewers.append(viewer)
        viewer.wait_for_playing(0.5)
        return viewer

    def close(self) -> None:
        for viewer in self._viewers:
            viewer.close()
        self.lecturer.close()

    @property
    def session(self) -> str:
        """The one that it sends to, as soon as the page has heard of it."""
        self.page.wait_for_selector("#studio[data-session]:not([data-session=''])")
        found = self.page.get_attribute("#studio", "data-session")
        assert found
        return found


def magenta_camera(path: Path) -> str:
    """The flag for a camera that is magenta with a stripe that moves; Chromium's fake screen is green."""
    width, height, pictures = 640, 360, 8
    chroma = bytes([202]) * (width * height // 4) + bytes([222]) * (width * height // 4)
    lines = [bytes([105]) * width, bytes([90]) * width]
    frames = (
        b"".join(lines[n * 40 <= y < n * 40 + 40] for y in range(height)) + chroma for n in range(pictures)
    )
    header = f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\n".encode()
    path.write_bytes(header + b"".join(b"FRAME\n" + frame for frame in frames))
    return f"--use-file-for-fake-video-capture={path}"


@contextmanager
def opened_studio(
    browser: Browser, installation: Installation, slug: str, *, raw_sound: bool = False
) -> Iterator[Studio]:
    """The studio of `slug`, open and not live. `raw_sound`: the microphone's sound is sent as it is."""
    studio = Studio(browser, installation, slug, raw_sound=raw_sound)
    try:
        studio.open()
        yield studio
    finally:
        studio.close()


@dataclass(frozen=True)
class TakeOnDisk:
    """`pictures`: times in seconds of the session's clock, of pictures that came from the studio."""

    number: int
    size: tuple[int, int]
    slate: bool
    pictures: list[float]


def takes_on_disk(installation: Installation, session: str) -> list[TakeOnDisk]:
    """What was recorded, read as a player would."""
    import av

    found = []
    with reading(installation, session) as reader:
        for take in reader.takes:
            with av.open(str(reader.media_path(take.number))) as media:
                video = media.streams.video[0]
                packets: list[Any] = [p for p in media.demux(video) if p.size >= LEAST_PICTURE_BYTES]
                times = [float(p.pts * p.time_base) for p in packets]
            size = (take.video.width, take.video.height)
            found.append(TakeOnDisk(take.number, size, take.slate, times))
    return found


@contextmanager
def reading(installation: Installation, session: str) -> Iterator[SessionReader]:
    reader = SessionReader((installation.storage / "sessions",), session)
    try:
        reader.refresh()
        yield reader
    finally:
        reader.close()
