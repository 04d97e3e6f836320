"""A microphone heard over the program's sound: a short queue of PCM that is added frame by frame.

Owned by one SoundMixer, in its thread. The voice is live and on no clock but its arrival: what comes waits
HELD_SECONDS against jitter, what piles up is dropped. While it is heard the other sound is 6 dB lower.
"""

from __future__ import annotations

from array import array
from operator import add

from av.audio.codeccontext import AudioCodecContext

from recorder.media import AUDIO_SAMPLE_RATE
from recorder.opus import SAMPLE_BYTES, decode_opus, opus_decoder

HELD_SECONDS = 0.1
MOST_SECONDS = 0.4
DUCKED = 0.5

_HELD_BYTES = int(HELD_SECONDS * AUDIO_SAMPLE_RATE) * SAMPLE_BYTES
_MOST_BYTES = int(MOST_SECONDS * AUDIO_SAMPLE_RATE) * SAMPLE_BYTES


class VoiceLine:
    """Silent, and without cost, until packets come."""

    def __init__(self) -> None:
        self._pcm = (bytearray(), bytearray())
        self._decoder: AudioCodecContext | None = None
        self._flowing = False

    def add(self, data: bytes) -> None:
        """One Opus packet of the microphone."""
        if self._decoder is None:
            self._decoder = opus_decoder()
        left, right, _ = decode_opus(self._decoder, data)
        for side, more in zip(self._pcm, (left, right), strict=True):
            side.extend(more)
            if len(side) > _MOST_BYTES:
                del side[: len(side) - _HELD_BYTES]
        self._flowing = self._flowing or len(self._pcm[0]) >= _HELD_BYTES

    def over(self, left: bytes, right: bytes) -> tuple[bytes, bytes]:
        """A frame of the other sound with the voice over it."""
        if not self._flowing:
            return left, right
        taken = [self._take(side, len(left)) for side in self._pcm]
        if not self._pcm[0]:
            self._flowing = False  # it begins again behind a new reserve
            self._decoder = None
        return _mixed(left, taken[0]), _mixed(right, taken[1])

    @staticmethod
    def _take(side: bytearray, size: int) -> bytes:
        taken = bytes(side[:size])
        del side[:size]
        return taken.ljust(size, b"\0")


def _mixed(sound: bytes, voice: bytes) -> bytes:
    ducked = map(DUCKED.__mul__, array("f", sound))
    return array("f", map(add, ducked, array("f", voice))).tobytes()
