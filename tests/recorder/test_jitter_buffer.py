"""Order, holes, repairs and restarts of one RTP stream, with the clock in the test's hand."""

import random

from hypothesis import given
from hypothesis import strategies as st

from recorder.jitter_buffer import MAX_REQUESTS, MAX_WAITING, JitterBuffer, RtpPacket

PATIENCE = 0.25


def packet(number: int, now: float = 0.0) -> RtpPacket:
    return RtpPacket(number * 100, True, b"%d" % number, now)


def insert(buffer: JitterBuffer, number: int, now: float = 0.0) -> list[int]:
    return [int(p.payload) for p in buffer.insert(number & 0xFFFF, packet(number, now))]


def numbers(packets: list[RtpPacket]) -> list[int]:
    return [int(p.payload) for p in packets]


def test_packets_in_order_pass_at_once_even_over_the_wrap():
    buffer = JitterBuffer(PATIENCE)
    out = [n for number in range(65_530, 65_545) for n in insert(buffer, number)]
    assert out == list(range(65_530, 65_545))
    assert not buffer.missing


def test_only_the_first_packet_follows_nothing():
    buffer = JitterBuffer(PATIENCE)
    out = [p for n in range(10, 13) for p in buffer.insert(n, packet(n))]
    assert [p.follows for p in out] == [False, True, True]


@given(st.integers(0, 2**32 - 1), st.integers(0, 65_535))
def test_reordered_and_duplicated_packets_come_out_once_in_order(seed, start):
    """Any shuffle within a window, any copies: as long as nothing is lost, nothing shows."""
    order = random.Random(seed)
    sent = list(range(start, start + 60))
    arriving = [(n, n + order.uniform(0, 8)) for n in sent] + [(n, n + 9) for n in order.sample(sent, 10)]
    buffer = JitterBuffer(PATIENCE)
    out = insert(buffer, start)  # the very first packet in order: what came before it is unknown
    for number, _ in sorted(arriving, key=lambda pair: pair[1]):
        out += insert(buffer, number)
    assert out == sent
    assert buffer.counts.duplicate == 11
    assert not buffer.missing


def test_a_hole_holds_what_follows_until_it_is_repaired():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    assert insert(buffer, 3) == []
    assert insert(buffer, 4) == []
    assert buffer.requests_due(0.0, 0.05) == [2 + 0x10000]
    assert insert(buffer, 2, now=0.08) == [2, 3, 4]
    assert buffer.counts.repaired == 1
    assert buffer.repair_seconds == 0.08


def test_a_hole_is_given_up_after_the_patience_and_shows():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 4, now=1.0)
    assert buffer.expire(1.0 + PATIENCE - 0.001) == []
    out = buffer.expire(1.0 + PATIENCE)
    assert numbers(out) == [4]
    assert not out[0].follows
    assert buffer.counts.lost == 2
    assert insert(buffer, 5) == [5]


def test_a_packet_after_its_hole_was_given_up_is_late_and_not_delivered():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 3)
    buffer.expire(PATIENCE)
    assert insert(buffer, 2, now=PATIENCE + 0.01) == []
    assert (buffer.counts.late, buffer.counts.duplicate) == (1, 0)
    assert insert(buffer, 2) == []
    assert (buffer.counts.late, buffer.counts.duplicate) == (1, 1)


def test_two_holes_are_waited_for_each_from_its_own_beginning():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 3, now=0.0)
    insert(buffer, 5, now=0.125)
    assert numbers(buffer.expire(PATIENCE)) == [3]
    assert numbers(buffer.expire(PATIENCE + 0.125)) == [5]


def test_requests_are_repeated_at_the_interval_and_not_for_ever():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 3)
    asked = [now for now in range(100) if buffer.requests_due(now / 64, 4 / 64)]
    assert asked == [4 * n for n in range(MAX_REQUESTS)]


def test_a_sender_that_never_repairs_is_not_waited_for_in_full():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    for number in (3, 5, 7):
        insert(buffer, number, now=float(number))
        buffer.expire(number + PATIENCE)
    insert(buffer, 9, now=9.0)
    assert numbers(buffer.expire(9.06)) == [9]


def test_a_repair_that_comes_too_late_shows_that_the_sender_repairs():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 5, now=1.0)
    buffer.requests_due(1.0, 0.05)
    buffer.expire(1.0 + PATIENCE)
    assert buffer.repairs_are_hopeless
    assert insert(buffer, 2, now=1.5) == []
    assert not buffer.repairs_are_hopeless
    assert (buffer.repair_seconds, buffer.counts.late, buffer.counts.repaired) == (0.5, 1, 0)


def test_a_late_packet_that_nobody_asked_for_is_no_repair():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 5)
    buffer.expire(PATIENCE)
    insert(buffer, 2, now=0.5)
    assert buffer.repairs_are_hopeless


def test_how_long_repairs_take_is_known_whichever_request_was_answered():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    insert(buffer, 3, now=1.0)
    for now in (1.0, 1.0625, 1.125):
        buffer.requests_due(now, 0.05)
    assert insert(buffer, 2, now=1.1875) == [2, 3]
    assert buffer.repair_seconds == 0.1875


def test_what_waits_is_bounded():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 1)
    out = [n for number in range(3, 3 + MAX_WAITING) for n in insert(buffer, number)]
    assert out == list(range(3, 3 + MAX_WAITING))


def test_a_restarted_sequence_is_taken_up_by_its_second_packet():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 10)
    assert insert(buffer, 40_000) == []
    out = buffer.insert(40_001, packet(40_001))
    assert numbers(out) == [40_001]
    assert not out[0].follows
    assert (buffer.counts.strays, buffer.counts.restarts) == (1, 1)
    assert insert(buffer, 40_002) == [40_002]


def test_a_single_stray_packet_changes_nothing():
    buffer = JitterBuffer(PATIENCE)
    insert(buffer, 10)
    insert(buffer, 40_000)
    assert insert(buffer, 11) == [11]
    assert buffer.counts.restarts == 0
