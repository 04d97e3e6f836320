"""Somebody who watches: a fresh Chromium page on a room's address, and what its player really did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.end_to_end.chromium import fresh_page
from tests.installation import PATIENCE_SECONDS

DIARY = Path(__file__).parent / "playback_diary.js"


@dataclass(frozen=True)
class Stall:
    """`at`: Unix seconds at which it ended or was last seen; `position`: media seconds."""

    seconds: float
    at: float
    position: float


class Viewer:
    """Opens nothing by itself: `open(url)`, then look, seek and compare."""

    def __init__(self, browser: Browser, **context: Any) -> None:
        self.page, self.console = fresh_page(browser, **context)
        self.page.add_init_script(path=DIARY)

    def open(self, url: str) -> None:
        self.page.goto(url, wait_until="domcontentloaded")

    def close(self) -> None:
        self.page.context.close()

    def wait(self, condition: str, seconds: float = PATIENCE_SECONDS, argument: object = None) -> None:
        """Until a JavaScript expression over `video`, `room`, `diary` and `argument` is true."""
        function = (
            "(argument) => { const [video, room, diary] = "
            "[document.querySelector('video'), document.querySelector('#room'), window.diary]; "
            f"return Boolean({condition}); }}"
        )
        try:
            self.page.wait_for_function(function, arg=argument, timeout=seconds * 1000)
        except Exception as error:
            raise AssertionError(f"not within {seconds} s: {condition}\n{self.facts()}") from error

    def wait_for_state(self, state: str, seconds: float = PATIENCE_SECONDS) -> None:
        self.wait("room.dataset.state === argument", seconds, state)

    def wait_for_playing(self, media_seconds: float = 1.0, wait_seconds: float = PATIENCE_SECONDS) -> None:
        """Until new pictures have come and the media has gone on by `media_seconds` from here."""
        self.wait("video.videoWidth > 0 && !video.paused && diary.frames > 0", wait_seconds)
        self.wait(
            "video.currentTime >= argument.time && diary.frames > argument.frames",
            wait_seconds + media_seconds,
            {"time": self.time + media_seconds, "frames": self.diary["frames"]},
        )

    def seek(self, seconds: float, within: float = 0.6) -> None:
        """As the seek bar does; returns when a picture of that place, `within` seconds, has been shown."""
        self.page.evaluate(
            # "seeking" comes later: until then the diary would tell where the seek before has landed.
            "(to) => { window.diary.landed = null; document.querySelector('video').currentTime = to; }",
            seconds,
        )
        self.wait_for_landing(seconds, within)

    def wait_for_landing(self, seconds: float, within: float = 3.0) -> None:
        """Until the last seek has shown a picture of that place: holds also when it has been played past."""
        self.wait(
            "diary.landed !== null && Math.abs(diary.landed - argument.to) < argument.within",
            argument={"to": seconds, "within": within},
        )

    def back_to_live(self) -> None:
        self.page.click("#go-live")
        self.wait("room.dataset.following === 'true' && Number(room.dataset.behind) < 3")

    @property
    def time(self) -> float:
        return float(self.page.evaluate("() => document.querySelector('video').currentTime"))

    @property
    def duration(self) -> float:
        return float(self.page.evaluate("() => document.querySelector('video').duration"))

    @property
    def diary(self) -> dict[str, Any]:
        diary: dict[str, Any] = self.page.evaluate("() => window.diary")
        return diary

    def begin_anew(self) -> None:
        """Forget the stalls of the stretch before."""
        self.page.evaluate(
            "() => { Object.assign(window.diary, { stalls: [], frozen: { seconds: 0, position: 0 } }); }"
        )

    def stalls(self, longer_than: float = 0.0) -> list[Stall]:
        all_of_them = (Stall(s["ms"] / 1000, s["at"] / 1000, s["position"]) for s in self.diary["stalls"])
        return [s for s in all_of_them if s.seconds > longer_than]

    @property
    def frozen(self) -> tuple[float, float]:
        """The longest that one picture stood while the media ran, and where: media seconds."""
        frozen = self.diary["frozen"]
        return float(frozen["seconds"]), float(frozen["position"])

    def facts(self) -> str:
        """What to print when a wait has failed."""
        video = self.page.evaluate(
            "() => { const v = document.querySelector('video'); const ranges = (r) => "
            "Array.from({length: r.length}, (_, i) => [r.start(i), r.end(i)]); return v && {"
            "time: v.currentTime, duration: v.duration, paused: v.paused, ended: v.ended, "
            "seeking: v.seeking, ready: v.readyState, width: v.videoWidth, rate: v.playbackRate, "
            "buffered: ranges(v.buffered), seekable: ranges(v.seekable), "
            "room: {...document.querySelector('#room')?.dataset}}; }"
        )
        return (
            f"{self.page.url}\nvideo: {video}\ndiary: {self.diary}\nconsole: {self.console.complaints[-8:]}"
        )
