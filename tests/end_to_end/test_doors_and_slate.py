"""What viewers see when the lecturer's line is gone, and who gets in by which door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.encoder import Encoder
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.publishers.prepared_packets import prepare_video

pytestmark = [pytest.mark.slow, pytest.mark.shares_installation]

ROOM = "kaze"
ROOM_PASSWORD = "higashiyama 7"


@pytest.fixture(scope="module")
def encoder(installation: Installation) -> Iterator[Encoder]:
    installation.add_lecturer("sato", PASSWORD)
    one = Encoder(installation.add_room(ROOM), prepare_video())
    one.connect()
    installation.wait_for_state(ROOM, "live")
    yield one
    one.stop()


@pytest.mark.parametrize("farewell", [pytest.param("leave", marks=pytest.mark.full), "vanish"])
def test_the_slate_comes_and_goes(
    installation: Installation, browser: Browser, encoder: Encoder, farewell: str
) -> None:
    viewer = Viewer(browser)
    viewer.open(installation.url + f"/rooms/{ROOM}")
    viewer.wait_for_playing(1.0)
    assert not viewer.page.is_visible("#line")

    getattr(encoder, farewell)()
    viewer.wait_for_state("slate")
    viewer.page.wait_for_selector("#line", state="visible")
    assert "goes on by itself" in viewer.page.inner_text("#line-words")
    viewer.wait_for_playing(2.0)

    encoder.connect()
    viewer.wait_for_state("live")
    viewer.page.wait_for_selector("#line", state="hidden")
    viewer.page.wait_for_selector("#marks .mark.slate:not(.left-out)", state="attached")
    viewer.wait_for_playing(2.0)
    assert viewer.console.complaints == []
    viewer.close()


def test_a_password_opens_the_room(installation: Installation, browser: Browser, encoder: Encoder) -> None:
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    lecturer.change_access(ROOM, "password", ROOM_PASSWORD)
    viewer = Viewer(browser)
    viewer.open(installation.url + f"/rooms/{ROOM}")
    viewer.wait_for_state("locked")
    assert installation.room(ROOM)["session"]["hls_url"] is None

    viewer.page.fill("#room-password", "wrong")
    viewer.page.click("#unlock button")
    viewer.page.wait_for_function("() => document.querySelector('#unlock-error').textContent")
    assert viewer.page.get_attribute("#room", "data-state") == "locked"
    viewer.page.fill("#room-password", ROOM_PASSWORD)
    viewer.page.click("#unlock button")
    viewer.wait_for_state("live")
    viewer.wait_for_playing(1.0)
    assert viewer.console.complaints == []
    lecturer.close()
    viewer.close()


def test_members_only(installation: Installation, browser: Browser, encoder: Encoder) -> None:
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    open_address = installation.room(ROOM)["session"]["hls_url"]
    lecturer.change_access(ROOM, "members")
    told = installation.room(ROOM)
    assert (told["may_watch"], told["session"]["hls_url"], told["session"]["live_url"]) == (False, None, None)
    assert open_address is None or installation.get(open_address)[0] == 403

    stranger = Viewer(browser)
    stranger.open(installation.url + f"/rooms/{ROOM}")
    stranger.wait_for_state("members")
    assert stranger.page.is_visible("#sign-in")
    lecturer.page.goto(installation.url + f"/rooms/{ROOM}")
    lecturer.page.wait_for_selector("#room[data-state=live]")
    lecturer.page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    stranger.close()
    lecturer.close()
