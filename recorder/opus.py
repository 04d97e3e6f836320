"""Opus packets to PCM by FFmpeg's own decoder: float planes as the AAC encoder wants them, mono in both."""

from __future__ import annotations

import av
from av.audio.codeccontext import AudioCodecContext

from recorder.media import AUDIO_SAMPLE_RATE

MAX_PACKET_BYTES = 1_275 * 48  # RFC 6716 3.2.1, 3.2.5: 48 frames of 1,275 bytes
SAMPLE_BYTES = 4


def opus_decoder() -> AudioCodecContext:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate = AUDIO_SAMPLE_RATE
    decoder.layout = "stereo"
    return decoder


def decode_opus(decoder: AudioCodecContext, data: bytes) -> tuple[bytes, bytes, int]:
    """Left, right, and how many samples: none for a packet that cannot be decoded."""
    left, right, samples = bytearray(), bytearray(), 0
    try:
        frames = decoder.decode(av.Packet(data)) if 0 < len(data) <= MAX_PACKET_BYTES else []
    except av.FFmpegError:
        frames = []
    for frame in frames:
        count = frame.samples * SAMPLE_BYTES
        left += memoryview(frame.planes[0])[:count]
        right += memoryview(frame.planes[1])[:count]
        samples += frame.samples
    return bytes(left), bytes(right), samples
