"""The sound of a healed take: PCM from copies, put where it belongs, as one run of AAC-LC frames.

Called in a job's own process. The run begins where the log's sound before it ends and ends where the log's
goes on, to a frame: takes may hold their sound a little behind their pictures. What is missing is silence.
Positions are 48 kHz samples of the session's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import av
from av.audio.frame import AudioFrame

from recorder.media import AAC_FRAME_SAMPLES, AUDIO_SAMPLE_RATE, AudioSample
from recorder.sound_mixer import aac_encoder, pcm_frame

TOLERANCE_SAMPLES = 960  # 20 ms: frames that follow each other are played as they follow
PRIMING_FRAMES = 2  # the encoder hears so much before the first frame that is kept
_BYTES = 4  # of one float sample


class Pcm(NamedTuple):
    """Samples of both sides, 32-bit float, from `start` on."""

    start: int
    left: bytes
    right: bytes


def pcm_of(frames: Iterable[tuple[float, AudioFrame]], offset: float, rate: float) -> Iterator[Pcm]:
    """Frames at seconds of a copy's clock, whose second `t` is the session's second `offset + rate * t`."""
    resampler: av.AudioResampler | None = None
    source_rate = 0
    at: int | None = None
    for seconds, frame in frames:
        if resampler is None or frame.sample_rate != source_rate:
            source_rate = frame.sample_rate
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=AUDIO_SAMPLE_RATE)
            at = None
        expected = round((offset + rate * seconds) * AUDIO_SAMPLE_RATE)
        if at is None or abs(expected - at) > TOLERANCE_SAMPLES:
            at = expected
        frame.pts = None
        frame.sample_rate = round(source_rate / rate)  # played that much slower
        for piece in resampler.resample(frame):
            size = piece.samples * _BYTES
            left, right = (bytes(plane)[:size] for plane in piece.planes)
            yield Pcm(at, left, right)
            at += piece.samples


def encode_run(pieces: Iterable[Pcm], start: int, end: int) -> list[AudioSample]:
    """Frames from `start` on, the last of which reaches `end`."""
    encoder = aac_encoder()
    first = start - PRIMING_FRAMES * AAC_FRAME_SAMPLES
    count = PRIMING_FRAMES - ((start - end) // AAC_FRAME_SAMPLES)
    packets = []
    for number, (left, right) in enumerate(_blocks(pieces, first, count)):
        packets += encoder.encode(pcm_frame(first + number * AAC_FRAME_SAMPLES, left, right))
    packets += encoder.encode(None)
    timed = [(packet.pts, bytes(packet)) for packet in packets if packet.pts is not None]
    return [AudioSample(data, pts) for pts, data in timed if start <= pts < end]


def _blocks(pieces: Iterable[Pcm], first: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """`count` blocks of AAC_FRAME_SAMPLES from sample `first` on."""
    block = AAC_FRAME_SAMPLES * _BYTES
    left, right = bytearray(), bytearray()
    given = 0
    for piece in pieces:
        missing = piece.start - first - given * AAC_FRAME_SAMPLES - len(left) // _BYTES
        skipped = min(len(piece.left), max(0, -missing) * _BYTES)
        silence = bytes(max(0, min(missing, (count - given) * AAC_FRAME_SAMPLES)) * _BYTES)
        left.extend(silence + piece.left[skipped:])
        right.extend(silence + piece.right[skipped:])
        while len(left) >= block and given < count:
            yield bytes(left[:block]), bytes(right[:block])
            del left[:block], right[:block]
            given += 1
        if given >= count:
            return
    while given < count:
        yield bytes(left[:block]).ljust(block, b"\0"), bytes(right[:block]).ljust(block, b"\0")
        del left[:block], right[:block]
        given += 1
