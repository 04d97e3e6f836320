"""What the benchmarks share: CPU time of processes, percentiles, and the machine that a figure belongs to."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


@dataclass(frozen=True, slots=True)
class MachineTime:
    """Clock ticks of all cores since the machine started."""

    idle: int
    total: int

    @classmethod
    def now(cls) -> MachineTime:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return cls(ticks[3] + ticks[4], sum(ticks))

    def busy_since(self, earlier: MachineTime) -> float:
        """The share (0–1) of all cores' time that was used, by whomever."""
        return 1 - (self.idle - earlier.idle) / max(1, self.total - earlier.total)


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0–1) of the values lie; NaN without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 3) -> str:
    """`median (minimum–maximum)`."""
    low, middle, high = (round(percentile(values, share), digits) for share in (0.0, 0.5, 1.0))
    return f"{middle} ({low}–{high})"


def machine() -> str:
    """One line for the head of a report: processor, cores, kernel, Python, date, load."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"{time.strftime('%Y-%m-%d')}, load at start {load:.2f}"
    )
