"""An encoder that comes back by itself, as OBS does: it notices silence, hangs up and tries again.

Runs the aiortc publisher on an event loop in a thread of its own: a test may block. Ends with `stop()`.
All times are `time.monotonic()`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

import aiohttp

from tests.network.udp_relay import UdpRelay
from tests.publishers.aiortc_publisher import AiortcPublisher
from tests.publishers.prepared_packets import PreparedAudio, PreparedVideo
from tests.publishers.prepared_tracks import PreparedVideoTrack
from tests.publishers.whip_http import WhipClient, WhipRefused

RETRY_SECONDS = 0.5
LOOK_SECONDS = 0.05
# The recorder reports (RTCP) once a second; two missing reports are a dead line.
SILENCE_SECONDS = 2.2
UNANSWERED_SECONDS = 1.0


class NotConnected(Exception):
    """The offer found nobody, or the recorder took it and was never heard of again."""


@dataclass
class Connection:
    """One publication that came about. `video`: what it sent."""

    connected_at: float
    video: PreparedVideoTrack
    lost_at: float | None = None


@dataclass
class Attempts:
    """Why attempts came to nothing: HTTP statuses, and how often nobody answered."""

    refused: list[int] = field(default_factory=list)
    last_words: str = ""
    unanswered: int = 0


class ReconnectingPublisher:
    """Publishes to `whip_url` from `start()` to `stop()`. `relay`: a bad network in between."""

    def __init__(
        self,
        whip_url: str,
        stream_key: str,
        video: PreparedVideo,
        audio: PreparedAudio | None,
        *,
        relay: UdpRelay | None = None,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.connections: list[Connection] = []
        self.attempts = Attempts()
        self._url, self._key = whip_url, stream_key
        self._video, self._audio = video, audio
        self._relay = relay
        self._silence = silence_seconds
        self._heard_at = 0.0
        self._stopping = threading.Event()
        self._dropping = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="publisher")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hang up and join. Raises what ended the thread early."""
        self._stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the publisher does not stop"
        if self._failure is not None:
            raise self._failure

    @property
    def live(self) -> Connection | None:
        last = self.connections[-1] if self.connections else None
        return last if last is not None and last.lost_at is None else None

    def connected_since(self, at: float) -> Connection | None:
        """The first connection made after `at`."""
        return next((c for c in self.connections if c.connected_at >= at), None)

    def drop(self) -> None:
        """Let this connection go without a word to the WHIP resource; the next one follows by itself."""
        self._dropping.set()

    def pause(self) -> None:
        """The picture rests from the next frame on (a frozen screen share)."""
        self.connections[-1].video.pause()

    def _run(self) -> None:
        try:
            asyncio.run(self._publish())
        except BaseException as error:
            self._failure = error

    async def _publish(self) -> None:
        while not self._stopping.is_set():
            publisher = AiortcPublisher(self._video, self._audio)
            client = WhipClient(self._url, self._key)
            try:
                await self._connect(publisher, client)
                await self._stay(publisher)
            except WhipRefused as refused:
                self.attempts.refused.append(refused.status)
                self.attempts.last_words = refused.body
            except (aiohttp.ClientError, OSError, TimeoutError, NotConnected):
                self.attempts.unanswered += 1
            await self._hang_up(publisher, client)
            if not self._stopping.is_set():
                await asyncio.sleep(RETRY_SECONDS)
        if self._relay is not None:
            await self._relay.close()

    async def _connect(self, publisher: AiortcPublisher, client: WhipClient) -> None:
        signal = client.publish if self._relay is None else self._relay.around(client.publish)

        async def answered(offer: str) -> str:
            if self._relay is not None and self._relay.upward.cut:
                raise NotConnected  # a dead line carries no HTTP either
            answer = await signal(offer)
            self._heard_at = time.monotonic()
            self._listen(publisher)
            return answer

        self._heard_at = float("inf")
        connecting = asyncio.ensure_future(publisher.connect(answered))
        while not connecting.done():
            await asyncio.wait([connecting], timeout=LOOK_SECONDS)
            if time.monotonic() - self._heard_at > UNANSWERED_SECONDS or self._stopping.is_set():
                connecting.cancel()
                await asyncio.wait([connecting])
                raise NotConnected
        await connecting
        assert publisher.video_track is not None
        self.connections.append(Connection(time.monotonic(), publisher.video_track))

    def _listen(self, publisher: AiortcPublisher) -> None:
        """Note when anything at all comes from the recorder."""
        assert publisher.pc is not None
        for transceiver in publisher.pc.getTransceivers():
            for protocol in transceiver.sender.transport.transport._connection._protocols:
                protocol.datagram_received = self._noting(protocol.datagram_received)

    def _noting(self, receive):
        def received(data, addr):
            self._heard_at = time.monotonic()
            receive(data, addr)

        return received

    async def _stay(self, publisher: AiortcPublisher) -> None:
        while not self._stopping.is_set() and not publisher.lost.is_set():
            if time.monotonic() - self._heard_at > self._silence or self._dropping.is_set():
                break
            await asyncio.sleep(LOOK_SECONDS)
        self._dropping.clear()
        self.connections[-1].lost_at = time.monotonic()

    async def _hang_up(self, publisher: AiortcPublisher, client: WhipClient) -> None:
        if self._stopping.is_set() and client.resource_url is not None:
            try:
                await client.delete()
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.attempts.unanswered += 1
        await publisher.close()
