"""A network camera as a source of the program: RTSP and RTP over one TCP connection, passed through.

Owned by a session's `ProgramSources`, on the event loop. It is our own client, so that the recorder speaks
only to the address that was checked (`camera_networks`): no redirection is followed, nothing but that
connection is used. H.264 passes as it came, Opus too; a camera's other sound is silence, over which the
lecturer is heard. Ends with `close()`, or when the camera is silent for SILENT_SECONDS or hangs up; the sink
is then told.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import socket
import ssl
import struct
from collections.abc import Callable, Sequence

from recorder import rtsp_message
from recorder.h264 import NalType, nal_type
from recorder.media import AccessUnit, OpusPacket, SenderReport, SourceSink
from recorder.media_receiver import MediaReceiver, PayloadTypes
from recorder.rtsp_message import Answer, CameraAddress, CameraRefused, Track
from settings import Network

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
SILENT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 20.0
_BROKEN = (OSError, TimeoutError, EOFError, ValueError, asyncio.LimitOverrunError)
_RECEIVER_REPORT = 201
_UNUSED_BIT_RATE = 10_000_000


async def resolve(address: CameraAddress, networks: Sequence[Network]) -> str:
    """The camera's IP address, which must lie in one of `networks`. Raises CameraRefused."""
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(
            loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM), ANSWER_SECONDS
        )
    except (OSError, TimeoutError) as error:
        raise CameraRefused("The camera's name is not known here.") from error
    for *_, place in found:
        ip = ipaddress.ip_address(str(place[0]).split("%")[0])
        if any(ip in network for network in networks):
            return str(ip)
    raise CameraRefused("Cameras at this address are not allowed here.")


class RtspSource:
    """Made by `connect`; delivers from `attach` on."""

    def __init__(
        self, address: CameraAddress, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.host = address.host
        self._address = address
        self._reader, self._writer = reader, writer
        self._sequence = 0
        self._session: str | None = None
        self._challenge: str | None = None
        self._base = address.url
        self._sets: tuple[bytes, ...] = ()
        self._types = PayloadTypes(frozenset(), frozenset())
        self._receiver: MediaReceiver | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sink: SourceSink | None = None

    @classmethod
    async def connect(cls, url: str, networks: Sequence[Network]) -> RtspSource:
        """Ask the camera to play. Raises CameraRefused."""
        address = CameraAddress.parse(url)
        ip = await resolve(address, networks)
        secure = ssl.create_default_context() if address.secure else None
        name = address.host if address.secure else None
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(ip, address.port, ssl=secure, server_hostname=name), ANSWER_SECONDS
            )
        except (OSError, TimeoutError) as error:
            raise CameraRefused("The camera does not answer.") from error
        source = cls(address, reader, writer)
        try:
            await source._begin()
        except _BROKEN as error:
            writer.close()
            raise CameraRefused("The camera does not answer as it should.") from error
        except BaseException:  # refused, or nobody waits any more
            writer.close()
            raise
        return source

    def attach(self, sink: SourceSink, *, clock: Callable[[], float]) -> None:
        """Deliver to `sink`, with arrivals by `clock`; its `on_closed` tells the end."""
        self._sink = sink
        loop = asyncio.get_running_loop()
        self._receiver = MediaReceiver(
            _WithSets(sink, self._sets),
            self._report,
            own_ssrc=secrets.randbits(32),
            target_bits_per_second=_UNUSED_BIT_RATE,
            call_later=loop.call_later,
            clock=clock,
        )
        self._receiver.begin(self._types)
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_alive())]

    def request_key_frame(self) -> None:
        """RTSP cannot ask: a camera brings key frames by itself."""

    async def close(self) -> None:
        """Idempotent."""
        for task in self._tasks:
            task.cancel()
        if self._receiver is not None:
            self._receiver.close()
        self._writer.close()

    # Speaking

    async def _begin(self) -> None:
        described = await self._ask("DESCRIBE", self._address.url, Accept="application/sdp")
        base = described.headers.get("content-base") or described.headers.get("content-location")
        self._base = base or self._address.url
        video, audio = rtsp_message.tracks_of(described.body, self._base)
        self._sets = video.sets
        for number, track in enumerate(track for track in (video, audio) if track is not None):
            await self._set_up(track, 2 * number)
        sound = frozenset([audio.payload_type]) if audio is not None else frozenset[int]()
        self._types = PayloadTypes(frozenset([video.payload_type]), sound)
        await self._ask("PLAY", self._base, Range="npt=0.000-")

    async def _set_up(self, track: Track, channel: int) -> None:
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        answer = await self._ask("SETUP", track.control, Transport=transport)
        self._session = answer.headers.get("session", "").partition(";")[0] or self._session

    async def _ask(self, method: str, url: str, **headers: str) -> Answer:
        answer = await self._exchange(method, url, headers)
        if answer.status == 401 and self._challenge is None:
            self._challenge = answer.headers.get("www-authenticate", "")
            answer = await self._exchange(method, url, headers)
        if answer.status == 401:
            raise CameraRefused("The camera does not take this user and password.")
        if answer.status != 200:
            raise CameraRefused(f"The camera says {answer.status}.")
        return answer

    async def _exchange(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        self._send(method, url, headers)
        return await asyncio.wait_for(self._answer(), ANSWER_SECONDS)

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._sequence += 1
        told = {"CSeq": str(self._sequence), "User-Agent": "Kodo", **headers}
        if self._session is not None:
            told["Session"] = self._session
        if self._challenge is not None:
            told["Authorization"] = rtsp_message.authorization(self._challenge, self._address, method, url)
        self._writer.write(rtsp_message.request(method, url, told))

    async def _answer(self) -> Answer:
        """The next answer; media that comes before it is not wanted yet."""
        while (first := await self._reader.readexactly(1)) == b"$":
            await self._interleaved()
        head = first + await self._reader.readuntil(b"\r\n\r\n")
        answer = rtsp_message.parse_head(head[: rtsp_message.MAX_HEADER_BYTES].rstrip(b"\r\n"))
        body = await self._reader.readexactly(answer.body_bytes)
        return Answer(answer.status, answer.reason, answer.headers, body)

    async def _interleaved(self) -> tuple[int, bytes]:
        """RFC 2326 10.12, behind its dollar sign: channel and packet."""
        channel, size = struct.unpack("!BH", await self._reader.readexactly(3))
        return channel, await self._reader.readexactly(size)

    # Hearing

    async def _read(self) -> None:
        reason = "the camera has hung up"
        try:
            while True:
                first = await asyncio.wait_for(self._reader.readexactly(1), SILENT_SECONDS)
                if first == b"$":
                    self._take(*await asyncio.wait_for(self._interleaved(), SILENT_SECONDS))
                else:
                    await asyncio.wait_for(self._pass_over(first), SILENT_SECONDS)
        except TimeoutError:
            reason = "the camera is silent"
        except (*_BROKEN, CameraRefused) as error:
            log.info("camera %s: %s", self.host, type(error).__name__)
        if self._sink is not None:
            self._sink.on_closed(reason)

    async def _pass_over(self, first: bytes) -> None:
        """The answer to a request that kept the session alive."""
        head = first + await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readexactly(rtsp_message.parse_head(head.rstrip(b"\r\n")).body_bytes)

    def _take(self, channel: int, packet: bytes) -> None:
        assert self._receiver is not None, "attach() comes first"
        if channel % 2:
            self._receiver.on_rtcp(packet)
        else:
            self._receiver.on_rtp(packet)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            self._send("OPTIONS", self._base, {})

    def _report(self, packet: bytes) -> None:
        """RTP/AVP knows receiver reports; the rest of our feedback is WebRTC's."""
        if packet[1] == _RECEIVER_REPORT and not self._writer.is_closing():
            self._writer.write(struct.pack("!cBH", b"$", 1, len(packet)) + packet)


class _WithSets:
    """Puts the parameter sets that the SDP told before key frames that come without their own."""

    def __init__(self, sink: SourceSink, sets: tuple[bytes, ...]) -> None:
        self._sink, self._sets = sink, sets

    def on_video(self, unit: AccessUnit) -> None:
        if unit.independent and self._sets and all(nal_type(nal) != NalType.SPS for nal in unit.nals if nal):
            nals = (*self._sets, *unit.nals)
            unit = AccessUnit(nals, unit.rtp_timestamp, unit.arrived_at, independent=True)
        self._sink.on_video(unit)

    def on_audio(self, packet: OpusPacket) -> None:
        self._sink.on_audio(packet)

    def on_sender_report(self, report: SenderReport) -> None:
        self._sink.on_sender_report(report)

    def on_video_lost(self) -> None:
        self._sink.on_video_lost()

    def on_closed(self, reason: str) -> None:
        self._sink.on_closed(reason)
