"""H.264 and Opus made once by PyAV and sent again and again: a publisher that costs next to nothing.

Every group of pictures starts with an IDR that carries its parameter sets, there are no B-frames, and
the picture moves and is noisy enough to need its bit rate.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from fractions import Fraction

import av

OPUS_FRAME_SAMPLES = 960
_START_CODE = re.compile(b"\x00*\x00\x00\x01")


@dataclass(frozen=True)
class PreparedPicture:
    """One access unit: `annex_b` as the encoder wrote it, `nals` without start codes."""

    annex_b: bytes
    nals: tuple[bytes, ...]
    independent: bool


@dataclass(frozen=True)
class PreparedVideo:
    width: int
    height: int
    frames_per_second: int
    pictures: tuple[PreparedPicture, ...]

    def next_idr(self, index: int) -> int:
        """The first IDR at or after `index`, going round."""
        count = len(self.pictures)
        return next(i % count for i in range(index, index + count) if self.pictures[i % count].independent)


@dataclass(frozen=True)
class PreparedAudio:
    """Opus packets of 20 ms at 48 kHz."""

    packets: tuple[bytes, ...]


@functools.cache
def prepare_video(
    width: int = 640,
    height: int = 360,
    *,
    frames_per_second: int = 30,
    seconds: float = 4.0,
    gop: int = 60,
    kilobits: int = 800,
    profile: str = "baseline",
) -> PreparedVideo:
    """`profile`: baseline, main or high. `gop`: pictures from one IDR to the next."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = Fraction(1, frames_per_second)
    codec.framerate = Fraction(frames_per_second)
    codec.bit_rate = kilobits * 1000
    codec.thread_count = 1
    # As a real-time encoder does, an IDR may take no more than some five pictures' share.
    buffered_kilobits = max(1, kilobits * 5 // frames_per_second)
    codec.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "profile": profile,
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:sliced-threads=0"
        f":vbv-maxrate={kilobits}:vbv-bufsize={buffered_kilobits}:nal-hrd=none:rc-lookahead=0",
    }
    source = f"testsrc2=size={width}x{height}:rate={frames_per_second},noise=alls=14:allf=t,format=yuv420p"
    packets: list[av.Packet] = []
    for index, frame in enumerate(_frames(source, round(seconds * frames_per_second))):
        frame.pts, frame.time_base = index, codec.time_base
        frame.pict_type = av.video.frame.PictureType.NONE
        packets += codec.encode(frame)
    packets += codec.encode(None)
    return PreparedVideo(width, height, frames_per_second, tuple(_prepared(p) for p in packets))


@functools.cache
def prepare_audio(seconds: float = 4.0, *, hertz: int = 440) -> PreparedAudio:
    """A tone with a beep in it each second."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "stereo", "s16"
    codec.bit_rate = 64_000
    codec.time_base = Fraction(1, 48_000)
    tone = f"0.1*sin(2*PI*{hertz}*t)*(1+5*lt(mod(t,1),0.1))"
    form = "aformat=sample_fmts=s16:channel_layouts=stereo"
    form = "aformat=sample_fmts=s16:channel_layouts=stereo"
    source = f"aevalsrc='{tone}|{tone}':s=48000:n={OPUS_FRAME_SAMPLES},{form}"
    packets = []
    for index, frame in enumerate(_frames(source, round(seconds * 50))):
        frame.pts, frame.time_base = index * OPUS_FRAME_SAMPLES, codec.time_base
        packets += [bytes(p) for p in codec.encode(frame)]
    return PreparedAudio(tuple(packets))


def split_nals(annex_b: bytes) -> tuple[bytes, ...]:
    """NAL units between start codes (H.264 B.1.1)."""
    return tuple(part for part in _START_CODE.split(annex_b) if part)


def _prepared(packet: av.Packet) -> PreparedPicture:
    data = bytes(packet)
    nals = split_nals(data)
    return PreparedPicture(data, nals, any(nal[0] & 31 == 5 for nal in nals))


def _frames(source: str, count: int):
    """The first frames of a source that FFmpeg's libavfilter makes."""
    with av.open(source, format="lavfi") as container:
        yield from itertools.islice(container.decode(container.streams[0]), count)
