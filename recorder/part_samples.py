"""Where the samples of one part lie, by its head alone: for who wants its key frame or sound, not the rest.

Pure, over bytes as `cmaf.part_bytes` writes them (`free` + `moof` + `mdat`). Offsets count from the part's
start.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from recorder.cmaf import MARK_BYTES
from recorder.cmaf_init import AUDIO_TRACK, VIDEO_TRACK
from recorder.iso_boxes import BOX_HEADER, BadBox, boxes, find
from recorder.media import AAC_FRAME_SAMPLES

_TFHD = struct.Struct(">II")
_TFDT = struct.Struct(">IQ")
_TRUN = struct.Struct(">III")
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800  # ISO/IEC 14496-12 8.8.8.1
_NON_SYNC = 0x10000
MAX_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SoundRun:
    """The AAC frames of a part, one behind the other. `pts`: of each, 48 kHz; `sizes`: bytes."""

    offset: int
    pts: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return sum(self.sizes)


def head_length(data: bytes) -> int:
    """How many bytes the head has, by its first 48. Raises BadBox for what is no part of ours."""
    if len(data) < MARK_BYTES + BOX_HEADER.size:
        raise BadBox("the head of a part is cut")
    size, kind = BOX_HEADER.unpack_from(data, MARK_BYTES)
    if kind != b"moof" or not 8 <= size <= MAX_HEAD_BYTES:
        raise BadBox("a part without a moof")
    return MARK_BYTES + int(size)


def key_frame(head: bytes) -> tuple[int, int] | None:
    """`(offset, bytes)` of the first picture that depends on no other; None without one. Raises BadBox."""
    for run in _runs(head):
        if run.track != VIDEO_TRACK:
            continue
        at = run.offset
        for sample in _samples(head, run):
            if not sample[_FLAGS] & _NON_SYNC:
                return at, sample[_SIZE]
            at += sample[_SIZE]
    return None


def sound_run(head: bytes) -> SoundRun | None:
    """The part's sound, None where it has none. Raises BadBox."""
    for run in _runs(head):
        if run.track != AUDIO_TRACK:
            continue
        samples = list(_samples(head, run))
        lengths = (sample[_DURATION] or AAC_FRAME_SAMPLES for sample in samples[:-1])
        pts = tuple(accumulate(lengths, initial=run.decode_time))
        return SoundRun(run.offset, pts, tuple(sample[_SIZE] for sample in samples))
    return None


@dataclass(frozen=True, slots=True)
class _Run:
    """A `trun`: its entries begin at byte `entry` of the head, its data at `offset` of the part."""

    track: int
    decode_time: int
    flags: int
    count: int
    entry: int
    offset: int


def _runs(head: bytes) -> Iterator[_Run]:
    try:
        for kind, start, end in boxes(head, MARK_BYTES + 8):
            if kind != b"traf":
                continue
            track = _TFHD.unpack_from(head, find(head, start, end, b"tfhd")[0])[1]
            begin = _TFDT.unpack_from(head, find(head, start, end, b"tfdt")[0])[1]
            entry, _ = find(head, start, end, b"trun")
            flags, count, at = _TRUN.unpack_from(head, entry)
            # Data offsets count from the moof (default-base-is-moof, 8.8.7.1).
            yield _Run(track, begin, flags & 0xFFFFFF, count, entry + _TRUN.size, MARK_BYTES + at)
    except struct.error as error:
        raise BadBox(str(error)) from error


def _samples(head: bytes, run: _Run) -> Iterator[dict[int, int]]:
    """The fields of each sample, by their flag; 0 for what is not told."""
    if not run.flags & _SIZE:
        raise BadBox("a run of samples without sizes")
    told = [field for field in (_DURATION, _SIZE, _FLAGS, _OFFSET) if run.flags & field]
    layout = struct.Struct(f">{len(told)}I")
    try:
        for number in range(run.count):
            fields = dict.fromkeys((_DURATION, _SIZE, _FLAGS), 0)
            values = layout.unpack_from(head, run.entry + number * layout.size)
            fields.update(zip(told, values, strict=True))
            yield fields
    except struct.error as error:
        raise BadBox(str(error)) from error
