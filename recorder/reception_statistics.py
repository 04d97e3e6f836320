"""What a receiver report says of one stream (RFC 3550 6.4.1, A.3, A.8).

Pure; owned by an `RtpStream`, on the recorder's event loop. Losses are counted as the network made
them, before any repair: that is what a sender's congestion control wants to know.
"""

from __future__ import annotations

from typing import NamedTuple

from recorder.rtcp import ReportBlock


class Reception(NamedTuple):
    """`expected`, `lost`: packets since the report before."""

    block: ReportBlock
    expected: int
    lost: int


class ReceptionStatistics:
    """Counts the packets of one SSRC; `begin_anew` when its sequence numbers restart."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._base = -1
        self._received = 0
        self._received_before = 0
        self._expected_before = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._last_report = 0
        self._last_report_at = 0.0

    def count(self) -> None:
        self._received += 1

    def measure_jitter(self, timestamp: int, arrived_at: float) -> None:
        """Called once a picture or talk spurt: enough for a figure nobody steers by."""
        transit = arrived_at * self._clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < self._clock_rate:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def note_sender_report(self, ntp: int, now: float) -> None:
        """`ntp`: 64 bits as sent; its middle 32 go back, for the sender's round-trip time."""
        self._last_report = (ntp >> 16) & 0xFFFFFFFF
        self._last_report_at = now

    def begin_anew(self) -> None:
        """The next report takes what came so far as complete."""
        self._base = -1

    def report(self, ssrc: int, highest_sequence: int, now: float) -> Reception:
        if self._base < 0:
            self._base = highest_sequence - self._received
            self._expected_before = self._received
            self._received_before = self._received
        expected = highest_sequence - self._base
        interval = expected - self._expected_before
        lost = max(0, interval - (self._received - self._received_before))
        self._expected_before, self._received_before = expected, self._received
        block = ReportBlock(
            ssrc=ssrc,
            fraction_lost=min(255, (lost << 8) // interval) if interval > 0 else 0,
            packets_lost=expected - self._received,
            highest_sequence=highest_sequence,
            jitter=int(self._jitter),
            last_report=self._last_report,
            delay=int((now - self._last_report_at) * 65_536) if self._last_report else 0,
        )
        return Reception(block, interval, lost)
