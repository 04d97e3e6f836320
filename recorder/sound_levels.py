"""The AAC of a recording decoded for its loudness alone.

Used in a job's own process. Of each decoded frame only some samples are looked at: the power of sound needs
no more, and a pure tone does not hide between them, for their distance does not divide a frame.
"""

from __future__ import annotations

import logging

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from recorder.key_frames import SoundFrame
from recorder.loudness import LoudnessMeter

log = logging.getLogger(__name__)

# ISO/IEC 14496-3 1.6.2.1: AAC-LC, 48 kHz, two channels, as every take has it.
_CONFIG = bytes((0x11, 0x90))
STRIDE = 13  # 1,024 samples of a frame → 79


class SoundLevels:
    """Feeds a LoudnessMeter."""

    def __init__(self, meter: LoudnessMeter) -> None:
        self._meter = meter
        codec = av.CodecContext.create("aac", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.extradata = _CONFIG
        self._codec = codec

    def add(self, sound: SoundFrame) -> None:
        """A damaged frame counts as silence."""
        try:
            frames = self._codec.decode(av.Packet(sound.data))
        except av.FFmpegError as error:
            log.debug("a frame of sound cannot be decoded: %s", error)
            return
        for frame in frames:
            self._take(frame, sound.at)

    def _take(self, frame: AudioFrame, at: float) -> None:
        if frame.format.name != "fltp":
            return
        for plane in frame.planes:
            samples = memoryview(plane).cast("B").cast("f")[: frame.samples]
            self._meter.add(at, samples[::STRIDE].tolist())
