"""An uploaded file as a take of a session's log: made into H.264 and AAC, cut at its IDRs.

Called in a job's own process. Pictures are those of films (`normalise.py`: baseline, 30 a second, within
1080p, an IDR each 2 s); sound alone gets the still picture of lectures in sound only. What FFmpeg makes comes
through a pipe and goes to the disk segment by segment, so that a file of 20 GB needs no more memory than a
short one. Times: 90 kHz ticks from 0, the beginning of the file.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import ffmpeg
from av.container import InputContainer
from av.packet import Packet

from recorder import cmaf, ffmpeg_run, media_facts, normalise
from recorder.cmaf_init import parameter_sets
from recorder.h264 import NalType, nal_type, to_avcc
from recorder.log_folders import MEDIA_FILE
from recorder.media import (
    AAC_FRAME_SAMPLES,
    AUDIO_SAMPLE_RATE,
    VIDEO_CLOCK_RATE,
    AudioSample,
    VideoParameters,
)
from recorder.media_facts import MediaFacts, MediaRefused
from recorder.media_reader import nals_of
from recorder.normalise import FRAME_RATE, NoDisk
from recorder.protection import is_protected
from recorder.segment_writer import Coded, SegmentWriter
from recorder.slate import StillRun, slate_parameters

__all__ = ["Imported", "MediaRefused", "NoDisk", "import_take"]

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]

PICTURE_TICKS = VIDEO_CLOCK_RATE // FRAME_RATE
SHORTEST_SECONDS = 0.5
_AUDIO = {"acodec": "aac", "audio_bitrate": 128_000, "ac": 2, "ar": AUDIO_SAMPLE_RATE}
_ENCODING = 0.95  # share of the work; the rest is reading it again


@dataclass(frozen=True, slots=True)
class Imported:
    """`seconds`: of the take. `width`, `height`: of its pictures. `bytes`: of its media."""

    seconds: float
    width: int
    height: int
    bytes: int
    segments: int


class Damaged(Exception):
    """What was written is not what is read: worth another attempt."""


def import_take(
    source: Path,
    work: Path,
    session_id: str,
    number: int,
    *,
    disk_floor_bytes: int,
    progress: Progress,
    first_segment: int = 0,
) -> Imported:
    """Write take `number` of `session_id` below `work`, sealed and read again.

    Raises MediaRefused for a file that nothing can be made of, NoDisk, Damaged, FFmpegFailed where something
    else ended FFmpeg, OSError.
    """
    facts = inspect(source)
    maker = _TakeMaker(work, session_id, number, facts, disk_floor_bytes, first_segment)
    outlet = ffmpeg_run.Outlet(maker.take)
    try:
        ffmpeg_run.run(
            _output(source, facts, outlet.address), on_seconds=_told(facts, progress), outlet=outlet
        )
        made = maker.finish()
        _verify(maker.folder / MEDIA_FILE, made, progress)
    except ffmpeg_run.FFmpegFailed as error:
        log.warning("FFmpeg: %s", error)
        if error.killed:
            raise
        raise MediaRefused("unreadable", "The file cannot be decoded.") from error
    finally:
        outlet.close()
        maker.close()
    return made


def inspect(source: Path) -> MediaFacts:
    """Raises MediaRefused."""
    if is_protected(source):
        raise MediaRefused("protected", "The file is protected against copying (DRM).")
    return media_facts.inspect(source, formats=media_facts.MORE_FORMATS, sound_is_enough=True)


def _output(source: Path, facts: MediaFacts, address: str) -> Any:
    film = normalise.film_of(source, media_facts.MORE_FORMATS)
    told: dict[str, Any] = {
        "format": "matroska",
        "t": media_facts.MAX_SECONDS,
        "map_metadata": -1,
        "map_chapters": -1,
        "threads": normalise.THREADS,
        "flush_packets": 0,
        **_AUDIO,
    }
    if facts.video is None:
        return ffmpeg.output(normalise.stereo_of(film, facts), address, **told)
    streams = normalise.picture_of(film, facts), normalise.sound_of(film, facts)
    return ffmpeg.output(*streams, address, shortest=None, **told, **normalise.VIDEO)


def _told(facts: MediaFacts, progress: Progress) -> Callable[[float], None]:
    def tell(done: float) -> None:
        progress(_ENCODING * min(1.0, done / facts.seconds) if facts.seconds else 0.0, "preparing")

    return tell


class _TakeMaker:
    """Reads what FFmpeg made, in the thread that runs it, and writes it."""

    def __init__(
        self,
        work: Path,
        session_id: str,
        number: int,
        facts: MediaFacts,
        disk_floor_bytes: int,
        first_segment: int,
    ) -> None:
        self._place = work, session_id, number
        self._facts = facts
        self._floor = disk_floor_bytes
        self._first_segment = first_segment
        self._writer: SegmentWriter | None = None
        self._video: VideoParameters | None = None
        self._group: list[Coded] = []
        self._sound: list[AudioSample] = []
        self._frames: int | None = None
        self._end = 0
        self._still = StillRun(0)

    @property
    def folder(self) -> Path:
        """Where the take lies, once there is anything of it."""
        assert self._writer is not None, "finish() comes first"
        return self._writer.folder

    def take(self, address: str) -> None:
        """All of it. Raises NoDisk, OSError; what cannot be read FFmpeg's own end tells of."""
        try:
            container = av.open(address, "r", format="matroska")
        except av.FFmpegError as error:
            log.info("nothing came of it: %s", error)
            return
        with container:
            for packet in _packets(container):
                if packet.stream.type == "audio":
                    self._add_sound(packet)
                else:
                    self._add_picture(packet)

    def finish(self) -> Imported:
        """Write what is left. Raises MediaRefused where that is not what the file told of."""
        if self._group:
            self._write(self._end, last=True)
        seconds = self._end / VIDEO_CLOCK_RATE
        if self._writer is None or self._video is None:
            raise MediaRefused("unreadable", "Nothing of this file can be decoded.")
        if normalise.is_cut(self._facts, seconds):
            told = f"It tells of {self._facts.seconds:.0f} s and has {seconds:.0f} s."
            raise MediaRefused("cut_off", f"The file is cut off. {told}")
        if seconds < SHORTEST_SECONDS:
            raise MediaRefused("too_short", "There is less than half a second in this file.")
        self._writer.seal()
        size = self._video.width, self._video.height
        return Imported(round(seconds, 3), *size, self._writer.bytes, self._writer.segments)

    def close(self) -> None:
        """Idempotent."""
        if self._writer is not None:
            self._writer.close()

    def _add_picture(self, packet: Packet[Any]) -> None:
        if self._video is None:
            context = packet.stream.codec_context
            sps, pps = parameter_sets(context.extradata or b"")
            self._video = VideoParameters(sps, pps, context.width, context.height)
        pts = round(_seconds(packet) * FRAME_RATE) * PICTURE_TICKS  # Matroska counts milliseconds
        if packet.is_keyframe and self._group:
            self._write(pts, last=False)
        slices = [nal for nal in nals_of(bytes(packet)) if nal_type(nal) in (NalType.IDR, NalType.SLICE)]
        if slices and (not self._group or pts > self._group[-1][1]):
            self._group.append((to_avcc(slices), pts, packet.is_keyframe))
            self._end = pts + PICTURE_TICKS

    def _add_sound(self, packet: Packet[Any]) -> None:
        """An unbroken run: counted from its first frame, which the encoder's delay sets before 0."""
        if self._frames is None:
            self._frames = round(_seconds(packet) * AUDIO_SAMPLE_RATE / AAC_FRAME_SAMPLES)
        pts = self._frames * AAC_FRAME_SAMPLES
        self._frames += 1
        if pts >= 0:
            self._sound.append(AudioSample(bytes(packet), pts))
            if self._facts.video is None:
                self._show_still((pts + AAC_FRAME_SAMPLES) * 15 // 8)

    def _show_still(self, end: int) -> None:
        """The still picture for all sound that has come."""
        self._video = slate_parameters()
        for picture in self._still.due(end - 1):
            if picture.independent and self._group:
                self._write(picture.pts, last=False)
            self._group.append((picture.data, picture.pts, picture.independent))
        self._end = end

    def _write(self, end: int, *, last: bool) -> None:
        if self._writer is None:
            assert self._video is not None, "a picture has come"
            self._writer = SegmentWriter(
                *self._place,
                self._video,
                disk_floor_bytes=self._floor,
                first_segment=self._first_segment,
            )
        self._sound = self._writer.write(self._group, self._sound, end, last=last)
        self._group = []


def _packets(container: InputContainer) -> Iterator[Packet[Any]]:
    for packet in container.demux():
        if packet.pts is not None and packet.size:  # else the demuxer's way of saying that a stream is over
            yield packet


def _seconds(packet: Packet[Any]) -> float:
    assert packet.pts is not None and packet.time_base is not None, "looked at by _packets"
    return float(packet.pts * packet.time_base)


def _verify(media: Path, made: Imported, progress: Progress) -> None:
    """Read all of it again, a part at a time. Raises Damaged."""
    fd = os.open(media, os.O_RDONLY)
    try:
        count, ticks = 0, 0
        for record in cmaf.walk_parts(fd, len(cmaf.read_init(fd))):
            if not cmaf.part_is_whole(os.pread(fd, record.length, record.offset)):
                break
            count, ticks = count + 1, record.pts + record.duration
            progress(_ENCODING + (1 - _ENCODING) * (record.offset / made.bytes), "verifying")
    finally:
        os.close(fd)
    if count != made.segments or abs(ticks / VIDEO_CLOCK_RATE - made.seconds) > 0.01:
        raise Damaged(f"{media.name}: {count} of {made.segments} segments can be read again")
