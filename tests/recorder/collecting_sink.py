"""A sink that keeps what a source delivers, for tests of sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from recorder.media import AccessUnit, OpusPacket, SenderReport


class CollectingSink:
    def __init__(self) -> None:
        self.video: list[AccessUnit] = []
        self.audio: list[OpusPacket] = []
        self.reports: list[SenderReport] = []
        self.lost = 0
        self.closed: list[str] = []
        self._changed = asyncio.Event()

    def on_video(self, unit: AccessUnit) -> None:
        self.video.append(unit)
        self._changed.set()

    def on_audio(self, packet: OpusPacket) -> None:
        self.audio.append(packet)
        self._changed.set()

    def on_sender_report(self, report: SenderReport) -> None:
        self.reports.append(report)
        self._changed.set()

    def on_video_lost(self) -> None:
        self.lost += 1
        self._changed.set()

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self._changed.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until what was delivered fulfils the condition. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
