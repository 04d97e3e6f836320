"""A publisher that speaks RTP to the recorder's own receiver, over a network in the test's hand.

On the simulated clock of `program_stage.Stage`: encoder → RTP → network → `MediaReceiver` → `Program`.
PLI is answered with an IDR and, if the publisher repairs, NACK with a retransmission (RFC 4588).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket

from recorder.h264 import nal_type
from recorder.media import AccessUnit
from recorder.media_receiver import MediaReceiver, PayloadTypes
from tests.recorder.program_stage import START, Encoder, Stage, opus_packets

VIDEO, RTX, AUDIO = 96, 97, 111
RTX_SSRC, OWN_SSRC = 20, 40
PAYLOAD_BYTES = 400
WAY_SECONDS = 0.02
PLI_FORMAT = 1

Network = Callable[[], list[float]]
"""Called for each packet of media: seconds after which a copy of it arrives, beyond the way itself."""


def clean() -> list[float]:
    return [0.0]


def losing(share: float, seed: int = 7) -> Network:
    dice = random.Random(seed)
    return lambda: [] if dice.random() < share else [0.0]


class Timer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class RtpPublisher:
    """A Source. `sent`: the pictures that left the encoder. `repair_delay`: seconds from NACK to repair."""

    def __init__(self, stage: Stage, *, network: Network = clean, repairs: bool = True) -> None:
        self.stage, self.network, self.repairs = stage, network, repairs
        self.encoder = Encoder(320, 192)
        self.sent: list[AccessUnit] = []
        self.plis = 0
        self.repair_delay = 0.0
        self.video_ssrc, self.audio_ssrc = 10, 30
        self.video_sequence, self.audio_sequence = 60_000, 65_500
        self.video_rtp, self.audio_rtp = 2**32 - 300_000, 2**32 - 100_000  # both wrap soon
        self._rtx_sequence = 100
        self._history: dict[int, tuple[int, bool, bytes]] = {}
        self._key_frame_wanted = True
        self._number = 0
        self.receiver = MediaReceiver(
            stage.program.begin_source(self),
            self._on_feedback,
            own_ssrc=OWN_SSRC,
            target_bits_per_second=2_500_000,
            call_later=self._call_later,  # type: ignore[arg-type]
            clock=lambda: stage.now,
        )
        self.receiver.begin(PayloadTypes(frozenset({VIDEO}), frozenset({AUDIO}), {RTX: VIDEO}))
        self._capture()
        self._talk()

    def request_key_frame(self) -> None:
        self.receiver.request_key_frame()

    async def close(self) -> None:
        self.receiver.close()

    def _capture(self) -> None:
        nals = tuple(self.encoder.next(key_frame=self._key_frame_wanted))
        self._key_frame_wanted = False
        elapsed = self.stage.now - START
        rtp = self.video_rtp + round(elapsed * 90_000)
        self.sent.append(AccessUnit(nals, rtp, self.stage.now, any(nal_type(nal) == 5 for nal in nals)))
        payloads = [payload for nal in nals for payload in packetize(nal)]
        for index, payload in enumerate(payloads):
            marker = index + 1 == len(payloads)
            self._history[self.video_sequence & 0xFFFF] = (rtp, marker, payload)
            self._send(header(VIDEO, self.video_sequence, rtp, self.video_ssrc, marker=marker) + payload)
            self.video_sequence += 1
        self.stage.at(self.stage.now + 1 / 30, self._capture)

    def _talk(self) -> None:
        rtp = self.audio_rtp + round((self.stage.now - START) * 48_000)
        payload = opus_packets()[self._number % 100]
        self._send(header(AUDIO, self.audio_sequence, rtp, self.audio_ssrc) + payload)
        self._number += 1
        self.audio_sequence += 1
        self.stage.at(self.stage.now + 0.02, self._talk)

    def _send(self, data: bytes) -> None:
        for late in self.network():
            self._arrive(data, WAY_SECONDS + late)

    def _arrive(self, data: bytes, after: float) -> None:
        self.stage.at(self.stage.now + after, lambda: self.receiver.on_rtp(data))

    def _on_feedback(self, data: bytes) -> None:
        self.stage.at(self.stage.now + WAY_SECONDS, lambda: self._take_feedback(data))

    def _take_feedback(self, data: bytes) -> None:
        for message in RtcpPacket.parse(data):
            if isinstance(message, RtcpPsfbPacket) and message.fmt == PLI_FORMAT:
                self.plis += 1
                self._key_frame_wanted = True
            elif isinstance(message, RtcpRtpfbPacket) and self.repairs:
                for number in message.lost:
                    self._repair_later(number & 0xFFFF)

    def _repair_later(self, number: int) -> None:
        self.stage.at(self.stage.now + self.repair_delay, lambda: self._repair(number))

    def _repair(self, number: int) -> None:
        """RFC 4588: a stream of its own; repairs get lost like everything else."""
        if number in self._history:
            rtp, marker, payload = self._history[number]
            self._rtx_sequence += 1
            head = header(RTX, self._rtx_sequence, rtp, RTX_SSRC, marker=marker)
            self._send(head + struct.pack("!H", number) + payload)

    def _call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        timer = Timer()
        self.stage.at(self.stage.now + delay, lambda: None if timer.cancelled else callback())
        return timer


def header(kind: int, sequence: int, timestamp: int, ssrc: int, *, marker: bool = False) -> bytes:
    return struct.pack(
        "!BBHLL", 0x80, marker << 7 | kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
    )


def packetize(nal: bytes) -> list[bytes]:
    """RFC 6184 5.6 and 5.8: a single unit, or FU-A."""
    if len(nal) <= PAYLOAD_BYTES + 1:  # a unit is never one fragment alone (5.8)
        return [nal]
    body = nal[1:]
    pieces = [body[at : at + PAYLOAD_BYTES] for at in range(0, len(body), PAYLOAD_BYTES)]
    indicator = nal[0] & 0xE0 | 28
    marks = [0x80 if index == 0 else 0x40 if index + 1 == len(pieces) else 0 for index in range(len(pieces))]
    return [bytes((indicator, mark | nal[0] & 31)) + piece for mark, piece in zip(marks, pieces, strict=True)]
