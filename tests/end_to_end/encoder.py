"""An aiortc publisher in a thread of its own, so that tests that hold a browser can direct it.

Playwright keeps the event loop of the test's thread; the publisher has its own until `stop()`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.installation import PATIENCE_SECONDS
from tests.publishers.aiortc_publisher import AiortcPublisher
from tests.publishers.prepared_packets import PreparedVideo, prepare_audio
from tests.publishers.whip_http import WhipClient

T = TypeVar("T")


class Encoder:
    """One encoder with one stream key; `connect` again after `vanish` or `leave` is a reconnect."""

    def __init__(self, key: dict[str, str], video: PreparedVideo) -> None:
        self._key, self._video = key, video
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="encoder", daemon=True)
        self._thread.start()
        self._publisher: AiortcPublisher | None = None
        self._client: WhipClient | None = None

    def connect(self) -> None:
        """Returns when media flows."""
        self._do(self._connect())

    def rest_picture(self) -> None:
        self._do(self._pause("video_track", True))

    def move_picture(self) -> None:
        self._do(self._pause("video_track", False))

    def stutter(self, after: int, missing: int) -> None:
        self._do(self._stutter(after, missing))

    def pause_sound(self) -> None:
        self._do(self._pause("audio_track", True))

    def resume_sound(self) -> None:
        self._do(self._pause("audio_track", False))

    def change_video(self, video: PreparedVideo) -> None:
        self._video = video
        self._do(self._change(video))

    def vanish(self) -> None:
        """A line that is cut: nothing is sent any more, not even a goodbye."""
        assert self._publisher is not None
        self._do(self._publisher.kill())

    def leave(self) -> None:
        """WHIP DELETE, then the peer connection's end, as an encoder that is stopped."""
        self._do(self._leave())

    def stop(self) -> None:
        """Idempotent; also ends the thread."""
        if self._loop.is_closed():
            return
        if self._publisher is not None:
            self._do(self._publisher.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _connect(self) -> None:
        self._publisher = AiortcPublisher(self._video, prepare_audio(), remember=False)
        self._client = WhipClient(self._key["whip_url"], self._key["stream_key"])
        await self._publisher.connect(self._client.publish)

    async def _leave(self) -> None:
        assert self._client is not None
        assert self._publisher is not None
        await self._client.delete()
        await self._publisher.close()

    async def _pause(self, track: str, rests: bool) -> None:
        prepared = getattr(self._publisher, track)
        prepared.pause() if rests else prepared.resume()

    async def _stutter(self, after: int, missing: int) -> None:
        assert self._publisher is not None
        assert self._publisher.video_track is not None
        self._publisher.video_track.stutter(after, missing)

    async def _change(self, video: PreparedVideo) -> None:
        assert self._publisher is not None
        self._publisher.change_video(video)
