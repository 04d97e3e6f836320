"""The receiving side of one peer's media: decrypted RTP and RTCP in, access units and Opus packets out.

Owned by one `WhipPeer`, every call on the recorder's event loop. Sends its feedback (NACK, PLI, REMB,
receiver reports) through the function it was given. A timer runs only while packets are missing or a
key frame is awaited, another once a second; both end with `close()`.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from recorder import rtcp
from recorder.bitrate_control import BitrateControl
from recorder.jitter_buffer import RtpPacket
from recorder.media import SourceSink
from recorder.rtp_streams import AudioStream, RtpStream, VideoStream

HEADER_BYTES = 12
REPORT_SECONDS = 1.0
REPAIR_TICK_SECONDS = 0.02
# After every stream said goodbye: a sender that goes on (a replaced track) does so within this.
GOODBYE_GRACE_SECONDS = 2.0

_unpack_header = struct.Struct("!BBHLL").unpack_from


@dataclass(frozen=True, slots=True)
class PayloadTypes:
    """What the answer agreed on. `repairs`: RTX payload type → the H.264 one it repairs."""

    video: frozenset[int]
    audio: frozenset[int]
    repairs: Mapping[int, int] = field(default_factory=dict)


class MediaReceiver:
    """Demultiplexes by payload type (unique in a bundle, RFC 9143 9.2) and steers the feedback."""

    def __init__(
        self,
        sink: SourceSink,
        send_rtcp: Callable[[bytes], None],
        *,
        own_ssrc: int,
        target_bits_per_second: int,
        call_later: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.video = VideoStream(sink)
        self.audio = AudioStream(sink)
        self.bitrate = BitrateControl(target_bits_per_second)
        self.last_packet_at = float("-inf")
        self._send_rtcp = send_rtcp
        self._own_ssrc = own_ssrc
        self._call_later = call_later
        self._clock = clock
        self._streams: dict[int, RtpStream] = {}
        self._repairs: frozenset[int] = frozenset()
        self._repair_timer: asyncio.TimerHandle | None = None
        self._report_timer: asyncio.TimerHandle | None = None
        self._reported_at = 0.0
        self._closed = False

    def begin(self, types: PayloadTypes) -> None:
        """The answer is made: from now on packets of these types mean something."""
        self._streams = dict.fromkeys(types.video, self.video) | dict.fromkeys(types.audio, self.audio)
        self._repairs = frozenset(types.repairs)
        self._reported_at = self._clock()
        self._report_timer = self._call_later(REPORT_SECONDS, self._report)

    def close(self) -> None:
        """Stop the timers; nothing is delivered or sent afterwards."""
        self._closed = True
        for timer in (self._repair_timer, self._report_timer):
            if timer is not None:
                timer.cancel()
        self._repair_timer = self._report_timer = None

    def on_rtp(self, data: bytes) -> None:
        """One authenticated RTP packet. What is malformed or of an unknown type is ignored."""
        if self._closed or len(data) <= HEADER_BYTES:
            return
        first, marker_and_type, sequence, timestamp, ssrc = _unpack_header(data)
        payload = data[HEADER_BYTES:] if first == 0x80 else _payload(first, data)
        if payload is None:
            return
        now = self.last_packet_at = self._clock()
        packet = RtpPacket(timestamp, marker_and_type > 0x7F, payload, now)
        stream = self._streams.get(marker_and_type & 0x7F)
        if stream is not None:
            if ssrc == stream.ssrc or self._adopt(stream, ssrc, now):
                stream.insert(sequence, packet)
        elif marker_and_type & 0x7F in self._repairs:
            self._take_repair(packet)
        if self._repair_timer is None and (
            self.video.buffer.missing or self.audio.buffer.missing or self.video.awaiting_idr
        ):
            self._care(now)

    def on_rtcp(self, data: bytes) -> None:
        """One authenticated, compound RTCP packet."""
        if self._closed:
            return
        now = self._clock()
        for message in rtcp.parse(data):
            for stream in (self.video, self.audio):
                if isinstance(message, rtcp.Goodbye):
                    stream.said_goodbye = stream.said_goodbye or stream.ssrc in message.ssrcs
                elif message.ssrc == stream.ssrc:
                    stream.take_sender_info(message, now)

    def has_left(self, now: float) -> bool:
        """Every stream said goodbye (RTCP BYE) and none went on."""
        streams = [s for s in (self.video, self.audio) if s.ssrc is not None]
        return (
            bool(streams)
            and all(s.said_goodbye for s in streams)
            and now - self.last_packet_at > GOODBYE_GRACE_SECONDS
        )

    def summary(self) -> str:
        """One line for the log when the publication ends."""
        requests = self.video.key_frames.sent
        return f"video {self.video.buffer.counts}, audio {self.audio.buffer.counts}, {requests} PLI"

    def request_key_frame(self) -> None:
        """Ask the encoder for an IDR, at most every 250 ms."""
        self.video.key_frames.wish()
        if self._repair_timer is None and not self._closed:
            self._care(self._clock())

    def _adopt(self, stream: RtpStream, ssrc: int, now: float) -> bool:
        accepted = stream.accepts(ssrc, now)
        if accepted and stream is self.video:
            self._send_bitrate()
        return accepted

    def _take_repair(self, packet: RtpPacket) -> None:
        """RFC 4588 4: the original number stands before the original payload."""
        payload = packet.payload
        if self.video.ssrc is not None and len(payload) > 2:
            sequence = payload[0] << 8 | payload[1]
            self.video.insert_repair(sequence, packet._replace(payload=payload[2:]))

    def _care(self, now: float) -> None:
        """Send what feedback is due, and come back while anything is missing."""
        self._request_missing(now)
        self._request_idr(now)
        if self._anything_pending(now) and not self._closed:
            self._repair_timer = self._call_later(REPAIR_TICK_SECONDS, self._on_repair_tick)

    def _anything_pending(self, now: float) -> bool:
        video = self.video
        if video.buffer.missing or self.audio.buffer.missing:
            return True
        return video.ssrc is not None and video.seconds_until_key_frame_due(now) is not None

    def _on_repair_tick(self) -> None:
        self._repair_timer = None
        now = self._clock()
        self.video.expire(now)
        self.audio.expire(now)
        self._care(now)

    def _request_missing(self, now: float) -> None:
        video = self.video
        if video.buffer.missing and video.ssrc is not None:
            due = video.buffer.requests_due(now, video.request_interval_seconds)
            if due:
                self._send_rtcp(rtcp.nack(self._own_ssrc, video.ssrc, due))

    def _request_idr(self, now: float) -> None:
        video = self.video
        if video.ssrc is not None and video.key_frame_due(now):
            self._send_rtcp(rtcp.picture_loss(self._own_ssrc, video.ssrc))

    def _report(self) -> None:
        now = self._clock()
        blocks = []
        for stream in (self.video, self.audio):
            if (report := stream.report(now)) is not None:
                blocks.append(report.block)
                if stream is self.video:
                    self.bitrate.update(report.expected, report.lost, now - self._reported_at)
        self._reported_at = now
        if blocks:
            self._send_rtcp(rtcp.receiver_report(self._own_ssrc, blocks))
        self._send_bitrate()
        self._report_timer = self._call_later(REPORT_SECONDS, self._report)

    def _send_bitrate(self) -> None:
        if self.video.ssrc is not None:
            rate = self.bitrate.bits_per_second
            self._send_rtcp(rtcp.bitrate_limit(self._own_ssrc, (self.video.ssrc,), rate))


def _payload(first: int, data: bytes) -> bytes | None:
    """The payload behind CSRCs and header extension, without padding (RFC 3550 5.1, 5.3.1)."""
    if first >> 6 != 2:
        return None
    position, end = HEADER_BYTES + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if position + 4 > end:
            return None
        position += 4 + 4 * int.from_bytes(data[position + 2 : position + 4], "big")
    if first & 0x20:
        end -= data[-1]
        if not data[-1]:
            return None
    return data[position:end] if position <= end else None
