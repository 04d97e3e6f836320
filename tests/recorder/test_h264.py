"""Headers of real x264 streams, and hostile bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.h264 import (
    H264Error,
    SliceType,
    nal_type,
    parse_pps,
    parse_slice_header,
    parse_sps,
    slice_pps_id,
    split_annex_b,
    to_avcc,
)
from recorder.h264_bits import BitReader, BitWriter, escape, unescape
from tests.recorder.program_stage import Encoder, nals_of

BASELINE = Encoder(176, 144).next()
SPS, PPS = (next(nal for nal in BASELINE if nal_type(nal) == kind) for kind in (7, 8))


def sets(encoder: Encoder):
    nals = encoder.next()
    return nals, *(next(nal for nal in nals if nal_type(nal) == kind) for kind in (7, 8))


@pytest.mark.parametrize(("width", "height"), [(160, 96), (1920, 1080), (1280, 720), (322, 182)])
def test_size_is_told_after_cropping(width, height):
    _, sps, _ = sets(Encoder(width, height))
    parsed = parse_sps(sps)
    assert (parsed.width, parsed.height) == (width, height)
    assert parsed.macroblocks == -(-width // 16) * -(-height // 16)


@pytest.mark.parametrize(
    ("profile", "number", "cabac"), [("baseline", 66, False), ("main", 77, True), ("high", 100, True)]
)
def test_profile_and_entropy_coding(profile, number, cabac):
    _, sps, pps = sets(Encoder(profile=profile, preset="veryfast"))
    assert (parse_sps(sps).profile, parse_sps(sps).bit_depth, parse_pps(pps).cabac) == (number, 8, cabac)
    assert parse_sps(sps).reorder_frames == 0


def test_a_custom_scaling_matrix_is_walked_over():
    _, sps, _ = sets(Encoder(profile="high", preset="veryfast", **{"x264-params": "cqm=jvt"}))
    assert parse_sps(sps).width == 160


def test_hrd_parameters_are_walked_over():
    params = "nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500"
    _, sps, _ = sets(Encoder(profile="high", preset="veryfast", **{"x264-params": params}))
    assert parse_sps(sps).reorder_frames == 0


def test_slice_headers_count_references():
    encoder = Encoder()
    nals, sps, pps = sets(encoder)
    parsed = parse_sps(sps), parse_pps(pps)
    headers = [parse_slice_header(nal, *parsed) for nal in nals if nal_type(nal) == 5]
    for _ in range(20):
        headers += [parse_slice_header(nal, *parsed) for nal in encoder.next() if nal_type(nal) == 1]
    assert headers[0].type is SliceType.I and headers[0].frame_num == 0
    assert {header.type for header in headers[1:]} == {SliceType.P}
    modulo = 1 << parsed[0].frame_num_bits
    assert [header.frame_num for header in headers] == [n % modulo for n in range(21)]
    assert all(header.reference for header in headers)


def test_a_slice_of_another_pps_is_refused():
    idr = next(nal for nal in BASELINE if nal_type(nal) == 5)
    writer = BitWriter()
    writer.ue(0), writer.ue(7), writer.ue(3)
    assert slice_pps_id(writer.nal(0x65)) == 3
    with pytest.raises(H264Error, match="PPS 3"):
        parse_slice_header(writer.nal(0x65), parse_sps(SPS), parse_pps(PPS))
    assert slice_pps_id(idr) == 0


@pytest.mark.parametrize("end", range(1, len(SPS) - 4))
def test_a_torn_sps_is_refused(end):
    with pytest.raises(H264Error):
        parse_sps(SPS[:end])


def test_a_huge_picture_is_refused():
    w = BitWriter()
    w.bits(66, 8), w.bits(0, 8), w.bits(31, 8)
    for value in (0, 0, 2, 1):
        w.ue(value)
    w.bits(0, 1)
    w.ue(5000), w.ue(5000)
    w.bits(0xFF, 8)
    with pytest.raises(H264Error, match="macroblocks"):
        parse_sps(w.nal(0x67))


@given(st.binary(max_size=200), st.sampled_from([b"\x67", b"\x68", b"\x65", b"\x41", b""]))
@settings(max_examples=300)
def test_random_bytes_never_raise_anything_else(data, head):
    known = parse_sps(SPS), parse_pps(PPS)
    for parse in (parse_sps, parse_pps, slice_pps_id, lambda nal: parse_slice_header(nal, *known)):
        with suppress(H264Error):
            parse(head + data)


@given(st.integers(0, len(SPS) - 1), st.integers(0, 255))
@settings(max_examples=300)
def test_a_bent_sps_is_read_or_refused(at, byte):
    bent = bytearray(SPS)
    bent[at] = byte
    with suppress(H264Error):
        assert parse_sps(bytes(bent)).macroblocks <= 36_864


@given(st.lists(st.integers(0, 2**32 - 2), max_size=20), st.lists(st.integers(-(2**30), 2**30), max_size=20))
def test_exp_golomb_round_trip(unsigned, signed):
    w = BitWriter()
    for value in unsigned:
        w.ue(value)
    for value in signed:
        w.se(value)
    r = BitReader(unescape(w.nal(0x67))[1:])
    assert [r.ue() for _ in unsigned] == unsigned
    assert [r.se() for _ in signed] == signed


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 255]), max_size=60).map(bytes))
def test_emulation_prevention_round_trip(raw):
    escaped = escape(b"\x67" + raw + b"\x80")
    assert not any(bad in escaped for bad in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
    assert unescape(escaped) == b"\x67" + raw + b"\x80"


def test_annex_b_and_avcc():
    stream = b"\0\0\0\1" + SPS + b"\0\0\1" + PPS + b"\0\0\0\1\x65\x88"
    assert split_annex_b(stream) == [SPS, PPS, b"\x65\x88"]
    assert nals_of(to_avcc([SPS, b"\x65\x88"])) == [SPS, b"\x65\x88"]
    assert split_annex_b(b"no start code") == []
