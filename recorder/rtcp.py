"""The RTCP that a recorder sends and reads: RR, NACK, PLI, REMB; SR and BYE.

Pure packing and parsing (RFC 3550 6, RFC 4585 6, draft-alvestrand-rmcat-remb-03). What is malformed
or not ours is skipped: RTCP comes from the network, though authenticated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SENDER_REPORT = 200
RECEIVER_REPORT = 201
GOODBYE = 203
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206

FORMAT_NACK = 1
FORMAT_PLI = 1
FORMAT_APPLICATION = 15

NTP_FRACTION = 1 << 32
# A NACK names 17 packets in 4 bytes; more than this would not fit one datagram.
MAX_NACK_ENTRIES = 280

_HEADER = struct.Struct("!BBH")
_SENDER_INFO = struct.Struct("!LQL")
_FEEDBACK_HEADER = struct.Struct("!BBHLL")
_REPORT_BLOCK = struct.Struct("!LLLLLL")


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """`ntp`: 64-bit NTP time; `rtp_timestamp`: 32 bits, as sent."""

    ssrc: int
    ntp: int
    rtp_timestamp: int

    @property
    def ntp_seconds(self) -> float:
        return self.ntp / NTP_FRACTION


@dataclass(frozen=True, slots=True)
class Goodbye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One block of a receiver report (RFC 3550 6.4.1). `delay`: 1/65536 s since `last_report`."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay: int

    def pack(self) -> bytes:
        lost = max(-0x800000, min(self.packets_lost, 0x7FFFFF)) & 0xFFFFFF
        return _REPORT_BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest_sequence & 0xFFFFFFFF,
            self.jitter & 0xFFFFFFFF,
            self.last_report,
            self.delay & 0xFFFFFFFF,
        )


def parse(data: bytes) -> Iterator[SenderInfo | Goodbye]:
    """Sender reports and goodbyes of a compound packet, up to the first malformed one."""
    position = 0
    while position + 4 <= len(data):
        first, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 + words * 4
        if first >> 6 != 2 or end > len(data):
            return
        body = data[position + 4 : end]
        if kind == SENDER_REPORT and len(body) >= 24:
            yield SenderInfo(*_SENDER_INFO.unpack_from(body))
        elif kind == GOODBYE:
            count = min(first & 0x1F, len(body) // 4)
            yield Goodbye(struct.unpack_from(f"!{count}L", body))
        position = end


def receiver_report(sender_ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """RR with at most 31 blocks."""
    blocks = blocks[:31]
    head = struct.pack("!BBHL", 0x80 | len(blocks), RECEIVER_REPORT, 1 + 6 * len(blocks), sender_ssrc)
    return head + b"".join(block.pack() for block in blocks)


def nack(sender_ssrc: int, media_ssrc: int, numbers: Iterable[int]) -> bytes:
    """Generic NACK (RFC 4585 6.2.1) for extended or short numbers in rising order."""
    entries: list[list[int]] = []
    for number in numbers:
        if entries and 0 < number - entries[-1][0] <= 16:
            entries[-1][1] |= 1 << (number - entries[-1][0] - 1)
        elif len(entries) < MAX_NACK_ENTRIES:
            entries.append([number, 0])
    body = b"".join(struct.pack("!HH", number & 0xFFFF, mask) for number, mask in entries)
    return _feedback(TRANSPORT_FEEDBACK, FORMAT_NACK, sender_ssrc, media_ssrc, body)


def picture_loss(sender_ssrc: int, media_ssrc: int) -> bytes:
    """PLI (RFC 4585 6.3.1): the encoder is asked for an IDR."""
    return _feedback(PAYLOAD_FEEDBACK, FORMAT_PLI, sender_ssrc, media_ssrc, b"")


def bitrate_limit(sender_ssrc: int, media_ssrcs: Sequence[int], bits_per_second: int) -> bytes:
    """REMB: the most that the senders of `media_ssrcs` may send together."""
    exponent = max(0, bits_per_second.bit_length() - 18)
    mantissa = bits_per_second >> exponent
    body = b"REMB" + struct.pack(
        f"!BBH{len(media_ssrcs)}L",
        len(media_ssrcs),
        exponent << 2 | mantissa >> 16,
        mantissa & 0xFFFF,
        *media_ssrcs,
    )
    return _feedback(PAYLOAD_FEEDBACK, FORMAT_APPLICATION, sender_ssrc, 0, body)


def _feedback(kind: int, message_format: int, sender_ssrc: int, media_ssrc: int, body: bytes) -> bytes:
    words = 2 + len(body) // 4
    return _FEEDBACK_HEADER.pack(0x80 | message_format, kind, words, sender_ssrc, media_ssrc) + body
