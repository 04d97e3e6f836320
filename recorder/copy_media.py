"""Reading media for healing: a safety copy as the studio sent it, or segments of the log, decoded bit by bit.

Called in a job's own process. A copy is a stranger's file: only containers that hold everything themselves,
no network, bounded sizes, and what is broken in it ends the reading where it is broken. Times are seconds of
the file's own clock, from its first sample on; those of log segments are the session's.
"""

from __future__ import annotations

import io
import logging
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder.copy_alignment import SOUND_RATE, Sound, Thumbnail
from recorder.media import AAC_FRAME_SAMPLES
from recorder.media_facts import FORMATS, MAX_SECONDS, PROTOCOLS, MediaRefused, inspect

log = logging.getLogger(__name__)

THREADS = 2
LONGEST_HOLE_SECONDS = 10.0
THUMBNAIL = (32, 18)
_PREROLL_SECONDS = 0.2  # of sound, for decoders that need a packet before
_SAME_PLACE = 0.02


@dataclass(frozen=True, slots=True)
class Medium:
    """`source`: a file, or bytes. `origin`: what its own clock shows at 0. `key_frames`: seconds, ascending.

    `start`, `end`: where it has pictures. `video`, `audio`: stream indexes.
    """

    source: Path | bytes
    video: int
    audio: int | None
    origin: float
    start: float
    end: float
    key_frames: tuple[float, ...]

    def pictures(self, start: float, end: float) -> Iterator[tuple[float, VideoFrame]]:
        """Pictures shown from `start` to before `end`, and the one before them: `(seconds, frame)`."""
        before: tuple[float, VideoFrame] | None = None
        for at, frame in self._decoded_pictures(start):
            if at >= end:
                break
            if at <= start:
                before = at, frame
                continue
            if before is not None:
                yield before
                before = None
            yield at, frame
        if before is not None:
            yield before

    def sound(self, start: float, end: float) -> Iterator[tuple[float, AudioFrame]]:
        """Frames of sound that reach into `start` … `end`, as they are in the file."""
        if self.audio is None:
            return
        with _opened(self.source) as container:
            stream = container.streams[self.audio]
            for packet in _packets(container, stream):
                if packet.pts is not None and _seconds(packet) - self.origin < start - _PREROLL_SECONDS:
                    continue
                for frame in _decoded(packet):
                    if not isinstance(frame, AudioFrame) or frame.pts is None or not frame.sample_rate:
                        continue
                    at = _seconds(frame) - self.origin
                    if at >= end:
                        return
                    if at + frame.samples / frame.sample_rate > start:
                        yield at, frame

    def heard(self, start: float, end: float) -> Sound:
        """The sound of a stretch as it can be compared; silence where there is none."""
        samples = array("h")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE)
        position: int | None = None  # of what comes out next, from `start` on; it lags what went in
        for at, frame in self.sound(start, end):
            expected = round((at - start) * SOUND_RATE)
            if position is None or abs(expected - position) > _SAME_PLACE * SOUND_RATE:
                position = expected
            frame.pts = None
            for piece in resampler.resample(frame):
                found = array("h")
                found.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])
                samples.extend(array("h", bytes(2 * max(0, position - len(samples)))))
                samples.extend(found[max(0, len(samples) - position) :])
                position += len(found)
        return Sound(start, samples)

    def seen(self, start: float, end: float) -> list[Thumbnail]:
        """The pictures of a stretch as they can be compared."""
        width, height = THUMBNAIL
        found: list[Thumbnail] = []
        for at, frame in self.pictures(start, end):
            small = frame.reformat(width=width, height=height, format="gray", interpolation="AREA")
            plane = small.planes[0]
            data, line = bytes(plane), plane.line_size
            rows = (data[n * line : n * line + width] for n in range(height))
            found.append(Thumbnail(at, b"".join(rows)))
        return found

    def _decoded_pictures(self, start: float) -> Iterator[tuple[float, VideoFrame]]:
        first = max((at for at in self.key_frames if at <= start), default=self.start)
        begun = False
        with _opened(self.source) as container:
            stream = container.streams[self.video]
            assert isinstance(stream, VideoStream)
            stream.codec_context.thread_count = THREADS
            for packet in _packets(container, stream):
                begun = begun or packet.pts is None or _seconds(packet) - self.origin >= first - 1e-6
                if not begun:
                    continue
                for frame in _decoded(packet):
                    if isinstance(frame, VideoFrame) and frame.pts is not None:
                        yield _seconds(frame) - self.origin, frame


def open_copy(path: Path) -> Medium:
    """Raises MediaRefused for what has no picture that can be decoded, OSError."""
    facts = inspect(path)
    assert facts.video is not None, "inspect asks for a picture"
    return _medium(path, facts.video, facts.audio, origin=None)


def open_segments(init: bytes, segments: list[bytes]) -> Medium:
    """Segments of one take. Raises MediaRefused."""
    data = b"".join((init, *segments))
    with _opened(data) as container:
        video, audio = container.streams.video[0].index, container.streams.audio[0].index
    return _medium(data, video, audio, origin=0.0)


def sound_span(init: bytes, segment: bytes) -> tuple[int, int] | None:
    """First sample of a log segment's sound and the one behind its last, 48 kHz; None where it has none."""
    with _opened(init + segment) as container:
        packets = container.demux(container.streams.audio[0])
        found = [int(packet.pts) for packet in packets if packet.pts is not None and packet.size]
    return (min(found), max(found) + AAC_FRAME_SAMPLES) if found else None


def _medium(source: Path | bytes, video: int, audio: int | None, origin: float | None) -> Medium:
    firsts: dict[int, float] = {}
    pictures: list[float] = []
    key_frames: list[float] = []
    with _opened(source) as container:
        streams = [container.streams[index] for index in (video, audio) if index is not None]
        for packet in _packets(container, *streams):
            if packet.pts is None:
                continue
            at = _seconds(packet)
            index = packet.stream.index
            firsts[index] = min(at, firsts.get(index, at))
            if index == video:
                pictures.append(at)
                if packet.is_keyframe:
                    key_frames.append(at)
    if not key_frames:
        raise MediaRefused("unreadable", "No picture of this file can be decoded.")
    zero = min(firsts.values()) if origin is None else origin
    return Medium(
        source=source,
        video=video,
        audio=audio if audio in firsts else None,
        origin=zero,
        start=min(key_frames) - zero,
        end=_end_of(pictures) - zero,
        key_frames=tuple(sorted(at - zero for at in key_frames)),
    )


def _end_of(pictures: list[float]) -> float:
    """Where the last picture ends, of those that no long hole parts from the first: a time that is far off is
    a broken one.
    """
    times = sorted(pictures)
    parted = (n for n, (one, after) in enumerate(pairwise(times), 1) if after - one > LONGEST_HOLE_SECONDS)
    times = times[: next(parted, len(times))]
    step = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    return min(times[-1] + min(step, 1.0), times[0] + MAX_SECONDS)


def _opened(source: Path | bytes) -> InputContainer:
    """Raises MediaRefused."""
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
    try:
        if isinstance(source, bytes):
            return av.open(io.BytesIO(source), "r", format="mp4")
        return av.open(str(source), "r", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise MediaRefused("unreadable", "The copy cannot be read.") from error


def _packets(container: InputContainer, *streams: Any) -> Iterator[Packet[Any]]:
    """To the file's end, or to where it is broken; the last, empty ones empty the decoders."""
    try:
        yield from container.demux(*streams)
    except av.FFmpegError as error:
        log.info("a medium ends early: %s", error)


def _decoded(packet: Packet[Any]) -> list[Any]:
    try:
        return list(packet.decode())
    except av.FFmpegError as error:
        log.info("a packet cannot be decoded: %s", error)
        return []


def _seconds(one: Packet[Any] | VideoFrame | AudioFrame) -> float:
    return float(one.pts * one.time_base)  # type: ignore[operator]
