"""All-skip P pictures: coded pictures of under 10 bytes that show the last reference picture again.

Pure. The filler puts them where a source rests, the slate and the still picture between their IDRs. Only
for CAVLC streams (in CABAC each macroblock would have to be coded against its context).
"""

from __future__ import annotations

from recorder.h264 import Pps, Sps
from recorder.h264_bits import BitWriter

_NON_REFERENCE = 0x01
_REFERENCE = 0x21
_ALL_P = 5  # slice_type: every slice of this picture is P


def can_skip(sps: Sps, pps: Pps) -> bool:
    """Whether `skip_picture` can write pictures for a stream with these sets."""
    return not pps.cabac and not sps.separate_planes and sps.reference_frames > 0


def skip_picture(sps: Sps, pps: Pps, frame_num: int, *, poc_lsb: int = 0, reference: bool = False) -> bytes:
    """One slice NAL unit over the whole frame (7.3.3, 7.3.4), each macroblock P_Skip with a zero vector.

    `frame_num`: modulo its bits, that of the last reference picture + 1. `poc_lsb`: for
    pic_order_cnt_type 0. `reference`: the picture becomes the last reference itself (sliding window).
    """
    w = BitWriter()
    w.ue(0)  # first_mb_in_slice
    w.ue(_ALL_P)
    w.ue(pps.id)
    w.bits(frame_num, sps.frame_num_bits)
    if not sps.frames_only:
        w.bits(0, 1)  # field_pic_flag
    _picture_order(w, sps, pps, poc_lsb, reference)
    if pps.redundant_pictures:
        w.ue(0)
    # One reference, whatever the PPS says: index 0 is the last short-term picture (8.2.4.2.1).
    w.bits(1, 1)
    w.ue(0)
    w.bits(0, 1)  # ref_pic_list_modification_flag_l0
    if pps.weighted_pred:
        _unit_weights(w, sps)
    if reference:
        w.bits(0, 1)  # adaptive_ref_pic_marking_mode_flag
    w.se(0)  # slice_qp_delta
    if pps.deblocking_control:
        w.ue(1)  # off; without the flag nothing is filtered either: equal vectors, no coefficients
    w.ue(sps.macroblocks)  # mb_skip_run
    return w.nal(_REFERENCE if reference else _NON_REFERENCE)


def _picture_order(w: BitWriter, sps: Sps, pps: Pps, poc_lsb: int, reference: bool) -> None:
    if sps.poc_type == 0:
        w.bits(poc_lsb, sps.poc_lsb_bits)
        if pps.poc_present:
            w.se(0)
    elif sps.poc_type == 1 and not sps.poc_delta_always_zero:
        # 8.2.1.2 adds the non-reference offset: take it off again, plus one to come after the last picture.
        w.se(0 if reference else 1 - sps.poc_offset_non_reference)
        if pps.poc_present:
            w.se(0)


def _unit_weights(w: BitWriter, sps: Sps) -> None:
    """pred_weight_table (7.3.3.2) that weighs nothing."""
    w.ue(0)
    if sps.chroma_format:
        w.ue(0)
    w.bits(0, 2 if sps.chroma_format else 1)
