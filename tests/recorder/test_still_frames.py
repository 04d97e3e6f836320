"""Pictures in WebP: the right colours, within their bytes, made smaller and never larger."""

from __future__ import annotations

import random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.still_frames import Scaler, webp, webp_within, within

RED = {"709": (80, 112, 198), "601": (91, 104, 198)}  # of RGB 200, 40, 40, limited range


def plain(width: int, height: int, planes: tuple[int, int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, planes, strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    return frame


def noise(width: int, height: int) -> av.VideoFrame:
    frame = plain(width, height, (128, 128, 128))
    frame.planes[0].update(random.Random(5).randbytes(frame.planes[0].buffer_size))
    return frame


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), "709"), ((320, 180), "601")])
def test_colours_are_those_that_players_show(size: tuple[int, int], matrix: str) -> None:
    """WebP is BT.601; what a large picture without a word about it is, players take for BT.709."""
    small = Scaler().scaled(plain(*size, RED[matrix]), 160, 90)
    assert [bytes(plane)[0] for plane in small.planes] == pytest.approx(RED["601"], abs=2)
    again = Scaler().scaled(small, 80, 44)
    assert [bytes(plane)[0] for plane in again.planes] == pytest.approx(RED["601"], abs=2)


def test_a_picture_fits_into_its_bytes() -> None:
    frame = noise(640, 360)
    assert len(webp(frame, 82)) > 60_000
    data = webp_within(frame, 60_000)
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP" and 20_000 < len(data) <= 60_000
    assert len(webp_within(frame, 10)) < 60_000, "the worst there is"


@given(st.integers(1, 9_000), st.integers(1, 9_000))
def test_smaller_and_never_larger(width: int, height: int) -> None:
    found = within(width, height, 1280, 720)
    assert found[0] <= max(2, min(width, 1280)) and found[1] <= max(2, min(height, 720))
    assert not found[0] % 2 and not found[1] % 2
