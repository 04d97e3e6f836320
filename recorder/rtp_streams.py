"""One sound and one picture stream of a peer: what arrives, in order, whole, and what is missing.

No I/O and no clock of their own: `MediaReceiver` feeds them packets and the time, on the recorder's
event loop, and asks what feedback is due. They end with it.
"""

from __future__ import annotations

from recorder.h264_depacketizer import AccessUnitAssembler, opens_access_unit
from recorder.jitter_buffer import JitterBuffer, RtpPacket
from recorder.key_frame_requests import KeyFrameRequests
from recorder.media import (
    AUDIO_SAMPLE_RATE,
    VIDEO_CLOCK_RATE,
    AccessUnit,
    MediaKind,
    OpusPacket,
    SenderReport,
    SourceSink,
)
from recorder.reception_statistics import Reception, ReceptionStatistics
from recorder.rtcp import SenderInfo
from recorder.rtp_time import RtpTime

VIDEO_PATIENCE_SECONDS = 0.25
# A distant publisher's repairs take longer; past this a key frame is the quicker cure.
LONGEST_PATIENCE_SECONDS = 0.5
# Sound has no retransmission: the wait is for reordering only.
AUDIO_PATIENCE_SECONDS = 0.07
# A first picture begins with its parameter sets; if not, so many packets before may have been lost.
LOOK_BACK_PACKETS = 8
# How long a stream is silent before its former SSRC may take over again.
SSRC_REST_SECONDS = 1.0
MAX_FORMER_SSRCS = 16


class RtpStream:
    """What sound and picture share: SSRC, order, statistics for receiver reports."""

    kind: MediaKind
    clock_rate: int

    def __init__(self, sink: SourceSink, patience_seconds: float) -> None:
        self.ssrc: int | None = None
        self.said_goodbye = False
        self.last_packet_at = float("-inf")
        self.time = RtpTime()
        self.buffer = JitterBuffer(patience_seconds)
        self._sink = sink
        self._patience_seconds = patience_seconds
        self._former: set[int] = set()
        self._restarts = 0
        self._statistics = ReceptionStatistics(self.clock_rate)

    def accepts(self, ssrc: int, now: float) -> bool:
        """Whether packets of `ssrc` are this stream's; another SSRC takes over when it appears.

        A former SSRC comes back only after the present one rests: two that alternate
        (simulcast, RFC 3550 8.2 loops) would otherwise cost a key frame each time.
        """
        if self.ssrc is not None and ssrc in self._former:
            if now - self.last_packet_at < SSRC_REST_SECONDS:
                return False
            self._former.discard(ssrc)
        if self.ssrc is not None and len(self._former) < MAX_FORMER_SSRCS:
            self._former.add(self.ssrc)
        self.ssrc = ssrc
        self._restart()
        return True

    def insert(self, sequence: int, packet: RtpPacket) -> None:
        """Take one packet of the present SSRC."""
        self.last_packet_at = packet.arrived_at
        self.said_goodbye = False
        self._statistics.count()
        if packet.marker:
            self._statistics.measure_jitter(packet.timestamp, packet.arrived_at)
        for ready in self.buffer.insert(sequence, packet):
            self._take(ready)

    def expire(self, now: float) -> None:
        """Stop waiting for what does not come."""
        for ready in self.buffer.expire(now):
            self._take(ready)

    def take_sender_info(self, info: SenderInfo, now: float) -> None:
        """Note a sender report for the next receiver report, and hand it on."""
        self._statistics.note_sender_report(info.ntp, now)
        if self.time.started and info.ntp:
            self._sink.on_sender_report(
                SenderReport(self.kind, info.ntp_seconds, self.time.locate(info.rtp_timestamp), now)
            )

    def report(self, now: float) -> Reception | None:
        """How packets arrived since the last report; None before the first one."""
        if self.ssrc is None or self.buffer.highest_sequence < 0:
            return None
        if self._restarts != self.buffer.counts.restarts:
            self._restarts = self.buffer.counts.restarts
            self._statistics.begin_anew()
        return self._statistics.report(self.ssrc, self.buffer.highest_sequence, now)

    def _take(self, packet: RtpPacket) -> None:
        raise NotImplementedError

    def _restart(self) -> None:
        before, self.buffer = self.buffer, JitterBuffer(self._patience_seconds)
        self.buffer.counts = before.counts
        self.buffer.repair_seconds = before.repair_seconds  # the sender and its line are the same
        self._statistics = ReceptionStatistics(self.clock_rate)


class AudioStream(RtpStream):
    """Opus packets in order; a lost one is left out, and the program fills the hole."""

    kind = "audio"
    clock_rate = AUDIO_SAMPLE_RATE

    def __init__(self, sink: SourceSink) -> None:
        super().__init__(sink, AUDIO_PATIENCE_SECONDS)

    def _take(self, packet: RtpPacket) -> None:
        if packet.payload:
            timestamp = self.time.advance(packet.timestamp)
            self._sink.on_audio(OpusPacket(packet.payload, timestamp, packet.arrived_at))


class VideoStream(RtpStream):
    """Whole access units in order; after a loss, from the next IDR on."""

    kind = "video"
    clock_rate = VIDEO_CLOCK_RATE

    def __init__(self, sink: SourceSink) -> None:
        super().__init__(sink, VIDEO_PATIENCE_SECONDS)
        self.key_frames = KeyFrameRequests()
        self._missed = 0
        self._assembler = AccessUnitAssembler(self.time, self._deliver, sink.on_video_lost)

    @property
    def awaiting_idr(self) -> bool:
        """Nothing can be delivered before an IDR."""
        return self._assembler.awaiting_idr

    @property
    def needs_idr(self) -> bool:
        """`awaiting_idr`, or it is certain to come to that."""
        return self._assembler.awaiting_idr or bool(self.buffer.missing and self.buffer.repairs_are_hopeless)

    def key_frame_due(self, now: float) -> bool:
        """Whether to send a PLI now."""
        missed = self.buffer.counts.missed
        if missed != self._missed and self.buffer.repairs_are_hopeless:
            self.key_frames.damaged()
        self._missed = missed
        return self.key_frames.due(now, lost=self.needs_idr)

    def seconds_until_key_frame_due(self, now: float) -> float | None:
        return self.key_frames.seconds_until_due(now, lost=self.needs_idr)

    @property
    def request_interval_seconds(self) -> float:
        """Ask again before the answer can be here, so that lost repairs cost little time.

        Over 80 ms and 2 % loss each way a request fails once in 25: three within the patience lose a picture
        an hour, five one in a month of lectures.
        """
        known = self.buffer.repair_seconds
        return 0.035 if known is None else min(0.06, max(0.02, 0.35 * known))

    def insert(self, sequence: int, packet: RtpPacket) -> None:
        if self.buffer.highest_sequence < 0 and not opens_access_unit(packet.payload):
            self.buffer.look_back(sequence, LOOK_BACK_PACKETS, packet.arrived_at)
        super().insert(sequence, packet)

    def insert_repair(self, sequence: int, packet: RtpPacket) -> None:
        """Take a packet unwrapped from a retransmission stream (RFC 4588)."""
        for ready in self.buffer.insert(sequence, packet):
            self._take(ready)

    def expire(self, now: float) -> None:
        known = self.buffer.repair_seconds
        if known is not None:
            patience = max(VIDEO_PATIENCE_SECONDS, min(LONGEST_PATIENCE_SECONDS, 3.1 * known))
            self.buffer.patience_seconds = patience
        super().expire(now)

    def _take(self, packet: RtpPacket) -> None:
        self._assembler.push(packet)

    def _deliver(self, unit: AccessUnit) -> None:
        if unit.independent:
            self.key_frames.satisfied()
        self._sink.on_video(unit)

    def accepts(self, ssrc: int, now: float) -> bool:
        first = self.ssrc is None
        if not super().accepts(ssrc, now):
            return False
        if first:
            # A fresh encoder begins with an IDR by itself: give it the time to send it.
            self.key_frames.expect_first(now)
        else:
            self._assembler.lose()
        return True
