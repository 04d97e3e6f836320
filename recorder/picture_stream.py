"""One source's coded pictures, read as far as a take needs: which sets they use, whether they may be kept.

Pure, one per source, on the event loop. Parameter sets, delimiters and fillers are kept out of the samples;
slices and SEI pass byte-identical. Whatever a take cannot hold ends the source with a clear word
(`SourceRefused`); whatever cannot be read is dropped up to the next IDR.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from recorder.h264 import (
    H264Error,
    NalType,
    Pps,
    SliceHeader,
    SliceType,
    Sps,
    nal_type,
    parse_pps,
    parse_slice_header,
    parse_sps,
    slice_pps_id,
    to_avcc,
)
from recorder.media import AccessUnit, VideoParameters

log = logging.getLogger(__name__)

_LEFT_OUT = frozenset(
    (
        NalType.SPS,
        NalType.PPS,
        NalType.DELIMITER,
        NalType.END_OF_SEQUENCE,
        NalType.END_OF_STREAM,
        NalType.FILLER,
    )
)
_MAX_PPS = 16
_PROFILES = frozenset((66, 77, 100))


class SourceRefused(Exception):
    """A source sends what no take holds. `reason`: a word for log and status; `str()`: a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to write. `parameters`: the sets in force, for an IDR only."""

    data: bytes
    independent: bool
    header: SliceHeader
    sps: Sps
    pps: Pps
    parameters: VideoParameters | None


class PictureStream:
    """Reads access units in decoding order."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._sps: dict[int, tuple[bytes, Sps]] = {}
        self._pps: dict[int, tuple[bytes, Pps]] = {}
        self._in_force: VideoParameters | None = None
        self._awaits_idr = True

    @property
    def awaits_idr(self) -> bool:
        """Whether nothing can be written before the next IDR."""
        return self._awaits_idr

    def await_idr(self) -> None:
        """Pictures were lost, or were not written: drop all up to the next IDR."""
        self._awaits_idr = True

    def read(self, unit: AccessUnit) -> Picture | None:
        """The picture of an access unit, or None if there is none to write. Raises SourceRefused."""
        try:
            return self._read([nal for nal in unit.nals if nal])
        except H264Error as error:
            self.unreadable += 1
            if self.unreadable == 1:
                log.warning("a picture that cannot be read is dropped: %s", error)
            self._awaits_idr = True
            return None

    def _read(self, nals: Sequence[bytes]) -> Picture | None:
        kinds = [nal_type(nal) for nal in nals]
        changed = self._take_sets(nals, kinds)
        if NalType.PARTITION_A in kinds:
            raise SourceRefused("profile", "H.264 data partitioning is not supported.")
        first = next((i for i, k in enumerate(kinds) if k in (NalType.SLICE, NalType.IDR)), None)
        independent = first is not None and kinds[first] == NalType.IDR
        if changed and not independent:
            # New sets in mid-GOP: the take's init segment does not know them.
            self._awaits_idr = True
        if first is None:
            return None
        if self._awaits_idr and not independent:
            return None
        sps, pps = self._sets_of(nals[first])
        header = parse_slice_header(nals[first], sps, pps)
        _refuse_reordering(header)
        parameters = self._parameters(sps, pps) if independent else None
        if parameters is not None:
            self._in_force, self._awaits_idr = parameters, False
        kept = to_avcc(nal for nal, kind in zip(nals, kinds, strict=True) if kind not in _LEFT_OUT)
        return Picture(kept, independent, header, sps, pps, parameters)

    def _take_sets(self, nals: Sequence[bytes], kinds: Sequence[int]) -> bool:
        """Remember parameter sets; whether one contradicts those in force."""
        changed = False
        for nal, kind in zip(nals, kinds, strict=True):
            if kind == NalType.SPS and not self._knows(self._sps, nal):
                sps = _usable_sps(nal)
                self._sps[sps.id] = (nal, sps)
                changed = True
            elif kind == NalType.PPS and not self._knows(self._pps, nal):
                pps = _usable_pps(nal)
                self._pps[pps.id] = (nal, pps)
                changed = True
        return changed and self._in_force is not None

    @staticmethod
    def _knows(sets: dict[int, tuple[bytes, Sps]] | dict[int, tuple[bytes, Pps]], nal: bytes) -> bool:
        return any(raw == nal for raw, _ in sets.values())

    def _sets_of(self, nal: bytes) -> tuple[Sps, Pps]:
        _, pps = self._pps.get(slice_pps_id(nal), (b"", None))
        _, sps = self._sps.get(pps.sps_id, (b"", None)) if pps else (b"", None)
        if pps is None or sps is None:
            raise H264Error("a slice without its parameter sets")
        return sps, pps

    def _parameters(self, sps: Sps, used: Pps) -> VideoParameters:
        """Of an IDR: its SPS and every PPS for it; of a sender that piles up PPS ids, only the one used."""
        raw, _ = self._sps[sps.id]
        known = [(nal, pps) for _, (nal, pps) in sorted(self._pps.items()) if pps.sps_id == sps.id]
        kept = known if len(known) <= _MAX_PPS else [(nal, pps) for nal, pps in known if pps is used]
        return VideoParameters(raw, tuple(nal for nal, _ in kept), sps.width, sps.height)


def _usable_sps(nal: bytes) -> Sps:
    try:
        sps = parse_sps(nal)
    except H264Error as error:
        raise _unreadable(error) from error
    if sps.profile not in _PROFILES or sps.chroma_format != 1 or sps.bit_depth != 8:
        detail = f"H.264 profile {sps.profile} is not supported: send Baseline, Main or High, 8 bit 4:2:0."
        raise SourceRefused("profile", detail)
    return sps


def _usable_pps(nal: bytes) -> Pps:
    try:
        return parse_pps(nal)
    except H264Error as error:
        raise _unreadable(error) from error


def _unreadable(error: H264Error) -> SourceRefused:
    return SourceRefused("unreadable", f"The H.264 stream cannot be read: {error}.")


def _refuse_reordering(header: SliceHeader) -> None:
    if header.type == SliceType.B:
        detail = "The encoder sends B-frames: switch them off (bframes=0, tune zerolatency)."
        raise SourceRefused("b-frames", detail)
    if header.field:
        raise SourceRefused("interlaced", "The encoder sends interlaced pictures: send progressive ones.")
