"""FFmpeg's `whip` muxer publishes; FFmpeg reads the live picture, the replay and the MP4."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import av
import imageio_ffmpeg
import pytest

from tests.installation import PROJECT, Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.shares_installation]

TITLE = "線形代数:第3回「固有値」/演習"
WIDTH, HEIGHT = 640, 360


def test_ffmpeg_publishes_and_ffmpeg_reads(installation: Installation, tmp_path: Path) -> None:
    installation.add_lecturer()
    installation.run("room", "add", "senkei", "--owner", "sato", "--title", TITLE)
    key = installation.add_room("yobi")  # another room's key opens no door here
    assert key["room_url"].endswith("/rooms/yobi")
    with publishing(installation, "senkei"):
        session = installation.wait_for_state("senkei", "live")
        wait_for("six seconds of picture", lambda: _age(session) > 6)
        live = read(session["hls_url"], seconds=2.0)
        assert live["size"] == (WIDTH, HEIGHT)
        assert live["pictures"] >= 50
        assert live["sound"] >= 1.8
        installation.end("senkei")
    ended = installation.wait_for_state("senkei", "ended")
    lasted = _unix(ended["ended_at"]) - _unix(ended["started_at"])

    began = time.monotonic()
    replay = read(ended["hls_url"])
    print(f"\nreplay read in {time.monotonic() - began:.1f} s: {replay} · load {os.getloadavg()[0]:.1f}")
    assert lasted - 2.0 < replay["seconds"] < lasted + 0.3
    assert abs(replay["pictures"] / 30 - replay["seconds"]) < 1.0
    assert decoding_errors(ended["hls_url"]) == ""

    began = time.monotonic()
    url = wait_for("the MP4", lambda: (installation.session("senkei") or {}).get("mp4_url"))
    print(f"MP4 {time.monotonic() - began:.1f} s after the replay was read")
    check_download(url, tmp_path / "lecture.mp4", replay)


def check_download(url: str, file: Path, replay: dict[str, Any]) -> None:
    status, headers, body = fetch(url)
    file.write_bytes(body)
    assert status == 200
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Accept-Ranges"] == "bytes"
    name = unquote(headers["Content-Disposition"].split("filename*=UTF-8''")[1])
    assert name.startswith("線形代数") and name.endswith(".mp4") and "/" not in name
    assert body.index(b"moov") < body.index(b"mdat"), "not fast-start"
    assert decoding_errors(str(file)) == ""
    mp4 = read(str(file))
    assert abs(mp4["seconds"] - replay["seconds"]) < 0.2
    assert mp4["pictures"] == replay["pictures"]
    check_ranges(url, body)


def check_ranges(url: str, body: bytes) -> None:
    """RFC 9110 14: first bytes, a middle, the last, and past the end."""
    size = len(body)
    for wanted, first, last in (("0-99", 0, 99), ("1000-1999", 1000, 1999), ("-500", size - 500, size - 1)):
        status, headers, part = fetch(url, {"Range": f"bytes={wanted}"})
        assert (status, part) == (206, body[first : last + 1])
        assert headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    status, headers, _ = fetch(url, {"Range": f"bytes={size}-"})
    assert (status, headers["Content-Range"]) == (416, f"bytes */{size}")


@contextmanager
def publishing(installation: Installation, slug: str) -> Iterator[subprocess.Popen[str]]:
    """FFmpeg's muxer in a process of its own, sending until it is stopped."""
    key = installation.new_key(slug)
    command = [sys.executable, "-m", "tests.publishers.ffmpeg_publisher", "--seconds", "100"]
    command += ["--whip", key["whip_url"], "--token", key["stream_key"]]
    command += ["--width", str(WIDTH), "--height", str(HEIGHT), "--kilobits", "800"]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    except BaseException as error:
        process.terminate()
        error.add_note(f"the publisher said: {process.communicate(timeout=30)[0][-2000:]}")
        raise
    finally:
        process.terminate()
        process.wait(30)


def read(url: str, seconds: float | None = None) -> dict[str, Any]:
    """Decode with FFmpeg's libraries: `size`, `pictures`, `seconds` of picture, `sound` in seconds."""
    pictures, samples, first, last = 0, 0, None, 0.0
    size = None
    with av.open(url, timeout=60) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        for frame in container.decode(picture, sound):
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
                continue
            pictures += 1
            size = (frame.width, frame.height)
            first = frame.time if first is None else first
            last = frame.time
            if seconds is not None and last - first >= seconds:
                break
    length = last - (first or 0.0) + 1 / 30
    return {
        "size": size,
        "pictures": pictures,
        "seconds": round(length, 2),
        "sound": round(samples / 48_000, 2),
    }


def decoding_errors(url: str) -> str:
    """What FFmpeg's program says when it decodes all of it; nothing is right."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-v",
        "error",
        "-xerror",
        "-i",
        url,
        *(
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1:90000",
        ),  # rounded, two pictures could share a time
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def fetch(url: str, headers: dict[str, str] | None = None) -> tuple[int, Message, bytes]:
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def _age(session: dict[str, Any]) -> float:
    return time.time() - _unix(session["started_at"])


def _unix(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
