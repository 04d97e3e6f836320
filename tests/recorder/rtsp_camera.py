"""A network camera for tests: an RTSP server that sends real H.264 by its connection, picture by picture."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import re
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from aiortc.codecs.h264 import H264Encoder

from recorder.h264 import nal_type
from tests.recorder.program_stage import Encoder

REALM, NONCE = "camera", "0123456789abcdef"


class RtspCamera:
    """`user`, `password`: asked for by Digest. `answers`: method → status line to give instead.

    `sets_in_band`: else the parameter sets are in the SDP only.
    """

    def __init__(self, *, user: str = "", password: str = "", sets_in_band: bool = True) -> None:
        self.user, self.password, self.sets_in_band = user, password, sets_in_band
        self.answers: dict[str, str] = {}
        self.sdp_change: Callable[[str], str] = lambda sdp: sdp
        self.methods: list[str] = []
        self.sent: list[tuple[bytes, ...]] = []
        self.connections = 0
        self.heard: list[bytes] = []
        self._encoder = Encoder(320, 192)
        self._first = self._encoder.next(key_frame=True)
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._sequence = self._count = 0
        self.playing = asyncio.Event()

    async def open(self) -> RtspCamera:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        secret = f"{self.user}:{quote(self.password)}@" if self.user else ""
        return f"rtsp://{secret}127.0.0.1:{port}/stream1"

    async def close(self) -> None:
        self.hang_up()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def send_picture(self, *, key_frame: bool = False) -> None:
        """The next picture as RTP (RFC 6184), interleaved."""
        nals = self._first if self._count == 0 else self._encoder.next(key_frame=key_frame)
        if not self.sets_in_band:
            nals = [nal for nal in nals if nal_type(nal) not in (7, 8)]
        self.sent.append(tuple(nals))
        payloads = H264Encoder._packetize(iter(nals))
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            header = struct.pack("!BBHLL", 0x80, 96 | marker, self._sequence, self._count * 3000, 77)
            self._interleave(0, header + payload)
            self._sequence = (self._sequence + 1) % 65_536
        self._count += 1

    def _interleave(self, channel: int, packet: bytes) -> None:
        assert self._writer is not None
        self._writer.write(struct.pack("!cBH", b"$", channel, len(packet)) + packet)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer = writer
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    size = struct.unpack("!xH", await reader.readexactly(3))[0]
                    self.heard.append(await reader.readexactly(size))
                    continue
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                writer.write(self._answer(head))
                if head.startswith("PLAY"):
                    self.playing.set()
        except (EOFError, OSError):
            writer.close()

    def _answer(self, head: str) -> bytes:
        method, url, _ = head.split(" ", 2)
        self.methods.append(method)
        sequence = re.search(r"CSeq: (\d+)", head)
        cseq = f"CSeq: {sequence[1] if sequence else 0}\r\n"
        if method in self.answers:
            return f"{self.answers[method]}\r\n{cseq}\r\n".encode()
        if self.user and f'response="{self._response(method, url)}"' not in head:
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"\r\n'
            return f"RTSP/1.0 401 Unauthorized\r\n{cseq}{challenge}\r\n".encode()
        if method == "DESCRIBE":
            sdp = self.sdp_change(self._sdp())
            told = f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n"
            return f"RTSP/1.0 200 OK\r\n{cseq}{told}{sdp}".encode()
        session = "Session: 4711;timeout=60\r\n" if method == "SETUP" else ""
        return f"RTSP/1.0 200 OK\r\n{cseq}{session}\r\n".encode()

    def _response(self, method: str, url: str) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret = md5(f"{self.user}:{REALM}:{self.password}")
        return md5(f"{secret}:{NONCE}:{md5(f'{method}:{url}')}")

    def _sdp(self) -> str:
        sets = [nal for nal in self._first if nal_type(nal) in (7, 8)]
        told = ",".join(base64.b64encode(nal).decode() for nal in sets)
        lines = [
            *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "t=0 0"),
            *("m=audio 0 RTP/AVP 0", "a=control:trackID=2"),
            *("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:trackID=1"),
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={told}",
        ]
        return "\r\n".join(lines) + "\r\n"


@contextmanager
def running_camera(**options: Any) -> Iterator[RtspCamera]:
    """A camera in a thread of its own: 30 pictures a second, an IDR each second, once it plays."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="camera")
    thread.start()
    camera = RtspCamera(**options)
    asyncio.run_coroutine_threadsafe(camera.open(), loop).result(60)

    async def film() -> None:
        for number in itertools.count():
            await camera.playing.wait()
            camera.send_picture(key_frame=number % 30 == 0)
            await asyncio.sleep(1 / 30)

    filming = asyncio.run_coroutine_threadsafe(film(), loop)
    try:
        yield camera
    finally:
        filming.cancel()
        asyncio.run_coroutine_threadsafe(camera.close(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
