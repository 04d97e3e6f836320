"""What an uploaded file is: its streams, its length, and its first picture as it is to be shown.

Called in a job's own process by `normalise.py` and `imported_take.py`; only one picture is decoded. Whatever
is no usable film raises `MediaRefused`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

log = logging.getLogger(__name__)

# No playlists, no image sequences, no scripts: only containers that hold everything themselves.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
MORE_FORMATS = (
    f"{FORMATS},avi,asf,flv,mpegts,mpeg,mpegvideo,m4v,h264,hevc,mxf,dv,ogg,wav,w64,mp3,aac,flac,aiff,caf,amr"
)
# A stream's own length is exact; a container's may be that of subtitles; of these it is a guess.
_STREAM_SLACK, _CONTAINER_SLACK = 2.0, 10.0
_WITHOUT_LENGTH = frozenset(
    ("mpegts", "mpeg", "mpegvideo", "m4v", "h264", "hevc", "dv", "ogg", "mp3", "aac", "amr")
)
PROTOCOLS = "file"
MAX_SECONDS = 12 * 3600.0
MAX_PIXELS = 8192 * 4352
BOX = (1920, 1080)
_SMALLEST = 32
_FIRST_PACKETS = 600  # until a picture has come out of the decoder
_HDR_TRANSFERS = (16, 18)  # ITU-T H.273: SMPTE ST 2084 (PQ), ARIB STD-B67 (HLG)


class MediaRefused(Exception):
    """The file cannot be played, and never will be. `reason`: a word for the page; `str()`: a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """`video`, `audio`: stream indexes. `seconds`: as told, None if it is not. `width`, `height`: as shown, 0
    without a picture.

    `sound_seconds_more`: how much longer the sound is told to be than the picture. `slack`: seconds that the
    file may lack of what it tells before it counts as cut off.
    """

    video: int | None
    audio: int | None
    seconds: float | None
    width: int
    height: int
    hdr: bool
    sound_seconds_more: float
    slack: float = _STREAM_SLACK


def inspect(path: Path, *, formats: str = FORMATS, sound_is_enough: bool = False) -> MediaFacts:
    """`sound_is_enough`: a picture is not needed. Raises MediaRefused."""
    if path.stat().st_size == 0:
        raise MediaRefused("empty", "The file is empty.")
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": formats}
    try:
        with av.open(str(path), options=options, metadata_errors="replace") as container:
            return _facts(container, sound_is_enough=sound_is_enough)
    except av.FFmpegError as error:
        log.info("%s cannot be read: %s", path.name, error)
        raise MediaRefused("unreadable", "This is no MP4, WebM or MOV file, or it is cut off.") from error


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size within 1920×1080, never enlarged, both even."""
    scale = min(1.0, BOX[0] / width, BOX[1] / height)
    return _even(width * scale), _even(height * scale)


def _even(side: float) -> int:
    return max(_SMALLEST, round(side / 2) * 2)


def _facts(container: InputContainer, *, sound_is_enough: bool) -> MediaFacts:
    video = next((stream for stream in container.streams.video if not _is_cover(stream)), None)
    audio = next(iter(container.streams.audio), None)
    if video is None and not sound_is_enough:
        raise MediaRefused("no_picture", "The file has no moving picture.")
    seconds, slack = _told_length(container, video, audio)
    if seconds is not None and seconds > MAX_SECONDS and slack < float("inf"):
        raise MediaRefused("too_long", "The film is longer than 12 hours.")
    if video is None and audio is None:
        raise MediaRefused("nothing", "The file has neither a moving picture nor sound.")
    if video is None:
        index = audio.index if audio is not None else None
        return MediaFacts(None, index, seconds, 0, 0, hdr=False, sound_seconds_more=0.0, slack=slack)
    if not 0 <= video.codec_context.width * video.codec_context.height <= MAX_PIXELS:
        raise MediaRefused("too_large", "The picture is larger than 8192×4352.")
    picture = _first_picture(container, video)
    width, height = _shown_size(picture, video)
    return MediaFacts(
        video=video.index,
        audio=audio.index if audio is not None else None,
        seconds=seconds,
        width=width,
        height=height,
        hdr=picture.color_trc in _HDR_TRANSFERS,
        sound_seconds_more=_length(audio) - _length(video) if audio is not None else 0.0,
        slack=slack,
    )


def _told_length(
    container: InputContainer, video: VideoStream | None, audio: AudioStream | None
) -> tuple[float | None, float]:
    """Seconds, and how exact they are."""
    streams = [_length(stream) for stream in (video, audio) if stream is not None]
    if (longest := max(streams, default=0.0)) > 0:
        slack = _STREAM_SLACK
    else:
        longest = (container.duration or 0) / av.time_base
        slack = _CONTAINER_SLACK
    if container.format.name in _WITHOUT_LENGTH:
        slack = float("inf")
    return longest if longest > 0 else None, slack


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _first_picture(container: InputContainer, video: VideoStream) -> VideoFrame:
    for packet in islice(container.demux(video), _FIRST_PACKETS):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            log.info("a packet at the beginning cannot be decoded: %s", error)
            continue
        for frame in frames:
            if isinstance(frame, VideoFrame):
                return frame
    raise MediaRefused("unreadable", "No picture of this file can be decoded.")


def _shown_size(picture: VideoFrame, video: VideoStream) -> tuple[int, int]:
    """With square pixels, and turned as the file asks for (FFmpeg turns it)."""
    shape = video.sample_aspect_ratio
    width = max(1, round(picture.width * (float(shape) if shape else 1.0)))
    return (picture.height, width) if round(picture.rotation) % 180 else (width, picture.height)


def _length(stream: VideoStream | AudioStream) -> float:
    if stream.duration is None or stream.time_base is None:
        return 0.0
    return float(stream.duration * stream.time_base)
