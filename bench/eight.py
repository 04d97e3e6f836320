"""Eight 720p30 ingests of 2 Mbit/s into a recorder that is pinned to one core: frames lost, part latency.

Shows 3 of the first issue. One cheap publisher process sends all eight from the other core.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from bench.ingest import frames_in_log
from bench.measure import MachineTime, cpu_seconds
from bench.recorder_status import pin, program_status, recorder_pid
from tests.installation import PROJECT, Installation, wait_for

RECORDER_CORE, PUBLISHER_CORE = 0, 1


def run(folder: Path, *, seconds: float = 60.0, ingests: int = 8) -> dict[str, object]:
    """`frames_lost`: sent but not in the log, over all ingests; `part_ms_p95`: the worst ingest's."""
    app = Installation(folder)
    app.start()
    try:
        app.add_lecturer()
        slugs = [f"hall-{number}" for number in range(ingests)]
        keys = [app.add_room(slug) for slug in slugs]
        pid = recorder_pid(app)
        pin(pid, RECORDER_CORE)
        with _publisher(keys, seconds) as publisher:
            pin(publisher.pid, PUBLISHER_CORE)
            assert publisher.stdout is not None
            publisher.stdout.readline()
            before, machine = cpu_seconds(pid), MachineTime.now()
            status: dict[str, dict[str, float]] = {}
            counts = _watch(app, publisher, slugs, status, seconds)
            used, busy = cpu_seconds(pid) - before, MachineTime.now().busy_since(machine)
        sessions = [app.wait_for_state(slug, "slate", 20)["id"] for slug in slugs]
    finally:
        app.stop()
    logged = [frames_in_log(app.storage / "sessions", session) for session in sessions]
    lost = [sent["pictures"] - frames for sent, frames in zip(counts, logged, strict=True)]
    return {
        "ingests": ingests,
        "seconds": seconds,
        "frames_sent": sum(sent["pictures"] for sent in counts),
        "frames_lost": sum(lost),
        "frames_lost_of_ingests": lost,
        "fills": sum(int(status[slug]["fills"]) for slug in slugs),
        "part_ms_p50": max(status[slug]["part_latency_p50_ms"] for slug in slugs),
        "part_ms_p95": max(status[slug]["part_latency_p95_ms"] for slug in slugs),
        "part_ms_p95_of_ingests": [status[slug]["part_latency_p95_ms"] for slug in slugs],
        "recorder_cpu_share": round(used / seconds, 3),
        "machine_busy": round(busy, 3),
    }


def _publisher(keys: list[dict[str, str]], seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.sender", "--seconds", str(seconds)]
    for key in keys:
        command += ["--to", key["whip_url"], key["stream_key"]]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def _watch(
    app: Installation,
    publisher: subprocess.Popen[str],
    slugs: list[str],
    status: dict[str, dict[str, float]],
    seconds: float,
) -> list[dict[str, int]]:
    """Look at all programs until the publisher has stopped sending; what it sent."""
    output = publisher.stdout
    assert output is not None
    printed: list[str] = []
    reader = threading.Thread(target=lambda: printed.append(output.readline()), daemon=True)
    reader.start()

    def over() -> bool:
        if not reader.is_alive():
            return True
        for slug in slugs:
            if found := program_status(app, slug):
                status[slug] = found
        return False

    wait_for("the publisher to stop", over, seconds + 60, every=2.0)
    counts: list[dict[str, int]] = json.loads(printed[0])
    return counts
