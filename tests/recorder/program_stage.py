"""A program on a simulated clock: sources of real H.264 and Opus, a log that keeps what it is given.

`Stage.run(seconds)` moves time from event to event; nothing sleeps. The sound mixer is the real one, run by
the stage at each tick instead of a thread.
"""

from __future__ import annotations

import heapq
import itertools
import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from av.video.frame import PictureType

from recorder.audio import Deliver, SoundItem, work_off
from recorder.h264 import nal_type, split_annex_b
from recorder.media import (
    AccessUnit,
    AudioSample,
    OpusPacket,
    PartContent,
    PartRecord,
    SenderReport,
    SourceSink,
    VideoParameters,
    VideoSample,
)
from recorder.program import Program
from recorder.sound_mixer import PlacedPacket, SoundMixer, VoicePacket
from settings import Settings
from tests.recorder.media_maker import make_settings

START = 1000.0
TICK = 1 / 30


@dataclass
class KeptTake:
    video: VideoParameters
    slate: bool
    parts: list[PartContent] = field(default_factory=list)

    @property
    def pictures(self) -> list[VideoSample]:
        return [sample for part in self.parts for sample in part.video]

    @property
    def sound(self) -> list[AudioSample]:
        return [sample for part in self.parts for sample in part.audio]


class KeptLog:
    """A ProgramLog in memory."""

    def __init__(self) -> None:
        self.takes: list[KeptTake] = []
        self.wants_new_take = False
        self.open = False
        self.ready_at: list[float] = []
        self.clock: Callable[[], float] = lambda: 0.0

    def begin_take(self, video: VideoParameters, *, slate: bool) -> int:
        self.takes.append(KeptTake(video, slate))
        self.open, self.wants_new_take = True, False
        return len(self.takes)

    def append(self, content: PartContent) -> PartRecord:
        assert self.open, "appended to a closed take"
        self.takes[-1].parts.append(content)
        self.ready_at.append(self.clock())
        return PartRecord(0, 0, content.pts, content.duration, 0, 0, content.independent, 0)

    def close_take(self) -> None:
        self.open = False


class InlineAudio:
    """Runs the mixer in the caller's time: a stage has no threads."""

    def __init__(self) -> None:
        self.items: list[SoundItem] = []
        self.mixer: SoundMixer | None = None
        self.deliver: Deliver | None = None
        self.joined = False

    def start(self, start_pts: int, deliver: Deliver) -> None:
        self.mixer, self.deliver = SoundMixer(start_pts), deliver

    def push(self, packet: PlacedPacket | VoicePacket) -> None:
        self.items.append(packet)

    def reset(self) -> None:
        self.items.append(None)

    def advance_to(self, pts: int) -> None:
        assert self.mixer is not None and self.deliver is not None
        items, self.items = self.items, []
        if samples := work_off(self.mixer, items, pts):
            self.deliver(samples)

    def stop(self) -> None:
        pass

    def join(self) -> None:
        self.joined = True

    def counts(self) -> dict[str, int]:
        return self.mixer.counts() if self.mixer else {}


class Encoder:
    """libx264 as a live encoder: one access unit for each picture, an IDR when asked."""

    def __init__(self, width: int = 160, height: int = 96, gop: int = 10_000, **options: str) -> None:
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
        codec.gop_size = gop
        codec.options = {
            "profile": "baseline",
            "tune": "zerolatency",
            "preset": "ultrafast",
            "forced-idr": "1",
        } | options
        self._codec, self._count, self._size = codec, 0, (width, height)
        self.usual_type = PictureType.NONE

    def next(self, *, key_frame: bool = False) -> list[bytes]:
        frame = av.VideoFrame(*self._size, "yuv420p")
        for plane in frame.planes:
            row = bytes((x * 2 + self._count * 5) % 256 for x in range(plane.line_size))
            plane.update(row * plane.height)
        frame.pts = self._count
        frame.pict_type = PictureType.I if key_frame else self.usual_type
        self._count += 1
        packets = self._codec.encode(frame)
        return [nal for packet in packets for nal in split_annex_b(bytes(packet))]


@cache
def opus_packets(count: int = 100) -> tuple[bytes, ...]:
    """A 440 Hz tone in 20-ms packets."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, "mono", "s16", 32_000
    packets: list[bytes] = []
    for number in range(count + 2):
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        wave = (int(9000 * math.sin((number * 960 + n) * 2 * math.pi * 440 / 48_000)) for n in range(960))
        frame.planes[0].update(array("h", wave).tobytes())
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets[:count])


class Stage:
    """Time, a program, and what is going to happen."""

    def __init__(
        self, folder: Path, *, log: object = None, settings: Settings | None = None, resume: int = 0
    ) -> None:
        self.now = START
        self.log = log if log is not None else KeptLog()
        if isinstance(self.log, KeptLog):
            self.log.clock = lambda: self.now
        self.audio = InlineAudio()
        self.phases: list[str] = []
        self.refused: list[str] = []
        self.program = Program(
            self.log,
            started_monotonic=START,
            clock=lambda: self.now,
            settings=settings or make_settings(folder),
            resume_after_pts=resume,
            audio=self.audio,
        )
        self.program.on_phase = lambda phase: self.phases.append(phase.value)
        self.program.on_refused = lambda _, refusal: self.refused.append(refusal.reason)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self.at(START + TICK, self._tick)

    @property
    def takes(self) -> list[KeptTake]:
        assert isinstance(self.log, KeptLog)
        return self.log.takes

    def at(self, when: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (when, self._sequence, action))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, action = heapq.heappop(self._events)
            action()
        self.now = end

    async def close(self) -> None:
        await self.program.close()

    def _tick(self) -> None:
        self.program.tick()
        self.at(self.now + TICK, self._tick)


class Publisher:
    """A source with a camera and a microphone; either can rest. `delay`: seconds from capture to arrival."""

    def __init__(
        self, stage: Stage, encoder: Encoder | None = None, *, fps: float = 30, answers: bool = True
    ) -> None:
        self.stage, self.encoder, self.fps, self.answers = stage, encoder or Encoder(), fps, answers
        self.camera_on, self.microphone_on, self.closed = True, True, False
        self.delay = self.sound_delay = 0.02
        self.video_rtp, self.audio_rtp = 3_000_000, 77_000
        self.jitter: Iterator[float] | None = None
        self.key_frame_wanted = False
        self.requests: list[float] = []
        self.sent: list[AccessUnit] = []
        self.sink: SourceSink | None = None

    def start(self, *, has_video: bool = True) -> Publisher:
        self.sink = self.stage.program.begin_source(self, has_video=has_video)
        self._captured = self.stage.now
        if has_video:
            self._capture()
        self._talk(0)
        return self

    def request_key_frame(self) -> None:
        self.requests.append(self.stage.now)
        self.key_frame_wanted = self.answers

    async def close(self) -> None:
        self.closed = True

    def leave(self, reason: str = "left") -> None:
        self.closed = True
        assert self.sink is not None
        self.sink.on_closed(reason)

    def report(self, kind: str, *, shift: float = 0.0) -> None:
        """A sender report: the sender's wall clock, `shift` seconds off the capture time that is true."""
        assert self.sink is not None
        rate, rtp = (90_000, self.video_rtp) if kind == "video" else (48_000, self.audio_rtp)
        elapsed = self.stage.now - START
        report = SenderReport(kind, 1e9 + elapsed + shift, rtp + round(elapsed * rate), self.stage.now)  # type: ignore[arg-type]
        self.sink.on_sender_report(report)

    def _capture(self) -> None:
        if self.closed:
            return
        if self.camera_on:
            nals = self.encoder.next(key_frame=self.key_frame_wanted)
            self.key_frame_wanted = False
            rtp = self.video_rtp + round((self.stage.now - START) * 90_000)
            late = self.delay + (next(self.jitter) if self.jitter else 0.0)
            self.stage.at(self.stage.now + late, lambda: self._deliver(nals, rtp))
        self.stage.at(self.stage.now + 1 / self.fps, self._capture)

    def _deliver(self, nals: list[bytes], rtp: int) -> None:
        assert self.sink is not None
        unit = AccessUnit(tuple(nals), rtp, self.stage.now, any(nal_type(nal) == 5 for nal in nals))
        self.sent.append(unit)
        self.sink.on_video(unit)

    def _talk(self, number: int) -> None:
        if self.closed:
            return
        if self.microphone_on:
            data = opus_packets()[number % 100]
            rtp = self.audio_rtp + round((self.stage.now - START) * 48_000)
            self.stage.at(self.stage.now + self.sound_delay, lambda: self._say(data, rtp))
        self.stage.at(self.stage.now + 0.02, lambda: self._talk(number + 1))

    def _say(self, data: bytes, rtp: int) -> None:
        assert self.sink is not None
        self.sink.on_audio(OpusPacket(data, rtp, self.stage.now))


def decode(video: VideoParameters, samples: list[VideoSample]) -> list[bytes]:
    """The pictures of a take as FFmpeg decodes them, a digest each. Raises on any error in the stream."""
    codec = av.CodecContext.create("h264", "r")
    codec.options = {"err_detect": "explode"}
    codec.thread_count = 1
    out: list[bytes] = []
    for index, sample in enumerate(samples):
        sets = b"".join(b"\0\0\0\1" + nal for nal in (video.sps, *video.pps)) if index == 0 else b""
        packet = av.Packet(sets + annex_b(sample.data))
        packet.pts = sample.pts
        out += [b"".join(bytes(plane) for plane in frame.planes) for frame in codec.decode(packet)]
    out += [b"".join(bytes(plane) for plane in frame.planes) for frame in codec.decode(None)]
    return out


def nals_of(data: bytes) -> list[bytes]:
    """The NAL units of an AVCC sample."""
    nals, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        nals.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return nals


def annex_b(data: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals_of(data))


def written_nals(take: KeptTake) -> list[bytes]:
    return [nal for sample in take.pictures for nal in nals_of(sample.data)]


def check_takes(takes: list[KeptTake], part_seconds: float = 0.334) -> None:
    """The rules of the media log and of LL-HLS that hold for every program."""
    last_pts = -1
    sound: list[int] = []
    for take in takes:
        assert take.parts and take.parts[0].independent and take.parts[0].starts_segment
        for sample in take.pictures:
            assert sample.pts > last_pts and sample.duration > 0
            last_pts = sample.pts
        sound += [sample.pts for sample in take.sound]
        check_parts(take.parts, part_seconds)
    steps = {b - a for a, b in itertools.pairwise(sound)}
    assert all(1024 <= step < 3 * 1024 for step in steps), f"sound pauses: {sorted(steps)}"


def check_parts(parts: list[PartContent], part_seconds: float) -> None:
    """RFC 8216bis 4.4.3.7 (parts), 4.4.3.1 (segments), and that told times follow the media."""
    target = part_seconds * 90_000
    told = parts[0].pts
    segment = 0
    for index, part in enumerate(parts):
        last_of_segment = index + 1 == len(parts) or parts[index + 1].starts_segment
        assert part.duration <= target
        assert last_of_segment or part.duration >= 0.85 * target - 1, (index, part.duration)
        segment = part.duration if part.starts_segment else segment + part.duration
        assert segment <= 6 * 90_000
        for one, other in zip(part.video, part.video[1:], strict=False):
            assert one.decode_time + one.duration == other.pts == other.decode_time
        check_decoding(parts[index - 1] if index else None, part)
        if part.video:
            assert abs(part.pts - told) <= target, (index, part.pts, told)
        told += part.duration


def check_decoding(before: PartContent | None, part: PartContent) -> None:
    """Media Source Extensions, "coded frame processing": else pictures are dropped up to a key frame."""
    if not part.video:
        return
    first = part.video[0]
    assert first.composition_offset >= 0
    if before is not None and before.video:
        last = before.video[-1]
        assert 0 < first.decode_time - last.decode_time <= 2 * last.duration, (last, first)
