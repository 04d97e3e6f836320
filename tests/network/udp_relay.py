"""A bad network between a WHIP publisher and its recorder: delay, loss, reordering, duplication.

It stands in the path by rewriting SDP: the publisher is told the relay's address instead of the
recorder's, the recorder no address of the publisher's at all (it learns the relay's by ICE). Lives on
the caller's event loop; ends with `close()`.

    relay = UdpRelay(Path(delay_seconds=0.04, loss=0.02))
    await publisher.connect(relay.around(client.publish))
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Signal = Callable[[str], Awaitable[str]]
RTP_FIRST_BYTES = range(128, 192)


@dataclass
class Path:
    """What happens to packets of one direction; may be changed while the relay runs.

    `loss`, `duplication`, `reordering`: probabilities. Only RTP and RTCP get lost, unless `cut`.
    `loses`: packets picked by the test (SRTP leaves the RTP header readable).
    """

    delay_seconds: float = 0.0
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    reordering_seconds: float = 0.015
    cut: bool = False
    loses: Callable[[bytes], bool] = lambda _packet: False
    random: random.Random = field(default_factory=lambda: random.Random(1))
    dropped: int = 0
    passed: int = 0

    def deliveries(self, data: bytes) -> list[float]:
        """After how many seconds the packet arrives, once for each copy; empty if it is lost."""
        media = bool(data) and data[0] in RTP_FIRST_BYTES
        if self.cut or self.loses(data) or (media and self.random.random() < self.loss):
            self.dropped += 1
            return []
        self.passed += 1
        late = self.reordering_seconds if media and self.random.random() < self.reordering else 0.0
        copies = 2 if media and self.random.random() < self.duplication else 1
        return [self.delay_seconds + late] * copies


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple], None]) -> None:
        self._received = received

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        self._received(data, addr)


class UdpRelay:
    """`upward`: publisher to recorder; `downward`: back. One publisher at a time."""

    def __init__(self, upward: Path | None = None, downward: Path | None = None) -> None:
        self.upward = upward or Path()
        self.downward = downward or Path()
        self._sockets: list[_Socket] = []

    def around(self, signal: Signal) -> Signal:
        """The same signalling with the relay put in between."""

        async def relayed(offer_sdp: str) -> str:
            return await self.rewrite_answer(await signal(without_candidates(offer_sdp)))

        return relayed

    async def rewrite_answer(self, answer_sdp: str) -> str:
        """Open the relay to the answer's first IPv4 host candidate, and name the relay instead."""
        candidates = [line for line in answer_sdp.split("\r\n") if line.startswith("a=candidate:")]
        chosen = next(c for c in candidates if "." in c.split()[4] and c.split()[7] == "host")
        fields = chosen.split()
        port = await self._open(fields[4], int(fields[5]))
        fields[5] = str(port)
        lines, placed = [], False
        for line in answer_sdp.split("\r\n"):
            if line.startswith("m="):
                placed = False
            if line.startswith("a=candidate:"):
                if not placed:
                    lines.append(" ".join(fields))
                placed = True
            else:
                lines.append(line)
        return "\r\n".join(lines)

    async def close(self) -> None:
        for sock in self._sockets:
            sock.transport.abort()
        self._sockets.clear()

    async def _open(self, host: str, port: int) -> int:
        await self.close()
        loop = asyncio.get_running_loop()
        publisher: list[tuple] = []

        def from_publisher(data: bytes, addr: tuple) -> None:
            publisher[:] = [addr]
            self._forward(self.upward, back, data, (host, port))

        def from_recorder(data: bytes, _addr: tuple) -> None:
            if publisher:
                self._forward(self.downward, front, data, publisher[0])

        _, front = await loop.create_datagram_endpoint(lambda: _Socket(from_publisher), local_addr=(host, 0))
        _, back = await loop.create_datagram_endpoint(lambda: _Socket(from_recorder), local_addr=(host, 0))
        self._sockets = [front, back]
        return front.transport.get_extra_info("sockname")[1]

    def _forward(self, path: Path, out: _Socket, data: bytes, to: tuple) -> None:
        for delay in path.deliveries(data):
            asyncio.get_running_loop().call_later(delay, self._send, out, data, to)

    def _send(self, out: _Socket, data: bytes, to: tuple) -> None:
        if not out.transport.is_closing():
            out.transport.sendto(data, to)


def without_candidates(sdp: str) -> str:
    """The recorder must not reach the publisher past the relay."""
    kept = [line for line in sdp.split("\r\n") if not line.startswith(("a=candidate:", "a=end-of-cand"))]
    return "\r\n".join(kept)
