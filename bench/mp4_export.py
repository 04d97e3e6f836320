"""Times the two steps of an MP4 export: the remux whole, the decode check by a sample of its speed.

The export runs in a process of its own, because it is stopped in mid-check; it prints a line `share word` at
each progress: python -m bench.mp4_export SESSIONS SESSION FILE.mp4
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from recorder.export import export_mp4
from tests.installation import PROJECT

SAMPLE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ExportTiming:
    """`check_seconds`: what the check of the whole file would take, by its speed over the sample."""

    remux_seconds: float
    check_seconds: float


def time_export(
    sessions: Path, session_id: str, destination: Path, sample_seconds: float = SAMPLE_SECONDS
) -> ExportTiming:
    """Begin an export of a log of one take, and stop it when both steps are known."""
    command = [sys.executable, "-m", "bench.mp4_export", str(sessions), session_id, str(destination)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as export:
        try:
            return _watch(export, sample_seconds)
        finally:
            if export.poll() is None:
                os.killpg(export.pid, signal.SIGKILL)  # FFmpeg too


def _watch(export: subprocess.Popen[str], sample_seconds: float) -> ExportTiming:
    assert export.stdout is not None
    export.stdout.readline()  # imports are done
    began = time.monotonic()
    first: tuple[float, float] | None = None
    now = last_share = began
    for line in export.stdout:
        share, word = line.split(maxsplit=1)
        if word.strip() != "checking":
            continue
        now, last_share = time.monotonic(), float(share)
        first = first or (now, last_share)
        if now - first[0] > sample_seconds:
            break
    assert first is not None, "the export did not come to its check"
    speed = (last_share - first[1]) * 2 / max(now - first[0], 1e-3)
    return ExportTiming(first[0] - began, 1 / speed if speed else float("nan"))


def main() -> None:
    sessions, session_id, destination = sys.argv[1:]
    print("0 ready", flush=True)
    export_mp4(
        (Path(sessions),), session_id, Path(destination), lambda share, word: print(share, word, flush=True)
    )


if __name__ == "__main__":
    main()
