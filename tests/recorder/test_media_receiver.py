"""One peer's receiving side over plain RTP, with clock and timers in the test's hand."""

import heapq
import struct
from itertools import count

import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from recorder.media_receiver import MediaReceiver, PayloadTypes
from tests.recorder.collecting_sink import CollectingSink

VIDEO, RTX, AUDIO = 96, 97, 111
VIDEO_SSRC, RTX_SSRC, AUDIO_SSRC, OWN_SSRC = 10, 20, 30, 40
SPS, PPS, IDR, P = b"\x67sps", b"\x68pps", b"\x65idr", b"\x41p"


class FakeTime:
    """A clock that moves only by `advance`, and runs the timers that fall due on the way."""

    def __init__(self):
        self.now = 1000.0
        self._timers = []
        self._order = count()

    def call_later(self, delay, callback):
        timer = _Timer(callback)
        heapq.heappush(self._timers, (self.now + delay, next(self._order), timer))
        return timer

    def advance(self, seconds):
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                timer.callback()
        self.now = until

    @property
    def pending(self):
        return sum(not timer.cancelled for _, _, timer in self._timers)


class _Timer:
    def __init__(self, callback):
        self.callback = callback
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class Bench:
    def __init__(self):
        self.time = FakeTime()
        self.sink = CollectingSink()
        self.sent = []
        self.receiver = MediaReceiver(
            self.sink,
            self.sent.append,
            own_ssrc=OWN_SSRC,
            target_bits_per_second=2_500_000,
            call_later=self.time.call_later,
            clock=lambda: self.time.now,
        )
        self.receiver.begin(PayloadTypes(frozenset({VIDEO}), frozenset({AUDIO}), {RTX: VIDEO}))

    def video(self, sequence, timestamp, *payloads, ssrc=VIDEO_SSRC, marker=True):
        for index, payload in enumerate(payloads):
            last = marker and index == len(payloads) - 1
            self.receiver.on_rtp(rtp(VIDEO, sequence + index, timestamp, payload, ssrc=ssrc, marker=last))

    def audio(self, sequence, timestamp, payload=b"opus", ssrc=AUDIO_SSRC):
        self.receiver.on_rtp(rtp(AUDIO, sequence, timestamp, payload, ssrc=ssrc))

    def feedback(self, kind):
        return [p for data in self.sent for p in RtcpPacket.parse(data) if isinstance(p, kind)]

    @property
    def plis(self):
        return [p for p in self.feedback(RtcpPsfbPacket) if p.fmt == 1]

    @property
    def nacked(self):
        return [n & 0xFFFF for p in self.feedback(RtcpRtpfbPacket) for n in p.lost]

    @property
    def times(self):
        return [unit.rtp_timestamp for unit in self.sink.video]


def rtp(kind, sequence, timestamp, payload, *, ssrc, marker=False, first=0x80, before=b"", after=b""):
    header = struct.pack("!BBHLL", first, marker << 7 | kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return header + before + payload + after


@pytest.fixture
def bench():
    return Bench()


def test_pictures_and_sound_come_out_with_their_times(bench):
    bench.video(1, 9_000, SPS, PPS, IDR)
    bench.audio(1, 960)
    (unit,), (packet,) = bench.sink.video, bench.sink.audio
    assert (unit.nals, unit.rtp_timestamp, unit.independent) == ((SPS, PPS, IDR), 9_000, True)
    assert (packet.data, packet.rtp_timestamp) == (b"opus", 960)
    assert unit.arrived_at == packet.arrived_at == 1000.0


def test_csrcs_header_extension_and_padding_are_stripped(bench):
    before = bytes(8) + b"\xbe\xde\x00\x01abcd"
    data = rtp(AUDIO, 1, 0, b"opus", ssrc=AUDIO_SSRC, first=0x80 | 0x30 | 2, before=before, after=b"\0\0\x03")
    bench.receiver.on_rtp(data)
    assert [p.data for p in bench.sink.audio] == [b"opus"]


def test_time_and_sequence_pass_their_wraps(bench):
    bench.video(65_534, 2**32 - 3_000, SPS, IDR)
    bench.video(0, 0, P)
    bench.video(1, 3_000, P)
    assert bench.times == [2**32 - 3_000, 2**32, 2**32 + 3_000]


def test_a_jump_of_rtp_time_by_half_its_range_is_handed_on(bench):
    bench.video(1, 1_000, SPS, IDR)
    bench.video(3, 1_000 + 2**31, P)
    bench.video(4, 1_000 + 2**31 + 3_000, P)
    assert bench.times == [1_000, 1_000 + 2**31, 1_000 + 2**31 + 3_000]
    assert bench.sink.lost == 0


def test_a_lost_packet_is_asked_for_until_it_comes_by_rtx(bench):
    bench.video(1, 0, SPS, IDR)
    bench.time.advance(0.1)
    bench.video(4, 6_000, P)
    assert bench.nacked == [3]
    bench.time.advance(0.13)
    assert bench.nacked == [3, 3, 3, 3]  # five in time for an answer after 85 ms
    osn = struct.pack("!H", 3)
    bench.receiver.on_rtp(rtp(RTX, 900, 3_000, osn + P, ssrc=RTX_SSRC, marker=True))
    assert bench.times == [0, 3_000, 6_000]
    bench.time.advance(1.0)
    assert bench.nacked == [3, 3, 3, 3]
    assert not bench.plis


def test_a_stream_that_begins_in_mid_picture_asks_for_what_came_before(bench):
    bench.video(7, 0, IDR)
    assert bench.nacked == [65_535, *range(7)]
    bench.receiver.on_rtp(rtp(RTX, 900, 0, struct.pack("!H", 6) + SPS, ssrc=RTX_SSRC))
    bench.time.advance(0.3)
    assert [unit.nals for unit in bench.sink.video] == [(SPS, IDR)]
    assert bench.receiver.video.buffer.counts.lost == 0


def test_a_packet_that_never_comes_costs_the_pictures_up_to_the_next_idr(bench):
    bench.video(1, 0, SPS, IDR)
    bench.video(4, 6_000, P)
    bench.time.advance(0.24)
    assert (bench.sink.lost, bench.plis) == (0, [])
    bench.time.advance(0.04)
    assert bench.sink.lost == 1
    bench.time.advance(0.7)
    assert len(bench.plis) == 3  # repeated until the IDR comes
    assert {p.media_ssrc for p in bench.plis} == {VIDEO_SSRC}
    bench.video(5, 9_000, P)
    bench.video(6, 12_000, SPS, IDR)
    assert bench.times == [0, 12_000]
    asked = len(bench.plis)
    bench.time.advance(2.0)
    assert len(bench.plis) == asked


def test_no_timer_runs_while_nothing_is_missing(bench):
    bench.video(1, 0, SPS, IDR)
    bench.time.advance(0.5)
    bench.video(3, 3_000, P)
    assert bench.time.pending == 1  # the report of each second


def test_sound_waits_a_little_for_reordering_and_goes_on(bench):
    bench.audio(1, 0)
    bench.audio(3, 1_920)
    bench.audio(2, 960)
    assert [p.rtp_timestamp for p in bench.sink.audio] == [0, 960, 1_920]
    bench.audio(5, 3_840)
    bench.time.advance(0.06)
    assert len(bench.sink.audio) == 3
    bench.time.advance(0.04)
    assert [p.rtp_timestamp for p in bench.sink.audio][3:] == [3_840]


def test_another_ssrc_takes_over_from_its_idr_on(bench):
    bench.video(1, 0, SPS, IDR)
    bench.video(500, 70_000, P, ssrc=11)
    bench.video(501, 73_000, SPS, IDR, ssrc=11)
    bench.time.advance(0.3)
    assert bench.sink.lost == 1
    assert [unit.nals[0] for unit in bench.sink.video] == [SPS, SPS]
    bench.receiver.request_key_frame()
    bench.time.advance(0.3)
    assert [p.media_ssrc for p in bench.plis] == [11]


def test_two_ssrcs_that_alternate_do_not_cost_a_key_frame_each_time(bench):
    bench.video(1, 0, SPS, IDR)
    bench.video(1, 0, SPS, IDR, ssrc=11)
    bench.video(3, 3_000, P)
    bench.video(3, 3_000, P, ssrc=11)
    assert (len(bench.sink.video), bench.sink.lost) == (3, 1)
    bench.time.advance(1.5)
    bench.video(4, 90_000, SPS, IDR)  # the second one rests: the first may come back
    assert len(bench.sink.video) == 4


def test_key_frame_requests_are_spaced(bench):
    bench.video(1, 0, SPS, IDR)
    for _ in range(20):
        bench.receiver.request_key_frame()
        bench.time.advance(0.05)
    assert len(bench.plis) == 3


def test_a_key_frame_is_never_asked_of_the_retransmission_stream(bench):
    bench.receiver.on_rtp(rtp(RTX, 1, 0, b"\0\1" + P, ssrc=RTX_SSRC, marker=True))
    bench.receiver.request_key_frame()
    bench.time.advance(1.0)
    assert not bench.plis
    bench.video(1, 0, SPS, IDR)
    bench.receiver.request_key_frame()
    bench.time.advance(1.0)
    assert {p.media_ssrc for p in bench.plis} == {VIDEO_SSRC}


def test_the_bit_rate_is_told_at_once_and_each_second_and_falls_with_loss(bench):
    bench.video(1, 0, SPS, IDR)
    rates = [unpack_remb_fci(p.fci) for p in bench.feedback(RtcpPsfbPacket) if p.fmt == 15]
    assert rates == [(2_500_000 & ~0xF, [VIDEO_SSRC])]  # REMB's mantissa has 18 bits
    bench.time.advance(1.0)
    for sequence in range(3, 103):
        if sequence % 5:
            bench.video(sequence, sequence * 3_000, P)
    bench.time.advance(1.0)
    lowered = [unpack_remb_fci(p.fci)[0] for p in bench.feedback(RtcpPsfbPacket) if p.fmt == 15][-1]
    assert lowered < 2_300_000


def test_receiver_reports_tell_loss_and_the_last_sender_report(bench):
    bench.video(1, 0, SPS, IDR)
    bench.time.advance(1.0)
    ntp = 0x0001_2345_6789_0000
    bench.receiver.on_rtcp(bytes(RtcpSrPacket(VIDEO_SSRC, RtcpSenderInfo(ntp, 0, 0, 0))))
    bench.time.advance(0.5)
    for sequence in (3, 4, 6):
        bench.video(sequence, sequence * 3_000, P)
    bench.time.advance(0.5)
    report = bench.feedback(RtcpRrPacket)[-1].reports[0]
    assert (report.ssrc, report.fraction_lost, report.packets_lost) == (VIDEO_SSRC, 64, 1)
    assert (report.highest_sequence & 0xFFFF, report.lsr, report.dlsr) == (6, 0x2345_6789, 65_536)


def test_sender_reports_are_handed_on_in_the_stream_s_unwrapped_time(bench):
    bench.receiver.on_rtcp(bytes(RtcpSrPacket(VIDEO_SSRC, RtcpSenderInfo(5 << 32, 0, 0, 0))))
    bench.video(1, 2**32 - 100, SPS, IDR)
    bench.receiver.on_rtcp(bytes(RtcpSrPacket(VIDEO_SSRC, RtcpSenderInfo(7 << 32, 200, 0, 0))))
    (report,) = bench.sink.reports
    assert (report.kind, report.ntp_seconds, report.rtp_timestamp) == ("video", 7.0, 2**32 + 200)


def test_goodbye_of_every_stream_ends_the_publication_unless_it_goes_on(bench):
    bench.video(1, 0, SPS, IDR)
    bench.audio(1, 0)
    bench.receiver.on_rtcp(bytes(RtcpByePacket([VIDEO_SSRC])))
    bench.time.advance(3.0)
    assert not bench.receiver.has_left(bench.time.now)
    bench.receiver.on_rtcp(bytes(RtcpByePacket([AUDIO_SSRC])))
    assert bench.receiver.has_left(bench.time.now)
    bench.audio(2, 960)  # a replaced track
    assert not bench.receiver.has_left(bench.time.now + 10)


def test_after_close_nothing_is_delivered_sent_or_timed(bench):
    bench.video(1, 0, SPS, IDR)
    bench.video(4, 6_000, P)
    bench.receiver.close()
    before = len(bench.sent)
    bench.video(3, 3_000, P)
    bench.receiver.request_key_frame()
    bench.time.advance(5.0)
    assert (len(bench.sink.video), len(bench.sent), bench.time.pending) == (1, before, 0)


@given(st.lists(st.binary(max_size=60), max_size=30), st.lists(st.binary(max_size=60), max_size=5))
def test_no_packet_makes_it_raise(packets, controls):
    bench = Bench()
    for data in packets:
        bench.receiver.on_rtp(data)
        bench.receiver.on_rtp(bytes((0x80, VIDEO)) + data)
        bench.receiver.on_rtp(bytes((0xB3, AUDIO)) + data)
        bench.receiver.on_rtp(bytes((0x80, RTX)) + data)
    for data in controls:
        bench.receiver.on_rtcp(data)
    bench.time.advance(2.0)
