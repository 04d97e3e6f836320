"""The picture at one moment of a film, coded again as an IDR: what a viewer who comes in a pause needs.

Blocking (up to 60 pictures are decoded): called in a thread. Coded as `normalise.py` codes, so that the
parameter sets are the film's own and the take goes on; where an encoder's version differs, the next take
begins.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from recorder.h264 import split_annex_b
from recorder.media_facts import PROTOCOLS
from recorder.normalise import FRAME_RATE, GOP_PICTURES, MAX_KILOBITS

_RESTING_QUALITY = 21


def rest_picture(path: Path, seconds: float) -> tuple[bytes, ...]:
    """NAL units of the IDR, parameter sets first; none if the film cannot be read there."""
    try:
        with av.open(str(path), options={"protocol_whitelist": PROTOCOLS}) as container:
            picture = _picture_at(container, seconds)
            return _coded(picture, container.streams.video[0].codec_context) if picture is not None else ()
    except av.FFmpegError:
        return ()


def _picture_at(container: av.container.InputContainer, seconds: float) -> VideoFrame | None:
    video = container.streams.video[0]
    assert video.time_base is not None, "a stream that is read has one"
    container.seek(int(seconds / video.time_base), stream=video)
    found = None
    for frame in container.decode(video):
        if found is not None and frame.time is not None and frame.time > seconds:
            break
        found = frame
    return found


def _coded(picture: VideoFrame, film: VideoCodecContext) -> tuple[bytes, ...]:
    codec = VideoCodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = picture.width, picture.height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
    codec.gop_size, codec.max_b_frames = GOP_PICTURES, 0
    codec.color_range, codec.colorspace = film.color_range, film.colorspace
    codec.color_primaries, codec.color_trc = film.color_primaries, film.color_trc
    codec.thread_count = 1  # one slice
    codec.options = {
        "profile": "baseline",
        "preset": "veryfast",
        "crf": str(_RESTING_QUALITY),
        "maxrate": f"{MAX_KILOBITS}k",
        "bufsize": f"{2 * MAX_KILOBITS}k",
        "x264-params": "sar=1/1",
    }
    picture.pts, picture.time_base = 0, codec.time_base
    picture.pict_type = PictureType.I
    packets = [*codec.encode(picture), *codec.encode(None)]
    return tuple(nal for packet in packets for nal in split_annex_b(bytes(packet)))
