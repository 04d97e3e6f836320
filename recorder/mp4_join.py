"""Several takes as one fragmented MP4 stream: one init segment, fragments re-timed to follow each other.

Used by `export.py`, which pipes the stream through FFmpeg. Only `tfdt` changes (ISO/IEC 14496-12 8.8.12):
the media data goes from file to pipe by splice(2), so a long lecture costs no copy in this process.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder.cmaf_init import VIDEO_TRACK
from recorder.iso_boxes import BOX_HEADER, boxes
from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE

MAX_MOOF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragmented MP4 file, or the bytes `start` to `end` of it. Times: 90 kHz.

    `first_pts`: where its media begins on its own clock; `duration`: how much of the joined time it fills.
    """

    path: Path
    start: int
    end: int
    first_pts: int
    duration: int


def write_joined(init: bytes, pieces: Iterable[Piece], pipe: int) -> None:
    """Write one stream. Raises BrokenPipeError if the pipe's reader has gone, ValueError for a torn piece."""
    write_all(pipe, init)
    position = 0
    for piece in pieces:
        with open(piece.path, "rb", buffering=0) as file:
            for kind, offset, size in top_level_boxes(file.fileno(), piece.start, piece.end):
                if kind == b"moof":
                    moof = os.pread(file.fileno(), size, offset)
                    write_all(pipe, retimed(moof, position - piece.first_pts))
                elif kind == b"mdat":
                    splice_all(file.fileno(), offset, size, pipe)
        position += piece.duration


def top_level_boxes(fd: int, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """`(kind, offset, size)` of the boxes in a file. Raises ValueError when one is torn."""
    while start < end:
        header = os.pread(fd, BOX_HEADER.size, start)
        if len(header) < BOX_HEADER.size:
            raise ValueError(f"the file ends in a box header at byte {start}")
        size, kind = BOX_HEADER.unpack(header)
        if size < BOX_HEADER.size or start + size > end or (kind == b"moof" and size > MAX_MOOF_BYTES):
            raise ValueError(f"box {kind!r} of {size} bytes at byte {start}")
        yield kind, start, size
        start += size


def retimed(moof: bytes, shift: int) -> bytes:
    """A `moof` box with both tracks moved by `shift` ticks of 90 kHz."""
    moved = bytearray(moof)
    for kind, start, end in boxes(moof, BOX_HEADER.size):
        if kind == b"traf":
            _shift_track(moved, moof, start, end, shift)
    return bytes(moved)


def _shift_track(moved: bytearray, moof: bytes, start: int, end: int, shift: int) -> None:
    track = 0
    for kind, payload, _ in boxes(moof, start, end):
        if kind == b"tfhd":
            track = struct.unpack_from(">I", moof, payload + 4)[0]
        elif kind == b"tfdt":
            ticks = shift if track == VIDEO_TRACK else round(shift * AUDIO_SAMPLE_RATE / VIDEO_CLOCK_RATE)
            layout = ">Q" if moof[payload] == 1 else ">I"
            decode_time = struct.unpack_from(layout, moof, payload + 4)[0]
            struct.pack_into(layout, moved, payload + 4, max(0, decode_time + ticks))


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def splice_all(source: int, offset: int, count: int, pipe: int) -> None:
    while count:
        moved = os.splice(source, pipe, count, offset_src=offset)
        if moved == 0:
            raise ValueError(f"the file ends at byte {offset}, {count} bytes early")
        offset += moved
        count -= moved
