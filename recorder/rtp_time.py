"""RTP's short counters made long: 16-bit sequence numbers and 32-bit timestamps.

Pure arithmetic (RFC 3550 5.1, A.1): a counter is taken to have moved by the smaller way round.
Used by the receiving side of one peer, on the recorder's event loop.
"""

from __future__ import annotations


def unwrap_sequence(short: int, near: int) -> int:
    """The extended sequence number with the low 16 bits `short` that lies closest to `near`.

    A distance of exactly 2^15 counts as forward.
    """
    forward = (short - near) & 0xFFFF
    return near + (forward if forward <= 0x8000 else forward - 0x10000)


def unwrap_timestamp(short: int, near: int) -> int:
    """The extended timestamp with the low 32 bits `short` that lies closest to `near`.

    A jump of exactly 2^31 counts as forward: time that jumps is handed on as it came, and the
    program's timeline decides what it means.
    """
    forward = (short - near) & 0xFFFFFFFF
    return near + (forward if forward <= 0x80000000 else forward - 0x100000000)


class RtpTime:
    """The unwrapped RTP time of one stream. The first timestamp seen is kept as it is."""

    __slots__ = ("_last", "_last_short")

    def __init__(self) -> None:
        self._last = 0
        self._last_short = -1

    @property
    def started(self) -> bool:
        return self._last_short >= 0

    def advance(self, short: int) -> int:
        """Unwrap a media packet's timestamp; the next one is measured from it."""
        if short == self._last_short:
            return self._last
        self._last = unwrap_timestamp(short, self._last) if self._last_short >= 0 else short
        self._last_short = short
        return self._last

    def locate(self, short: int) -> int:
        """Unwrap a timestamp told by a sender report, without moving the stream's own time."""
        return unwrap_timestamp(short, self._last)
