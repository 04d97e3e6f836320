"""A publisher that costs next to nothing: prepared pictures and silence, by WHIP, as a studio sends them.

On the event loop of the process that probes the live chain; ends with `close()`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

CONNECT_SECONDS = 8.0
_SILENCE = b"\xf8\xff\xfe"  # 20 ms of it in Opus (RFC 6716 3.1: CELT, full band, one frame)
_SOUND_SECONDS = 0.02


class SyntheticPublisher:
    """`pictures`: access units in Annex B, sent again and again; the first of them is an IDR."""

    def __init__(self, pictures: Sequence[bytes], frames_per_second: int) -> None:
        self._pictures = pictures
        self._frames_per_second = frames_per_second
        self._peer: RTCPeerConnection | None = None

    async def connect(self, signal: Callable[[str], Awaitable[str]]) -> None:
        """`signal`: an offer → the answer. Returns once media flow. Raises what it raises; TimeoutError."""
        self._peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connected = asyncio.Event()
        peer.on(
            "connectionstatechange", lambda: connected.set() if peer.connectionState == "connected" else None
        )
        peer.addTransceiver(_Repeated("audio", (_SILENCE,), 48_000, _SOUND_SECONDS), direction="sendonly")
        video = _Repeated("video", self._pictures, 90_000, 1 / self._frames_per_second)
        sender = peer.addTransceiver(video, direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        sender.setCodecPreferences([codec for codec in codecs if codec.mimeType.lower() == "video/h264"])
        await peer.setLocalDescription(await peer.createOffer())
        answer = await signal(peer.localDescription.sdp)
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(connected.wait(), CONNECT_SECONDS)

    async def close(self) -> None:
        """Idempotent."""
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()


class _Repeated(MediaStreamTrack):
    """Packets that were made before, in time, round and round."""

    def __init__(self, kind: str, packets: Sequence[bytes], clock_rate: int, every_seconds: float) -> None:
        super().__init__()
        self.kind = kind
        self._packets, self._clock_rate, self._every = packets, clock_rate, every_seconds
        self._began: float | None = None
        self._count = 0

    async def recv(self) -> av.Packet[Any]:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        await asyncio.sleep(max(0.0, self._began + self._count * self._every - loop.time()))
        packet = av.Packet(self._packets[self._count % len(self._packets)])
        packet.pts = round(self._count * self._every * self._clock_rate)
        packet.time_base = Fraction(1, self._clock_rate)
        self._count += 1
        return packet
