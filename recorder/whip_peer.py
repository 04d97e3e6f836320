"""One publisher by WHIP: a `Source` from the accepted offer to its end, however it ends.

`LiveRooms` makes it with `accept` and is its only owner; everything runs on the recorder's event loop.
It ends with `close()`, or by itself (ICE failed, consent lost, DTLS closed, RTCP BYE, never connected);
the sink's `on_closed` is called exactly once either way.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from ipaddress import ip_address

from recorder.aiortc_tap import PeerTransport
from recorder.media import SourceSink
from recorder.media_receiver import MediaReceiver, PayloadTypes
from recorder.sdp_offer import (
    Offer,
    OfferRejected,
    check_fragment,
    check_offer,
    finished_answer,
    with_announced_address,
)
from settings import Settings

__all__ = ["OfferRejected", "WhipPeer"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0
LOOK_SECONDS = 1.0
CLOSE_SECONDS = 5.0


class WhipPeer:
    """`answer_sdp`: for the 201. `etag`: quoted, names the ICE session (RFC 9725 4.3.1)."""

    answer_sdp: str
    etag: str

    def __init__(self, offer: Offer, sink: SourceSink, settings: Settings) -> None:
        """Use `accept`."""
        self._offer = offer
        self._sink = sink
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._connected = False
        self._ending: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._media: MediaReceiver | None = None
        self._transport = PeerTransport(
            settings,
            on_rtp=self._take_rtp,
            on_rtcp=self._take_rtcp,
            on_connected=self._on_connected,
            on_lost=self._end,
        )

    @classmethod
    async def accept(cls, offer_sdp: str, sink: SourceSink, settings: Settings) -> WhipPeer:
        """Answer an offer; the media follows by itself. Raises OfferRejected."""
        peer = cls(check_offer(offer_sdp), sink, settings)
        try:
            await peer._open()
        except BaseException:
            # Refused or cancelled: the sink never heard of it, the sockets must go.
            await peer._transport.close()
            raise
        return peer

    async def add_candidates(self, fragment: str) -> None:
        """Trickle (PATCH, RFC 9725 4.3.1). Raises OfferRejected: 400, 413; 422 for an ICE restart."""
        for candidate in check_fragment(fragment, self._offer):
            await self._transport.add_candidate(candidate)

    @property
    def has_video(self) -> bool:
        """Whether the offer has a picture at all."""
        return bool(self._offer.h264)

    def request_key_frame(self) -> None:
        """Ask for an IDR by PLI, at most every 250 ms; nothing happens before the first picture."""
        if self._media is not None:
            self._media.request_key_frame()

    async def close(self, reason: str = "closed") -> None:
        """End the publication; returns when its sockets are closed. May be called again."""
        self._end(reason)
        if self._ending is not None:
            await asyncio.shield(self._ending)

    async def _open(self) -> None:
        offer = self._offer
        answer = finished_answer(await self._transport.accept(offer), offer, self._settings.video_kilobits)
        announced = await self._announced_address()
        self.answer_sdp = with_announced_address(answer, announced) if announced else answer
        self.etag = _etag(self.answer_sdp)
        self._media = MediaReceiver(
            self._sink,
            self._transport.send_rtcp,
            own_ssrc=self._transport.own_ssrc,
            target_bits_per_second=self._settings.video_kilobits * 1_000,
            call_later=self._loop.call_later,
        )
        self._media.begin(PayloadTypes(frozenset(offer.h264), frozenset(offer.opus), offer.repairs))
        self._timers["connect"] = self._loop.call_later(CONNECT_SECONDS, self._end, "never connected")

    async def _announced_address(self) -> str | None:
        """KODO_ICE_ADDRESS as an IP address; browsers take no names in candidates."""
        address = self._settings.ice_address
        if not address:
            return None
        try:
            return str(ip_address(address))
        except ValueError:
            pass  # a name: ask the resolver
        try:
            found = await asyncio.wait_for(self._loop.getaddrinfo(address, None), CLOSE_SECONDS)
            return str(found[0][4][0])
        except (OSError, TimeoutError) as error:
            log.error("KODO_ICE_ADDRESS %s cannot be resolved and is not announced: %r", address, error)
            return None

    def _on_connected(self) -> None:
        self._connected = True
        if (timer := self._timers.pop("connect", None)) is not None:
            timer.cancel()
        self._timers["look"] = self._loop.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Once a second: has the publisher said goodbye?"""
        if self._media is not None and self._media.has_left(time.monotonic()):
            self._end("publisher said goodbye")
        elif self._ending is None:
            self._timers["look"] = self._loop.call_later(LOOK_SECONDS, self._look)

    def _take_rtp(self, data: bytes) -> None:
        if self._media is not None:
            try:
                self._media.on_rtp(data)
            except Exception:
                # A fault of ours in the media path: the publisher's next connection begins clean.
                log.exception("a publication failed")
                self._end("internal error")

    def _take_rtcp(self, data: bytes) -> None:
        if self._media is not None:
            self._media.on_rtcp(data)

    def _end(self, reason: str) -> None:
        if self._ending is None:
            self._ending = self._loop.create_task(self._shut(reason), name="whip-peer-close")

    async def _shut(self, reason: str) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._media is not None:
            self._media.close()
            log.info("publication ended: %s; %s", reason, self._media.summary())
        try:
            self._sink.on_closed(reason)
        finally:
            try:
                await asyncio.wait_for(self._transport.close(), CLOSE_SECONDS)
            except TimeoutError:
                log.error("a peer's transport did not close within %s s", CLOSE_SECONDS)


def _etag(answer: str) -> str:
    """One value per ICE session: a digest of its user name fragment and password."""
    session = [line for line in answer.split("\r\n") if line.startswith(("a=ice-ufrag:", "a=ice-pwd:"))]
    return f'"{hashlib.sha256("".join(session).encode()).hexdigest()[:24]}"'
