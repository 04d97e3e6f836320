"""Real media for tests: H.264 (libx264 baseline, no B-frames) and AAC-LC, cut into parts.

`make_media(seconds)` encodes once per process and size; `make_parts(...)` is the same media as PartContent on
the session's clock. Nothing is stored in the repository.
"""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from recorder.media import (
    AAC_FRAME_SAMPLES,
    AUDIO_SAMPLE_RATE,
    VIDEO_CLOCK_RATE,
    AudioSample,
    PartContent,
    VideoParameters,
    VideoSample,
)
from settings import Settings

_START_CODE = re.compile(rb"\x00\x00\x00?\x01")


@dataclass(frozen=True)
class Media:
    """Samples that begin at pts 0 of the session's clock."""

    parameters: VideoParameters
    video: tuple[VideoSample, ...]
    audio: tuple[AudioSample, ...]

    def moved(self, pts: int) -> Media:
        """The same media, `pts` ticks of 90 kHz later (a multiple of 15 keeps the audio exact)."""
        audio_pts = pts * AUDIO_SAMPLE_RATE // VIDEO_CLOCK_RATE
        return Media(
            self.parameters,
            tuple(replace(sample, pts=sample.pts + pts) for sample in self.video),
            tuple(replace(sample, pts=sample.pts + audio_pts) for sample in self.audio),
        )


@cache
def make_media(
    seconds: float = 2.0,
    *,
    width: int = 160,
    height: int = 96,
    fps: int = 30,
    gop: int = 60,
    kilobits: int = 200,
) -> Media:
    """A moving picture with an IDR each `gop` pictures, and a tone."""
    parameters, video = _encode_video(round(seconds * fps), width, height, fps, gop, kilobits)
    return Media(parameters, video, _encode_audio(seconds))


def make_parts(
    media: Media, *, start_pts: int = 0, pictures_per_part: int = 10, parts_per_segment: int = 6
) -> list[PartContent]:
    """The media as parts; a segment begins with each IDR that opens a part, or after `parts_per_segment`."""
    moved = media.moved(start_pts)
    parts: list[PartContent] = []
    audio = list(moved.audio)
    in_segment = parts_per_segment
    for first in range(0, len(moved.video), pictures_per_part):
        video = moved.video[first : first + pictures_per_part]
        end = video[-1].pts + video[-1].duration
        sound = tuple(sample for sample in audio if sample.pts * 15 < end * 8)
        del audio[: len(sound)]
        starts = in_segment >= parts_per_segment or (video[0].independent and first == 0)
        in_segment = 1 if starts else in_segment + 1
        pts = video[0].pts
        parts.append(PartContent(video, sound, pts, end - pts, video[0].independent, starts))
    return parts


def make_settings(folder: Path, **changes: object) -> Settings:
    """Settings with everything below `folder` and the spill beside the storage; fields by keyword."""
    environment = {"KODO_STORAGE": str(folder / "storage"), "KODO_SPILL_FOLDER": str(folder / "spill")}
    return replace(Settings.from_environment(environment), **changes)  # type: ignore[arg-type]


def split_nals(annex_b: bytes) -> list[bytes]:
    """NAL units between start codes."""
    return [nal.rstrip(b"\0") for nal in _START_CODE.split(annex_b) if nal]


def _encode_video(
    count: int, width: int, height: int, fps: int, gop: int, kilobits: int
) -> tuple[VideoParameters, tuple[VideoSample, ...]]:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, fps), Fraction(fps)
    codec.bit_rate, codec.gop_size = kilobits * 1000, gop
    codec.options = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
    packets = [packet for n in range(count) for packet in codec.encode(_picture(n, width, height))]
    packets += codec.encode(None)
    sets: dict[int, bytes] = {}
    samples = []
    for packet in packets:
        nals = split_nals(bytes(packet))
        sets.update({nal[0] & 31: nal for nal in nals if nal[0] & 31 in (7, 8)})
        coded = [nal for nal in nals if nal[0] & 31 in (1, 5)]
        data = b"".join(len(nal).to_bytes(4, "big") + nal for nal in coded)
        tick = VIDEO_CLOCK_RATE // fps
        samples.append(VideoSample(data, int(packet.pts or 0) * tick, tick, coded[0][0] & 31 == 5))
    return VideoParameters(sets[7], (sets[8],), width, height), tuple(samples)


def _picture(number: int, width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, level in zip(frame.planes, (None, 110, 150), strict=True):
        if level is None:
            ramp = bytes(n % 256 for n in range(width + 3 * height + 256))
            starts = ((number * 3 + 2 * y) % 256 for y in range(plane.height))
            rows = (ramp[start : start + width].ljust(plane.line_size, b"\0") for start in starts)
            plane.update(b"".join(rows))
        else:
            plane.update(bytes([level]) * plane.buffer_size)
    frame.pts = number
    return frame


def _encode_audio(seconds: float) -> tuple[AudioSample, ...]:
    codec = av.CodecContext.create("aac", "w")
    codec.sample_rate, codec.layout, codec.format = AUDIO_SAMPLE_RATE, "stereo", "fltp"  # type: ignore[attr-defined]
    codec.bit_rate = 64_000
    packets = []
    for number in range(int(seconds * AUDIO_SAMPLE_RATE) // AAC_FRAME_SAMPLES):
        packets += codec.encode(_tone(number))
    packets += codec.encode(None)
    kept = [bytes(packet) for packet in packets if (packet.pts or 0) >= 0]  # without the encoder's priming
    return tuple(AudioSample(data, number * AAC_FRAME_SAMPLES) for number, data in enumerate(kept))


def _tone(number: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="stereo", samples=AAC_FRAME_SAMPLES)
    first = number * AAC_FRAME_SAMPLES
    step = 2 * math.pi * 440 / AUDIO_SAMPLE_RATE
    wave = array("f", (0.3 * math.sin(step * at) for at in range(first, first + AAC_FRAME_SAMPLES)))
    for plane in frame.planes:
        plane.update(wave.tobytes().ljust(plane.buffer_size, b"\0"))
    frame.sample_rate, frame.pts = AUDIO_SAMPLE_RATE, first
    return frame
