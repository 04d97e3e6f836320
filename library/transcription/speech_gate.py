"""Which stretches of a sound may be speech: only they go to the engine.

Pure. Whisper makes up sentences where nobody speaks, so silence, noise and mains hum must not reach it. What
marks speech is that its loudness moves, syllable by syllable: a fan, hiss or hum is as loud all the time,
also right after it was switched on, however loud it is. So a frame counts as speech where the sound is louder
than the quietest around it and, within a second before and behind, often moves by decibels from one tenth of
a second to the next. What is between words and around sentences is let through with them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from library.transcription.sound import FRAME, FRAMES_A_SECOND, Levels, Samples, speech_band_levels

AUDIBLE_DB = -60.0  # of full scale, in the band of speech
ABOVE_QUIET_DB = 3.0
MOVES_DB = 2.0
MOVING_SHARE = 0.2
MARGIN_SECONDS = 0.5
BRIDGED_SECONDS = 2.0
SHORTEST_SECONDS = 0.1

_STEP = FRAMES_A_SECOND // 10  # a syllable rises and falls over two to four of them
_AROUND = FRAMES_A_SECOND  # a second before, a second behind
_BLOCK = FRAMES_A_SECOND // 2
_BLOCKS_AROUND = 10  # five seconds: nobody speaks for longer without a pause
_QUIET_PERCENTILE = 10

Marks = NDArray[np.bool_]


class Stretch(NamedTuple):
    """Samples `start` … `end - 1`."""

    start: int
    end: int


def speech(samples: Samples) -> list[Stretch]:
    """Stretches that may be speech, in order, with their margins; they neither touch nor leave the sound."""
    levels = np.maximum(speech_band_levels(samples), AUDIBLE_DB - 5)
    marks = (levels > AUDIBLE_DB) & (levels > _quiet(levels) + ABOVE_QUIET_DB) & _moving(levels)
    shortest = round(SHORTEST_SECONDS * FRAMES_A_SECOND)
    runs = [run for run in _runs(marks) if run.end - run.start >= shortest]
    margin = round(MARGIN_SECONDS * FRAMES_A_SECOND)
    wide = [Stretch(max(0, run.start - margin), run.end + margin) for run in runs]
    joined = _joined(wide, round(BRIDGED_SECONDS * FRAMES_A_SECOND))
    return [Stretch(run.start * FRAME, min(run.end * FRAME, len(samples))) for run in joined]


def _moving(levels: Levels) -> Marks:
    """Where the level moves as that of speech does. One step is not enough, as of a fan switched on."""
    moves = np.zeros(len(levels), np.float32)
    if len(levels) > _STEP:
        moves[_STEP:] = np.abs(levels[_STEP:] - levels[:-_STEP]) > MOVES_DB
    return _mean_around(moves, _AROUND) >= MOVING_SHARE


def _mean_around(values: NDArray[np.float32], reach: int) -> NDArray[np.float64]:
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    places = np.arange(len(values))
    first, end = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(values))
    return np.asarray((sums[end] - sums[first]) / np.maximum(end - first, 1))


def _quiet(levels: Levels) -> Levels:
    """How loud it is around each frame where it is quietest."""
    if not len(levels):
        return levels
    blocks = np.array(
        [
            np.percentile(levels[begin : begin + _BLOCK], _QUIET_PERCENTILE)
            for begin in range(0, len(levels), _BLOCK)
        ]
    )
    padded = np.pad(blocks, _BLOCKS_AROUND, constant_values=np.inf)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * _BLOCKS_AROUND + 1).min(axis=1)
    return np.repeat(lowest, _BLOCK)[: len(levels)].astype(np.float32)


def _runs(marks: Marks) -> list[Stretch]:
    """Runs of marked frames."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marks, [False])).astype(np.int8)))
    return [Stretch(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _joined(runs: list[Stretch], bridged: int) -> list[Stretch]:
    """Runs with less than `bridged` between them as one."""
    joined: list[Stretch] = []
    for run in runs:
        if joined and run.start - joined[-1].end <= bridged:
            joined[-1] = Stretch(joined[-1].start, run.end)
        else:
            joined.append(run)
    return joined
