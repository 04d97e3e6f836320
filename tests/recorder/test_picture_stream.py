"""What of a source's pictures a take gets: sets, drops, refusals."""

from __future__ import annotations

import pytest

from recorder.h264 import nal_type
from recorder.h264_bits import BitWriter
from recorder.media import AccessUnit
from recorder.picture_stream import PictureStream, SourceRefused
from tests.recorder.program_stage import Encoder, nals_of


def unit(*nals: bytes) -> AccessUnit:
    return AccessUnit(nals, 0, 0.0, any(nal_type(nal) == 5 for nal in nals))


@pytest.fixture
def encoder():
    return Encoder()


def test_nothing_is_kept_before_an_idr(encoder):
    stream = PictureStream()
    encoder.next()
    assert stream.read(unit(*encoder.next())) is None
    assert stream.awaits_idr


def test_sets_delimiters_and_fillers_stay_out_and_sei_stays_in(encoder):
    first = encoder.next()
    sei = b"\x06\x05\x01\xaa\x80"
    picture = PictureStream().read(unit(b"\x09\xf0", *first, b"\x0c\xff\x80", sei))
    kept = nals_of(picture.data)
    assert kept == [nal for nal in first if nal_type(nal) in (5, 6)] + [sei]
    assert picture.parameters.sps == next(nal for nal in first if nal_type(nal) == 7)
    assert picture.independent


def test_an_idr_without_sets_uses_those_it_knows(encoder):
    stream = PictureStream()
    first = stream.read(unit(*encoder.next()))
    bare = [nal for nal in encoder.next(key_frame=True) if nal_type(nal) == 5]
    assert stream.read(unit(*bare)).parameters == first.parameters


def test_an_idr_without_any_sets_is_dropped_and_counted(encoder):
    stream = PictureStream()
    assert stream.read(unit(*(nal for nal in encoder.next() if nal_type(nal) == 5))) is None
    assert stream.unreadable == 1


def test_other_sets_in_mid_gop_wait_for_an_idr(encoder):
    stream = PictureStream()
    stream.read(unit(*encoder.next()))
    other = [nal for nal in Encoder(320, 192).next() if nal_type(nal) in (7, 8)]
    assert stream.read(unit(*other, *encoder.next())) is None
    assert stream.awaits_idr
    assert stream.read(unit(*encoder.next())) is None
    back = stream.read(unit(*encoder.next(key_frame=True)))
    assert back.parameters.width == 160


def test_the_same_sets_again_change_nothing(encoder):
    stream = PictureStream()
    first = encoder.next()
    before = stream.read(unit(*first))
    again = stream.read(unit(*(nal for nal in first if nal_type(nal) in (7, 8)), *encoder.next()))
    assert again is not None and again.parameters is None
    assert stream.read(unit(*encoder.next(key_frame=True))).parameters == before.parameters


def test_a_sender_that_piles_up_pps_is_cut_short(encoder):
    stream = PictureStream()
    first = encoder.next()
    # pps_id ue(n) in front of x264's sps_id 0 and its further bits
    many = []
    for number in range(1, 40):
        w = BitWriter()
        w.ue(number), w.ue(0)
        w.bits(0, 2), w.ue(0), w.ue(0), w.ue(0), w.bits(0, 3), w.se(0), w.se(0), w.se(0), w.bits(0b100, 3)
        many.append(w.nal(0x68))
    picture = stream.read(unit(*first[:-1], *many, first[-1]))
    assert len(picture.parameters.pps) == 1


def test_after_a_loss_everything_waits_for_the_idr(encoder):
    stream = PictureStream()
    stream.read(unit(*encoder.next()))
    stream.await_idr()
    assert stream.read(unit(*encoder.next())) is None
    assert stream.read(unit(*encoder.next(key_frame=True))) is not None


@pytest.mark.parametrize(("options", "reason"), [({"profile": "high444", "x264-params": "qp=0"}, "profile")])
def test_other_profiles_are_refused(options, reason):
    with pytest.raises(SourceRefused) as refusal:
        PictureStream().read(unit(*Encoder(**options).next()))
    assert refusal.value.reason == reason


@pytest.mark.parametrize("nals", [(), (b"",), (b"\x65",), (b"\x41\x00",), (b"\x1f" * 9,)])
def test_odd_units_are_dropped(encoder, nals):
    stream = PictureStream()
    stream.read(unit(*encoder.next()))
    assert stream.read(AccessUnit(nals, 0, 0.0, True)) is None
