"""CPU per written frame, our recorder against aiortc's MediaRecorder, and the latency of one ingest's parts.

Shows 3 of the first issue. Both get the same prepared 720p30 stream of 2 Mbit/s from the same publisher, run
after run in turn, so that both meet the same machine. A run's CPU is that of the whole publication, from its
offer to its written end; start-up of the processes apart.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path

import av

from bench.fidelity import LARGEST_SKIP_PICTURE
from bench.measure import MachineTime, cpu_seconds, percentile
from bench.recorder_status import program_status, recorder_pid
from recorder.media_log_reader import SessionReader
from tests.installation import PROJECT, Installation, free_port, wait_for


def run(folder: Path, *, seconds: float = 30.0, rounds: int = 3) -> dict[str, object]:
    """`cpu_ms_per_frame`: of each run; `ratio`: theirs by ours, of runs that followed each other."""
    machine = MachineTime.now()
    app = Installation(folder)
    app.start()
    ours, theirs, latencies = [], [], []
    try:
        app.add_lecturer()
        for number in range(rounds):
            used, latency = _our_run(app, f"hall-{number}", seconds)
            ours.append(used)
            latencies.append(latency)
            theirs.append(_their_run(folder / f"peer-{number}.mp4", seconds))
    finally:
        app.stop()
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    return {
        "seconds": seconds,
        "recorder_cpu_ms_per_frame": [round(1000 * value, 3) for value in ours],
        "media_recorder_cpu_ms_per_frame": [round(1000 * value, 3) for value in theirs],
        "ratios": [round(value, 1) for value in ratios],
        "ratio": round(percentile(ratios, 0.5), 1),
        "part_ms_p50": max(latency[0] for latency in latencies),
        "part_ms_p95": max(latency[1] for latency in latencies),
        "part_ms_of_runs": latencies,
        "machine_busy": round(MachineTime.now().busy_since(machine), 3),
    }


def _our_run(app: Installation, slug: str, seconds: float) -> tuple[float, tuple[float, float]]:
    """CPU seconds of the recorder process per picture in the log; p50 and p95 of its parts in ms."""
    key = app.add_room(slug)
    pid = recorder_pid(app)
    before = cpu_seconds(pid)
    publisher = _sender(key["whip_url"], key["stream_key"], seconds)
    status: dict[str, float] = {}

    def over() -> bool:
        """Slates have latencies of their own: the last look before the source ends counts."""
        if publisher.poll() is not None:
            return True
        status.update(program_status(app, slug))
        return False

    wait_for("the publisher to end", over, seconds + 60, every=0.5)
    session = app.wait_for_state(slug, "slate", 20)
    used = cpu_seconds(pid) - before
    app.end(slug)
    frames = frames_in_log(app.storage / "sessions", session["id"])
    return used / frames, (status["part_latency_p50_ms"], status["part_latency_p95_ms"])


def frames_in_log(root: Path, session_id: str) -> int:
    """Source pictures in all takes that are no slate."""
    reader = SessionReader((root,), session_id)
    reader.refresh()
    try:
        takes = [take.number for take in reader.takes if not take.slate]
        return sum(_frames_in(reader.media_path(take)) for take in takes)
    finally:
        reader.close()


def _frames_in(mp4: Path) -> int:
    """The recorder's fills are far smaller than any picture of the prepared stream."""
    with av.open(str(mp4)) as container:
        return sum(
            packet.size > LARGEST_SKIP_PICTURE for packet in container.demux(container.streams.video[0])
        )


def _their_run(mp4: Path, seconds: float) -> float:
    """CPU seconds of the MediaRecorder process per picture in its MP4."""
    port = free_port()
    command = [sys.executable, "-m", "bench.media_recorder_peer", str(port), str(mp4)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout is not None
        peer.stdout.readline()
        publisher = _sender(f"http://127.0.0.1:{port}/whip", "key", seconds)
        publisher.wait(seconds + 60)
        used = json.loads(_get(port, "/cpu"))
        peer.terminate()
    return float(used["cpu_seconds"]) / _frames_in(mp4)


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    return connection.getresponse().read()


def _sender(url: str, key: str, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.sender", "--to", url, key, "--seconds", str(seconds)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
