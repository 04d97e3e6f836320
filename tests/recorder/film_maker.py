"""Films for tests, made by PyAV as people's cameras and programs make them; nothing is stored."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from recorder.media import AudioSample
from recorder.media_reader import Coded, MediaReader
from recorder.normalise import normalise
from recorder.read_ahead import Waiting


def make_film(
    path: Path,
    seconds: float = 3.0,
    *,
    width: int = 320,
    height: int = 180,
    fps: int = 30,
    codec: str = "libx264",
    sound: str | None = "aac",
    layout: str = "stereo",
    rotation: int = 0,
    hdr: bool = False,
    picture: bool = True,
    **options: str,
) -> Path:
    """A bar that moves one step in each picture, and a tone of 440 Hz."""
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(codec, rate=fps) if picture else None
        audio = container.add_stream(sound, rate=48_000, layout=layout) if sound else None
        if video is not None:
            video.width, video.height = width, height
            video.pix_fmt = "yuv420p10le" if hdr else "yuv420p"
            if hdr:
                video.codec_context.color_primaries, video.codec_context.color_trc = 9, 16
                video.codec_context.colorspace = 9
            if rotation:
                video.set_display_rotation(rotation)
            for number in range(round(seconds * fps)):
                container.mux(video.encode(_picture(number, width, height, hdr=hdr)))
            container.mux(video.encode(None))
        if audio is not None:
            for number in range(math.ceil(seconds * 48_000 / 960)):
                container.mux(audio.encode(_tone(number, layout)))
            container.mux(audio.encode(None))
    return path


def _picture(number: int, width: int, height: int, *, hdr: bool) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    bar = number * 4 % width
    row = bytearray(b"\x30" * frame.planes[0].line_size)
    row[bar : bar + 16] = b"\xd0" * min(16, width - bar)
    frame.planes[0].update(bytes(row) * height)
    for plane in frame.planes[1:]:
        plane.update(b"\x80" * plane.buffer_size)
    if hdr:
        frame = frame.reformat(format="yuv420p10le")
    frame.pts = number
    return frame


def _tone(number: int, layout: str) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout=layout, samples=960)
    first = number * 960
    wave = array("f", (0.4 * math.sin((first + n) * 2 * math.pi * 440 / 48_000) for n in range(960)))
    for plane in frame.planes:
        plane.update(wave.tobytes().ljust(plane.buffer_size, b"\0"))
    frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
    return frame


@cache
def _ready_film(folder: Path, seconds: float, width: int, height: int) -> Path:
    source = make_film(folder / f"source-{seconds}.mp4", seconds, width=width, height=height)
    ready = folder / f"ready-{seconds}.mkv"
    normalise(source, ready, disk_floor_bytes=0, progress=lambda *_: None)
    return ready


def ready_film(folder: Path, seconds: float = 6.0, *, width: int = 160, height: int = 96) -> Path:
    """A normalised film, made once per folder."""
    return _ready_film(folder, seconds, width, height)


class InlineReader:
    """Reads in the caller's time: a stage has no threads."""

    def __init__(self, path: Path, seconds: float = 0.0) -> None:
        self._reader = MediaReader(path)
        self._head: Coded | None = None
        self.closed = False
        self.duration = self._reader.duration
        self.seek(seconds)

    def head(self) -> Coded | Waiting:
        return self._head if self._head is not None else Waiting.END

    def pop(self) -> None:
        self._head = self._reader.next()

    def seek(self, seconds: float) -> None:
        self._reader.seek(seconds)
        self.pop()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._reader.close()


def decoded_sound(path: Path) -> tuple[array[float], int]:
    """Left channel of a file's sound, and its rate."""
    samples: array[float] = array("f")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                samples.frombytes(bytes(piece.planes[0])[: piece.samples * 4])
    return samples, 48_000


def decoded(sound: Sequence[AudioSample]) -> array[float]:
    """Left channel of a take's AAC frames, as they follow each other."""
    codec = av.CodecContext.create("aac", "r")
    codec.extradata = bytes((0x11, 0x90))
    codec.sample_rate, codec.layout = 48_000, "stereo"
    samples: array[float] = array("f")
    for sample in sound:
        for frame in codec.decode(av.Packet(sample.data)):
            samples.frombytes(bytes(frame.planes[0])[: frame.samples * 4])
    return samples


def loudness(samples: array[float]) -> float:
    """Root mean square."""
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))
