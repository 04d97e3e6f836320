"""The studio's check before the lecture, and devices that fail in it.

A fake device cannot be pulled out of a running Chromium: `unplugged.js` ends its track, takes it from the
list and sends `devicechange`, as the browser does; what the page does then is all its own.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.end_to_end import chromium
from tests.end_to_end.lecturer import Lecturer
from tests.end_to_end.studio import opened_studio, takes_on_disk
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.shares_installation]

UNPLUGGED = Path(__file__).parent / "unplugged.js"
# Thirty times a second the same picture, to the last bit.
FROZEN_CAMERA = """
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wish) => {
    const stream = await ask(wish);
    for (const track of stream.getVideoTracks()) {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [640, 360];
      const context = canvas.getContext("2d");
      setInterval(() => { context.fillStyle = "#7a5b1f"; context.fillRect(0, 0, 640, 360); }, 33);
      stream.removeTrack(track);
      track.stop();
      stream.addTrack(canvas.captureStream(30).getVideoTracks()[0]);
    }
    return stream;
  };
"""
# They pass in four seconds each.
NOTE_STATES = """() => {
  const button = document.querySelector("#sound-check");
  window.states = [];
  const note = () => window.states.push(button.dataset.state);
  new MutationObserver(note).observe(button, { attributeFilter: ["data-state"] });
}"""
# When the page first warned: ms of its own clock.
NOTE_WARNINGS = """new MutationObserver((_, observer) => {
  if (!document.querySelector("[data-warning]")) return;
  window.warnedAt = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });"""
PATIENCE_MS = 15_000  # of the page with a source in which nothing is
TWO_CAMERAS = "--use-fake-device-for-media-stream=fps=30,device-count=2"


@pytest.fixture(scope="module")
def lecture_hall(installation: Installation) -> Installation:
    installation.add_lecturer()
    for slug in ("check", "pulled", "silent", "line"):
        installation.add_room(slug)
    return installation


@contextmanager
def browser_with(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    browser = chromium.launch(playwright, *flags)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """With one camera and a microphone that beeps."""
    with browser_with(playwright) as browser:
        yield browser


def test_sound_check_plays_back_and_says_how_it_was(lecture_hall: Installation, browser: Browser) -> None:
    with opened_studio(browser, lecture_hall, "check") as studio:
        page = studio.page
        page.evaluate(NOTE_STATES)
        page.click("#sound-check")
        page.wait_for_selector("#sound-check[data-state=done]")
        assert page.evaluate("() => window.states") == ["recording", "playing", "done"]
        assert page.get_attribute("#sound-check", "data-verdict") in ("good", "quiet")  # the fake one beeps
        page.click("#sound-check")
        page.wait_for_selector("#sound-check[data-state=recording]")
        page.click("#sound-check")  # stops it
        page.wait_for_selector("#sound-check[data-state=idle]")
        studio.lecturer.go_live()
        page.wait_for_selector("#sound-check", state="hidden")  # played into the hall it would be heard
        studio.lecturer.end()
        assert studio.lecturer.console.fatal == []


def test_switches_act_at_once_and_are_remembered(lecture_hall: Installation, browser: Browser) -> None:
    with opened_studio(browser, lecture_hall, "check") as studio:
        page = studio.page
        page.add_init_script(path=UNPLUGGED)
        studio.open()
        page.uncheck("#noise")
        page.wait_for_function("() => newest('audio').getSettings().noiseSuppression === false")
        assert page.evaluate("() => newest('audio').getSettings().echoCancellation") is True
        studio.open()
        assert page.is_checked("#noise") is False
        page.wait_for_function("() => newest('audio')?.getSettings().noiseSuppression === false")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotAllowedError", "does not let this page use"),
        ("NotFoundError", "No camera or microphone was found"),
        ("NotReadableError", "Another program is using"),
    ],
)
def test_devices_that_cannot_be_had(
    lecture_hall: Installation, browser: Browser, error: str, words: str
) -> None:
    """The page says why, offers no lecture without picture and sound, and goes on when they are there."""
    lecturer = Lecturer(browser, lecture_hall)
    lecturer.sign_in("sato")
    page = lecturer.page
    page.add_init_script(
        "const { mediaDevices } = navigator; const ask = mediaDevices.getUserMedia.bind(mediaDevices);"
        f"mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}'); }};"
        "window.comeBack = () => { mediaDevices.getUserMedia = ask; };"
    )
    page.goto(f"{lecture_hall.url}/rooms/check/studio")
    page.wait_for_selector(f"#problem:has-text('{words}')")
    assert page.is_disabled("#go-live")
    page.wait_for_selector("#no-picture:visible")
    page.evaluate("() => comeBack()")
    page.click("#use-camera")
    page.wait_for_selector("#go-live:enabled")
    page.wait_for_selector("#problem", state="hidden")
    lecturer.close()


def test_line_test_tells_what_the_line_carries(lecture_hall: Installation, browser: Browser) -> None:
    with opened_studio(browser, lecture_hall, "line") as studio:
        studio.page.click("#line-test")
        studio.page.wait_for_selector("#line-test[data-state=done]")
        studio.page.wait_for_selector("#line-test-words:has-text('Mbit/s')")
        words = studio.page.inner_text("#line-test-words")
        assert "enough for" in words, words  # the loopback's
        studio.page.context.set_offline(True)
        studio.page.click("#line-test")
        studio.page.wait_for_selector("#line-test[data-state=failed]")


def test_devices_pulled_out_in_mid_lecture_and_back(
    lecture_hall: Installation, playwright: Playwright
) -> None:
    with (
        browser_with(playwright, TWO_CAMERAS) as browser,
        opened_studio(browser, lecture_hall, "pulled") as studio,
    ):
        page = studio.page
        page.add_init_script(path=UNPLUGGED)
        studio.open()
        studio.lecturer.go_live()
        camera, microphone = (page.evaluate(f"() => newest('{kind}').label") for kind in ("video", "audio"))

        page.evaluate("() => unplug('video')")
        page.wait_for_selector("#problem:visible")
        page.wait_for_function("label => newest('video').label !== label", arg=camera)
        page.evaluate("() => unplug('audio')")
        page.wait_for_function("label => newest('audio').label !== label", arg=microphone)
        page.wait_for_function(
            "labels => labels.some((label) => document.querySelector('#problem').innerText.includes(label))",
            arg=[camera, microphone],
        )

        page.evaluate("() => plugIn()")
        page.wait_for_function("label => newest('video').label === label", arg=camera)
        page.wait_for_function("label => newest('audio').label === label", arg=microphone)
        page.wait_for_selector("#problem", state="hidden")
        session = studio.session
        studio.lecturer.end()
        takes = [take for take in takes_on_disk(lecture_hall, session) if not take.slate]
        assert len(takes) == 1, takes
        assert studio.lecturer.console.fatal == []


def test_a_silent_microphone_a_black_and_a_frozen_camera_are_told(
    lecture_hall: Installation, playwright: Playwright, tmp_path: Path
) -> None:
    flags = (
        f"--use-file-for-fake-audio-capture={silence(tmp_path / 'silence.wav')}",
        f"--use-file-for-fake-video-capture={black(tmp_path / 'black.y4m')}",
    )
    with (
        browser_with(playwright, *flags) as browser,
        opened_studio(browser, lecture_hall, "silent") as studio,
        opened_studio(browser, lecture_hall, "check") as frozen,
    ):
        frozen.page.add_init_script(FROZEN_CAMERA)
        frozen.open()
        page = studio.page
        page.add_init_script(NOTE_WARNINGS)
        studio.open()
        studio.lecturer.go_live()
        page.wait_for_selector("[data-warning=silent]")
        page.wait_for_selector("[data-warning=camera_black]")
        assert page.evaluate("() => window.warnedAt") > PATIENCE_MS
        page.click("#mute")  # silent on purpose now
        page.wait_for_selector("[data-warning=silent]", state="detached")
        page.click("#use-camera")
        page.wait_for_selector("[data-warning=camera_black]", state="detached")
        studio.lecturer.end()
        frozen.page.wait_for_selector("[data-warning=camera_frozen]")
        assert not frozen.page.is_visible("[data-warning=camera_black]")


def silence(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(bytes(2 * 48_000))
    return path


def black(path: Path) -> Path:
    width, height = 640, 360
    frame = b"FRAME\n" + bytes([16]) * (width * height) + bytes([128]) * (width * height // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\n".encode() + 10 * frame)
    return path
