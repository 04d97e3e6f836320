"""1,000 held viewers against `app.py` with no edge, one real ingest running: part latency, errors, CPU.

Every viewer holds the next playlist, fetches each part as shipped and holds the room's event feed. A part's
latency runs from the recorder's hint (the part is on the disk) to the viewer's last byte. The load client is
compiled C on the same cores; its share of the CPU is told.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.live_hall import live_hall
from bench.measure import MachineTime, cpu_seconds, percentile, resident_megabytes
from tests.installation import PROJECT, Installation, wait_for

SOURCE = PROJECT / "bench" / "load_client.c"
PUBLISHER = "tests.publishers.aiortc_publisher"


def build_client(folder: Path) -> Path:
    """Compile the load client. Raises CalledProcessError where there is no compiler."""
    binary = folder / "load_client"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", binary, SOURCE], check=True)
    return binary


class PartTimes:
    """When each part was announced, on CLOCK_MONOTONIC, read from the hint socket in a thread."""

    def __init__(self, path: Path) -> None:
        self.at: dict[tuple[int, int, int], float] = {}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                now = time.monotonic()
                hint = json.loads(line)
                if hint["kind"] == "part":
                    self.at[hint["take"], hint["segment"], hint["part"]] = now

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()


def run(folder: Path, *, viewers: int = 1000, seconds: float = 60.0) -> dict[str, object]:
    """Shows 4 of the first issue."""

    def sender(key: dict[str, str]) -> list[str]:
        to = ["--whip", key["whip_url"], "--token", key["stream_key"]]
        return [PUBLISHER, *to, "--seconds", str(seconds + 60), "--kilobits", "1500"]

    client = build_client(folder)
    with live_hall(folder, sender) as app:
        times = PartTimes(app.storage / "run" / "hints.sock")
        command = [str(client), *_addresses(app), str(viewers), str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            assert load.stderr is not None
            load.stderr.readline()  # all have come, now it counts
            before = {name: cpu_seconds(_pid(app, name)) for name in ("web", "recorder")}
            machine_before = MachineTime.now()
            printed, _ = load.communicate(timeout=seconds + 60)
        used = {name: cpu_seconds(_pid(app, name)) - before[name] for name in before}
        busy = MachineTime.now().busy_since(machine_before)
        times.close()
        report = _report(printed, times, used, viewers, seconds, resident_megabytes(_pid(app, "web")))
        return {**report, "machine_busy": round(busy, 3)}


def _addresses(app: Installation) -> list[str]:
    """Port, media playlist, the feed's batches and the next of them."""
    room = app.room("hall")
    media = urlsplit(room["session"]["live_url"]).path.replace("index.m3u8", "source/media.m3u8")
    feed = urlsplit(room["feed"]["batch_url"]).path.replace("{k}", "")
    snapshot = json.loads(app.get(room["feed"]["snapshot_url"])[1])
    return [str(app.port), media, feed, str(snapshot["next"])]


def _pid(app: Installation, name: str) -> int:
    return wait_for(name, lambda: app.pid(name))


def _report(
    printed: str, times: PartTimes, used: dict[str, float], viewers: int, seconds: float, web_mb: float
) -> dict[str, object]:
    latencies: list[float] = []
    last_of: dict[tuple[int, int, int], float] = {}
    *parts, total = printed.splitlines()
    for line in parts:
        _, take, segment, part, at = line.split()
        key = (int(take), int(segment), int(part))
        if key in times.at:
            latencies.append(float(at) - times.at[key])
            last_of[key] = max(last_of.get(key, 0.0), latencies[-1])
    _, requests, errors, size, client_cpu = total.split()
    return {
        "viewers": viewers,
        "seconds": seconds,
        "requests": int(requests),
        "errors": int(errors),
        "megabits_per_second": round(int(size) * 8 / seconds / 1e6, 1),
        "parts_received": len(latencies),
        "part_ms_p50": round(percentile(latencies, 0.5) * 1000, 1),
        "part_ms_p99": round(percentile(latencies, 0.99) * 1000, 1),
        "last_viewer_ms_p50": round(percentile(list(last_of.values()), 0.5) * 1000, 1),
        "web_cpu_us_per_request": round(used["web"] / int(requests) * 1e6, 1),
        "web_cpu_share": round(used["web"] / seconds, 3),
        "recorder_cpu_share": round(used["recorder"] / seconds, 3),
        "client_cpu_share": round(float(client_cpu) / seconds, 3),
        "web_megabytes": round(web_mb, 1),
    }
