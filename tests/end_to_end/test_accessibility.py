"""Any page, light and dark, wide and narrow, Japanese and English: axe-core finds nothing, no target small.

With KODO_SCREENSHOTS=folder all eight combinations are gone through, and their pictures left there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.end_to_end import axe
from tests.end_to_end.chromium import fresh_page
from tests.end_to_end.encoder import Encoder
from tests.end_to_end.lecturer import PASSWORD, SETUP_LINK, Lecturer
from tests.installation import Installation, wait_for
from tests.publishers.prepared_packets import prepare_video

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow, pytest.mark.timeout(240)]

REVOKE = "#keys tbody tr:last-child button"


@dataclass(frozen=True)
class Look:
    language: str
    theme: str
    viewport: tuple[int, int]

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}-{self.viewport[0]}"

    def context(self) -> dict[str, Any]:
        width, height = self.viewport
        return {
            "locale": {"ja": "ja-JP", "en": "en-GB"}[self.language],
            "color_scheme": self.theme,
            "viewport": {"width": width, "height": height},
            "permissions": ["camera", "microphone"],
        }


EVERY = [Look(*one) for one in itertools.product(("ja", "en"), ("light", "dark"), ((1440, 900), (390, 844)))]
# Each theme, width and language once, and each page in one of them: `make screens` looks at all of all.
CHOSEN = [EVERY[i] for i in (1, 6)]


@dataclass(frozen=True)
class Shown:
    """A page: `ready` is a selector that tells that it shows what it should."""

    name: str
    path: str
    ready: str
    signed_in: bool = False
    plays: bool = False
    opens: str = ""


@pytest.fixture(scope="module")
def stage(installation: Installation, browser: Browser) -> Iterator[dict[str, Any]]:
    """Rooms in every state, and the cookies of one who is signed in."""
    link = wait_for("the set-up link", lambda: SETUP_LINK.search(installation.log()))[0]
    installation.add_lecturer("sato", PASSWORD)
    for slug in ("waiting", "locked", "members"):
        installation.add_room(slug)
    encoder = Encoder(installation.add_room("past"), prepare_video())
    encoder.connect()
    past = installation.wait_for_state("past", "live")["id"]
    wait_for("three seconds", lambda: installation.room("past")["session"]["recording"]["bytes"] > 250_000)
    installation.end("past")
    encoder.stop()
    installation.wait_for_recording(past)
    encoder = Encoder(installation.add_room("now"), prepare_video())
    encoder.connect()
    lecturer = Lecturer(browser, installation)
    lecturer.sign_in("sato")
    lecturer.change_access("locked", "password", "higashiyama 7")
    lecturer.change_access("members", "members")
    yield {"setup": link, "past": past, "cookies": lecturer.page.context.storage_state()}
    lecturer.close()
    encoder.stop()


def pages(stage: dict[str, Any]) -> list[Shown]:
    return [
        Shown("setup", stage["setup"], "#organization"),
        Shown("sign-in", "/sign-in", "#password"),
        Shown("front", "/", "main"),
        Shown("missing", "/nowhere", "main"),
        Shown("room-missing", "/rooms/nowhere", "main"),
        Shown("room-waiting", "/rooms/waiting", "#room[data-state=waiting]"),
        Shown("room-locked", "/rooms/locked", "#room[data-state=locked]"),
        Shown("room-members", "/rooms/members", "#room[data-state=members]"),
        Shown("room-live", "/rooms/now", "#room[data-state=live]", plays=True),
        Shown("room-share", "/rooms/now", "#room[data-state=live]", plays=True, opens="#share"),
        Shown("room-keys", "/rooms/now", "#room[data-state=live]", plays=True, opens="#keys"),
        Shown("embed-live", "/rooms/now?embed=1", "#room[data-state=live]", plays=True),
        Shown("embed-locked", "/rooms/locked?embed=1", "#unlock:visible"),
        Shown("room-replay", "/rooms/past", "#room[data-state=replay]", plays=True),
        Shown("watch", f"/watch/{stage['past']}", "#room[data-state=replay]"),
        Shown("library", "/library", "#recordings"),
        Shown("library-lines", "/library?view=list&q=past", "#recordings", signed_in=True),
        Shown("library-nothing", "/library?q=xyzzy", "#nothing"),
        Shown("trash", "/library?trash=1", "#nothing", signed_in=True),
        Shown("edit", f"/watch/{stage['past']}/edit", "#recording-form", signed_in=True),
        Shown("front-signed-in", "/", "main", signed_in=True),
        Shown("rooms", "/rooms", "li.card", signed_in=True),
        Shown("rooms-new", "/rooms", "li.card", signed_in=True, opens="[data-open-new-room]"),
        Shown("settings", "/rooms/now/settings", "#keys:visible", signed_in=True),
        Shown("settings-plan", "/rooms/now/settings", "#no-scheduled:visible", signed_in=True, opens="#plan"),
        Shown("settings-revoke", "/rooms/now/settings", "#keys:visible", signed_in=True, opens=REVOKE),
        Shown("settings-locked", "/rooms/locked/settings", "#password:visible", signed_in=True),
        Shown("studio", "/rooms/waiting/studio", "#go-live:enabled", signed_in=True),
        Shown("studio-keys", "/rooms/waiting/studio", "#go-live:enabled", signed_in=True, opens="#shortcuts"),
        Shown("studio-resume", "/rooms/now/studio", "#resume:visible", signed_in=True),
    ]


@pytest.mark.parametrize("look", EVERY if axe.FOLDER else CHOSEN, ids=lambda look: look.name)
def test_every_page(installation: Installation, browser: Browser, stage: dict[str, Any], look: Look) -> None:
    stranger, console = fresh_page(browser, **look.context())
    known, console_of_known = fresh_page(browser, storage_state=stage["cookies"], **look.context())
    found: list[str] = []
    for page in (stranger, known):
        axe.install(page)
    mine = pages(stage) if axe.FOLDER else pages(stage)[CHOSEN.index(look) :: len(CHOSEN)]
    for shown in mine:
        page = known if shown.signed_in else stranger
        open_page(page, installation, shown)
        found += axe.violations(page, f"{shown.name}-{look.name}")
        found += axe.small_targets(page, shown.name) + axe.overflow(page, shown.name)
    for page in (stranger, known):
        page.context.close()
    assert found == []
    assert console.fatal + console_of_known.fatal == []


def open_page(page: Page, installation: Installation, shown: Shown) -> None:
    page.goto(shown.path if shown.path.startswith("http") else installation.url + shown.path)
    page.wait_for_selector(shown.ready)
    if shown.plays:
        page.wait_for_selector("#controls")
        page.evaluate(
            "() => document.querySelector('video').pause()"
        )  # or they fade while they are looked at
        page.wait_for_function("() => getComputedStyle(document.querySelector('#controls')).opacity === '1'")
    if shown.opens:
        page.click(shown.opens)
        page.wait_for_selector("dialog[open]")


@pytest.mark.parametrize("look", EVERY[::3] if axe.FOLDER else EVERY[3:4], ids=lambda look: look.name)
def test_the_studio_on_air(
    installation: Installation, browser: Browser, stage: dict[str, Any], look: Look
) -> None:
    page, console = fresh_page(browser, storage_state=stage["cookies"], **look.context())
    axe.install(page)
    page.goto(installation.url + "/rooms/waiting/studio")
    page.click("#go-live:enabled")
    page.wait_for_selector("#studio[data-state=live]")
    page.wait_for_selector("#recording:visible")
    page.click("[data-scene=inset]")
    page.wait_for_selector("#inset:visible")
    found = axe.violations(page, f"studio-on-air-{look.name}") + axe.overflow(page, "studio on air")
    page.click("#line:visible")
    page.wait_for_selector("#line-figures:visible")
    found += axe.violations(page, f"studio-line-{look.name}")
    page.keyboard.press("Escape")
    page.click("#end")
    page.wait_for_selector("#end-dialog[open]")
    found += axe.violations(page, f"studio-end-{look.name}")
    page.click("#end-confirm")
    page.wait_for_selector("#studio[data-state=ended]")
    found += axe.violations(page, f"studio-ended-{look.name}") + axe.overflow(page, "studio, ended")
    page.context.close()
    assert found == []
    assert console.fatal == []
