"""The init segment of a take: one H.264 track (90 kHz) and one AAC-LC track (48 kHz, stereo).

Pure; MediaLog writes it, readers and recovery parse it. A `free` box at the end of `moov` marks
slates, so that a take is whole without its index. Layout measured to play in hls.js, FFmpeg and MSE.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from recorder.iso_boxes import BadBox, box, boxes, find, find_path, full_box
from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, VideoParameters

VIDEO_TRACK, AUDIO_TRACK = 1, 2
INIT_MAGIC = b"KODOinit"
MAX_INIT_BYTES = 1 << 17  # an SPS and 31 PPS of 64 kB at most never come near in practice

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SLATE = 1
# ISO/IEC 14496-3 1.6.2.1: object type 2 (AAC-LC), frequency index 3 (48 kHz), two channels.
_AUDIO_SPECIFIC_CONFIG = bytes((0x11, 0x90))
_HIGH_PROFILE = 100


class BadInit(ValueError):
    """Bytes that are no init segment of ours, or a torn one."""


def init_segment(video: VideoParameters, *, slate: bool, others: Sequence[VideoParameters] = ()) -> bytes:
    """`ftyp | moov(…, free(mark))`: HLS wants `moov` right behind `ftyp` (rfc8216bis 3.1.2).

    Raises BadInit for parameters that no avcC can hold.
    `others`: further parameter sets of the same size and with other ids, for an export that joins takes.
    """
    if len(video.sps) < 4 or not 1 <= len(video.pps) <= 255 or len(others) > 30:
        raise BadInit("an avcC needs one SPS and 1 to 255 PPS")
    mark = INIT_MAGIC + struct.pack(">HH", 1, _SLATE if slate else 0)
    return b"".join(
        (
            box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6mp41"),
            _moov(video, others, mark),
        )
    )


def init_length(data: bytes) -> int:
    """Length of the init segment at the start of `data`. Raises BadInit if it is torn or foreign."""
    try:
        _, end = find(data, 0, _end_of_whole_boxes(data), b"moov")
    except BadBox as error:
        raise BadInit(str(error)) from error
    return end


def parse_init(data: bytes) -> tuple[VideoParameters, bool]:
    """The video parameters and whether it is a slate. Raises BadInit."""
    try:
        end = init_length(data)
        start, stop = find_path(data, (b"moov", b"free"), 0, end)
        if data[start : start + 8] != INIT_MAGIC or stop - start < 12:
            raise BadInit("not written by Kodo")
        flags = struct.unpack_from(">H", data, start + 10)[0]
        return _video_parameters(data, end), bool(flags & _SLATE)
    except (BadBox, struct.error, IndexError) as error:
        raise BadInit(str(error)) from error


def _end_of_whole_boxes(data: bytes) -> int:
    """Where the first torn top-level box begins: `data` is the head of a longer file."""
    whole = 0
    try:
        for _, _, end in boxes(data):
            whole = end
    except BadBox:
        return whole
    return whole


def _video_parameters(data: bytes, end: int) -> VideoParameters:
    start, stop = find_path(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"), 0, end)
    start, stop = find(data, start + 8, stop, b"avc1")
    width, height = struct.unpack_from(">HH", data, start + 24)
    start, stop = find(data, start + 78, stop, b"avcC")
    sps, pps = parameter_sets(data[start:stop])
    return VideoParameters(sps=sps, pps=pps, width=width, height=height)


def parameter_sets(avcc: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The SPS and the PPS of an AVCDecoderConfigurationRecord. Raises BadInit, struct.error, IndexError."""
    if avcc[0] != 1 or avcc[5] & 0x1F != 1:
        raise BadInit("avcC without exactly one SPS")
    sps, at = _sized(avcc, 6)
    count, at = avcc[at], at + 1
    pps = []
    for _ in range(count):
        nal, at = _sized(avcc, at)
        pps.append(nal)
    return sps, tuple(pps)


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">H", data, at)
    nal = data[at + 2 : at + 2 + size]
    if len(nal) != size:
        raise BadInit("a parameter set is cut")
    return nal, at + 2 + size


def _moov(video: VideoParameters, others: Sequence[VideoParameters], mark: bytes) -> bytes:
    head = struct.pack(">IIIIIHH8x", 0, 0, 1000, 0, 0x10000, 0x100, 0)
    mvhd = full_box(b"mvhd", 0, 0, head, _MATRIX, bytes(24), struct.pack(">I", AUDIO_TRACK + 1))
    trex = [full_box(b"trex", 0, 0, struct.pack(">5I", t, 1, 0, 0, 0)) for t in (VIDEO_TRACK, AUDIO_TRACK)]
    return box(
        b"moov", mvhd, _video_track(video, others), _audio_track(), box(b"mvex", *trex), box(b"free", mark)
    )


def _video_track(video: VideoParameters, others: Sequence[VideoParameters]) -> bytes:
    tkhd = _tkhd(VIDEO_TRACK, 0, video.width, video.height)
    entry = b"".join(
        (
            bytes(6),
            struct.pack(">H16xHHIIIH", 1, video.width, video.height, 0x480000, 0x480000, 0, 1),
            bytes(32),
            struct.pack(">HH", 0x18, 0xFFFF),
            box(b"avcC", _avcc(video, others)),
        )
    )
    vmhd = full_box(b"vmhd", 0, 1, bytes(8))
    return _track(tkhd, VIDEO_CLOCK_RATE, b"vide", vmhd, box(b"avc1", entry))


def _avcc(video: VideoParameters, others: Sequence[VideoParameters]) -> bytes:
    """AVCDecoderConfigurationRecord (14496-15 5.3.3.1), 4-byte lengths."""
    every_sps = (video.sps, *(other.sps for other in others))
    every_pps = (*video.pps, *(pps for other in others for pps in other.pps))
    pieces = [bytes((1, *video.sps[1:4], 0xFF, 0xE0 | len(every_sps)))]
    pieces += [struct.pack(">H", len(sps)) + sps for sps in every_sps]
    pieces.append(bytes((len(every_pps),)))
    pieces += [struct.pack(">H", len(pps)) + pps for pps in every_pps]
    if video.sps[1] == _HIGH_PROFILE:
        pieces.append(bytes((0xFD, 0xF8, 0xF8, 0)))  # 4:2:0, 8 bits: all that High allows us
    return b"".join(pieces)


def _audio_track() -> bytes:
    entry = bytes(6) + struct.pack(">H8xHHIHH", 1, 2, 16, 0, AUDIO_SAMPLE_RATE, 0) + _esds()
    smhd = full_box(b"smhd", 0, 0, bytes(4))
    return _track(
        _tkhd(AUDIO_TRACK, 0x100, 0, 0),
        AUDIO_SAMPLE_RATE,
        b"soun",
        smhd,
        box(b"mp4a", entry),
    )


def _esds() -> bytes:
    """ES descriptor of MPEG-4 audio (14496-1 7.2.6.5, 14496-14 5.6)."""
    specific = _descriptor(0x05, _AUDIO_SPECIFIC_CONFIG)
    config = _descriptor(0x04, bytes((0x40, 0x15, 0, 0, 0)) + struct.pack(">II", 0, 0) + specific)
    return full_box(
        b"esds",
        0,
        0,
        _descriptor(
            0x03,
            struct.pack(">HB", AUDIO_TRACK, 0) + config + _descriptor(0x06, b"\x02"),
        ),
    )


def _descriptor(tag: int, payload: bytes) -> bytes:
    return bytes((tag, len(payload))) + payload


def _tkhd(track: int, volume: int, width: int, height: int) -> bytes:
    head = struct.pack(">5I8xHHHH", 0, 0, track, 0, 0, 0, 1 if volume else 0, volume, 0)
    return full_box(b"tkhd", 0, 3, head, _MATRIX, struct.pack(">II", width << 16, height << 16))


def _track(
    tkhd: bytes,
    timescale: int,
    handler: bytes,
    media_header: bytes,
    sample_entry: bytes,
) -> bytes:
    mdhd = full_box(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0))
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"Kodo\0")
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    tables = [full_box(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc")]
    tables += [full_box(b"stsz", 0, 0, bytes(8)), full_box(b"stco", 0, 0, bytes(4))]
    stbl = box(b"stbl", full_box(b"stsd", 0, 0, struct.pack(">I", 1), sample_entry), *tables)
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", media_header, dinf, stbl)))
