"""The front page in real Chromium: lectures come and go by themselves; all of it by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.archive import add_recordings
from tests.end_to_end.chromium import Console, fresh_page
from tests.end_to_end.encoder import Encoder
from tests.end_to_end.lecturer import PASSWORD
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation
from tests.publishers.prepared_packets import prepare_video

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

# Since the page is seen: what is asked for is told only with its answer, however late that is.
ASKED_AFTER_MS = """() => new Promise((resolve) => {
  const seen = performance.now();
  new PerformanceObserver((list) => {
    const looks = list.getEntries().filter((one) => one.name.includes("/api/v1/lectures"));
    const asked = looks.find((one) => one.responseEnd >= seen); // one under way is as good
    if (asked) resolve(asked.startTime - seen);
  }).observe({ type: "resource" });
  document.dispatchEvent(new Event("visibilitychange"));
})"""
TITLES = [f"線形代数 第{n}回" for n in range(1, 30)]


@pytest.fixture(scope="module")
def key(installation: Installation) -> dict[str, str]:
    """Of the room `kaze`."""
    installation.add_lecturer("sato", PASSWORD)
    return installation.add_room("kaze")


@pytest.fixture
def encoder(key: dict[str, str]) -> Iterator[Encoder]:
    one = Encoder(key, prepare_video())
    yield one
    one.stop()


def opened(browser: Browser, installation: Installation) -> tuple[Page, Console]:
    page, console = fresh_page(browser)
    page.goto(installation.url)
    page.evaluate("() => { window.never_loaded_again = true; }")
    return page, console


def close(page: Page, console: Console) -> None:
    assert page.evaluate("() => window.never_loaded_again"), "the page was loaded again"
    assert console.complaints == []
    page.context.close()


def test_lectures_come_and_go_without_a_reload(
    installation: Installation, browser: Browser, encoder: Encoder
) -> None:
    page, console = opened(browser, installation)
    expect(page.locator("#no-live")).to_be_visible()
    expect(page.locator("#no-recordings")).to_be_visible()

    encoder.connect()
    expect(page.locator("#live li .pill.live")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#live img')?.naturalWidth > 0")
    expect(page.locator("#no-live")).to_be_hidden()
    expect(page.locator("#live .count")).to_be_hidden()
    viewer = Viewer(browser)
    viewer.open(installation.url + "/rooms/kaze")
    viewer.wait_for_state("live")
    expect(page.locator("#live .count")).to_have_text("1 watching")

    encoder.leave()
    expect(page.locator("#live li .pill.slate")).to_be_visible()
    expect(page.locator("#live li .pill.live")).to_be_hidden()

    installation.end("kaze")
    expect(page.locator("#no-live")).to_be_visible()
    expect(page.locator("#recordings li")).to_have_count(1)
    viewer.close()
    close(page, console)


def test_a_page_that_was_hidden_looks_at_once_when_it_is_seen(
    installation: Installation, browser: Browser, key: dict[str, str]
) -> None:
    page, console = opened(browser, installation)
    took = page.evaluate(ASKED_AFTER_MS)
    assert took < 1_000
    close(page, console)


def test_search_as_one_types_and_more_by_keyboard(
    installation: Installation, browser: Browser, key: dict[str, str]
) -> None:
    add_recordings(installation, "kaze", TITLES)
    page, console = opened(browser, installation)
    cards = page.locator("#recordings li")
    expect(cards).to_have_count(12)
    page.focus("#more")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(24)
    # The keyboard goes on where the new ones begin.
    page.wait_for_function(
        "() => { const cards = [...document.querySelectorAll('#recordings li')]; "
        "return cards.indexOf(document.activeElement.closest('li')) === 12; }"
    )
    page.focus("#more")
    page.keyboard.press("Enter")
    expect(page.locator("#more")).to_be_hidden()
    shown = cards.count()
    with page.expect_response("**/api/v1/lectures?"):
        pass  # the next look keeps what was added
    assert cards.count() == shown >= len(TITLES)

    page.focus("#q")
    page.keyboard.type("第7回")
    expect(cards).to_have_count(1)
    page.wait_for_url("**/?q=%E7%AC%AC7%E5%9B%9E")
    expect(page.locator("#found")).to_have_text("Found: 1")
    assert page.evaluate("() => document.activeElement.id") == "q"
    page.keyboard.type(" xyz")
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#recordings-section")).to_be_hidden()
    page.focus("#all")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(12)
    close(page, console)


def test_a_server_that_is_away_is_told_and_the_list_stays(
    installation: Installation, browser: Browser, key: dict[str, str]
) -> None:
    page, console = opened(browser, installation)
    cards = page.locator("#recordings li").count()
    page.route("**/api/v1/lectures**", lambda route: route.abort())
    expect(page.locator("#trouble")).to_be_visible()
    assert page.locator("#recordings li").count() == cards
    page.unroute("**/api/v1/lectures**")
    expect(page.locator("#trouble")).to_be_hidden()
    close(page, console)


def test_the_language_by_keyboard_stays_chosen(
    installation: Installation, browser: Browser, key: dict[str, str]
) -> None:
    page, _ = fresh_page(browser)
    page.goto(installation.url)
    page.focus("[popovertarget=languages]")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#languages")).to_be_visible()
    assert page.evaluate("() => document.activeElement.value") == "en", "the present language first"
    page.keyboard.press("Escape")
    expect(page.locator("#languages")).to_be_hidden()
    assert page.evaluate("() => document.activeElement.getAttribute('popovertarget')") == "languages"
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.value") == "zh"
    page.keyboard.press("Enter")
    page.wait_for_selector("html[lang=zh-Hans]")
    assert page.inner_text("h1") == "讲座"
    page.goto(installation.url + "/sign-in")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.context.close()


def test_the_design_pages_components_work_by_keyboard(installation: Installation, browser: Browser) -> None:
    page, console = fresh_page(browser)
    page.goto(installation.url + "/design")
    assert page.locator("[data-enough=false]").count() == 0, "contrast as the browser has it"
    assert page.locator("[data-enough=true]").count() > 50
    page.focus("#sample-tabs-tab-picture")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#sample-tabs-sound")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#sample-tabs-keys")).to_be_visible()
    expect(page.locator("#sample-tabs-sound")).to_be_hidden()
    page.focus("#open-dialog")
    page.keyboard.press("Enter")
    expect(page.locator("#sample-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sample-dialog")).to_be_hidden()
    page.focus("#show-toast")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts .toast")).to_have_text("The link is copied.")
    assert console.complaints == []
    page.context.close()
