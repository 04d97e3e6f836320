"""A stretch of a take to the picture and the AAC frame, for the MP4 of a version that hides something.

Called in a job's own process. `stretches` says which whole segments can be passed through as they lie, and
which moments before and behind them are encoded anew; `ExactEncoder` does that. A picture belongs to the
moment from which it is shown, sound to its AAC frame, and beside a hidden span one frame more is silence: it
is heard in its neighbours. What is encoded has an SPS id of its own, so that one avcC holds it too.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from recorder.copy_media import open_segments, sound_span
from recorder.edit_list import Span, TimedSegment
from recorder.healed_pictures import Picture
from recorder.healed_take import TakeMaker
from recorder.hidden_spans import HiddenSpan, intervals
from recorder.log_folders import MEDIA_FILE, take_name
from recorder.media import (
    AAC_FRAME_SAMPLES,
    AUDIO_SAMPLE_RATE,
    VIDEO_CLOCK_RATE,
    AudioSample,
    VideoParameters,
)
from recorder.media_log_reader import SessionReader
from recorder.mp4_join import Piece
from recorder.sound_mixer import silent_aac_frame

_SAME_SECONDS = 1e-4
_FOLDER = "exact"


@dataclass(frozen=True, slots=True)
class Whole:
    """Segments `first` … `last` of a take, as they lie."""

    take: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Exact:
    """From second `start` to before `end`, of the segments of `span`. `sound`: from which sample to before
    which it is heard, 48 kHz; around it, to the ends of `silence`, nothing is.
    """

    span: Span
    start: float
    end: float
    sound: tuple[int, int]
    silence: tuple[int, int]

    @property
    def take(self) -> int:
        return self.span.take

    @property
    def duration(self) -> int:
        """90 kHz ticks."""
        return round(self.end * VIDEO_CLOCK_RATE) - round(self.start * VIDEO_CLOCK_RATE)


@dataclass(frozen=True, slots=True)
class Encoded:
    """`init` goes before its parts."""

    piece: Piece
    video: VideoParameters
    init: bytes


def stretches(
    reader: SessionReader, span: Span, segments: Sequence[TimedSegment], hidden: Sequence[HiddenSpan]
) -> list[Whole | Exact]:
    """What of `segments`, all those of `span`, is not hidden, in order. Raises NotInLog, OSError."""
    begin, finish = segments[0].start, segments[-1].end
    found: list[Whole | Exact] = []
    for start, end in intervals(begin, finish, hidden):
        found += _of_interval(reader, span, segments, start, end, (start > begin, end < finish))
    return found


def _of_interval(
    reader: SessionReader,
    span: Span,
    segments: Sequence[TimedSegment],
    start: float,
    end: float,
    at_hidden: tuple[bool, bool],
) -> Iterator[Whole | Exact]:
    """`at_hidden`: whether something hidden lies before and behind it."""
    whole = _samples(start), _samples(end)
    sound = whole[0] + AAC_FRAME_SAMPLES * at_hidden[0], whole[1] - AAC_FRAME_SAMPLES * at_hidden[1]
    inside = [
        one for one in segments if one.start >= start - _SAME_SECONDS and one.end <= end + _SAME_SECONDS
    ]
    while inside and at_hidden[0] and not _begins_clean(reader, span.take, inside[0], sound[0]):
        inside.pop(0)
    while inside and at_hidden[1] and _sound_of(reader, span.take, inside[-1])[1] > sound[1]:
        inside.pop()
    if not inside:
        yield Exact(span, start, end, sound, whole)
        return
    first, last = inside[0], inside[-1]
    if at_hidden[0] and first.start - start > _SAME_SECONDS:
        seam = _sound_of(reader, span.take, first)[0]
        yield Exact(span, start, first.start, (sound[0], seam), (whole[0], seam))
    yield Whole(span.take, first.segment, last.segment)
    if at_hidden[1] and end - last.end > _SAME_SECONDS:
        seam = _sound_of(reader, span.take, last)[1]
        yield Exact(span, last.end, end, (seam, sound[1]), (seam, whole[1]))


def _begins_clean(reader: SessionReader, take: int, segment: TimedSegment, sound_start: int) -> bool:
    return segment.independent and _sound_of(reader, take, segment)[0] >= sound_start


def _sound_of(reader: SessionReader, take: int, segment: TimedSegment) -> tuple[int, int]:
    """First sample and the one behind the last of a segment's sound, which lies behind its pictures."""
    found = sound_span(reader.init_bytes(take), reader.segment_bytes(take, segment.segment))
    return found or (_samples(segment.start), _samples(segment.end))


class ExactEncoder:
    """`work`: a folder of the job's. `size`: of all that is encoded; `sps_id`: of its parameter sets."""

    def __init__(
        self, reader: SessionReader, work: Path, size: tuple[int, int], sps_id: int, disk_floor_bytes: int
    ) -> None:
        self._reader = reader
        self._work = work
        self._size = size
        self._sps_id = sps_id
        self._floor = disk_floor_bytes
        self._made = 0

    def encode(self, stretch: Exact) -> Encoded | None:
        """None where it has no picture of its own. Raises NotInLog, NoDisk, OSError, MediaRefused."""
        start, end = round(stretch.start * VIDEO_CLOCK_RATE), round(stretch.end * VIDEO_CLOCK_RATE)
        self._made += 1
        maker = TakeMaker(self._work, _FOLDER, self._made, self._size, self._floor, sps_id=self._sps_id)
        try:
            parts = maker.make(self._pictures(stretch), self._sound(stretch), start, end, lambda _pts: None)
        finally:
            maker.close()
        if not parts or maker.parameters is None:
            return None
        path = self._work / _FOLDER / take_name(self._made) / MEDIA_FILE
        piece = Piece(path, 0, path.stat().st_size, start, end - start)
        return Encoded(piece, maker.parameters, maker.init)

    def _pictures(self, stretch: Exact) -> Iterator[Picture]:
        """Those that are shown from then on; the one before it belongs to what is hidden."""
        reader, span = self._reader, stretch.span
        segments = [
            reader.segment_bytes(span.take, one.segment)
            for one in self._segments(span, stretch.start, stretch.end)
        ]
        medium = open_segments(reader.init_bytes(span.take), segments)
        for at, frame in medium.pictures(stretch.start, stretch.end):
            if at >= stretch.start - _SAME_SECONDS:
                yield round(at * VIDEO_CLOCK_RATE), frame

    def _segments(self, span: Span, start: float, end: float) -> list[TimedSegment]:
        """Those shown from `start` to `end`, back to a key frame."""
        timed = [one for one in self._reader.take(span.take).timed_segments() if span.shows(one.segment)]
        first = max((n for n, one in enumerate(timed) if one.start <= start + _SAME_SECONDS), default=0)
        while first > 0 and not timed[first].independent:
            first -= 1
        return [one for one in timed[first:] if one.start < end]

    def _sound(self, stretch: Exact) -> list[AudioSample]:
        """The AAC frames as they lie in the log, and silence where they do not reach."""
        start, end = stretch.sound
        found = [one for one in self._heard(stretch) if start <= one.pts <= end - AAC_FRAME_SAMPLES]
        quiet_from, quiet_to = stretch.silence
        first = found[0].pts if found else quiet_to
        last = found[-1].pts + AAC_FRAME_SAMPLES if found else quiet_to
        before = range(first - AAC_FRAME_SAMPLES, quiet_from - 1, -AAC_FRAME_SAMPLES)
        behind = range(last, quiet_to - AAC_FRAME_SAMPLES + 1, AAC_FRAME_SAMPLES)
        return [*_silence(reversed(before)), *found, *_silence(behind)]

    def _heard(self, stretch: Exact) -> Iterator[AudioSample]:
        """Of the segments from the stretch's first one on: sound lies behind its pictures."""
        reader, span = self._reader, stretch.span
        start = stretch.sound[0] / AUDIO_SAMPLE_RATE
        for one in reader.take(span.take).timed_segments():
            if not span.shows(one.segment) or one.end <= min(start, stretch.start):
                continue
            data = reader.init_bytes(span.take) + reader.segment_bytes(span.take, one.segment)
            with av.open(io.BytesIO(data), "r", format="mp4") as container:
                packets = container.demux(container.streams.audio[0])
                samples = [AudioSample(bytes(p), int(p.pts)) for p in packets if p.pts is not None and p.size]
            yield from samples
            if samples and samples[-1].pts >= stretch.sound[1]:
                return


def _silence(places: Iterable[int]) -> list[AudioSample]:
    return [AudioSample(silent_aac_frame(), pts, filled=True) for pts in places]


def _samples(seconds: float) -> int:
    return round(seconds * AUDIO_SAMPLE_RATE)
