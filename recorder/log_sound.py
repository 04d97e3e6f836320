"""The sound of a session as one stream on its clock, for transcription: mono, 16 kHz, 32-bit float.

Called in a job's own process, also while the lecture runs. Takes that are no slate follow each other (healed
ones in the place of what they heal); whatever is between them is silence, so sample n is always n / 16,000 s
after the session's start. One segment is in memory at a time, however long the lecture is.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext

from recorder.media import AAC_FRAME_SAMPLES, AUDIO_SAMPLE_RATE, VIDEO_CLOCK_RATE, SessionPhase
from recorder.media_log_reader import NotInLog, SegmentSlot, SessionReader, TakeView

RATE = 16_000

_RATIO = AUDIO_SAMPLE_RATE // RATE
_BYTES = 4  # of a sample
_SILENCE_SAMPLES = 10 * RATE  # a long gap comes in pieces
# A segment may hold sound from a little before its pictures and up to a second behind them.
_PREROLL_TICKS = 3 * VIDEO_CLOCK_RATE

log = logging.getLogger(__name__)


class _Piece(NamedTuple):
    """Decoded sound: `data` from sample `start` on."""

    start: int
    data: bytes


class LogSound:
    """What a session's log has to hear. `reader` stays its owner's, who closes it."""

    def __init__(self, reader: SessionReader) -> None:
        self._reader = reader

    @property
    def ended(self) -> bool:
        """Whether no sound will follow, as of the last `refresh`."""
        return self._reader.state.phase is SessionPhase.ENDED

    def refresh(self) -> None:
        """Take in what was recorded since."""
        self._reader.refresh()

    @property
    def seconds(self) -> float:
        """Where what can be heard so far ends."""
        ends = [slot.pts + slot.duration for _, slot in self._segments()]
        return max(ends, default=0) / VIDEO_CLOCK_RATE

    def blocks(self, start: int) -> Iterator[bytes]:
        """Sound from sample `start` on, without a hole, to the end of the last complete segment.

        What cannot be decoded, or is no longer there, is silence.
        """
        at = start
        for piece in self._pieces(start):
            while piece.start > at:
                silence = min(piece.start - at, _SILENCE_SAMPLES)
                yield bytes(silence * _BYTES)
                at += silence
            if data := piece.data[(at - piece.start) * _BYTES :]:
                yield data
                at += len(data) // _BYTES

    def _pieces(self, start: int) -> Iterator[_Piece]:
        decoder = _Decoder()
        first = start * VIDEO_CLOCK_RATE // RATE - _PREROLL_TICKS
        for take, slot in self._segments():
            if slot.pts + slot.duration < first:
                continue
            for pts, packet in self._packets(take, slot):
                yield from decoder.decode(pts, packet)
        yield from decoder.flush()

    def _segments(self) -> Iterator[tuple[TakeView, SegmentSlot]]:
        """Complete segments in the order of the session's clock."""
        for span in self._reader.whole_list(self._reader.newest_edit()).spans:
            try:
                take = self._reader.take(span.take)
            except NotInLog:
                continue  # a healed take that is gone
            for slot in tuple(take.segments):
                if slot.complete and span.shows(slot.segment):
                    yield take, slot

    def _packets(self, take: TakeView, slot: SegmentSlot) -> Iterator[tuple[int, bytes]]:
        try:
            media = take.init + self._reader.segment_bytes(take.number, slot.segment)
            with av.open(io.BytesIO(media), "r", format="mp4") as container:
                for packet in container.demux(container.streams.audio[0]):
                    if packet.pts is not None and packet.size:
                        yield int(packet.pts), bytes(packet)
        except (NotInLog, av.FFmpegError, IndexError) as error:
            log.warning("segment %d of take %d cannot be heard: %s", slot.segment, take.number, error)


class _Decoder:
    """AAC frames that follow each other, to samples of 16 kHz: a new run begins behind each gap."""

    def __init__(self) -> None:
        self._next_pts: int | None = None
        self._begin(0)

    def decode(self, pts: int, data: bytes) -> Iterator[_Piece]:
        """One frame at `pts` (48 kHz). Frames before the end of the last are dropped."""
        if self._next_pts is None or pts > self._next_pts:
            yield from self.flush()
            self._begin(-(-pts // _RATIO))
        elif pts < self._next_pts:
            return
        self._next_pts = pts + AAC_FRAME_SAMPLES
        packet = av.Packet(data)
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError as error:
            log.warning("a frame of sound at %d cannot be decoded: %s", pts, error)
            self._next_pts = None
            return
        for frame in frames:
            frame.pts = None
            yield from self._placed(self._resampler.resample(frame))

    def flush(self) -> Iterator[_Piece]:
        """What is still in the resampler."""
        if self._next_pts is not None:
            self._next_pts = None
            yield from self._placed(self._resampler.resample(None))

    def _begin(self, position: int) -> None:
        codec = av.CodecContext.create("aac", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.extradata = bytes((0x11, 0x90))  # AAC-LC, 48 kHz, stereo (ISO/IEC 14496-3 1.6.2.1)
        self._codec = codec
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        self._position = position

    def _placed(self, frames: list[av.AudioFrame]) -> Iterator[_Piece]:
        for frame in frames:
            yield _Piece(self._position, bytes(frame.planes[0])[: frame.samples * _BYTES])
            self._position += frame.samples
