"""Key frames decoded one by one, fitted to a size, and put into WebP.

Used in a job's own process. A `KeyFrameDecoder` keeps one decoder for as long as the parameter sets stay the
same; what cannot be decoded is None. WebP is FFmpeg's libwebp, in yuv420p.
"""

from __future__ import annotations

import logging

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from recorder.key_frames import KeyFrame
from recorder.media import VideoParameters

log = logging.getLogger(__name__)

_START_CODE = b"\0\0\0\1"
_PLANAR = ("yuv420p", "yuvj420p")
_TELEVISION_LINES = 576


class KeyFrameDecoder:
    """One picture at a time, none of which refers to another."""

    def __init__(self) -> None:
        self._video: VideoParameters | None = None
        self._codec: VideoCodecContext | None = None

    def decode(self, frame: KeyFrame) -> VideoFrame | None:
        """The picture, 8-bit 4:2:0; None for a damaged one."""
        codec = self._codec_for(frame.video)
        sets = (frame.video.sps, *frame.video.pps)
        data = b"".join(_START_CODE + nal for nal in (*sets, *_nals(frame.data)))
        try:
            # The empty packet has it give out what it holds back for B-frames, which we have none of.
            pictures = [*codec.decode(av.Packet(data)), *codec.decode(None)]
        except av.FFmpegError as error:
            log.info("a key frame cannot be decoded: %s", error)
            pictures = []
        codec.flush_buffers()
        picture = next((one for one in pictures if isinstance(one, VideoFrame)), None)
        if picture is None or picture.format.name in _PLANAR:
            return picture
        return picture.reformat(format="yuv420p")

    def _codec_for(self, video: VideoParameters) -> VideoCodecContext:
        if self._codec is None or video != self._video:
            codec = av.CodecContext.create("h264", "r")
            assert isinstance(codec, VideoCodecContext)
            codec.thread_count = 1
            # What is damaged is no picture, rather than half of one that is grey.
            codec.options = {"err_detect": "explode"}
            self._codec, self._video = codec, video
        return self._codec


class Scaler:
    """Makes pictures smaller; keeps FFmpeg's tables while sizes stay the same."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def scaled(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """As yuv420p of limited range and BT.601's matrix, which is all that WebP knows."""
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="yuv420p",
            interpolation="AREA",
            src_colorspace=_matrix_of(frame),
            dst_colorspace=Colorspace.ITU601,
        )


def _matrix_of(frame: VideoFrame) -> Colorspace:
    """As the stream says (H.264 table E-5), else as players guess: BT.709 above the size of television."""
    told = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(frame.colorspace)
    return told or (Colorspace.ITU709 if frame.height > _TELEVISION_LINES else Colorspace.ITU601)


def webp(frame: VideoFrame, quality: int) -> bytes:
    """Raises av.FFmpegError."""
    codec = av.CodecContext.create("libwebp", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "yuv420p"
    codec.options = {"quality": str(quality)}
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))


def webp_within(frame: VideoFrame, most_bytes: int) -> bytes:
    """As good as fits into `most_bytes`; where not even the worst fits, that. Raises av.FFmpegError."""
    data = b""
    for quality in (82, 74, 64, 52, 40, 25, 10, 0):
        data = webp(frame, quality)
        if len(data) <= most_bytes:
            break
    return data


def within(width: int, height: int, most_width: int, most_height: int) -> tuple[int, int]:
    """The size of a picture made smaller, never larger, so that it fits; even numbers."""
    scale = min(1.0, most_width / max(1, width), most_height / max(1, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _nals(avcc: bytes) -> list[bytes]:
    """NAL units of a sample with lengths of 4 bytes; what is cut is left out."""
    found, at = [], 0
    while at + 4 <= len(avcc):
        size = int.from_bytes(avcc[at : at + 4], "big")
        found.append(avcc[at + 4 : at + 4 + size])
        at += 4 + size
    return [nal for nal in found if nal]
