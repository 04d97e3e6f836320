"""One pass over what a version of the edit list shows: key frames and sound, at seconds of its playlist.

Called in a job's own process. Nothing is decoded here, and of a part only its head, its sound and a key frame
that is wanted are read. `TakeMedia` is closed when the walk leaves its take.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from recorder.edit_list import EditList
from recorder.iso_boxes import BadBox
from recorder.media import AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, PartRecord, VideoParameters
from recorder.media_log_reader import SegmentSlot, SessionReader, TakeView
from recorder.part_samples import head_length, key_frame, sound_run
from recorder.session_gaps import readable_spans

log = logging.getLogger(__name__)

_FIRST_READ = 2_048  # the heads of all but odd parts


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """`data`: AVCC. `at`: seconds of the playlist; `clock`: of the session. `filled`: of no source."""

    data: bytes
    video: VideoParameters
    at: float
    clock: float
    filled: bool


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """One AAC frame; `at`: seconds of the playlist."""

    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a segment that the playlist shows from second `at` on."""

    take: TakeView
    record: PartRecord
    at: float
    clock: float
    media: TakeMedia


class TakeMedia:
    """The `program.mp4` of a take, open; it stays readable while the spill moves it, and when it is moved
    into an object store.
    """

    def __init__(self, reader: SessionReader, take: int) -> None:
        self._reader = reader
        self._take = take
        self._fd = os.open(reader.media_path(take), os.O_RDONLY)

    def read(self, offset: int, length: int) -> bytes:
        """Raises NotInLog, OSError."""
        data = os.pread(self._fd, length, offset)
        return data if len(data) == length else self._reader.read_media(self._take, offset, length)

    def close(self) -> None:
        """Once."""
        os.close(self._fd)


def seconds_of(reader: SessionReader, edits: EditList) -> float:
    """How long the playlist of that version is."""
    ticks = sum(slot.duration for _, slots in _shown(reader, edits) for slot in slots)
    return ticks / VIDEO_CLOCK_RATE


def shown_parts(reader: SessionReader, edits: EditList) -> Iterator[ShownPart]:
    """Every part of the playlist, in order. Raises OSError."""
    position = 0
    for take, slots in _shown(reader, edits):
        media = TakeMedia(reader, take.number)
        try:
            for slot in slots:
                for record in take.parts(slot):
                    at = (position + record.pts - slot.pts) / VIDEO_CLOCK_RATE
                    yield ShownPart(take, record, max(0.0, at), record.pts / VIDEO_CLOCK_RATE, media)
                position += slot.duration
        finally:
            media.close()


def key_frame_of(part: ShownPart) -> KeyFrame | None:
    """The part's first key frame; None where it has none, or is damaged."""
    try:
        found = key_frame(_head(part))
    except BadBox as error:
        log.info("a part of take %d cannot be read: %s", part.take.number, error)
        return None
    if found is None or not 0 < found[1] <= part.record.length - found[0]:
        return None
    data = part.media.read(part.record.offset + found[0], found[1])
    return KeyFrame(data, part.take.video, part.at, part.clock, part.record.filled)


def sound_of(part: ShownPart) -> Iterator[SoundFrame]:
    """The part's AAC frames; none where it has none, or is damaged."""
    try:
        run = sound_run(_head(part))
    except BadBox:
        return
    if run is None or run.bytes > part.record.length - run.offset:
        return
    data = part.media.read(part.record.offset + run.offset, run.bytes)
    begin = 0
    for pts, size in zip(run.pts, run.sizes, strict=True):
        at = part.at + pts / AUDIO_SAMPLE_RATE - part.clock
        yield SoundFrame(data[begin : begin + size], at)
        begin += size


def _head(part: ShownPart) -> bytes:
    record = part.record
    data = part.media.read(record.offset, min(_FIRST_READ, record.length))
    length = head_length(data)
    return data[:length] if length <= len(data) else part.media.read(record.offset, length)


def _shown(reader: SessionReader, edits: EditList) -> Iterator[tuple[TakeView, list[SegmentSlot]]]:
    for span, take in readable_spans(reader, edits):
        yield take, [slot for slot in take.segments if span.shows(slot.segment)]
