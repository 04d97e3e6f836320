"""What the supervisor says of its processes, in a file of the storage's `run` folder; and reading it.

Written by the supervisor on its event loop each second (no fsync: a machine that went down has no processes),
read by the watching process, which so also sees that the supervisor itself lives. Standard library only.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUPERVISOR_REPORT = "supervisor.json"


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """`ends`: how often it has ended by itself; `last_end`: with what (`SIGKILL`, `status 1`)."""

    name: str
    pid: int | None
    ready: bool
    ends: int
    last_end: str


@dataclass(frozen=True, slots=True)
class SupervisorReport:
    """`age`: seconds since it was written. `ready`: all were ready once; `stopping`: told to end."""

    pid: int
    age: float
    ready: bool
    stopping: bool
    processes: tuple[ProcessReport, ...]


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Replace it. A full disk keeps nobody from supervising."""
    told = {**report, "pid": os.getpid(), "monotonic": time.monotonic()}
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(told))
        os.replace(temporary, path)
    except OSError:
        return


def read_report(path: Path) -> SupervisorReport | None:
    """None where there is none that can be read."""
    try:
        told = json.loads(path.read_text())
        steps = told["processes"].items()
        return SupervisorReport(
            pid=int(told["pid"]),
            age=max(0.0, time.monotonic() - float(told["monotonic"])),
            ready=told["ready"] is True,
            stopping=told["stopping"] is True,
            processes=tuple(_process(name, one) for name, one in steps if not one["once"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _process(name: str, told: Mapping[str, Any]) -> ProcessReport:
    pid = told["pid"]
    return ProcessReport(
        name, int(pid) if pid else None, told["ready"] is True, int(told["ends"]), str(told["last_end"])
    )
