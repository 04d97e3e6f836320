"""A number as a picture, and the number that a picture shows: by which the synthetic lecture knows its own.

Eight by four fields, each black or white: 24 bits of the number and eight of a checksum, so large that an
encoder leaves them apart. Used by the process that probes the live chain.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.frame import PictureType, VideoFrame

WIDTH, HEIGHT = 160, 96
NUMBERS = 1 << 24
_COLUMNS, _ROWS = 8, 4
_FIELD_WIDTH, _FIELD_HEIGHT = WIDTH // _COLUMNS, HEIGHT // _ROWS
_BLACK, _WHITE, _GREY = 16, 235, 128


def encoded_pictures(number: int, count: int, frames_per_second: int) -> list[bytes]:
    """Access units of H.264 baseline in Annex B, each an IDR with its parameter sets, that all show `number`
    (below NUMBERS).
    """
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, frames_per_second), Fraction(frames_per_second)
    codec.thread_count = 1
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "28",
        "x264-params": "keyint=1:bframes=0:sliced-threads=0",
    }
    packets = [packet for place in range(count) for packet in codec.encode(_drawn(number, place))]
    return [bytes(packet) for packet in (*packets, *codec.encode(None))]


def number_in(frame: VideoFrame) -> int | None:
    """The number that a decoded picture shows; None for any other picture."""
    if (frame.width, frame.height) != (WIDTH, HEIGHT):
        return None
    luma = frame.planes[0]
    rows = bytes(luma)
    bits = [
        rows[(row * _FIELD_HEIGHT + _FIELD_HEIGHT // 2) * luma.line_size + column * _FIELD_WIDTH + 10] > _GREY
        for row in range(_ROWS)
        for column in range(_COLUMNS)
    ]
    word = _from_bits(bits)
    number, check = word >> 8, word & 0xFF
    return number if check == _check(number) else None


def _drawn(number: int, place: int) -> VideoFrame:
    word = number << 8 | _check(number)
    bits = [bool(word >> shift & 1) for shift in reversed(range(32))]
    frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
    luma, *chroma = frame.planes
    luma.update(_luma(bits, luma.line_size).ljust(luma.buffer_size, b"\0"))
    for plane in chroma:
        plane.update(bytes((_GREY,)) * plane.buffer_size)
    frame.pts, frame.pict_type = place, PictureType.I
    return frame


def _luma(bits: list[bool], line_size: int) -> bytes:
    made = bytearray()
    for row in range(_ROWS):
        fields = bits[row * _COLUMNS : (row + 1) * _COLUMNS]
        line = b"".join(bytes((_WHITE if bit else _BLACK,)) * _FIELD_WIDTH for bit in fields)
        made += line.ljust(line_size, b"\0") * _FIELD_HEIGHT
    return bytes(made)


def _check(number: int) -> int:
    return zlib.crc32(number.to_bytes(3, "big")) & 0xFF


def _from_bits(bits: Iterable[bool]) -> int:
    word = 0
    for bit in bits:
        word = word << 1 | bit
    return word
