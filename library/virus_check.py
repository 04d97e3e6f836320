"""Asks ClamAV's daemon whether a file is clean, by its INSTREAM command (clamd(8)).

Called in a job's own process; blocks. The daemon takes at most its `StreamMaxLength` of a stream (25 MB where
nobody has set it), so a file is sent as several, which overlap. What cannot be asked is never clean.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from settings import ScannerAddress

WINDOW_BYTES = 24 << 20
OVERLAP_BYTES = 1 << 20
TIMEOUT_SECONDS = 120.0
_CHUNK_BYTES = 1 << 18
_ANSWER_BYTES = 4_096
_LENGTH = struct.Struct(">I")


class ScannerUnavailable(OSError):
    """Nobody answers, or with an error: it is worth another attempt later."""


def found_in(path: Path, scanner: ScannerAddress, progress: Callable[[float], None]) -> str | None:
    """The name of what was found in the file, None if it is clean. Raises ScannerUnavailable, OSError."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        for start, end in windows(size):
            if (found := _ask(scanner, file.fileno(), start, end)) is not None:
                return found
            progress(end / size if size else 1.0)
    return None


def windows(size: int) -> Iterator[tuple[int, int]]:
    """Pure: the pieces of a file that are sent, first byte and the one behind the last."""
    start = 0
    while True:
        end = min(size, start + WINDOW_BYTES)
        yield start, end
        if end == size:
            return
        start = end - OVERLAP_BYTES


def _ask(scanner: ScannerAddress, fd: int, start: int, end: int) -> str | None:
    try:
        with _connected(scanner) as line:
            line.sendall(b"zINSTREAM\0")
            with suppress(BrokenPipeError, ConnectionResetError):  # it has said why, and reads no more
                _send(line, fd, start, end)
            answer = _answer(line)
    except OSError as error:
        raise ScannerUnavailable(f"the virus scanner cannot be reached: {error}") from error
    return verdict(answer)


def verdict(answer: str) -> str | None:
    """Pure: what clamd's answer says was found. Raises ScannerUnavailable for what is no verdict."""
    words = answer.strip("\0\r\n ").removeprefix("stream: ")
    if words == "OK":
        return None
    if words.endswith(" FOUND"):
        return words.removesuffix(" FOUND")
    raise ScannerUnavailable(f"the virus scanner gives no verdict: {words[:200] or 'no answer'}")


def _connected(scanner: ScannerAddress) -> socket.socket:
    if isinstance(scanner, Path):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(TIMEOUT_SECONDS)
            line.connect(str(scanner))
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection(scanner, TIMEOUT_SECONDS)


def _send(line: socket.socket, fd: int, start: int, end: int) -> None:
    """Each chunk behind its length in 4 bytes; a length of 0 ends the stream."""
    while start < end and (chunk := os.pread(fd, min(_CHUNK_BYTES, end - start), start)):
        line.sendall(_LENGTH.pack(len(chunk)) + chunk)
        start += len(chunk)
    line.sendall(_LENGTH.pack(0))


def _answer(line: socket.socket) -> str:
    answer = b""
    while len(answer) < _ANSWER_BYTES and not answer.endswith(b"\0") and (more := line.recv(_ANSWER_BYTES)):
        answer += more
    return answer.decode("utf-8", "replace")
