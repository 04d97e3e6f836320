"""FFmpeg's binary as a subprocess: built by ffmpeg-python, both pipes drained, progress told, errors kept.

Used in jobs' own processes. The binary is imageio-ffmpeg's: every machine runs the same.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import imageio_ffmpeg

MAX_ERROR_LINES = 40


class FFmpegFailed(RuntimeError):
    """FFmpeg ended with an error; the message is the end of what it said. `killed`: by a signal, so that the
    file need not be the reason.
    """

    def __init__(self, words: str, *, killed: bool = False) -> None:
        super().__init__(words)
        self.killed = killed


class Outlet:
    """A pipe that FFmpeg writes its output to (`address`), and who reads it. Ends by `close()`.

    `take` opens the address that it is given by FFmpeg's libraries: were it a file of Python's, a signal to
    end that comes while they ask it for more would get lost in them.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        self._ends = list(os.pipe())
        self._read_end, self.write_end = self._ends
        self.address = f"pipe:{self.write_end}"
        self._take = take

    def read(self) -> None:
        """Called once FFmpeg has its end of the pipe. What `take` leaves in it FFmpeg cannot get rid of, and
        ends. Raises what `take` raises.
        """
        self._close(self.write_end)
        try:
            self._take(f"pipe:{self._read_end}")
        finally:
            self._close(self._read_end)

    def close(self) -> None:
        """Idempotent."""
        for end in tuple(self._ends):
            self._close(end)

    def _close(self, end: int) -> None:
        if end in self._ends:
            self._ends.remove(end)
            os.close(end)


def run(
    stream: Any,
    *,
    on_seconds: Callable[[float], None] | None = None,
    feed: Callable[[int], None] | None = None,
    outlet: Outlet | None = None,
) -> list[str]:
    """Run an ffmpeg-python output stream and return the error lines that FFmpeg printed.

    `on_seconds`: told the media time reached. `feed`: writes the input to a pipe's descriptor. `outlet`: a
    pipe that FFmpeg writes to, read while it runs. Raises FFmpegFailed; what `feed` or the outlet's reader
    raised goes first.
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
    inherited = () if outlet is None else (outlet.write_end,)
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=inherited
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
            if outlet is not None:
                outlet.read()
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        for thread in threads:
            thread.join()
    if status != 0:
        raise FFmpegFailed("; ".join(errors) or f"exit code {status}", killed=status < 0)
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
