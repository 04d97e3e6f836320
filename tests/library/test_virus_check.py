"""The virus check, against a server on loopback that speaks clamd's protocol."""

from __future__ import annotations

import socket
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import virus_check
from library.virus_check import OVERLAP_BYTES, WINDOW_BYTES, ScannerUnavailable, found_in, verdict, windows
from tests.library.clamd import NAME, VIRUS, Clamd


def file_of(folder: Path, *data: bytes) -> Path:
    (folder / "file").write_bytes(b"".join(data))
    return folder / "file"


def nothing(_share: float) -> None:
    pass


def test_clean_and_not(tmp_path: Path) -> None:
    with Clamd() as clamd:
        told: list[float] = []
        assert found_in(file_of(tmp_path, b"x" * 700_000), clamd.address, told.append) is None
        assert found_in(file_of(tmp_path), clamd.address, told.append) is None
        assert found_in(file_of(tmp_path, b"x", VIRUS), clamd.address, told.append) == NAME
    assert clamd.streams[0] == 700_000 and told == [1.0, 1.0]


def test_over_a_unix_socket(tmp_path: Path) -> None:
    with Clamd(tmp_path / "clamd.sock") as clamd:
        assert found_in(file_of(tmp_path, VIRUS), clamd.address, nothing) == NAME


def test_a_large_file_goes_in_pieces_that_the_scanner_takes(tmp_path: Path) -> None:
    """What lies across the border of two pieces is found, too."""
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(2 * WINDOW_BYTES)
        file.seek(WINDOW_BYTES - len(VIRUS) // 2)
        file.write(VIRUS)
    with Clamd() as clamd:
        assert found_in(path, clamd.address, nothing) == NAME
    assert clamd.streams == [WINDOW_BYTES, WINDOW_BYTES]


def test_nobody_answers(tmp_path: Path) -> None:
    with Clamd() as clamd:
        pass
    with pytest.raises(ScannerUnavailable, match="cannot be reached"):
        found_in(file_of(tmp_path, b"x"), clamd.address, nothing)
    with pytest.raises(ScannerUnavailable):
        found_in(file_of(tmp_path, b"x"), tmp_path / "nothing.sock", nothing)


def test_what_is_no_verdict_is_not_taken_for_clean(tmp_path: Path) -> None:
    with (
        Clamd(limit=1000) as clamd,
        pytest.raises(ScannerUnavailable, match="size limit exceeded"),
    ):
        found_in(file_of(tmp_path, b"x" * 5_000_000), clamd.address, nothing)
    for answer in ("", "UNKNOWN COMMAND", "stream: ERROR", "OK FOUND ERROR"):
        with pytest.raises(ScannerUnavailable):
            verdict(answer)
    assert verdict("stream: OK\0") is None
    assert verdict("stream: Win.Test.EICAR_HDB-1 FOUND\0") == "Win.Test.EICAR_HDB-1"


def test_a_scanner_that_hangs_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virus_check, "TIMEOUT_SECONDS", 0.2)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        try:
            with pytest.raises(ScannerUnavailable):
                found_in(file_of(tmp_path, b"x"), silent.getsockname(), nothing)
        finally:
            done.set()


@given(st.integers(0, 8 * WINDOW_BYTES))
def test_pieces_cover_the_file_and_overlap(size: int) -> None:
    pieces = list(windows(size))
    assert pieces[0][0] == 0 and pieces[-1][1] == size
    assert all(0 <= end - start <= WINDOW_BYTES for start, end in pieces)
    assert all(before[1] - after[0] == OVERLAP_BYTES for before, after in pairwise(pieces))
