"""The holding picture: shown while no source feeds a session, and behind a lecture that is sound only.

Two IDRs are encoded once for the process (consecutive IDRs must differ in idr_pic_id, H.264 7.4.3); between
them come skip pictures. Drawn without fonts, so it looks the same on every machine: two bars on dark paper.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

import av
from av.video.frame import PictureType, VideoFrame

from recorder.h264 import NalType, Pps, Sps, nal_type, parse_pps, parse_sps, split_annex_b, to_avcc
from recorder.media import VIDEO_CLOCK_RATE, VideoParameters
from recorder.skip_picture import skip_picture

WIDTH, HEIGHT = 1280, 720
STEP_TICKS = VIDEO_CLOCK_RATE // 15
PICTURES_PER_GOP = 30

# Limited-range BT.709 of the design tokens: paper #101417, indigo on dark #86bcd8.
_PAPER = (32, 129, 127)
_INDIGO = (170, 147, 109)
_BAR_WIDTH, _BAR_HEIGHT, _BAR_GAP = 48, 176, 48


class StillPicture(NamedTuple):
    """A sample of a still run. `data`: AVCC; `pts`: 90 kHz."""

    data: bytes
    pts: int
    independent: bool


@cache
def slate_parameters() -> VideoParameters:
    """Baseline, CAVLC, 1280 x 720: decodable by everything."""
    sps, pps, _ = _encoded()
    return VideoParameters(sps, (pps,), WIDTH, HEIGHT)


class StillRun:
    """The pictures of one still take, from `start_pts` on, 15 a second, an IDR every 2 s."""

    def __init__(self, start_pts: int) -> None:
        self._start = start_pts
        self._count = 0

    def due(self, until_pts: int) -> list[StillPicture]:
        """The pictures at or before `until_pts` that were not taken yet."""
        pictures: list[StillPicture] = []
        while (pts := self._start + self._count * STEP_TICKS) <= until_pts:
            number, place = divmod(self._count, PICTURES_PER_GOP)
            data = _idr(number % 2) if place == 0 else _skip(place)
            pictures.append(StillPicture(data, pts, place == 0))
            self._count += 1
        return pictures

    def closing_picture(self, pts: int) -> StillPicture:
        """A last picture at `pts`, out of step: it carries the sound that is left."""
        return StillPicture(_skip(self._count % PICTURES_PER_GOP or PICTURES_PER_GOP), pts, False)


@cache
def _idr(number: int) -> bytes:
    return to_avcc((_encoded()[2][number],))


@cache
def _skip(frame_num: int) -> bytes:
    """A reference picture: the count of type 2 forbids two others in a row (7.4.2.1.1)."""
    sps, pps = _sets()
    number = frame_num % (1 << sps.frame_num_bits)
    return to_avcc((skip_picture(sps, pps, number, poc_lsb=2 * frame_num, reference=True),))


@cache
def _sets() -> tuple[Sps, Pps]:
    sps, pps, _ = _encoded()
    return parse_sps(sps), parse_pps(pps)


@cache
def _encoded() -> tuple[bytes, bytes, tuple[bytes, ...]]:
    """SPS, PPS and two IDR slices of the picture."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 15), Fraction(15)
    codec.gop_size = PICTURES_PER_GOP
    codec.options = {
        "profile": "baseline",
        "preset": "medium",
        "tune": "zerolatency",
        "crf": "18",
        "forced-idr": "1",
        "x264-params": "slices=1:threads=1:sliced-threads=0",
    }
    packets = [packet for n in range(2) for packet in codec.encode(_drawn(n))] + codec.encode(None)
    nals = [nal for packet in packets for nal in split_annex_b(bytes(packet))]
    of_type = {kind: [n for n in nals if nal_type(n) == kind] for kind in NalType}
    return of_type[NalType.SPS][0], of_type[NalType.PPS][0], tuple(of_type[NalType.IDR])


def _drawn(number: int) -> VideoFrame:
    frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, paper, indigo, scale in zip(frame.planes, _PAPER, _INDIGO, (1, 2, 2), strict=True):
        rows = _rows(plane.line_size, plane.height, paper, indigo, scale)
        plane.update(rows.ljust(plane.buffer_size, b"\0"))
    frame.pts = number
    frame.pict_type = PictureType.I
    return frame


def _rows(line_size: int, height: int, paper: int, indigo: int, scale: int) -> bytes:
    """One plane: two upright bars in the middle."""
    plain = bytes((paper,)) * line_size
    barred = bytearray(plain)
    middle = WIDTH // 2
    for left in (middle - _BAR_GAP // 2 - _BAR_WIDTH, middle + _BAR_GAP // 2):
        barred[left // scale : (left + _BAR_WIDTH) // scale] = bytes((indigo,)) * (_BAR_WIDTH // scale)
    bar = _BAR_HEIGHT // scale
    above = (height - bar) // 2
    return plain * above + bytes(barred) * bar + plain * (height - bar - above)
