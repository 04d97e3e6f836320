"""FFmpeg's binary as a subprocess: built by ffmpeg-python, both pipes drained, progress told, errors kept.

Used by `export.py` in a job's own process. The binary is imageio-ffmpeg's: every machine runs the same.
"""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import imageio_ffmpeg

MAX_ERROR_LINES = 40


class FFmpegFailed(RuntimeError):
    """FFmpeg ended with an error; the message is the end of what it said."""


def run(
    stream: Any,
    *,
    on_seconds: Callable[[float], None] | None = None,
    feed: Callable[[int], None] | None = None,
) -> list[str]:
    """Run an ffmpeg-python output stream and return the error lines that FFmpeg printed.

    `on_seconds`: told the media time reached. `feed`: writes the input to a pipe's descriptor.
    Raises FFmpegFailed; what `feed` raised goes first.
    """
    told = stream.global_args(
        "-loglevel",
        "error",
        "-progress",
        "pipe:1",
        *(["-nostdin"] if feed is None else []),
    )
    command = told.overwrite_output().compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    stdin = subprocess.DEVNULL if feed is None else subprocess.PIPE
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        errors: deque[str] = deque(maxlen=MAX_ERROR_LINES)
        threads = [threading.Thread(target=_drain, args=(process.stderr, errors.append), daemon=True)]
        threads.append(
            threading.Thread(target=_drain, args=(process.stdout, _progress(on_seconds)), daemon=True)
        )
        for thread in threads:
            thread.start()
        try:
            if feed is not None and process.stdin is not None:
                _feed(process, feed)
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        for thread in threads:
            thread.join()
    if status != 0:
        raise FFmpegFailed("; ".join(errors) or f"exit code {status}")
    return list(errors)


def _feed(process: subprocess.Popen[str], feed: Callable[[int], None]) -> None:
    assert process.stdin is not None
    try:
        feed(process.stdin.fileno())
    except BrokenPipeError:
        pass  # FFmpeg has ended early; its exit code and words tell why
    finally:
        process.stdin.close()


def _drain(lines: Any, take: Callable[[str], None]) -> None:
    for line in lines:
        take(line.strip())


def _progress(on_seconds: Callable[[float], None] | None) -> Callable[[str], None]:
    def take(line: str) -> None:
        name, _, value = line.partition("=")
        if on_seconds is not None and name == "out_time_us" and value.lstrip("-").isdigit():
            on_seconds(max(0, int(value)) / 1e6)

    return take
