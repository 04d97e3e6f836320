"""Puts one stream's RTP packets in order, and says which are missing and which are given up.

Pure: time comes in as an argument (monotonic seconds), packets go out in order, nothing is sent.
Owned by one `MediaStream`, on the recorder's event loop. Bounded: at most `MAX_WAITING` packets
wait behind a hole, and a hole is waited for at most `patience` seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recorder.rtp_time import unwrap_sequence

MAX_WAITING = 2_048
# A sequence number this far off is a restarted sender, not a loss (RFC 3550 A.1, MAX_DROPOUT).
MAX_JUMP = 3_000
# NACKs for one packet: more cannot arrive in time, and a sender that ignores them is left alone.
MAX_REQUESTS = 10
# After this many losses without a single answer the sender is taken to repair nothing: then the wait
# is for reordering only. An answer that comes too late shows that it does: then the wait was too short.
HOPELESS_HOLES = 3
HOPELESS_PATIENCE_SECONDS = 0.05


class RtpPacket(NamedTuple):
    """One packet's payload. `follows`: the packet before it, by number, was handed out too."""

    timestamp: int
    marker: bool
    payload: bytes
    arrived_at: float
    follows: bool = True


@dataclass(slots=True)
class MissingPacket:
    noticed_at: float
    requests: int = 0
    requested_at: float = 0.0


@dataclass(slots=True)
class PacketCounts:
    """What became of the packets: `missed` were not there in time, `repaired` came after a request,
    `lost` were never handed out.
    """

    received: int = 0
    duplicate: int = 0
    late: int = 0
    missed: int = 0
    repaired: int = 0
    lost: int = 0
    strays: int = 0
    restarts: int = 0


class JitterBuffer:
    """`insert` and `expire` return packets in order; a hole shows as `follows=False`.

    `repair_seconds`: from noticing a hole to the packet that was asked for, as a rule, in time or late;
    None before the first one.
    """

    def __init__(self, patience_seconds: float) -> None:
        self.counts = PacketCounts()
        self.missing: dict[int, MissingPacket] = {}
        self.patience_seconds = patience_seconds
        self.repair_seconds: float | None = None
        self._next = -1
        self._highest = -1
        self._waiting: dict[int, RtpPacket] = {}
        self._given_up: dict[int, MissingPacket] = {}
        self._follows = False
        self._stray = -1
        self._counts_from = 0

    @property
    def highest_sequence(self) -> int:
        """Extended; its low 16 bits are the packet's own number. -1 before the first packet."""
        return self._highest

    @property
    def holding(self) -> bool:
        """Packets wait behind a hole."""
        return bool(self._waiting)

    @property
    def repairs_are_hopeless(self) -> bool:
        """The sender has not answered a single request so far."""
        return self.repair_seconds is None and self.counts.lost >= HOPELESS_HOLES

    def look_back(self, sequence: int, count: int, now: float) -> None:
        """Before the first packet: `count` packets ahead of it may have been lost, and are asked for.

        They may as well never have existed, so they do not count as lost if they do not come.
        """
        first = sequence + 0x10000
        self._begin_at(first - count)
        self._highest = first - 1
        self._counts_from = first
        self.missing = {number: MissingPacket(now) for number in range(first - count, first)}

    def insert(self, sequence: int, packet: RtpPacket) -> list[RtpPacket]:
        """Take a packet as it arrived, with its 16-bit number; returns what is now in order."""
        if self._highest < 0:
            self._begin_at(sequence + 0x10000)
        number = unwrap_sequence(sequence, self._highest)
        if number == self._next and not self._waiting:
            return self._pass_on(number, packet)
        if abs(number - self._highest) > MAX_JUMP and not self._is_restart(sequence):
            return []
        if self._highest < 0:
            self._begin_at(sequence + 0x10000)
            number = self._next
        return self._place(number, packet)

    def expire(self, now: float) -> list[RtpPacket]:
        """Give up holes that were waited for long enough; returns what stood behind them."""
        out: list[RtpPacket] = []
        while self._waiting and (missing := self.missing.get(self._next)) is not None:
            crowded = len(self._waiting) >= MAX_WAITING
            if now - missing.noticed_at < self._current_patience() and not crowded:
                break
            self._give_up_hole()
            self._drain(out)
        return out

    def next_deadline(self) -> float | None:
        """When `expire` will have something to do, if nothing arrives before."""
        missing = self.missing.get(self._next)
        return missing.noticed_at + self._current_patience() if missing else None

    def requests_due(self, now: float, interval_seconds: float) -> list[int]:
        """Extended numbers to ask for (again), each at most once per `interval_seconds`."""
        due = []
        for number, missing in self.missing.items():
            if missing.requests < MAX_REQUESTS and (
                missing.requests == 0 or now - missing.requested_at >= interval_seconds
            ):
                missing.requests += 1
                missing.requested_at = now
                due.append(number)
        return due

    def _begin_at(self, number: int) -> None:
        self._next = number
        self._highest = number - 1
        self._follows = False

    def _pass_on(self, number: int, packet: RtpPacket) -> list[RtpPacket]:
        self.counts.received += 1
        self._next = number + 1
        self._highest = number
        if self._follows:
            return [packet]
        self._follows = True
        return [packet._replace(follows=False)]

    def _place(self, number: int, packet: RtpPacket) -> list[RtpPacket]:
        if number < self._next or number in self._waiting:
            self._count_useless(number, packet.arrived_at)
            return []
        self.counts.received += 1
        for hole in range(self._highest + 1, number):
            self.missing[hole] = MissingPacket(packet.arrived_at)
            self.counts.missed += 1
        self._highest = max(self._highest, number)
        self._note_repair(number, packet.arrived_at)
        self._waiting[number] = packet
        out: list[RtpPacket] = []
        self._drain(out)
        if len(self._waiting) >= MAX_WAITING:
            out.extend(self.expire(packet.arrived_at))
        return out

    def _drain(self, out: list[RtpPacket]) -> None:
        while (packet := self._waiting.pop(self._next, None)) is not None:
            out.append(packet if self._follows else packet._replace(follows=False))
            self._follows = True
            self._next += 1

    def _give_up_hole(self) -> None:
        if len(self._given_up) > MAX_WAITING:
            self._given_up.clear()
        while self._next not in self._waiting:
            self._given_up[self._next] = self.missing.pop(self._next)
            self.counts.lost += self._next >= self._counts_from
            self._next += 1
        self._follows = False

    def _note_repair(self, number: int, now: float) -> None:
        missing = self.missing.pop(number, None)
        if missing is not None and missing.requests:
            self.counts.repaired += 1
            self._note_answer(missing, now)

    def _count_useless(self, number: int, now: float) -> None:
        """A packet that comes after it was given up, or a copy of one that is here already."""
        given_up = self._given_up.pop(number, None)
        if given_up is None:
            self.counts.duplicate += 1
            return
        self.counts.late += 1
        if given_up.requests:
            self._note_answer(given_up, now)

    def _note_answer(self, missing: MissingPacket, now: float) -> None:
        """From the hole on, whichever request was answered: a wait of that length would have been enough."""
        sample, known = now - missing.noticed_at, self.repair_seconds
        self.repair_seconds = sample if known is None else 0.8 * known + 0.2 * sample

    def _current_patience(self) -> float:
        if self.repairs_are_hopeless:
            return min(self.patience_seconds, HOPELESS_PATIENCE_SECONDS)
        return self.patience_seconds

    def _is_restart(self, sequence: int) -> bool:
        """Two packets in a row far off: the sender began anew (RFC 3550 A.1, `bad_seq`)."""
        if sequence != self._stray:
            self._stray = (sequence + 1) & 0xFFFF
            self.counts.strays += 1
            return False
        self._stray = -1
        self.counts.restarts += 1
        self.counts.lost += len(self.missing)
        self.missing.clear()
        self._waiting.clear()
        self._given_up.clear()
        self._highest = -1
        return True
