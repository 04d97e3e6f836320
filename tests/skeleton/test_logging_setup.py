"""The log: a line says when and from whom, and a reader that stalls holds nobody up."""

import logging
import os
import re
import sys

from granian.log import LogLevels, configure_logging

from operation.logging_setup import MAX_QUEUED_LINES, LineFormatter, LineWriter
from operation.web_server import LOG_CONFIGURATION


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("recorder.server", logging.INFO, __file__, 1, message, (), None)
    vars(made).update(extra)
    return made


def test_a_line_says_when_how_grave_and_from_whom() -> None:
    line = LineFormatter("recorder").format(record("take began", session="01a2", title="two words"))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO recorder recorder\.server: "
        r"take began session=01a2 title='two words'",
        line,
    )


def test_every_line_of_a_traceback_bears_the_beginning() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        failed = record("it failed")
        failed.exc_info = sys.exc_info()
    first, *rest = LineFormatter("web").format(failed).splitlines()
    assert first.endswith("it failed")
    assert len(rest) >= 4
    assert all(re.match(r"\S+Z INFO web \| ", line) for line in rest)


def test_a_forged_line_cannot_begin_like_one_of_ours() -> None:
    formatted = LineFormatter("web").format(record("GET /\n2026-11-23T00:00:00.000Z INFO web x: forged"))
    assert " | 2026-11-23" in formatted.splitlines()[1]


def test_a_stalled_reader_holds_nobody_up_and_learns_what_it_missed() -> None:
    readable, writable = os.pipe()
    writer = LineWriter(writable)
    writer.setFormatter(logging.Formatter("%(message)s"))
    lines = MAX_QUEUED_LINES + 5_000
    for number in range(lines):  # nobody reads: a pipe holds 64 KiB
        writer.emit(record(f"{number} {'x' * 100}"))
    os.set_blocking(readable, False)
    got = drain(readable, until=b"lines were dropped")
    assert b"0 xxx" in got
    writer.close()
    for descriptor in (readable, writable):
        os.close(descriptor)


def drain(descriptor: int, until: bytes) -> bytes:
    got = b""
    while until not in got:
        try:
            got += os.read(descriptor, 1 << 20)
        except BlockingIOError:
            continue
    return got


def test_close_writes_what_is_queued_and_may_be_called_again() -> None:
    readable, writable = os.pipe()
    writer = LineWriter(writable)
    writer.setFormatter(logging.Formatter("%(message)s"))
    for number in range(100):
        writer.emit(record(str(number)))
    writer.close()
    writer.close()
    os.close(writable)
    with open(readable) as written:
        assert written.read().split() == [str(number) for number in range(100)]


def test_the_web_server_leaves_the_log_as_it_is() -> None:
    """granian configures logging as it starts; once all that a web process said after that was lost."""
    readable, writable = os.pipe()
    writer = LineWriter(writable)
    writer.setFormatter(LineFormatter("web"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(writer)
    try:
        configure_logging(LogLevels.error, dict(LOG_CONFIGURATION))
        assert root.level == level
        logging.getLogger("broadcast.problems").error("error 1234")
    finally:
        root.removeHandler(writer)
        writer.close()
        os.close(writable)
    assert b"error 1234" in os.read(readable, 4096)
    os.close(readable)
