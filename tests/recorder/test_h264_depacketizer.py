"""RFC 6184 payloads → access units, and what is withheld after a loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import h264_depacketizer
from recorder.h264_depacketizer import AccessUnitAssembler
from recorder.jitter_buffer import RtpPacket
from recorder.rtp_time import RtpTime

SPS, PPS, IDR, P = b"\x67sps", b"\x68pps", b"\x65idr", b"\x41p"


class Collector:
    def __init__(self):
        self.events = []
        self.assembler = AccessUnitAssembler(
            RtpTime(), self.events.append, lambda: self.events.append("lost")
        )

    def push(self, timestamp, *payloads, marker=True, follows=True):
        for index, payload in enumerate(payloads):
            last = index == len(payloads) - 1
            self.assembler.push(RtpPacket(timestamp, marker and last, payload, 1.0, follows or index > 0))

    @property
    def units(self):
        return [event if event == "lost" else (event.rtp_timestamp, event.nals) for event in self.events]


def stap(*nals):
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fragments(nal, size):
    body = nal[1:]
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    for index, piece in enumerate(pieces):
        flags = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
        yield bytes((nal[0] & 0xE0 | 28, flags | nal[0] & 31)) + piece


def test_aggregates_fragments_and_single_units_make_one_access_unit():
    collector = Collector()
    long_idr = b"\x65" + bytes(range(200))
    collector.push(9_000, stap(SPS, PPS), *fragments(long_idr, 60), b"\x65second slice", follows=False)
    collector.push(12_000, P)
    assert collector.units == [(9_000, (SPS, PPS, long_idr, b"\x65second slice")), (12_000, (P,))]
    assert [e.independent for e in collector.events] == [True, False]


@given(st.lists(st.binary(min_size=2, max_size=300), min_size=1, max_size=5), st.integers(1, 100))
def test_fragmentation_of_any_size_is_undone(bodies, size):
    nals = [b"\x65" + body for body in bodies]
    collector = Collector()
    payloads = [p for nal in nals for p in fragments(nal, size) if len(nal) - 1 > size] or nals
    expected = tuple(nal for nal in nals if len(nal) - 1 > size) or tuple(nals)
    collector.push(1, SPS, *payloads, follows=False)
    assert collector.units == [(1, (SPS, *expected))]


def test_nothing_leaves_before_the_first_idr():
    collector = Collector()
    collector.push(1, P, follows=False)
    collector.push(2, P)
    collector.push(3, SPS, PPS, IDR)
    assert [unit[0] for unit in collector.units] == [3]


def test_a_hole_drops_everything_until_the_next_idr_and_says_so_once():
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False)
    collector.push(2, P, follows=False)
    collector.push(3, P)
    collector.push(4, P, follows=False)
    collector.push(5, SPS, IDR)
    collector.push(6, P)
    assert [u if u == "lost" else u[0] for u in collector.units] == [1, "lost", 5, 6]


def test_an_idr_right_after_a_hole_is_used_if_its_beginning_is_there():
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False)
    collector.push(2, stap(SPS, PPS), IDR, follows=False)
    assert collector.units == [(1, (SPS, IDR)), "lost", (2, (SPS, PPS, IDR))]


def test_an_access_unit_whose_first_part_is_missing_is_never_delivered():
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False)
    collector.push(2, IDR, follows=False)  # the packet with SPS and PPS was lost
    collector.push(3, P)
    assert collector.units == [(1, (SPS, IDR)), "lost"]


def test_a_missing_marker_is_made_up_for_by_the_next_timestamp():
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False, marker=False)
    collector.push(2, P)
    assert [unit[0] for unit in collector.units] == [1, 2]


def test_parameter_sets_sent_as_a_unit_of_their_own_join_the_next_picture():
    collector = Collector()
    collector.push(1, SPS, PPS, follows=False)
    collector.push(1, IDR)
    assert collector.units == [(1, (SPS, PPS, IDR))]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00", b"\x1d\x85ab", b"\x1c\x85", b"\x1c\x45tail without head",
        b"\x78\x00", b"\x78\x00\x09ab", b"\x78\x00\x00", b"\x7f\xff",
    ],
)  # fmt: skip
def test_a_broken_payload_counts_as_a_loss(payload):
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False)
    collector.push(2, payload)
    collector.push(3, P)
    collector.push(4, SPS, IDR)
    assert [u if u == "lost" else u[0] for u in collector.units] == [1, "lost", 4]


def test_an_access_unit_without_end_is_bounded(monkeypatch):
    monkeypatch.setattr(h264_depacketizer, "MAX_UNIT_BYTES", 5_000)
    collector = Collector()
    collector.push(1, SPS, IDR, follows=False)
    head, *_, tail = fragments(b"\x41" + bytes(300), 100)
    collector.push(2, head, *[b"\x5c\x01" + bytes(1000)] * 6, tail)
    collector.push(3, P)
    assert collector.units == [(1, (SPS, IDR)), "lost"]


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=40), st.booleans(), st.booleans())))
def test_no_packet_makes_it_raise(packets):
    collector = Collector()
    for timestamp, payload, marker, follows in packets:
        collector.assembler.push(RtpPacket(timestamp, marker, payload, 0.0, follows))
    for event in collector.events:
        assert event == "lost" or any(1 <= nal[0] & 31 <= 5 for nal in event.nals)
