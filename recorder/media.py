"""The words of the media path: what a source delivers, what a take holds.

Values only, no I/O. Three clocks meet here, each named in its field:
RTP time (unwrapped, 90 kHz video or 48 kHz audio), the session's clock (90 kHz ticks for video
and parts, 48 kHz samples for audio, both counted from the session's start), and the monotonic
clock of this process (seconds).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

VIDEO_CLOCK_RATE = 90_000
AUDIO_SAMPLE_RATE = 48_000
AAC_FRAME_SAMPLES = 1_024

MediaKind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded H.264 picture as it came from a source.

    `nals`: NAL units without start codes or length prefixes, in decoding order.
    `rtp_timestamp`: unwrapped, 90 kHz. `arrived_at`: monotonic seconds when its last packet came.
    """

    nals: tuple[bytes, ...]
    rtp_timestamp: int
    arrived_at: float
    independent: bool


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """One Opus packet. `rtp_timestamp`: unwrapped, 48 kHz. `arrived_at`: monotonic seconds."""

    data: bytes
    rtp_timestamp: int
    arrived_at: float


@dataclass(frozen=True, slots=True)
class SenderReport:
    """RTCP SR (RFC 3550 6.4.1): the sender's wall clock (seconds) at an unwrapped RTP timestamp."""

    kind: MediaKind
    ntp_seconds: float
    rtp_timestamp: int
    arrived_at: float


class SourceSink(Protocol):
    """Where a source delivers. Every call is made on the recorder's event loop."""

    def on_video(self, unit: AccessUnit) -> None: ...

    def on_audio(self, packet: OpusPacket) -> None: ...

    def on_sender_report(self, report: SenderReport) -> None: ...

    def on_video_lost(self) -> None:
        """Pictures were dropped; the next `on_video` is an IDR."""

    def on_closed(self, reason: str) -> None:
        """The source delivers nothing more. Called once."""


class Source(Protocol):
    """What can feed a program: a WHIP peer, a media file, a network camera."""

    def request_key_frame(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class VideoParameters:
    """What makes two pictures decodable by one init segment."""

    sps: bytes
    pps: tuple[bytes, ...]
    width: int
    height: int

    @property
    def codecs(self) -> str:
        """RFC 6381 `avc1.PPCCLL`, from the SPS, never from the SDP."""
        return f"avc1.{self.sps[1]:02x}{self.sps[2]:02x}{self.sps[3]:02x}"


@dataclass(frozen=True, slots=True)
class VideoSample:
    """`data`: AVCC (4-byte lengths). `pts`, `duration`: 90 kHz ticks of the session's clock.

    `composition_offset`: how far before its pts the sample is decoded; `duration`: from its decoding to the
    next one's.
    """

    data: bytes
    pts: int
    duration: int
    independent: bool
    composition_offset: int = 0

    @property
    def decode_time(self) -> int:
        return self.pts - self.composition_offset


@dataclass(frozen=True, slots=True)
class AudioSample:
    """One AAC-LC frame of 1,024 samples. `pts`: 48 kHz samples of the session's clock.

    `filled`: silence that stands in for sound which did not come.
    """

    data: bytes
    pts: int
    filled: bool = False


@dataclass(frozen=True, slots=True)
class PartContent:
    """A part before it is written. `pts`, `duration`: 90 kHz; `duration` is what playlists tell.

    `starts_segment`: the part opens the next media sequence number. `filled`: nothing in it came from the
    program's source.
    """

    video: tuple[VideoSample, ...]
    audio: tuple[AudioSample, ...]
    pts: int
    duration: int
    independent: bool
    starts_segment: bool
    filled: bool = False


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One record of `program.index`.

    `offset`, `length`: bytes in `program.mp4`. `pts`, `duration`: 90 kHz of the session's clock.
    `segment`: media sequence number, counted over the whole session; `part`: index in it. `filled`: it holds
    nothing of its source, only what stood in for it; older logs do not tell and read as not filled.
    """

    offset: int
    length: int
    pts: int
    duration: int
    segment: int
    part: int
    independent: bool
    checksum: int
    filled: bool = False


class RecordingState(StrEnum):
    """What the API says of a recording under way."""

    OK = "ok"
    SPILLING = "spilling"
    LOSING = "losing"


class SessionPhase(StrEnum):
    LIVE = "live"
    SLATE = "slate"
    ENDED = "ended"
