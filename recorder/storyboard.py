"""A storyboard: small pictures of a recording on sheets, and WebVTT that says when each is shown.

Pure: which moments have a picture, where it lies on which sheet, and the text (a cue's payload is the sheet's
name with a media fragment `#xywh=`, W3C Media Fragments 4.2.2, as players know it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT = 160, 90
COLUMNS, ROWS = 10, 10
PER_SHEET = COLUMNS * ROWS
SHEET_WIDTH, SHEET_HEIGHT = COLUMNS * WIDTH, ROWS * HEIGHT
SHORTEST_STEP, LONGEST_STEP = 2.0, 10.0  # seconds
_PICTURES_WANTED = 360


def step_for(seconds: float) -> float:
    """Seconds from one picture to the next: 2 up to twelve minutes, 10 from an hour on."""
    return float(min(LONGEST_STEP, max(SHORTEST_STEP, math.ceil(seconds / _PICTURES_WANTED))))


def slot_of(at: float, step: float) -> int:
    """Which step a picture at second `at` stands for: told times are some milliseconds off a key frame's."""
    return int(at / step + 0.25)


def place_of(number: int) -> tuple[int, int, int]:
    """`(sheet, x, y)` of picture `number`, counted from 0; x and y in pixels."""
    sheet, place = divmod(number, PER_SHEET)
    row, column = divmod(place, COLUMNS)
    return sheet, column * WIDTH, row * HEIGHT


def fitted(width: int, height: int) -> tuple[int, int, int, int]:
    """`(width, height, left, top)`, all even, of a picture in its place: whole, in the middle."""
    scale = min(WIDTH / max(1, width), HEIGHT / max(1, height))
    small = (_even(width * scale, WIDTH), _even(height * scale, HEIGHT))
    return *small, (WIDTH - small[0]) // 4 * 2, (HEIGHT - small[1]) // 4 * 2


def sheet_name(sheet: int) -> str:
    return f"storyboard-{sheet}.webp"


def webvtt(begins: Sequence[float], seconds: float) -> str:
    """Cues of pictures shown from `begins[n]` on, ascending; the first from 0 on, the last to the end.

    Times are seconds of the replay's playlist.
    """
    shown = [0.0, *begins[1:], max(seconds, (begins[-1] if begins else 0.0) + 0.001)]
    cues = (_cue(number, *times) for number, times in enumerate(pairwise(shown)))
    return "\n".join(("WEBVTT", *(cues if begins else ()), ""))


def _cue(number: int, start: float, end: float) -> str:
    sheet, x, y = place_of(number)
    return f"\n{_time(start)} --> {_time(end)}\n{sheet_name(sheet)}#xywh={x},{y},{WIDTH},{HEIGHT}"


def _time(seconds: float) -> str:
    """WebVTT 4.3: hours are told always."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _even(value: float, most: int) -> int:
    return max(2, min(most, round(value / 2) * 2))


def rows_used(count: int) -> int:
    """Of a sheet with `count` pictures."""
    return -(-min(count, PER_SHEET) // COLUMNS)
