"""The sheets of a storyboard as they fill: one is held at a time, and written when it is full.

Used in a job's own process; `close()` writes the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from recorder import storyboard
from recorder.still_frames import webp

QUALITY = 60
_BLACK = (16, 128, 128)  # of limited range
_SHARES = (1, 2, 2)  # chroma has half of luma's width and height


@dataclass(slots=True)
class Small:
    """A picture for a sheet: its planes without padding. `left`, `top`: where in its place."""

    planes: tuple[bytes, bytes, bytes]
    width: int
    height: int
    left: int
    top: int

    @classmethod
    def of(cls, frame: VideoFrame, left: int, top: int) -> Small:
        """Of a yuv420p picture that fits into a place."""
        luma, blue, red = (packed(plane) for plane in frame.planes)
        return cls((luma, blue, red), frame.width, frame.height, left, top)


class StoryboardSheets:
    """`write(name, data)` is called with each sheet."""

    def __init__(self, write: Callable[[str, bytes], None]) -> None:
        self._write = write
        self._planes = _empty_planes()
        self.count = 0

    def add(self, small: Small) -> None:
        """Put the next picture into its place."""
        _, x, y = storyboard.place_of(self.count)
        for plane, data, share in zip(self._planes, small.planes, _SHARES, strict=True):
            line, width = storyboard.SHEET_WIDTH // share, small.width // share
            at = (y + small.top) // share * line + (x + small.left) // share
            for begin in range(0, len(data), width):
                plane[at : at + width] = data[begin : begin + width]
                at += line
        self.count += 1
        if self.count % storyboard.PER_SHEET == 0:
            self._put(storyboard.PER_SHEET)

    def close(self) -> None:
        """Write what has not filled a sheet. Once."""
        left = self.count % storyboard.PER_SHEET
        if left:
            self._put(left)

    def _put(self, count: int) -> None:
        sheet, _, _ = storyboard.place_of(self.count - 1)
        height = storyboard.rows_used(count) * storyboard.HEIGHT
        frame = VideoFrame(storyboard.SHEET_WIDTH, height, "yuv420p")
        for plane, data, share in zip(frame.planes, self._planes, _SHARES, strict=True):
            plane.update(_padded(plane, data, storyboard.SHEET_WIDTH // share, height // share))
        self._write(storyboard.sheet_name(sheet), webp(frame, QUALITY))
        self._planes = _empty_planes()


def packed(plane: VideoPlane) -> bytes:
    """The plane's samples, line behind line without what pads them."""
    data, line = memoryview(plane), plane.line_size
    if line == plane.width:
        return bytes(data[: line * plane.height])
    return b"".join(data[y * line : y * line + plane.width] for y in range(plane.height))


def _padded(plane: VideoPlane, data: bytearray, width: int, height: int) -> bytes:
    lines = (data[y * width : (y + 1) * width].ljust(plane.line_size, b"\0") for y in range(height))
    return b"".join(lines).ljust(plane.buffer_size, b"\0")


def _empty_planes() -> tuple[bytearray, ...]:
    size = storyboard.SHEET_WIDTH * storyboard.SHEET_HEIGHT
    return tuple(
        bytearray(bytes((black,)) * (size // share**2)) for black, share in zip(_BLACK, _SHARES, strict=True)
    )
