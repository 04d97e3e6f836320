"""What a job's program says, and what is kept of it: bytes of a pipe to text that every database takes.

Pure. A program may say anything: a library's chatter, a torn line, zeros, half a character, a number that is
none. Nothing of it may end the worker, whose other jobs would end with it.
"""

from __future__ import annotations

import json
import math
import re
import signal
from dataclasses import dataclass
from typing import Any

EXCERPT_LENGTH = 4_000
EXCERPT_LINES = 40
REASON_LENGTH = 500
MESSAGE_LENGTH = 500
MOST_POSTPONE_SECONDS = 24 * 3600

# PostgreSQL's text takes no NUL, UTF-8 no half of a surrogate pair; the others would only harm a terminal.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# `operation.logging_setup`'s beginning of a line: when, how bad, which process, from where.
_LOG_PREFIX = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ \S+ (?:\| |[\w.]+: )")
_WORD = re.compile(r"[a-z_]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a program; None where it says nothing of it. `postpone`: seconds."""

    progress: float | None = None
    message: str | None = None
    result: dict[str, Any] | None = None
    postpone: int | None = None
    waits_for: str | None = None


def read_line(line: bytes) -> Said | None:
    """None: no line of ours."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    message, result, waits_for = said.get("message"), said.get("result"), said.get("waits_for")
    return Said(
        progress=_share(said.get("progress")),
        message=fit(message)[:MESSAGE_LENGTH] if isinstance(message, str) else None,
        result=result if isinstance(result, dict) else None,
        postpone=_seconds(said.get("postpone")),
        waits_for=waits_for if isinstance(waits_for, str) and _WORD.fullmatch(waits_for) else None,
    )


def fit(text: str) -> str:
    """Without what a database or a terminal does not take."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def excerpt(log: bytes) -> str:
    """The last lines, without those that say nothing."""
    text = fit(log.decode(errors="replace").replace("\r", "\n"))
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    return "\n".join(lines[-EXCERPT_LINES:])[-EXCERPT_LENGTH:]


def reason_of(kept: str, exit_code: int) -> str:
    """Why a program failed, in one line: the last one of its `excerpt`, and how it ended.

    `exit_code`: 0 for a program that ended well and has made nothing.
    """
    last = _LOG_PREFIX.sub("", kept.rpartition("\n")[2]).strip()[:REASON_LENGTH]
    if exit_code == 0:
        return last or "the program ended without a result"
    return f"{last} ({_ending(exit_code)})".strip()


def _ending(exit_code: int) -> str:
    try:
        return f"killed by {signal.Signals(exit_code - 128).name}"
    except ValueError:
        return f"exit code {exit_code}"


def _share(told: object) -> float | None:
    if not isinstance(told, (int, float)) or isinstance(told, bool) or math.isnan(told):
        return None
    return float(min(max(told, 0), 1))


def _seconds(told: object) -> int | None:
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    return min(max(told, 1), MOST_POSTPONE_SECONDS)
