"""Chunks end where it is quiet, always at the same places, and have all of the sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.transcription.chunks import Chunk, chunks, quietest_place
from library.transcription.engine import RATE
from library.transcription.sound import Samples
from tests.library.transcription.noises import hiss, silence


def blocks(samples: Samples, size: int = 3 * RATE) -> Iterator[bytes]:
    for at in range(0, len(samples), size):
        yield samples[at : at + size].tobytes()


def cut(samples: Samples, start: int = 0, *, ended: bool = True, size: int = 3 * RATE) -> list[Chunk]:
    """With a copy of the samples each."""
    found = chunks(blocks(samples, size), start, ended=ended)
    return [Chunk(one.start, one.samples.copy()) for one in found]


def quiet_at(samples: Samples, *seconds: float) -> Samples:
    for one in seconds:
        samples[round((one - 0.15) * RATE) : round((one + 0.15) * RATE)] *= 0.01
    return samples


def test_a_lecture_is_cut_where_it_is_quiet() -> None:
    sound = quiet_at(hiss(1500), 100, 400, 900, 1350)
    found = cut(sound)
    assert [one.end / RATE for one in found] == pytest.approx([400, 900, 1350, 1500], abs=0.1)
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert np.array_equal(np.concatenate([one.samples for one in found]), sound)


def test_while_it_runs_only_what_later_sound_cannot_change_is_given() -> None:
    sound = quiet_at(hiss(1250), 400, 900)
    assert [one.end / RATE for one in cut(sound, ended=False)] == pytest.approx([400, 900], abs=0.1)
    assert cut(sound[: 599 * RATE], ended=False) == []


def test_who_goes_on_cuts_at_the_same_places() -> None:
    sound = quiet_at(hiss(1300), 450, 930)
    whole = cut(sound)
    again = cut(sound[whole[0].end :], whole[0].end, size=12_345)
    assert [(one.start, one.end) for one in again] == [(one.start, one.end) for one in whole[1:]]


def test_silence_is_cut_late_and_nothing_gives_nothing() -> None:
    assert [one.end / RATE for one in cut(silence(700))] == pytest.approx([600, 700], abs=0.2)
    assert cut(silence(0)) == [] and [len(one.samples) for one in cut(silence(0)[:0])] == []
    assert [one.end for one in cut(hiss(0.001))] == [16]
    assert quietest_place(hiss(0.1), 0) == 1_600


@settings(max_examples=30)
@given(st.lists(st.integers(0, 900), max_size=40), st.booleans(), st.integers(0, 10**6))
def test_nothing_is_lost_whatever_the_blocks(sizes: list[int], ended: bool, start: int) -> None:
    pieces = [hiss(size / RATE * 10, seed=n) for n, size in enumerate(sizes)]
    sound = np.concatenate([silence(0), *pieces])
    given = (piece.tobytes() for piece in pieces)
    cutting = chunks(given, start, ended=ended, shortest=2_000, longest=4_000)
    found = [(one.start, one.samples.copy()) for one in cutting]
    joined = np.concatenate([silence(0), *(samples for _, samples in found)])
    assert np.array_equal(joined, sound[: len(joined)])
    assert [at for at, _ in found] == [start + n for n in _starts(found)]
    assert all(2_000 <= len(samples) <= 4_000 for _, samples in found[: -1 if ended else None])
    assert len(sound) - len(joined) < 4_000 and (not ended or len(joined) == len(sound))


def _starts(found: list[tuple[int, Samples]]) -> list[int]:
    return [sum(len(samples) for _, samples in found[:n]) for n in range(len(found))]
