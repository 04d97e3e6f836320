"""Our RTCP, read back by aiortc's parser (an independent one), and the reading of others'."""

from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from recorder import rtcp


@given(st.sets(st.integers(0x10000, 0x10000 + 4_000), min_size=1, max_size=250))
def test_a_nack_names_exactly_the_missing_packets(missing):
    (packet,) = RtcpPacket.parse(rtcp.nack(1, 2, sorted(missing)))
    assert (packet.ssrc, packet.media_ssrc) == (1, 2)
    assert [n & 0xFFFF for n in packet.lost] == [n & 0xFFFF for n in sorted(missing)]


def test_a_nack_over_the_wrap():
    (packet,) = RtcpPacket.parse(rtcp.nack(1, 2, [0x1FFFE, 0x20001]))
    assert [n & 0xFFFF for n in packet.lost] == [0xFFFE, 1]


def test_a_nack_fits_a_datagram_whatever_is_missing():
    assert len(rtcp.nack(1, 2, range(0, 200_000, 17))) < 1_200


def test_a_picture_loss_indication():
    (packet,) = RtcpPacket.parse(rtcp.picture_loss(7, 8))
    assert (packet.fmt, packet.ssrc, packet.media_ssrc, packet.fci) == (1, 7, 8, b"")


@given(st.integers(0, 2**40))
def test_a_bit_rate_survives_its_18_bit_mantissa(rate):
    (packet,) = RtcpPacket.parse(rtcp.bitrate_limit(7, (8,), rate))
    told, ssrcs = unpack_remb_fci(packet.fci)
    assert ssrcs == [8]
    assert rate * (1 - 2**-17) <= told <= rate


def test_a_receiver_report():
    block = rtcp.ReportBlock(5, 64, -3, 0x1_0002_0003, 9, 10, 11)
    (packet,) = RtcpPacket.parse(rtcp.receiver_report(1, [block]))
    (report,) = packet.reports
    assert (report.ssrc, report.fraction_lost, report.packets_lost) == (5, 64, -3)
    assert (report.highest_sequence, report.jitter, report.lsr, report.dlsr) == (0x00020003, 9, 10, 11)


def test_a_compound_packet_is_read():
    compound = (
        bytes(RtcpSrPacket(5, RtcpSenderInfo(3 << 32 | 1 << 31, 90_000, 1, 2)))
        + bytes(RtcpSdesPacket([RtcpSourceInfo(5, [(1, b"name")])]))
        + bytes(RtcpByePacket([5, 6]))
    )
    report, goodbye = rtcp.parse(compound)
    assert report == rtcp.SenderInfo(5, 3 << 32 | 1 << 31, 90_000)
    assert report.ntp_seconds == 3.5
    assert goodbye == rtcp.Goodbye((5, 6))


@given(st.binary(max_size=200))
def test_garbage_is_skipped(data):
    list(rtcp.parse(data))
