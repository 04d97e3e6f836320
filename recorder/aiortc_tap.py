"""One peer's ICE, DTLS and SRTP by aiortc, with its media taken out below aiortc's receivers.

The only file that touches what aiortc 1.16 and aioice keep private; tests/recorder/test_aiortc_contract.py
fails when they change. Everything is done per connection, nothing is patched globally: host sockets
are bound here (port range), SRTP datagrams never enter aiortc's queues, decoders are never started, and
consent is watched more closely than aioice does. Runs on the recorder's event loop; ends with `close()`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pylibsrtp
from aioice import Candidate
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, relayed_candidate, server_reflexive_candidate
from aioice.stun import TransactionError
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceParameters,
    RTCIceServer,
    RTCIceTransport,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError
from aiortc.sdp import SessionDescription, candidate_from_sdp

from recorder.sdp_offer import Offer, OfferRejected
from recorder.udp_sockets import NoFreePort, bound_socket
from settings import Settings

log = logging.getLogger(__name__)

# Media may overtake the end of the DTLS handshake; this many packets wait for its keys.
MAX_EARLY_PACKETS = 256
MAX_QUEUED_DTLS = 64
MAX_CANDIDATES = 64
GATHER_SECONDS = 1.0
CONSENT_CHECK_SECONDS = 1.5
# RFC 7675 5.1 allows 30 s; a lecture's audience should see the slate sooner.
CONSENT_SECONDS = 6.5
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

# What aiortc's SDP parser, which trusts its input, raises for what slipped through `check_offer`.
_PARSER_ERRORS = (ValueError, AssertionError, LookupError, TypeError, AttributeError, StopIteration)
_NEGOTIATION_ERRORS = (ValueError, InvalidStateError, OperationError)


class MediaProtocol(StunProtocol):
    """A host or relayed socket of one peer: SRTP goes straight to the tap, ICE and DTLS to aioice."""

    def __init__(self, connection: Connection, tap: PeerTransport) -> None:
        super().__init__(connection)
        self._tap = tap

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Sort by first byte (RFC 7983 7). Nothing a stranger sends may raise from here."""
        if not isinstance(data, bytes) or len(data) < 12:
            return
        first = data[0]
        if 127 < first < 192:
            self._tap.take_datagram(data)
        elif first < 4 or (19 < first < 64 and self.receiver._queue.qsize() < MAX_QUEUED_DTLS):
            try:
                super().datagram_received(data, addr)
            except (struct.error, LookupError, TypeError, AssertionError) as error:
                log.debug("ignored a malformed STUN packet: %r", error)


class PeerTransport:
    """`accept` answers an offer; then decrypted packets come to `on_rtp` and `on_rtcp`.

    `on_lost(reason)` is called when the connection fails or ends by itself, perhaps more than once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        on_connected: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._srtp: pylibsrtp.Session | None = None
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY_PACKETS)
        self._heard_at = 0.0
        self._candidates = 0
        self._connecting: asyncio.Task[Any] | None = None
        configuration = RTCConfiguration(
            iceServers=_ice_servers(settings), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE
        )
        self._pc = RTCPeerConnection(configuration)

    async def accept(self, offer: Offer) -> str:
        """Gather candidates and answer. Raises OfferRejected."""
        for kind in offer.kinds:
            transceiver = self._pc.addTransceiver(kind, direction="recvonly")
            # Without aiortc's own `receive` there is no decoder thread, RTCP task or jitter buffer.
            _stand_in(transceiver.receiver, "receive", self._start_receiving)
        first = self._pc.getTransceivers()[0]
        self.own_ssrc: int = first.sender._ssrc
        self._dtls = first.receiver.transport
        self._ice = self._dtls.transport
        self._connection: Connection = self._ice._connection
        _stand_in(self._ice, "start", self._start_ice)
        _stand_in(self._connection, "get_component_candidates", self._gather)
        _stand_in(self._connection, "query_consent", self._watch_consent)
        self._pc.on("connectionstatechange", self._state_changed)
        try:
            SessionDescription.parse(offer.text)
        except _PARSER_ERRORS as error:
            raise OfferRejected(400, "Malformed offer", f"It could not be understood: {error!r}") from error
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer.text, "offer"))
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except NoFreePort as error:
            raise OfferRejected(503, "Not ready", "Every UDP port for publishers is taken.") from error
        except _NEGOTIATION_ERRORS as error:
            raise OfferRejected(422, "No usable media", f"It could not be agreed on: {error}") from error
        return str(self._pc.localDescription.sdp)

    async def add_candidate(self, text: str) -> None:
        """Add a trickled candidate (the value of a=candidate). Raises OfferRejected."""
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES:
            return
        try:
            await self._ice.addRemoteCandidate(candidate_from_sdp(text))
        except _PARSER_ERRORS as error:
            raise OfferRejected(400, "Malformed fragment", f"Not a candidate: {text[:80]!r}") from error

    def send_rtcp(self, data: bytes) -> None:
        """Send one compound packet now; without a connection it is left out, as RTCP may be lost."""
        pair = self._connection._nominated.get(1)
        if pair is None or self._srtp is None or _is_closing(pair.protocol.transport):
            return
        pair.protocol.transport.sendto(self._dtls._tx_srtp.protect_rtcp(data), pair.remote_addr)

    async def close(self) -> None:
        """End DTLS (the peer is told) and ICE; returns when the sockets are closed."""
        self._srtp = None
        self._early.clear()
        await self._pc.close()
        if self._connecting is not None:
            await asyncio.wait({self._connecting})

    def take_datagram(self, data: bytes) -> None:
        """One SRTP or SRTCP packet, from anywhere: what does not authenticate is dropped."""
        srtp = self._srtp
        if srtp is None:
            self._early.append(data)
            return
        # RFC 5761 4: second byte of RTCP.
        is_rtcp = 191 < data[1] < 224
        try:
            plain = srtp.unprotect_rtcp(data) if is_rtcp else srtp.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            return
        self._heard_at = time.monotonic()
        if is_rtcp:
            self._on_rtcp(plain)
        else:
            self._on_rtp(plain)

    async def _start_receiving(self, _parameters: object) -> None:
        """Called by aiortc for each track once DTLS is connected, instead of its receiver's own."""
        if self._srtp is None and self._dtls.state == "connected":
            self._srtp = self._dtls._rx_srtp
            self._on_connected()
            while self._early:
                self.take_datagram(self._early.popleft())

    async def _start_ice(self, parameters: RTCIceParameters) -> None:
        """Notes the task in which aiortc connects, and which it forgets, so that `close` can await it."""
        self._connecting = asyncio.current_task()
        await RTCIceTransport.start(self._ice, parameters)

    def _state_changed(self) -> None:
        state = self._pc.connectionState
        if state == "failed":
            self._on_lost("ICE failed" if self._ice.state == "failed" else "DTLS failed")
        elif state == "closed":
            self._on_lost("closed by the publisher")

    # ICE

    async def _gather(self, component: int, addresses: list[str]) -> list[Candidate]:
        """Stands in for aioice's `get_component_candidates`, which can bind port 0 only."""
        if not addresses or self._settings.host in LOOPBACK_HOSTS:
            addresses = [*addresses, "127.0.0.1"]
        protocols: list[StunProtocol] = []
        self._connection._protocols = protocols
        for address in addresses:
            try:
                protocols.append(await self._bind(component, address))
            except NoFreePort:
                raise
            except OSError as error:
                log.info("no candidate on %s: %s", address, error)
        found = [protocol.local_candidate for protocol in protocols]
        return found + await self._gather_elsewhere(component, list(protocols))

    async def _bind(self, component: int, address: str) -> StunProtocol:
        _transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: MediaProtocol(self._connection, self),
            sock=bound_socket(address, self._settings.udp_ports),
        )
        host, port = protocol.transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=port,
            type="host",
        )
        return protocol

    async def _gather_elsewhere(self, component: int, protocols: list[StunProtocol]) -> list[Candidate]:
        """Candidates by STUN and TURN, where the settings name servers; a silent one costs a second."""
        connection = self._connection
        queries: list[Awaitable[tuple[Candidate, StunProtocol | None]]] = []
        if connection.stun_server:
            ipv4 = [p for p in protocols if "." in p.local_candidate.host]
            queries += [server_reflexive_candidate(p, connection.stun_server) for p in ipv4]
        if connection.turn_server:
            queries.append(
                relayed_candidate(
                    component=component,
                    hide_related_address=False,
                    protocol_factory=lambda: MediaProtocol(connection, self),
                    turn_server=connection.turn_server,
                    turn_username=connection.turn_username,
                    turn_password=connection.turn_password,
                    turn_ssl=connection.turn_ssl,
                    turn_transport=connection.turn_transport,
                )
            )
        timed = (asyncio.wait_for(query, GATHER_SECONDS) for query in queries)
        answers = await asyncio.gather(*timed, return_exceptions=True)
        found = []
        for answer in answers:
            if isinstance(answer, BaseException):
                log.warning("a STUN or TURN server gave no candidate: %r", answer)
                continue
            candidate, protocol = answer
            found.append(candidate)
            if protocol is not None:
                connection._protocols.append(protocol)
        return found

    async def _watch_consent(self) -> None:
        """Stands in for aioice's `query_consent` (RFC 7675), which takes 30 s. Media is consent too."""
        self._heard_at = time.monotonic()
        while time.monotonic() - self._heard_at < CONSENT_SECONDS:
            await asyncio.sleep(CONSENT_CHECK_SECONDS * random.uniform(0.8, 1.2))
            if await self._answers_check():
                self._heard_at = time.monotonic()
        self._on_lost("consent lost")

    async def _answers_check(self) -> bool:
        connection = self._connection
        pair = connection._nominated.get(1)
        if pair is None or connection.remote_password is None:
            return False
        request = connection.build_request(pair, nominate=False)
        key = connection.remote_password.encode()
        try:
            await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=1)
        except TransactionError:
            return False
        return True


def _stand_in(owner: object, name: str, method: Callable[..., Any]) -> None:
    """Replace a method on this one object; a name that is gone must not pass in silence."""
    if not callable(getattr(owner, name)):
        raise TypeError(f"{owner!r} has no method {name}")
    setattr(owner, name, method)


def _is_closing(transport: Any) -> bool:
    """Aioice's TURN transport cannot tell; once closed it sends nothing by itself."""
    return bool(getattr(transport, "is_closing", bool)())


def _ice_servers(settings: Settings) -> list[RTCIceServer]:
    servers = [RTCIceServer(settings.stun_url)] if settings.stun_url else []
    if settings.turn_url:
        servers.append(RTCIceServer(settings.turn_url, settings.turn_username, settings.turn_password))
    return servers
