"""Camera, screen, one over the other, side by side: switched live, seen by a viewer, in one unbroken take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.end_to_end import chromium
from tests.end_to_end.studio import Studio, magenta_camera, opened_studio, takes_on_disk
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.shares_installation]

INSET = "#inset"
TONE = 3_000  # Hz
# The fake screen's own sound is silence.
SOUNDING_SCREEN = f"""
  const shareSilently = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getDisplayMedia = async (wish) => {{
    const stream = await shareSilently(wish);
    const context = new AudioContext();
    const tone = new OscillatorNode(context, {{ frequency: {TONE} }});
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    for (const silent of stream.getAudioTracks()) {{ silent.stop(); stream.removeTrack(silent); }}
    stream.addTrack(out.stream.getAudioTracks()[0]);
    return stream;
  }};
"""
LISTEN = """async (hertz) => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
  context.createMediaElementSource(document.querySelector("video")).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  window.toneHeard = () => {
    analyser.getFloatFrequencyData(levels);
    const at = Math.round(hertz / (context.sampleRate / analyser.fftSize));
    return Math.max(...levels.slice(at - 2, at + 3)) > -50;
  };
  return toneHeard();
}"""
UNPLUGGED = Path(__file__).parent / "unplugged.js"  # `stopSharing`: what the browser's own button does


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    camera = magenta_camera(tmp_path_factory.mktemp("camera") / "magenta.y4m")
    browser = chromium.launch(playwright, camera)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def lecture_hall(installation: Installation) -> Installation:
    installation.add_lecturer()
    for slug in ("scenes", "keys", "fallback"):
        installation.add_room(slug)
    return installation


def test_every_switch_is_seen_and_begins_no_take(lecture_hall: Installation, browser: Browser) -> None:
    with opened_studio(browser, lecture_hall, "scenes") as studio:
        studio.page.add_init_script(SOUNDING_SCREEN)
        studio.page.add_init_script(path=UNPLUGGED)
        studio.open()
        studio.lecturer.go_live()
        viewer = studio.watch()
        assert viewer.page.evaluate(LISTEN, TONE) is False, "the microphone does not sound so"
        viewer.wait("sceneSeen() === 'camera'")
        for scene, seen in (
            ("screen", "screen"),
            ("inset", "inset bottom-right"),
            ("side", "side"),
            ("camera", "camera"),
            ("inset", "inset bottom-right"),
        ):
            studio.choose(scene)
            viewer.wait("sceneSeen() === argument", argument=seen)
        viewer.wait("toneHeard()")
        drag_inset(studio, 0.2, 0.2)
        viewer.wait("sceneSeen() === 'inset top-left'")
        studio.page.evaluate("() => stopSharing()")
        studio.page.wait_for_selector("#use-screen[aria-pressed=false]")
        viewer.wait("sceneSeen() === 'camera'")
        session = studio.session
        studio.lecturer.end()
        takes = [take for take in takes_on_disk(lecture_hall, session) if not take.slate]
        assert [take.size for take in takes] == [(640, 360)], takes
        assert viewer.console.fatal == []
        assert studio.lecturer.console.fatal == []


def drag_inset(studio: Studio, x: float, y: float) -> None:
    """From its middle to a place of the preview, in parts of 1."""
    inset, frame = (studio.page.locator(one).bounding_box() for one in (INSET, "#preview"))
    assert inset
    assert frame
    mouse = studio.page.mouse
    mouse.move(inset["x"] + inset["width"] / 2, inset["y"] + inset["height"] / 2)
    mouse.down()
    mouse.move(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"], steps=5)
    mouse.up()


def test_by_keyboard_alone(lecture_hall: Installation, browser: Browser) -> None:
    with opened_studio(browser, lecture_hall, "keys") as studio:
        page = studio.page
        page.locator("#go-live").focus()
        page.keyboard.press("Enter")
        studio.lecturer.wait_for_state("live")
        viewer = studio.watch()
        page.locator("h1").click()
        page.keyboard.press("3")
        viewer.wait("sceneSeen() === 'inset bottom-right'")
        page.locator(INSET).focus()
        page.keyboard.press("ArrowLeft")
        viewer.wait("sceneSeen() === 'inset bottom-left'")
        before = page.locator(INSET).bounding_box()
        page.keyboard.press("+")
        page.wait_for_function(
            "w => document.querySelector('#inset').clientWidth > w", arg=before and before["width"] + 10
        )
        page.keyboard.press("m")
        page.wait_for_selector("#mute[aria-pressed=true]")
        page.keyboard.press("4")
        viewer.wait("sceneSeen() === 'side'")
        page.keyboard.press("s")
        viewer.wait("sceneSeen() === 'camera'")
        page.keyboard.press("?")
        page.wait_for_selector("#shortcuts-dialog[open]")
        page.keyboard.press("m")  # keys rest while a dialog is open
        page.uncheck("#shortcuts-on")
        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("m")  # and where they are switched off
        assert page.get_attribute("#mute", "aria-pressed") == "true"
        page.locator("#edit-title").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("Determinants")
        page.keyboard.press("Enter")
        viewer.wait("document.querySelector('#title').textContent === 'Determinants'")
        page.wait_for_selector("#title:has-text('Determinants')")
        page.locator("#end").focus()
        page.keyboard.press("Enter")
        page.locator("#end-confirm").focus()
        page.keyboard.press("Enter")
        studio.lecturer.wait_for_state("ended")


@pytest.mark.full
def test_a_browser_that_composes_in_the_window(lecture_hall: Installation, browser: Browser) -> None:
    """As Firefox and Safari do, which have no MediaStreamTrackGenerator; the page says so."""
    studio = Studio(browser, lecture_hall, "fallback")
    try:
        studio.page.add_init_script("delete window.MediaStreamTrackGenerator")
        studio.open()
        assert studio.page.is_visible("#unsteady")
        studio.lecturer.go_live()
        viewer = studio.watch()
        for scene, seen in (("inset", "inset bottom-right"), ("side", "side"), ("camera", "camera")):
            studio.choose(scene)
            viewer.wait("sceneSeen() === argument", argument=seen)
        studio.lecturer.end()
        assert studio.lecturer.console.fatal == []
    finally:
        studio.close()
