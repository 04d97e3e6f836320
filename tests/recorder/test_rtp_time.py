"""Unwrapping of RTP's 16- and 32-bit counters."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.rtp_time import RtpTime, unwrap_sequence, unwrap_timestamp


@given(start=st.integers(0, 2**48), steps=st.lists(st.integers(-32_767, 32_768), max_size=50))
def test_sequence_follows_any_walk_of_less_than_half_the_range(start, steps):
    here = start
    for step in steps:
        assert unwrap_sequence((here + step) & 0xFFFF, here) == here + step
        here += step


@given(start=st.integers(0, 2**48), step=st.integers(-(2**31) + 1, 2**31))
def test_timestamp_takes_the_smaller_way_round(start, step):
    assert unwrap_timestamp((start + step) & 0xFFFFFFFF, start) == start + step


def test_a_jump_of_exactly_half_the_range_counts_as_forward():
    assert unwrap_timestamp((5 + 2**31) & 0xFFFFFFFF, 5) == 5 + 2**31
    assert unwrap_sequence(0x8000, 0) == 0x8000


def test_stream_time_passes_the_wrap_and_keeps_equal_timestamps_equal():
    time = RtpTime()
    assert not time.started
    assert [time.advance(t) for t in (2**32 - 3_000, 2**32 - 3_000, 0, 3_000)] == [
        2**32 - 3_000,
        2**32 - 3_000,
        2**32,
        2**32 + 3_000,
    ]


def test_a_sender_report_is_located_without_moving_the_stream():
    time = RtpTime()
    time.advance(100)
    assert time.locate(2**32 - 50) == -50
    assert time.advance(200) == 200
