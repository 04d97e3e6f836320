"""What a bad network leaves of a lecture: is every NAL unit sent in the log, how long did the picture freeze?

Shows 2 of the first issue. `app.py` runs as always; publisher and lossy relay are a process of their own
(`sender.py`). The same run, shortened, is tests/recorder/test_fidelity.py.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.logging

from recorder.media import VIDEO_CLOCK_RATE
from recorder.media_log_reader import SessionReader
from tests.installation import PROJECT, Installation

# H.264 7.4.1: AUD, SPS, PPS and filler data (9, 7, 8, 12) say nothing of the picture itself.
PICTURE_NALS = range(1, 6)
LARGEST_SKIP_PICTURE = 40
NOMINAL_STEP = VIDEO_CLOCK_RATE // 30

Digests = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """`loss`: probability of each RTP and RTCP packet, each way. `rtx`: retransmissions arrive."""

    delay_seconds: float = 0.04
    loss: float = 0.02
    rtx: bool = True


@dataclass(frozen=True, slots=True)
class LoggedPicture:
    pts: int
    digests: Digests
    size: int


def run(folder: Path, *, seconds: float = 300.0, network: Network | None = None) -> dict[str, object]:
    """Publish for `seconds`, then hold the log against what was sent."""
    network = network or Network()
    app = Installation(folder)
    app.start()
    try:
        app.add_lecturer()
        key = app.add_room("hall")
        counts = _send(key, folder / "sent.jsonl", seconds, network)
        session = app.wait_for_state("hall", "slate", 20)
        app.end("hall")
        app.wait_for_state("hall", "ended")
    finally:
        app.stop()
    roots = (app.storage / "sessions",)
    sent = _sent(folder / "sent.jsonl")
    report = compare(sent, logged_pictures(roots, session["id"]))
    errors = decode_errors(roots, session["id"])
    return {
        "seconds": seconds,
        "loss": network.loss,
        "rtx": network.rtx,
        **counts,
        **report,
        "decode_errors": errors,
    }


def _send(key: dict[str, str], sent: Path, seconds: float, network: Network) -> dict[str, int]:
    command = [sys.executable, "-m", "bench.sender", "--to", key["whip_url"], key["stream_key"]]
    command += ["--seconds", str(seconds), "--sent", str(sent), "--loop-seconds", "10"]
    command += ["--delay", str(network.delay_seconds), "--loss", str(network.loss)]
    command += [] if network.rtx else ["--drop-rtx"]
    done = subprocess.run(
        command, cwd=PROJECT, check=True, capture_output=True, text=True, timeout=seconds + 60
    )
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])[0]
    return counts


def _sent(path: Path) -> list[Digests]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [tuple(digest for kind, digest in line["nals"] if kind in PICTURE_NALS) for line in lines]


def logged_pictures(roots: Sequence[Path], session_id: str) -> list[LoggedPicture]:
    """Every picture of every take that is no slate, in the log's order."""
    reader = SessionReader(roots, session_id)
    reader.refresh()
    try:
        takes = [take.number for take in reader.takes if not take.slate]
        return [picture for take in takes for picture in _pictures(reader.media_path(take).read_bytes())]
    finally:
        reader.close()


def _pictures(mp4: bytes) -> Iterator[LoggedPicture]:
    with av.open(io.BytesIO(mp4), "r", format="mp4") as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                nals = [nal for nal in _avcc(bytes(packet)) if nal[0] & 31 in PICTURE_NALS]
                digests = tuple(hashlib.sha256(nal).hexdigest() for nal in nals)
                pts = round(packet.pts * stream.time_base * VIDEO_CLOCK_RATE)
                yield LoggedPicture(pts, digests, sum(map(len, nals)))


def _avcc(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def compare(sent: Sequence[Digests], logged: Sequence[LoggedPicture]) -> dict[str, object]:
    """`altered`: logged pictures that nobody sent (skip pictures are the recorder's own). `missing`: sent
    pictures that are not in the log in their place, from the first logged one on, and before it.
    """
    known = set(sent)
    source = [picture for picture in logged if picture.digests in known]
    altered = sum(p.digests not in known and p.size > LARGEST_SKIP_PICTURE for p in logged)
    found = _in_order(sent, [picture.digests for picture in source])
    steps = [later.pts - earlier.pts for earlier, later in itertools.pairwise(source)]
    return {
        "pictures_sent": len(sent),
        "pictures_logged": len(source),
        "fills": len(logged) - len(source) - altered,
        "altered": altered,
        "missing": len(sent) - found,
        "share_logged": round(found / len(sent), 6),
        "worst_freeze_ms": round(max(steps) / VIDEO_CLOCK_RATE * 1000, 1),
    }


def _in_order(sent: Sequence[Digests], logged: Sequence[Digests]) -> int:
    """How many logged pictures follow the order of those sent. Raises AssertionError when one does not."""
    at = 0
    for count, digests in enumerate(logged):
        try:
            at = sent.index(digests, at) + 1
        except ValueError:
            raise AssertionError(f"picture {count} of the log is out of order") from None
    return len(logged)


def decode_errors(roots: Sequence[Path], session_id: str) -> int:
    """Decode every take, slates too: what the decoder complained of, and pictures that did not come out."""
    reader = SessionReader(roots, session_id)
    reader.refresh()
    try:
        return sum(_decode_errors(reader.media_path(take.number).read_bytes()) for take in reader.takes)
    finally:
        reader.close()


def _decode_errors(mp4: bytes) -> int:
    av.logging.set_level(av.logging.ERROR)
    try:
        with (
            av.logging.Capture(local=False) as complaints,
            av.open(io.BytesIO(mp4), "r", format="mp4") as container,
        ):
            packets = pictures = broken = 0
            for packet in container.demux():
                packets += packet.stream.type == "video" and packet.size > 0
                try:
                    frames = [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
                except av.error.FFmpegError:
                    broken += 1
                    continue
                pictures += len(frames)
                broken += sum(frame.is_corrupt for frame in frames)
        return len(complaints) + broken + abs(packets - pictures)
    finally:
        av.logging.set_level(None)
