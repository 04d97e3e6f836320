"""What the recorder reads in an H.264 stream: parameter sets and the first fields of slices.

Pure, called on the event loop for each picture; pictures are never decoded. Input comes from the network:
whatever cannot be read, or is larger than any level we take, raises H264Error. Clauses are ITU-T H.264's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from recorder.h264_bits import BitReader, H264Error, unescape

__all__ = [
    "H264Error",
    "NalType",
    "Pps",
    "SliceHeader",
    "SliceType",
    "Sps",
    "nal_type",
    "parse_pps",
    "parse_slice_header",
    "parse_sps",
    "split_annex_b",
    "to_avcc",
]

MAX_PARAMETER_SET_BYTES = 1_024
MAX_MACROBLOCKS = 36_864  # level 5.1: 4096 x 2304
_SLICE_HEADER_BYTES = 40  # far more than the fields up to the picture order count take
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_EXTENDED_SAR = 255
_START_CODE = b"\0\0\x01"


class NalType(IntEnum):
    """nal_unit_type, table 7-1: those that the recorder tells apart."""

    SLICE = 1
    PARTITION_A = 2
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9
    END_OF_SEQUENCE = 10
    END_OF_STREAM = 11
    FILLER = 12


class SliceType(IntEnum):
    """slice_type modulo 5, table 7-6."""

    P = 0
    B = 1
    I = 2  # noqa: E741 - the standard's letter
    SP = 3
    SI = 4


@dataclass(frozen=True, slots=True)
class Sps:
    """seq_parameter_set_data (7.3.2.1.1). `width`, `height`: pixels after cropping.

    `reorder_frames`: max_num_reorder_frames of the VUI, None if it is not told.
    """

    id: int
    profile: int
    constraints: int
    level: int
    chroma_format: int
    separate_planes: bool
    bit_depth: int
    frame_num_bits: int
    poc_type: int
    poc_lsb_bits: int
    poc_delta_always_zero: bool
    poc_offset_non_reference: int
    reference_frames: int
    width_in_macroblocks: int
    height_in_macroblocks: int
    frames_only: bool
    width: int
    height: int
    reorder_frames: int | None

    @property
    def macroblocks(self) -> int:
        return self.width_in_macroblocks * self.height_in_macroblocks


@dataclass(frozen=True, slots=True)
class Pps:
    """pic_parameter_set_rbsp (7.3.2.2) up to redundant_pic_cnt_present_flag."""

    id: int
    sps_id: int
    cabac: bool
    poc_present: bool
    slice_groups: int
    weighted_pred: bool
    deblocking_control: bool
    redundant_pictures: bool


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """slice_header (7.3.3) up to the picture order count. `poc_lsb` is 0 for other types than 0."""

    first_macroblock: int
    type: SliceType
    pps_id: int
    frame_num: int
    field: bool
    reference: bool
    poc_lsb: int


def nal_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def split_annex_b(stream: bytes) -> list[bytes]:
    """NAL units of a byte stream (annex B), without start codes and the zeros around them."""
    pieces = stream.split(_START_CODE)[1:]
    return [nal for piece in pieces if (nal := piece.rstrip(b"\0"))]


def to_avcc(nals: Iterable[bytes]) -> bytes:
    """A sample of ISO/IEC 14496-15: each NAL unit behind its length in 4 bytes."""
    pieces: list[bytes] = []
    for nal in nals:
        pieces += (len(nal).to_bytes(4, "big"), nal)
    return b"".join(pieces)


def parse_sps(nal: bytes) -> Sps:
    """Raises H264Error."""
    r = _parameter_set(nal, NalType.SPS)
    profile, constraints, level = r.bits(8), r.bits(8), r.bits(8)
    sps_id = _at_most(r.ue(), 31, "SPS id")
    chroma, separate, depth = _sample_format(r) if profile in _HIGH_PROFILES else (1, False, 8)
    frame_num_bits = _at_most(r.ue(), 12, "log2_max_frame_num_minus4") + 4
    poc_type, lsb_bits, always_zero, non_reference = _picture_order(r)
    references = _at_most(r.ue(), 16, "max_num_ref_frames")
    r.flag()  # gaps_in_frame_num_value_allowed_flag
    columns, map_units = r.ue() + 1, r.ue() + 1
    frames_only = r.flag()
    rows = map_units if frames_only else 2 * map_units
    if columns > 1_024 or rows > 1_024 or columns * rows > MAX_MACROBLOCKS:
        raise H264Error(f"a picture of {columns} x {rows} macroblocks")
    if not frames_only:
        r.flag()  # mb_adaptive_frame_field_flag
    r.flag()  # direct_8x8_inference_flag
    width, height = _cropped(r, columns * 16, rows * 16, 0 if separate else chroma, frames_only)
    reorder = _vui_reorder(r) if r.flag() else None
    return Sps(
        sps_id, profile, constraints, level, chroma, separate, depth, frame_num_bits, poc_type, lsb_bits,
        always_zero, non_reference, references, columns, rows, frames_only, width, height, reorder,
    )  # fmt: skip


def parse_pps(nal: bytes) -> Pps:
    """Raises H264Error; also for slice groups of types we do not walk (nobody sends them)."""
    r = _parameter_set(nal, NalType.PPS)
    pps_id, sps_id = _at_most(r.ue(), 255, "PPS id"), _at_most(r.ue(), 31, "SPS id")
    cabac, poc_present = r.flag(), r.flag()
    groups = _at_most(r.ue(), 7, "num_slice_groups_minus1") + 1
    if groups > 1:
        raise H264Error("slice groups")
    r.ue(), r.ue()  # num_ref_idx_l0/l1_default_active_minus1
    weighted = r.flag()
    r.bits(2)  # weighted_bipred_idc
    r.se(), r.se(), r.se()  # pic_init_qp, pic_init_qs, chroma_qp_index_offset
    deblocking = r.flag()
    r.flag()  # constrained_intra_pred_flag
    return Pps(pps_id, sps_id, cabac, poc_present, groups, weighted, deblocking, r.flag())


def slice_pps_id(nal: bytes) -> int:
    """The PPS that a slice names: enough to find the sets its header is read with. Raises H264Error."""
    r = BitReader(unescape(nal[1:_SLICE_HEADER_BYTES]))
    r.ue(), r.ue()
    return _at_most(r.ue(), 255, "PPS id")


def parse_slice_header(nal: bytes, sps: Sps, pps: Pps) -> SliceHeader:
    """Raises H264Error."""
    if not nal or nal_type(nal) not in (NalType.SLICE, NalType.IDR):
        raise H264Error("no slice")
    r = BitReader(unescape(nal[1:_SLICE_HEADER_BYTES]))
    first = r.ue()
    kind = SliceType(_at_most(r.ue(), 9, "slice type") % 5)
    pps_id = r.ue()
    if pps_id != pps.id:
        raise H264Error(f"a slice of PPS {pps_id}, not {pps.id}")
    if sps.separate_planes:
        r.bits(2)
    frame_num = r.bits(sps.frame_num_bits)
    field = not sps.frames_only and r.flag()
    if field:
        r.flag()  # bottom_field_flag
    if nal_type(nal) == NalType.IDR:
        r.ue()  # idr_pic_id
    poc_lsb = r.bits(sps.poc_lsb_bits) if sps.poc_type == 0 else 0
    return SliceHeader(first, kind, pps_id, frame_num, field, bool(nal[0] & 0x60), poc_lsb)


def _parameter_set(nal: bytes, kind: NalType) -> BitReader:
    if not nal or nal_type(nal) != kind or len(nal) > MAX_PARAMETER_SET_BYTES:
        raise H264Error(f"no {kind.name}")
    return BitReader(unescape(nal)[1:])


def _at_most(value: int, limit: int, name: str) -> int:
    if value > limit:
        raise H264Error(f"{name} is {value}")
    return value


def _sample_format(r: BitReader) -> tuple[int, bool, int]:
    """chroma_format_idc, separate_colour_plane_flag, luma bit depth; scaling lists are walked over."""
    chroma = _at_most(r.ue(), 3, "chroma_format_idc")
    separate = chroma == 3 and r.flag()
    depth = _at_most(r.ue(), 6, "bit depth") + 8
    depth = max(depth, _at_most(r.ue(), 6, "bit depth") + 8)
    r.flag()  # qpprime_y_zero_transform_bypass_flag
    if r.flag():
        for index in range(12 if chroma == 3 else 8):
            if r.flag():
                _skip_scaling_list(r, 16 if index < 6 else 64)
    return chroma, separate, depth


def _skip_scaling_list(r: BitReader, size: int) -> None:
    """7.3.2.1.1.1: the list ends early when the next scale becomes 0."""
    last = 8
    for _ in range(size):
        last = (last + r.se()) % 256
        if last == 0:
            return


def _picture_order(r: BitReader) -> tuple[int, int, bool, int]:
    """pic_order_cnt_type, bits of its lsb, delta_pic_order_always_zero_flag, offset_for_non_ref_pic."""
    kind = _at_most(r.ue(), 2, "pic_order_cnt_type")
    if kind == 0:
        return kind, _at_most(r.ue(), 12, "log2_max_pic_order_cnt_lsb_minus4") + 4, False, 0
    if kind == 2:
        return kind, 0, True, 0
    always_zero, non_reference = r.flag(), r.se()
    r.se()  # offset_for_top_to_bottom_field
    for _ in range(_at_most(r.ue(), 255, "num_ref_frames_in_pic_order_cnt_cycle")):
        r.se()
    return kind, 0, always_zero, non_reference


def _cropped(r: BitReader, width: int, height: int, chroma: int, frames_only: bool) -> tuple[int, int]:
    """Equations 7-18 to 7-21."""
    if r.flag():
        left, right, top, bottom = r.ue(), r.ue(), r.ue(), r.ue()
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1) * (1 if frames_only else 2)
    if width <= 0 or height <= 0:
        raise H264Error("cropped to nothing")
    return width, height


def _vui_reorder(r: BitReader) -> int | None:
    """max_num_reorder_frames of vui_parameters (E.1.1), None without bitstream_restriction."""
    _skip_display(r)
    if r.flag():
        r.bits(65)  # timing: num_units_in_tick, time_scale, fixed_frame_rate_flag
    with_nal_hrd, with_vcl_hrd = _skip_hrd(r), _skip_hrd(r)
    if with_nal_hrd or with_vcl_hrd:
        r.flag()  # low_delay_hrd_flag
    r.flag()  # pic_struct_present_flag
    if not r.flag():
        return None
    r.flag()  # motion_vectors_over_pic_boundaries_flag
    r.ue(), r.ue(), r.ue(), r.ue()
    return r.ue()


def _skip_display(r: BitReader) -> None:
    """Aspect ratio, overscan, colours, chroma location."""
    if r.flag() and r.bits(8) == _EXTENDED_SAR:
        r.bits(32)
    if r.flag():
        r.flag()  # overscan_appropriate_flag
    if r.flag():
        r.bits(4)  # video_format, video_full_range_flag
        if r.flag():
            r.bits(24)
    if r.flag():
        r.ue(), r.ue()  # chroma sample location


def _skip_hrd(r: BitReader) -> bool:
    """hrd_parameters (E.1.2) behind the flag that says whether they are there."""
    if not r.flag():
        return False
    count = _at_most(r.ue(), 31, "cpb_cnt_minus1") + 1
    r.bits(8)
    for _ in range(count):
        r.ue(), r.ue()
        r.flag()
    r.bits(20)
    return True
