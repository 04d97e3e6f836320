"""The log of a process: lines on standard error, and the same as JSON in files under `storage/logs/`.

Set up once per process by `app.py`. Lines are written by threads behind bounded queues: when whoever reads
the log stalls (a stopped terminal, a full pipe), or the disk does, lines are dropped and counted, and a
recording goes on. `close()` writes out what is queued and ends the thread; it runs at exit, too.

Files: `<process>.log`, and apart from it what `people/` says to the logger `kodo.security` (`security.log`)
and the web server's requests (`kodo.access`, `access.log`, which standard error has not). A line of a file is
`{"time", "level", "process", "pid", "logger", "message", "fields", "trace"}`, the last two where there are.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from operation.log_files import RotatedFile
from operation.log_redaction import redacted

MAX_QUEUED_LINES = 10_000
CLOSE_SECONDS = 2.0
GENERATIONS = 10
SECURITY, ACCESS = "kodo.security", "kodo.access"
# Only what goes wrong; botocore would also write out what it sends.
QUIET = ("aioice", "aiortc", "aiohttp.access", "_granian", "alembic", "botocore", "urllib3")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_open: list[LineWriter] = []


@dataclass(frozen=True, slots=True)
class LogFolder:
    """Where files are written, and how large each becomes."""

    path: Path
    max_bytes: int


class LineFormatter(logging.Formatter):
    """`2026-11-23T15:42:31.123Z INFO recorder recorder.server: message key=value`.

    Keys and values come from `extra=`. The lines of a traceback follow with `|`, each with the same
    beginning, so that every line of the log says when and from whom it is.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        start = f"{_moment(record)} {record.levelname} {self._process}"
        extra = "".join(f" {k}={_value(v)}" for k, v in vars(record).items() if k not in _STANDARD)
        first, *rest = redacted(record.getMessage() + extra).splitlines() or [""]
        if record.exc_info:
            rest += redacted(self.formatException(record.exc_info)).splitlines()
        return "\n".join([f"{start} {record.name}: {first}", *(f"{start} | {line}" for line in rest)])


class JsonFormatter(logging.Formatter):
    """One line of JSON, whatever is in it."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname,
            "process": self._process,
            "pid": record.process,
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if fields := {k: _field(k, v) for k, v in vars(record).items() if k not in _STANDARD}:
            told["fields"] = fields
        if record.exc_info:
            told["trace"] = redacted(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


class LineWriter(logging.Handler):
    """Hands lines to a thread that gives them to `write`. Never blocks the caller.

    `write` says whether it took a line; one that will never take another (`ends`) is not asked again.
    """

    def __init__(self, write: Callable[[bytes], bool] | int, *, ends: bool = True) -> None:
        super().__init__()
        self._write = _to_descriptor(write) if isinstance(write, int) else write
        self._ends = ends
        self._lines: queue.Queue[str | None] = queue.Queue(MAX_QUEUED_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1
        except Exception:
            self.handleError(record)

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
                line += f"\n{self._words_of(dropped)}"
            if self._write(f"{line}\n".encode(errors="backslashreplace")):
                continue
            if self._ends:
                return  # nobody will ever read it; the queue fills and lines are dropped
            self._dropped += 1

    def _words_of(self, dropped: int) -> str:
        words = f"({dropped} lines were dropped here: the log was not read)"
        if not isinstance(self.formatter, JsonFormatter):
            return words
        return self.formatter.format(logging.makeLogRecord({"msg": words, "levelname": "WARNING"}))


def configure(process: str, level: str, folder: LogFolder | None = None, *, file: str = "") -> None:
    """Send this process's log to standard error, and into files of `folder`.

    `process`: its name in each line; `file`: of the file where that is not called after the process's kind.
    """
    close()
    stderr = LineWriter(sys.stderr.fileno())
    stderr.setFormatter(LineFormatter(process))
    stderr.addFilter(_not_of(ACCESS))
    _open.append(stderr)
    if folder is not None:
        for name, chosen in _files(file or _kind(process)).items():
            _open.append(_file_writer(folder, name, chosen, process))
    logging.basicConfig(level=level, handlers=list(_open), force=True)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING if level != "DEBUG" else logging.DEBUG)
    for name in (SECURITY, ACCESS):
        logging.getLogger(name).setLevel(logging.INFO)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    atexit.register(close)


def close() -> None:
    """Write out what is queued; idempotent."""
    while _open:
        _open.pop().close()


Chosen = Callable[[logging.LogRecord], bool]


def _kind(process: str) -> str:
    """`web-2` writes where `web` does."""
    return process.partition("-")[0]


def _files(kind: str) -> dict[str, Chosen]:
    """File names, and which records go into them."""
    files = {kind: _not_of(SECURITY, ACCESS), "security": _of(SECURITY)}
    return {**files, "access": _of(ACCESS)} if kind == "web" else files


def _file_writer(folder: LogFolder, name: str, chosen: Chosen, process: str) -> LineWriter:
    file = RotatedFile(folder.path / f"{name}.log", folder.max_bytes, GENERATIONS)
    writer = LineWriter(file.write, ends=False)
    writer.setFormatter(JsonFormatter(process))
    writer.addFilter(chosen)
    return writer


def _of(logger: str) -> Chosen:
    return lambda record: record.name == logger


def _not_of(*loggers: str) -> Chosen:
    return lambda record: record.name not in loggers


def _to_descriptor(descriptor: int) -> Callable[[bytes], bool]:
    def write(data: bytes) -> bool:
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except OSError:
                return False
        return True

    return write


def _moment(record: logging.LogRecord) -> str:
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{when}.{int(record.msecs):03d}Z"


def _value(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(c.isspace() or c == '"' for c in text) else text


def _field(name: str, value: object) -> object:
    """As JSON has it; hidden where its name says that it is a secret."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redacted(f"{name}={value}").removeprefix(f"{name}=")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("app").critical("unexpected error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    logging.getLogger("app").critical("unexpected error in a thread", exc_info=error)
