"""What a page asks for at once is what its script imports, and no more."""

from __future__ import annotations

from broadcast.module_graph import STATIC, modules_of


def test_the_player_needs_what_lies_below_it() -> None:
    found = modules_of("js/room_page.js")
    assert {"js/api.js", "js/event_feed.js", "vendor/hls.js-1.7.4/hls.light.min.mjs"} <= set(found)
    assert "js/room_page.js" not in found
    assert len(found) == len(set(found))
    assert all((STATIC / name).is_file() for name in found)


def test_what_may_wait_is_not_asked_for() -> None:
    assert not any("media-chrome" in name or "worker" in name for name in modules_of("js/room_page.js"))
