"""Somebody who lectures: a Chromium page that sets up or signs in, goes live and ends."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from tests.end_to_end.chromium import fresh_page
from tests.installation import Installation, wait_for

SETUP_LINK = re.compile(r"http\S+/setup/[\w-]+")
PASSWORD = "correct horse battery"


class Lecturer:
    def __init__(self, browser: Browser, installation: Installation) -> None:
        self.installation = installation
        context = {"permissions": ["camera", "microphone", "clipboard-write"]}
        self.page, self.console = fresh_page(browser, **context)

    def set_up(self, user_id: str = "admin") -> None:
        """By the link in the supervisor's log; ends on the own rooms."""
        log = self.installation.log
        link = wait_for("the set-up link", lambda: SETUP_LINK.search(log()))
        self.page.goto(link[0])
        self.page.fill("#user_id", user_id)
        self.page.fill("#display_name", "Sato Hanako")
        self.page.fill("#password", PASSWORD)
        self.page.fill("#organization", "Example University")
        self.page.click("form.card button.primary")
        self.page.wait_for_url("**/rooms")

    def sign_in(self, user_id: str, password: str = PASSWORD) -> None:
        self.page.goto(self.installation.url + "/sign-in")
        self.page.fill("#user_id", user_id)
        self.page.fill("#password", password)
        self.page.click("form.card button.primary")
        self.page.wait_for_url("**/rooms")

    def send_small_pictures(self) -> None:
        """From the next page on: what a test shows is seldom how much a small machine can encode."""
        self.page.add_init_script("localStorage.setItem('kodo-quality', '360p')")

    def open_studio(self) -> None:
        """The first click, from the own rooms; camera and sound are then shown without asking."""
        self.page.click("li.card a.primary")
        self.page.wait_for_selector("#studio")

    def go_live(self) -> None:
        """The second click."""
        self.page.click("#go-live:enabled")
        self.wait_for_state("live")

    def wait_for_state(self, state: str) -> None:
        self.page.wait_for_selector(f"#studio[data-state={state}]")

    def end(self) -> None:
        """Asks once."""
        self.page.click("#end")
        self.page.wait_for_selector("#end-dialog[open]")
        self.page.click("#end-confirm")
        self.wait_for_state("ended")

    def change_access(self, slug: str, choice: str, password: str = "") -> None:
        """On the room's settings page; `choice`: open, members or password."""
        self.page.goto(f"{self.installation.url}/rooms/{slug}/settings")
        self.page.check(f"input[name=access][value={choice}]")
        if password:
            self.page.fill("#password", password)
        with self.page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
            self.page.click("#room-form button.primary")
        assert saved.value.ok, saved.value.text()

    def close(self) -> None:
        self.page.context.close()

    @property
    def room_address(self) -> str:
        """What *Copy link* gives."""
        address: str = self.page.evaluate(
            "() => JSON.parse(document.querySelector('#page').textContent).room_url"
        )
        return address
