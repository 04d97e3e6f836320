"""Counts of one program, for the recorder's status and the benchmarks. Plain numbers, on the event loop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_LATENCIES = 512


def _ring() -> deque[float]:
    return deque(maxlen=_LATENCIES)


@dataclass(slots=True)
class ProgramStats:
    """`part_latencies`: seconds from the last picture's arrival to its part in the log, of the last parts."""

    sources: int = 0
    pictures_in: int = 0
    pictures_from_source: int = 0
    pictures_dropped: int = 0
    fills: int = 0
    long_gop: bool = False
    refused: str = ""
    part_latencies: deque[float] = field(default_factory=_ring)

    def numbers(self) -> dict[str, float | int | str | bool]:
        ordered = sorted(self.part_latencies)
        return {
            "sources": self.sources,
            "pictures_in": self.pictures_in,
            "pictures_from_source": self.pictures_from_source,
            "pictures_dropped": self.pictures_dropped,
            "fills": self.fills,
            "long_gop": self.long_gop,
            "refused": self.refused,
            "part_latency_p50_ms": _quantile_ms(ordered, 0.5),
            "part_latency_p95_ms": _quantile_ms(ordered, 0.95),
        }


def _quantile_ms(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2) if ordered else 0.0
