"""A lecture that tells its own time: each picture its number, its sound the second, in logs and in copies.

Picture n is shown at n / 30 s of the session's clock and bears n as bars; the sound is noise that is nowhere
like itself, so that where a stretch of it belongs can be measured.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from recorder.audio import silence_between
from recorder.copy_alignment import SOUND_RATE
from recorder.copy_media import open_segments
from recorder.h264 import NalType, nal_type, split_annex_b, to_avcc
from recorder.media import AAC_FRAME_SAMPLES, AudioSample, PartContent, SessionPhase, VideoParameters
from recorder.media_log import MediaLog
from recorder.media_log_reader import SessionReader
from recorder.part_cutter import PartCutter, to_samples
from recorder.slate import StillRun, slate_parameters
from recorder.sound_mixer import aac_encoder, pcm_frame
from tests.broadcast.session_writer import ROOM, STARTED_AT, SessionWriter

LENGTH = 60  # seconds of truth
SIZE = (320, 192)
BITS = 12
TICK = 3_000


@cache
def truth() -> array[float]:
    """48 kHz: noise at 4 kHz, drawn out, in syllables."""
    source = random.Random(11)
    coarse = [source.gauss(0, 0.2) for _ in range(LENGTH * 4_000 + 1)]
    found: array[float] = array("f")
    for n in range(LENGTH * 4_000):
        step = (coarse[n + 1] - coarse[n]) / 12
        found.extend(array("f", (coarse[n] + step * k for k in range(12))))
    return found


def picture(number: int, size: tuple[int, int] = SIZE) -> av.VideoFrame:
    """`number` in bars from left to right, over a ground that changes with it."""
    width, height = size
    frame = av.VideoFrame(width, height, "yuv420p")
    luma = frame.planes[0]
    bar = width // BITS
    row = b"".join((b"\xe0" if number >> bit & 1 else b"\x20") * bar for bit in range(BITS))
    ground = bytes(60 + (x + number * 2) % 80 for x in range(width))
    row, ground = row.ljust(luma.line_size, b"\x20"), ground.ljust(luma.line_size, b"\0")
    luma.update(row * (height // 2) + ground * (height - height // 2))
    for plane in frame.planes[1:]:
        plane.update(b"\x80" * plane.buffer_size)
    frame.pts = number
    return frame


def number_of(frame: av.VideoFrame) -> int:
    """What `picture` wrote."""
    plane = frame.reformat(format="gray").planes[0]
    data, bar = bytes(plane), frame.width // BITS
    line = plane.line_size * (frame.height // 4)
    return sum(1 << bit for bit in range(BITS) if data[line + bit * bar + bar // 2] > 128)


def coded(
    first: int, count: int, size: tuple[int, int] = SIZE
) -> tuple[VideoParameters, list[tuple[bytes, bool]]]:
    """Pictures as a live encoder gives them, an IDR each 2 s."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuv420p"
    codec.time_base, codec.framerate, codec.gop_size = Fraction(1, 30), Fraction(30), 60
    codec.options = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
    packets = [packet for n in range(count) for packet in codec.encode(picture(first + n, size))]
    sets: dict[int, bytes] = {}
    found = []
    for packet in packets:
        nals = split_annex_b(bytes(packet))
        sets.update({nal_type(nal): nal for nal in nals})
        slices = [nal for nal in nals if nal_type(nal) in (NalType.IDR, NalType.SLICE)]
        found.append((to_avcc(slices), nal_type(slices[0]) == NalType.IDR))
    return VideoParameters(sets[NalType.SPS], (sets[NalType.PPS],), *size), found


@cache
def sound(late: float = 0.0) -> tuple[AudioSample, ...]:
    """All of the truth as one run of AAC, as the mixer makes it."""
    behind = round(late * 48_000)
    real = array("f", bytes(4 * behind)) + truth()
    encoder = aac_encoder()
    packets = []
    for at in range(0, LENGTH * 48_000 - AAC_FRAME_SAMPLES, AAC_FRAME_SAMPLES):
        data = real[at : at + AAC_FRAME_SAMPLES].tobytes()
        packets += encoder.encode(pcm_frame(at, data, data))
    return tuple(AudioSample(bytes(one), one.pts) for one in packets if one.pts is not None and one.pts >= 0)


class Lecture:
    """Writes a session's log in seconds of the session's clock; its sound comes 0.2 s behind its pictures."""

    def __init__(
        self, folder: Path, *, audible: bool = True, size: tuple[int, int] = SIZE, room_id: str = ROOM
    ) -> None:
        self.writer = SessionWriter(folder, room_id=room_id)
        self.roots = self.writer.settings.session_roots
        self.session_id = self.writer.session_id
        self.audible = audible
        self.size = size
        self._log: MediaLog = self.writer.log

    def camera(
        self, start: float, end: float, *, falls_silent: float | None = None, late: float = 0.0
    ) -> None:
        """A take from the source; from `falls_silent` on nothing comes and the last picture stands.

        `late`: by how much what is recorded is behind its time.
        """
        stop = end if falls_silent is None else falls_silent
        first, count = round(start * 30), round((stop - start) * 30)
        parameters, pictures = coded(first - round(late * 30), count, self.size)
        cutter = PartCutter(30_060, first * TICK)
        self._log.begin_take(parameters, slate=False)
        waiting = [one for one in self._sound(start, end, late) if one.pts < stop * 48_000]
        for n, (data, independent) in enumerate(pictures):
            pts = (first + n) * TICK
            due = [one for one in waiting if one.pts < to_samples(pts - 18_000)]
            del waiting[: len(due)]
            cutter.add_sound(due)
            self._append(cutter.add_picture(data, pts, independent))
        cutter.add_sound(waiting)
        if falls_silent is not None:
            silence = to_samples(round(stop * 90_000)) + AAC_FRAME_SAMPLES
            cutter.add_sound(silence_between(silence, to_samples(round(end * 90_000))))
            for n in range(first + count, round(end * 30)):
                self._append(cutter.add_picture(pictures[-1][0], n * TICK, False, filled=True))
        cutter.finish(round(end * 90_000))
        last = cutter.last_part()
        self._append([last] if last is not None else [])
        self._log.close_take()

    def slate(self, start: float, end: float) -> None:
        cutter = PartCutter(30_060, round(start * 90_000))
        self._log.begin_take(slate_parameters(), slate=True)
        for one in StillRun(round(start * 90_000)).due(round(end * 90_000) - 3_000):
            self._append(cutter.add_picture(one.data, one.pts, one.independent, filled=True))
        cutter.finish(round(end * 90_000))
        last = cutter.last_part()
        self._append([last] if last is not None else [])
        self._log.close_take()

    def still(self, start: float, end: float) -> None:
        """A take of the source's sound behind the still picture: no slate."""
        cutter = PartCutter(30_060, round(start * 90_000))
        self._log.begin_take(slate_parameters(), slate=False)
        waiting = self._sound(start, end, 0.0)
        for one in StillRun(round(start * 90_000)).due(round(end * 90_000) - 3_000):
            due = [sample for sample in waiting if sample.pts < to_samples(one.pts)]
            del waiting[: len(due)]
            cutter.add_sound(due)
            self._append(cutter.add_picture(one.data, one.pts, one.independent, filled=True))
        cutter.add_sound(waiting)
        cutter.finish(round(end * 90_000))
        last = cutter.last_part()
        self._append([last] if last is not None else [])
        self._log.close_take()

    def end(self, end: float, reason: str = "lecturer") -> None:
        self._log.close()
        self.writer.change(phase=SessionPhase.ENDED, ended_at=STARTED_AT + end, end_reason=reason)

    def _sound(self, start: float, end: float, late: float) -> list[AudioSample]:
        first = next(one.pts for one in sound() if one.pts >= start * 48_000)
        if not self.audible:
            return silence_between(first, round(end * 48_000))
        return [one for one in sound(late) if first <= one.pts < end * 48_000]

    def _append(self, parts: list[PartContent]) -> None:
        for part in parts:
            self._log.append(part)


def write_copy(
    path: Path,
    start: float,
    end: float,
    *,
    video: str = "libx264",
    audio: str | None = "libopus",
    audible: bool = True,
    size: tuple[int, int] = SIZE,
    fragmented: bool = False,
) -> Path:
    """What a studio keeps from `start` to `end`: the lecture from its own second 0 on."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if fragmented else {}
    with av.open(str(path), "w", options=options) as container:
        pictures = container.add_stream(video, rate=30)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        pictures.bit_rate = 2_000_000
        pictures.options = (
            {"deadline": "realtime", "cpu-used": "8"}
            if video.startswith("libvpx")
            else {"preset": "ultrafast", "tune": "zerolatency"}
        )
        pictures.gop_size = 90
        heard = container.add_stream(audio, rate=48_000, layout="stereo") if audio is not None else None
        if heard is not None:
            heard.bit_rate = 128_000
        first = round(start * 30)
        for n in range(round((end - start) * 30)):
            frame = picture(first + n, size)
            frame.pts, frame.time_base = n, Fraction(1, 30)
            container.mux(pictures.encode(frame))
            if heard is not None:
                for block in range(n * 1600 // 960, (n + 1) * 1600 // 960):
                    container.mux(heard.encode(_block(start, block, audible=audible)))
        container.mux(pictures.encode(None))
        if heard is not None:
            container.mux(heard.encode(None))
    return path


def _block(start: float, number: int, *, audible: bool) -> av.AudioFrame:
    frame = av.AudioFrame(format="flt", layout="stereo", samples=960)
    at = round(start * 48_000) + number * 960
    one = truth()[at : at + 960] if audible else array("f", bytes(4 * 960))
    both = array("f", bytes(8 * 960))
    both[0::2] = both[1::2] = one
    frame.planes[0].update(both.tobytes())
    frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
    return frame


def shown(reader: SessionReader, version: int) -> Iterator[tuple[int, object]]:
    """Each span of a version → its take, and what can be decoded of it, on the session's clock."""
    for span in reader.edit_list(version).spans:
        numbers = range(span.first_segment, span.last_segment + 1)
        segments = [reader.segment_bytes(span.take, number) for number in numbers]
        yield span.take, open_segments(reader.init_bytes(span.take), segments)


def shown_pictures(reader: SessionReader, version: int) -> list[tuple[float, int]]:
    """When each picture is shown, in seconds, and the number it bears."""
    found: list[tuple[float, int]] = []
    for _, medium in shown(reader, version):
        found += [(at, number_of(frame)) for at, frame in medium.pictures(0.0, float("inf"))]
    return found


def sound_errors(
    reader: SessionReader, version: int, start: float, end: float, reach: float = 0.015
) -> list[tuple[float, float]]:
    """How far the sound is from its place, in seconds, five times a second; 9 where it is not."""
    heard = array("h", bytes(2 * LENGTH * SOUND_RATE))
    for _, medium in shown(reader, version):
        for at, frame in medium.sound(0.0, float("inf")):
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
            frame.pts = None
            for piece in resampler.resample(frame):
                samples = array("h")
                samples.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])
                first = round(at * SOUND_RATE)
                coarse = samples[::12][: len(heard) - first]
                heard[first : first + len(coarse)] = coarse
    real = array("h", (round(max(-1.0, min(1.0, one)) * 32_767) for one in truth()[::12]))
    return [
        (at / 5, _error(heard, real, at * 800, round(reach * SOUND_RATE)))
        for at in range(round(start * 5), round(end * 5))
    ]


def _error(heard: array[int], real: array[int], first: int, reach: int) -> float:
    window = heard[first : first + 400]
    energy = sum(one * one for one in window)
    if energy < 400 * 300**2:
        return 9.0
    best = max(range(-reach, reach + 1), key=lambda lag: _dot(window, real[first + lag : first + lag + 400]))
    likeness = _dot(window, real[first + best : first + best + 400])
    return best / SOUND_RATE if likeness > 0.5 * energy else 9.0


def _dot(one: array[int], other: array[int]) -> int:
    return sum(a * b for a, b in zip(one, other, strict=False))
