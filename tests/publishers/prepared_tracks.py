"""aiortc tracks that send prepared packets in real time and remember what they sent."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import av
from aiortc import MediaStreamTrack

from tests.publishers.prepared_packets import OPUS_FRAME_SAMPLES, PreparedAudio, PreparedVideo

VIDEO_CLOCK = Fraction(1, 90_000)
AUDIO_CLOCK = Fraction(1, 48_000)


class PacedTrack(MediaStreamTrack):
    """Counts time from its first packet; a pause leaves a hole in RTP time, as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self._tick = 0

    @property
    def paused(self) -> bool:
        return not self._unpaused.is_set()

    def pause(self) -> None:
        self._unpaused.clear()

    def resume(self) -> None:
        self._unpaused.set()

    async def _next_tick(self, seconds_per_tick: float) -> int:
        """Wait for the next tick of this track's clock; ticks missed in a pause are skipped."""
        loop = asyncio.get_running_loop()
        if not self._unpaused.is_set():
            await self._unpaused.wait()
            if self._began is not None:
                self._tick = max(self._tick, int((loop.time() - self._began) / seconds_per_tick) + 1)
        if self._began is None:
            self._began = loop.time()
        await asyncio.sleep(max(0.0, self._began + self._tick * seconds_per_tick - loop.time()))
        self._tick += 1
        return self._tick - 1


class PreparedVideoTrack(PacedTrack):
    """`sent`: for each picture its RTP time from the track's start (90 kHz) and its NAL units."""

    kind = "video"

    def __init__(self, video: PreparedVideo, *, remember: bool = True) -> None:
        super().__init__()
        self.video = video
        self.sent: list[tuple[int, tuple[bytes, ...]]] = []
        self.pictures_sent = 0
        self._remember = remember
        self._index = 0
        self._idr_wanted = False
        self._stutter = (0, 0)

    def stutter(self, after: int, missing: int) -> None:
        """A camera that falls behind: after each `after` pictures, `missing` do not come; 0, 0 ends it."""
        self._stutter = (after, missing)

    def want_idr(self) -> None:
        """What an encoder does on a PLI: the next picture begins a group of pictures."""
        self._idr_wanted = True

    def change(self, video: PreparedVideo) -> None:
        """From the next picture on, another size or profile (the same frame rate)."""
        self.video, self._index = video, 0

    async def recv(self) -> av.Packet:
        after, missing = self._stutter
        if after and self.pictures_sent % after == 0:
            self._tick += missing
        tick = await self._next_tick(1 / self.video.frames_per_second)
        if self._idr_wanted:
            self._idr_wanted = False
            self._index = self.video.next_idr(self._index)
        picture = self.video.pictures[self._index]
        self._index = (self._index + 1) % len(self.video.pictures)
        packet = av.Packet(picture.annex_b)
        packet.pts, packet.time_base = tick * 90_000 // self.video.frames_per_second, VIDEO_CLOCK
        self.pictures_sent += 1
        if self._remember:
            self.sent.append((packet.pts, picture.nals))
        return packet


class PreparedAudioTrack(PacedTrack):
    kind = "audio"

    def __init__(self, audio: PreparedAudio) -> None:
        super().__init__()
        self.audio = audio
        self.packets_sent = 0

    async def recv(self) -> av.Packet:
        tick = await self._next_tick(0.02)
        packet = av.Packet(self.audio.packets[tick % len(self.audio.packets)])
        packet.pts, packet.time_base = tick * OPUS_FRAME_SAMPLES, AUDIO_CLOCK
        self.packets_sent += 1
        return packet
