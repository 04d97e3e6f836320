"""Parts of a take: `free` (what the index says of the part) + `moof` + `mdat`, as one bytes object.

Pure. MediaLog builds parts on the recorder's loop: about three a second for each room, so nothing here
loops over bytes. Recovery walks them back. The `free` box makes an index rebuildable from the MP4 alone:

    40 "free" | "KPRT" | pts u64 | duration u32 | segment u32 | part u16 | flags u16 | length u32 | crc u32

`length` is the whole part with its `free` box; `crc` covers the fields before it and all that follows it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

from recorder.cmaf_init import (
    AUDIO_TRACK,
    MAX_INIT_BYTES,
    VIDEO_TRACK,
    BadInit,
    init_length,
    init_segment,
    parse_init,
)
from recorder.media import AAC_FRAME_SAMPLES, AudioSample, PartContent, PartRecord, VideoSample

__all__ = [
    "BadContent",
    "BadInit",
    "init_length",
    "init_segment",
    "parse_init",
    "part_bytes",
    "part_is_whole",
    "part_record",
    "read_init",
    "walk_parts",
]

_FIELDS = struct.Struct(">I4s4sQIIHHI")
_CHECKSUM = struct.Struct(">I")
_BOX = struct.Struct(">I4s")
_MAGIC = b"KPRT"
MARK_BYTES = _FIELDS.size + _CHECKSUM.size
_INDEPENDENT, _FILLED = 1, 2

_SYNC_SAMPLE = 0x02000000  # sample_depends_on = 2: on no other
_DELTA_SAMPLE = 0x01010000  # depends on others, is no sync sample
_TRAF_HEAD = 8
_TFHD_VIDEO = struct.pack(">I4sII", 16, b"tfhd", 0x020000, VIDEO_TRACK)
_TFHD_AUDIO = struct.pack(">I4sIIII", 24, b"tfhd", 0x020028, AUDIO_TRACK, AAC_FRAME_SAMPLES, _SYNC_SAMPLE)
_TFDT = struct.Struct(">I4sIQ")
_TRUN = struct.Struct(">I4sIIi")
_MOOF_MFHD = struct.Struct(">I4sI4sII")


class BadContent(ValueError):
    """Part content that no fragment can hold: nothing in it, or times that run backwards."""


def part_bytes(sequence: int, content: PartContent, segment: int, part: int) -> bytes:
    """One part as it lies on the disk and goes over the wire. `sequence` counts a take's parts from 1.

    Decode times (`tfdt`) are absolute on the session's clock. A track without samples has no `traf`.
    Raises BadContent.
    """
    video, audio = content.video, content.audio
    if not video and not audio:
        raise BadContent("a part without samples")
    try:
        pieces = [_moof(sequence, video, audio)]
        media = [sample.data for sample in video] + [sample.data for sample in audio]
        pieces.append(_BOX.pack(8 + sum(map(len, media)), b"mdat"))
        pieces += media
        return _marked(pieces, content, segment, part)
    except struct.error as error:
        raise BadContent(str(error)) from error


def _marked(pieces: list[bytes], content: PartContent, segment: int, part: int) -> bytes:
    length = MARK_BYTES + sum(map(len, pieces))
    flags = (_INDEPENDENT if content.independent else 0) | (_FILLED if content.filled else 0)
    fields = _FIELDS.pack(
        MARK_BYTES, b"free", _MAGIC, content.pts, content.duration, segment, part, flags, length
    )
    checksum = zlib.crc32(fields)
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    return b"".join((fields, _CHECKSUM.pack(checksum), *pieces))


def _moof(sequence: int, video: tuple[VideoSample, ...], audio: tuple[AudioSample, ...]) -> bytes:
    video_flags, video_entries = _video_entries(video) if video else (0, b"")
    audio_flags, audio_entries = _audio_entries(audio) if audio else (0, b"")
    video_traf = _TRAF_HEAD + len(_TFHD_VIDEO) + _TFDT.size + _TRUN.size + len(video_entries) if video else 0
    audio_traf = _TRAF_HEAD + len(_TFHD_AUDIO) + _TFDT.size + _TRUN.size + len(audio_entries) if audio else 0
    size = _MOOF_MFHD.size + video_traf + audio_traf
    at = size + 8
    pieces = [_MOOF_MFHD.pack(size, b"moof", 16, b"mfhd", 0, sequence)]
    if video:
        pieces += _traf(
            video_traf, _TFHD_VIDEO, video[0].decode_time, video_flags, len(video), at, video_entries
        )
        at += sum(len(sample.data) for sample in video)
    if audio:
        pieces += _traf(audio_traf, _TFHD_AUDIO, audio[0].pts, audio_flags, len(audio), at, audio_entries)
    return b"".join(pieces)


def _traf(size: int, tfhd: bytes, pts: int, flags: int, count: int, at: int, entries: bytes) -> list[bytes]:
    return [
        _BOX.pack(size, b"traf"),
        tfhd,
        _TFDT.pack(_TFDT.size, b"tfdt", 0x01000000, pts),
        _TRUN.pack(_TRUN.size + len(entries), b"trun", flags, count, at),
        entries,
    ]


def _video_entries(samples: tuple[VideoSample, ...]) -> tuple[int, bytes]:
    """`(trun flags, entries)`: composition offsets only where there is one."""
    delayed = any(sample.composition_offset for sample in samples)
    flat: list[int] = []
    for sample in samples:
        flat += (sample.duration, len(sample.data), _SYNC_SAMPLE if sample.independent else _DELTA_SAMPLE)
        if delayed:
            flat.append(sample.composition_offset)
    return 0xF01 if delayed else 0x701, struct.pack(f">{len(flat)}I", *flat)


def _audio_entries(samples: tuple[AudioSample, ...]) -> tuple[int, bytes]:
    """`(trun flags, entries)`: sizes only while the frames follow each other without a hole."""
    sizes = [len(sample.data) for sample in samples]
    if samples[-1].pts - samples[0].pts == AAC_FRAME_SAMPLES * (len(samples) - 1):
        return 0x201, struct.pack(f">{len(sizes)}I", *sizes)
    flat: list[int] = []
    ends = [*(sample.pts for sample in samples[1:]), samples[-1].pts + AAC_FRAME_SAMPLES]
    for sample, end, size in zip(samples, ends, sizes, strict=True):
        flat += (end - sample.pts, size)
    return 0x301, struct.pack(f">{len(flat)}I", *flat)


def part_record(head: bytes, offset: int) -> PartRecord | None:
    """The record that a part's first 40 bytes tell, or None if they are not the head of a part."""
    if len(head) < MARK_BYTES:
        return None
    size, kind, magic, pts, duration, segment, part, flags, length = _FIELDS.unpack_from(head)
    if size != MARK_BYTES or kind != b"free" or magic != _MAGIC or length <= MARK_BYTES:
        return None
    (checksum,) = _CHECKSUM.unpack_from(head, _FIELDS.size)
    independent, filled = bool(flags & _INDEPENDENT), bool(flags & _FILLED)
    return PartRecord(offset, length, pts, duration, segment, part, independent, checksum, filled)


def part_is_whole(data: bytes) -> bool:
    """Whether `data` is exactly one part as it was written: length and checksum agree."""
    record = part_record(data, 0)
    if record is None or record.length != len(data):
        return False
    return zlib.crc32(memoryview(data)[MARK_BYTES:], zlib.crc32(data[: _FIELDS.size])) == record.checksum


def read_init(fd: int) -> bytes:
    """The init segment at the start of an open `program.mp4`. Raises BadInit, OSError."""
    data = os.pread(fd, MAX_INIT_BYTES, 0)
    return data[: init_length(data)]


def walk_parts(fd: int, start: int) -> Iterator[PartRecord]:
    """Records of the parts that lie one after another from byte `start` of an open `program.mp4`.

    Ends before the first part that is torn or foreign. Reads 48 bytes a part, so three hours take well
    under a second from the page cache; checksums are the caller's to check (`part_is_whole`).
    """
    size = os.fstat(fd).st_size
    while True:
        head = os.pread(fd, MARK_BYTES + 8, start)
        record = part_record(head, start)
        if record is None or start + record.length > size or head[MARK_BYTES + 4 :] != b"moof":
            return
        yield record
        start += record.length
