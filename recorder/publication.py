"""One publication: a WHIP peer's life in a room, from the accepted offer to its end.

It is the peer's sink. Until its session exists (the first media makes one) and is on disk, what
arrives waits here, bounded; then it is handed on in order. Runs on the recorder's event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from recorder.media import AccessUnit, OpusPacket, SenderReport, Source, SourceSink
from recorder.session_state import CredentialRecord

# A session's first save takes a few milliseconds; two seconds of media is far more than it needs.
MAX_WAITING = 256


class Peer(Source, Protocol):
    """A source that an offer made: a WhipPeer."""

    answer_sdp: str
    etag: str

    @property
    def has_video(self) -> bool: ...


class Publication:
    """Holds the peer and passes its media to the program once there is one.

    `waits_since`: monotonic seconds of the first offer, where offers of one credential follow each other
    without any media. `address`: where the offer came from.
    """

    def __init__(
        self,
        publication_id: str,
        credential: CredentialRecord,
        bearer_sha256: str,
        *,
        waits_since: float,
        address: str = "",
        on_first_media: Callable[[Publication], None],
        on_closed: Callable[[Publication, str], None],
    ) -> None:
        self.id = publication_id
        self.credential = credential
        self.bearer_sha256 = bearer_sha256
        self.waits_since = waits_since
        self.address = address
        self.peer: Peer | None = None
        self.closed_reason: str | None = None
        self._on_first_media = on_first_media
        self._on_closed = on_closed
        self._sink: SourceSink | None = None
        self._media_seen = False
        self._waiting: deque[Callable[[SourceSink], None]] = deque(maxlen=MAX_WAITING)

    @property
    def has_media(self) -> bool:
        return self._media_seen

    def feed(self, sink: SourceSink) -> None:
        """Hand on what waited, and everything after it, to `sink`."""
        while self._waiting:
            self._waiting.popleft()(sink)
        self._sink = sink
        if self.closed_reason is not None:
            sink.on_closed(self.closed_reason)

    def on_video(self, unit: AccessUnit) -> None:
        if self._sink is not None:
            self._sink.on_video(unit)
        else:
            self._wait(lambda sink: sink.on_video(unit))

    def on_audio(self, packet: OpusPacket) -> None:
        if self._sink is not None:
            self._sink.on_audio(packet)
        else:
            self._wait(lambda sink: sink.on_audio(packet))

    def on_sender_report(self, report: SenderReport) -> None:
        if self._sink is not None:
            self._sink.on_sender_report(report)
        elif self._media_seen:
            self._waiting.append(lambda sink: sink.on_sender_report(report))

    def on_video_lost(self) -> None:
        if self._sink is not None:
            self._sink.on_video_lost()

    def on_closed(self, reason: str) -> None:
        if self.closed_reason is not None:
            return
        self.closed_reason = reason
        if self._sink is not None:
            self._sink.on_closed(reason)
        self._on_closed(self, reason)

    async def close(self) -> None:
        """Close the peer; its `on_closed` follows."""
        if self.peer is not None:
            await self.peer.close()

    def _wait(self, hand_on: Callable[[SourceSink], None]) -> None:
        self._waiting.append(hand_on)
        if not self._media_seen:
            self._media_seen = True
            self._on_first_media(self)
