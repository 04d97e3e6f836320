"""Whatever a program writes, the worker lives, and what it keeps fits into every database and page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.job_pace import LONGEST, time_left
from library.job_words import (
    EXCERPT_LENGTH,
    EXCERPT_LINES,
    MESSAGE_LENGTH,
    MOST_POSTPONE_SECONDS,
    Said,
    excerpt,
    fit,
    read_line,
    reason_of,
)
from library.models import Job

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("progress", "message", "result", "postpone", "waits_for")


@given(st.binary(max_size=200) | st.builds(lambda told: json.dumps(told).encode(), ANYTHING))
def test_no_line_is_trouble(line: bytes) -> None:
    assert isinstance(read_line(line), (Said, type(None)))


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_what_is_read_is_within_bounds(told: dict[str, object]) -> None:
    said = read_line(json.dumps(told).encode())
    assert said is not None
    assert said.progress is None or 0.0 <= said.progress <= 1.0
    assert said.postpone is None or 1 <= said.postpone <= MOST_POSTPONE_SECONDS
    if said.message is not None:
        assert len(said.message) <= MESSAGE_LENGTH and "\0" not in said.message
        said.message.encode()


@pytest.mark.parametrize(
    "line",
    [b"[" * 200_000, b'{"progress":' + b"9" * 5000 + b"}", b'{"progress": 1e999}', b'{"a": NaN}', b"\0"],
)
def test_hostile_lines(line: bytes) -> None:
    read_line(line)


def test_what_a_line_says() -> None:
    assert read_line('{"progress": 0.25, "message": "半"}'.encode()) == Said(progress=0.25, message="半")
    assert read_line(b'{"result": {"n": 1}}') == Said(result={"n": 1})
    assert read_line(b'{"postpone": 300, "waits_for": "model"}') == Said(postpone=300, waits_for="model")
    assert read_line(b'{"waits_for": "A Word!", "progress": true, "postpone": 1.5}') == Said()
    assert read_line(b"frame= 20 fps=10") is None


@given(st.binary(max_size=20_000))
def test_an_excerpt_fits(log: bytes) -> None:
    kept = excerpt(log)
    assert len(kept) <= EXCERPT_LENGTH and kept.count("\n") < EXCERPT_LINES
    assert kept == fit(kept) and "\0" not in kept
    kept.encode()
    assert len(reason_of(kept, 1)) <= 600


def test_an_excerpt_is_the_last_lines() -> None:
    log = "\n".join(f"line {n}" for n in range(100)) + "\r\n\nend\n"
    assert excerpt(log.encode()).split("\n")[-2:] == ["line 99", "end"]


@pytest.mark.parametrize(
    ("kept", "code", "reason"),
    [
        ("", 0, "the program ended without a result"),
        ("", 137, "(killed by SIGKILL)"),
        ("one\ntwo", 1, "two (exit code 1)"),
        ("", 250, "(exit code 250)"),
        ("2026-11-26T01:02:03.004Z CRITICAL job | MemoryError", 1, "MemoryError (exit code 1)"),
        ("2026-11-26T01:02:03.004Z ERROR job operation.mp4_job: no part", 1, "no part (exit code 1)"),
    ],
)
def test_a_reason_is_one_line(kept: str, code: int, reason: str) -> None:
    assert reason_of(kept, code) == reason


BEGAN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def _job(paced_from: float, progress: float) -> Job:
    return Job(paced_at=BEGAN, paced_from=paced_from, progress=progress)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6))
def test_the_time_left_is_a_time_or_unknown(paced_from: float, progress: float, gone: int) -> None:
    left = time_left(_job(paced_from, progress), BEGAN + timedelta(seconds=gone))
    assert left is None or timedelta() <= left <= LONGEST


@given(st.floats(0, 0.5), st.floats(0.55, 1), st.integers(5, 1000))
def test_at_an_even_pace_the_time_left_is_right(paced_from: float, progress: float, gone: int) -> None:
    left = time_left(_job(paced_from, progress), BEGAN + timedelta(seconds=gone))
    assert left is not None
    share = (progress - paced_from) / (1.0 - paced_from)
    assert left.total_seconds() == pytest.approx(gone / share - gone, abs=1e-3)


def test_too_little_seen_says_nothing() -> None:
    assert time_left(Job(paced_at=None, progress=0.5), BEGAN) is None
    assert time_left(_job(0.0, 0.5), BEGAN + timedelta(seconds=1)) is None
    assert time_left(_job(0.5, 0.51), BEGAN + timedelta(hours=1)) is None
