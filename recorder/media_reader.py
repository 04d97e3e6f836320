"""Reads a normalised film (`normalise.py`) as coded pictures and Opus packets, in order, from any key frame
on.

Nothing is decoded. `MediaReader` blocks on the disk and belongs to one thread; `read_ahead.py` is that
thread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from recorder.cmaf_init import BadInit, parameter_sets
from recorder.media_facts import PROTOCOLS
from recorder.normalise import FRAME_RATE

OPUS_PACKET_SECONDS = 0.02
# Matroska counts milliseconds; what was made has a constant rate, so the exact times are known.
_OPUS_DELAY_SECONDS = 312 / 48_000  # libopus' own, which the first packet begins with


class MediaUnreadable(Exception):
    """The film is not there (any more), or is not as `normalise` makes it."""


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """`seconds`: media time. `nals`: with the parameter sets before an IDR."""

    seconds: float
    nals: tuple[bytes, ...]
    independent: bool


@dataclass(frozen=True, slots=True)
class CodedSound:
    """One Opus packet of 20 ms. `seconds`: media time."""

    seconds: float
    data: bytes


Coded = CodedPicture | CodedSound


class MediaReader:
    """`duration`: seconds. `next()` gives None at the end."""

    def __init__(self, path: Path) -> None:
        options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": "matroska,webm"}
        try:
            self._container = av.open(str(path), options=options)
            self._video = self._container.streams.video[0]
            self._audio = self._container.streams.audio[0]
            self._sets = _parameter_sets(self._video.codec_context.extradata or b"")
        except (av.FFmpegError, IndexError, BadInit, struct.error) as error:
            raise MediaUnreadable(f"{path.name}: {error}") from error
        self.duration = (self._container.duration or 0) / av.time_base
        self._packets = self._demux()
        self._sound_from = 0.0

    def seek(self, seconds: float) -> None:
        """Go on from the last key frame at or before `seconds`; sound begins with it."""
        target = max(0.0, min(seconds, self.duration - 1 / FRAME_RATE))
        # Half a picture later: a time that fell on a key frame, rounded down, must find that one.
        offset = int((target + 0.5 / FRAME_RATE) / self._time_base)
        try:
            self._container.seek(offset, stream=self._video)
        except av.FFmpegError as error:
            raise MediaUnreadable(str(error)) from error
        self._packets = self._demux()
        self._sound_from = float("inf")  # until the picture is known

    def next(self) -> Coded | None:
        """Raises MediaUnreadable."""
        try:
            return next(self._packets, None)
        except av.FFmpegError as error:
            raise MediaUnreadable(str(error)) from error

    def close(self) -> None:
        self._container.close()

    @property
    def _time_base(self) -> float:
        assert self._video.time_base is not None, "a stream that is read has one"
        return float(self._video.time_base)

    def _demux(self) -> Iterator[Coded]:
        for packet in self._container.demux(self._video, self._audio):
            if packet.pts is None or not packet.size:
                continue  # the demuxer's way of saying that a stream is over
            coded = self._picture(packet) if packet.stream is self._video else self._sound(packet)
            if coded is not None:
                yield coded

    def _picture(self, packet: Packet[Any]) -> CodedPicture:
        assert packet.pts is not None, "checked by _demux"
        seconds = round(packet.pts * self._time_base * FRAME_RATE) / FRAME_RATE
        if self._sound_from == float("inf"):
            self._sound_from = seconds
        nals = nals_of(bytes(packet))
        sets = self._sets if packet.is_keyframe else ()
        return CodedPicture(seconds, (*sets, *nals), packet.is_keyframe)

    def _sound(self, packet: Packet[Any]) -> CodedSound | None:
        assert packet.pts is not None, "checked by _demux"
        told = packet.pts * self._time_base + _OPUS_DELAY_SECONDS
        seconds = round(told / OPUS_PACKET_SECONDS) * OPUS_PACKET_SECONDS - _OPUS_DELAY_SECONDS
        if seconds < self._sound_from - OPUS_PACKET_SECONDS:
            return None
        return CodedSound(seconds, bytes(packet))


def _parameter_sets(configuration: bytes) -> tuple[bytes, ...]:
    sps, pps = parameter_sets(configuration)
    return (sps, *pps)


def nals_of(sample: bytes) -> list[bytes]:
    """NAL units of a sample with 4-byte lengths; what is cut off at the end is left out."""
    nals, at = [], 0
    while at + 4 <= len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        nals.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    return nals
