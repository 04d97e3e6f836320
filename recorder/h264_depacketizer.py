"""RTP payloads in order → access units (RFC 6184: single NAL units, STAP-A, FU-A).

Pure; owned by one video stream, on the recorder's event loop. Only whole pictures that can be
decoded leave: after a loss everything is dropped until the next IDR. Bounded: an access unit holds
at most `MAX_UNIT_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable

from recorder.jitter_buffer import RtpPacket
from recorder.media import AccessUnit
from recorder.rtp_time import RtpTime

MAX_UNIT_BYTES = 4 * 1024 * 1024
MAX_UNIT_NALS = 4_096

NAL_IDR = 5
NAL_SPS = 7
NAL_AUD = 9
STAP_A = 24
FU_A = 28
# F and NRI of a NAL unit's header (H.264 7.3.1).
REFERENCE_BITS = 0xE0


class AccessUnitAssembler:
    """Calls `deliver` with each whole access unit, `on_lost` when it begins to drop pictures."""

    def __init__(
        self, time: RtpTime, deliver: Callable[[AccessUnit], None], on_lost: Callable[[], None]
    ) -> None:
        self.awaiting_idr = True
        self._time = time
        self._deliver = deliver
        self._on_lost = on_lost
        self._timestamp = -1
        self._prefix: list[bytes] = []
        self._begin_unit()

    def push(self, packet: RtpPacket) -> None:
        """Take the next packet in order. A broken payload counts as a lost one (RFC 6184 5.8)."""
        timestamp, marker, payload, arrived_at, follows = packet
        if timestamp != self._timestamp or not follows:
            self._cross_boundary(packet)
        if payload:
            self._take(payload)
        if marker:
            self._finish(arrived_at)

    def lose(self) -> None:
        """Pictures are missing: drop what is open, and everything until the next IDR."""
        self._begin_unit()
        self._damaged = True
        self._prefix.clear()
        if not self.awaiting_idr:
            self.awaiting_idr = True
            self._on_lost()

    def _begin_unit(self) -> None:
        self._nals: list[bytes] = []
        self._fragments: list[bytes] = []
        self._bytes = 0
        self._has_picture = False
        self._has_idr = False
        self._damaged = False

    def _cross_boundary(self, packet: RtpPacket) -> None:
        """A new timestamp ends an access unit whose marker never came; a hole spoils it."""
        if not packet.follows:
            self.lose()
            # Only what must stand first in an access unit proves that nothing before it is missing.
            self._damaged = not opens_access_unit(packet.payload)
        elif self._nals or self._fragments:
            self._finish(packet.arrived_at)
        else:
            self._damaged = False
        self._timestamp = packet.timestamp

    def _take(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == FU_A:
            whole = self._take_fragment(payload)
        elif 1 <= kind < STAP_A:
            whole = self._take_nal(payload)
        elif kind == STAP_A:
            whole = self._take_aggregate(payload)
        else:
            whole = False
        if not whole and not self._damaged:
            self.lose()

    def _take_nal(self, nal: bytes) -> bool:
        if self._fragments:
            return False
        kind = nal[0] & 0x1F
        if kind <= NAL_IDR:
            self._has_picture = True
            self._has_idr = self._has_idr or kind == NAL_IDR
        self._nals.append(nal)
        self._bytes += len(nal)
        return self._bytes <= MAX_UNIT_BYTES and len(self._nals) <= MAX_UNIT_NALS

    def _take_aggregate(self, payload: bytes) -> bool:
        position, end = 1, len(payload)
        while position + 2 < end:
            size = payload[position] << 8 | payload[position + 1]
            position += 2
            if not size or position + size > end:
                return False
            if not self._take_nal(payload[position : position + size]):
                return False
            position += size
        return position == end

    def _take_fragment(self, payload: bytes) -> bool:
        if len(payload) < 3:
            return False
        header = payload[1]
        if header & 0x80:
            if self._fragments:
                return False
            self._fragments.append(bytes((payload[0] & REFERENCE_BITS | header & 0x1F,)))
        elif not self._fragments:
            return False
        self._fragments.append(payload[2:])
        self._bytes += len(payload)
        if header & 0x40:
            nal = b"".join(self._fragments)
            self._fragments = []
            self._bytes -= len(nal)
            return self._take_nal(nal)
        return self._bytes <= MAX_UNIT_BYTES

    def _finish(self, arrived_at: float) -> None:
        """The access unit is complete, unless something of it is missing."""
        if self._fragments and not self._damaged:
            self.lose()
        whole = not self._damaged
        nals, idr, picture = self._nals, self._has_idr, self._has_picture
        self._begin_unit()
        if not whole or not nals:
            return
        if not picture:
            # Parameter sets sent as a unit of their own belong to the picture that follows.
            self._prefix = nals if len(self._prefix) > 64 else self._prefix + nals
        elif idr or not self.awaiting_idr:
            self._emit(nals, idr, arrived_at)

    def _emit(self, nals: list[bytes], idr: bool, arrived_at: float) -> None:
        self.awaiting_idr = False
        if self._prefix:
            nals, self._prefix = self._prefix + nals, []
        self._deliver(AccessUnit(tuple(nals), self._time.advance(self._timestamp), arrived_at, idr))


def opens_access_unit(payload: bytes) -> bool:
    """Whether a packet can only be the first of an access unit (H.264 7.4.1.2.3)."""
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == STAP_A and len(payload) > 3:
        kind = payload[3] & 0x1F
    return kind in (NAL_SPS, NAL_AUD)
