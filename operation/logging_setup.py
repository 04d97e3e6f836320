"""One log on standard error: a line a message, with time, level and process in front.

Set up once per process by `app.py`. Lines are written by a thread behind a bounded queue: when
whoever reads the log stalls (a stopped terminal, a full pipe), lines are dropped and counted, and
a recording goes on. `close()` writes out what is queued and ends the thread; it runs at exit, too.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import sys
import threading
import time
from types import TracebackType

MAX_QUEUED_LINES = 10_000
CLOSE_SECONDS = 2.0
# Only what goes wrong; botocore would also write out what it sends.
QUIET = ("aioice", "aiortc", "aiohttp.access", "_granian", "alembic", "botocore", "urllib3")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """`2026-11-23T15:42:31.123Z INFO recorder recorder.server: message key=value`.

    Keys and values come from `extra=`. The lines of a traceback follow with `|`, each with the same
    beginning, so that every line of the log says when and from whom it is.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        start = f"{when}.{int(record.msecs):03d}Z {record.levelname} {self._process}"
        extra = "".join(f" {k}={_value(v)}" for k, v in vars(record).items() if k not in _STANDARD)
        first, *rest = (record.getMessage() + extra).splitlines() or [""]
        if record.exc_info:
            rest += self.formatException(record.exc_info).splitlines()
        return "\n".join([f"{start} {record.name}: {first}", *(f"{start} | {line}" for line in rest)])


class LineWriter(logging.Handler):
    """Hands lines to a thread that writes them to `descriptor`. Never blocks the caller."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(MAX_QUEUED_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write out what is queued, waiting at most two seconds for a stalled reader."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            try:
                self._lines.put(None, timeout=CLOSE_SECONDS)
            except queue.Full:
                return
            self._thread.join(CLOSE_SECONDS)
        super().close()

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            if dropped:
                line += f"\n({dropped} lines were dropped here: the log was not read)"
            if not self._write(f"{line}\n".encode(errors="backslashreplace")):
                return  # nobody will ever read it; the queue fills and lines are dropped

    def _write(self, data: bytes) -> bool:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except OSError:
                return False
        return True


def configure(process: str, level: str) -> None:
    """Send this process's log to standard error. `process`: its name in each line."""
    handler = LineWriter(sys.stderr.fileno())
    handler.setFormatter(LineFormatter(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING if level != "DEBUG" else logging.DEBUG)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    atexit.register(handler.close)


def _value(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(c.isspace() or c == '"' for c in text) else text


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("app").critical("unexpected error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    logging.getLogger("app").critical("unexpected error in a thread", exc_info=error)
