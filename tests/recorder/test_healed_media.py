"""Pictures and sound of a healed take: in order, without holes, however the copy's times are."""

from __future__ import annotations

from array import array
from itertools import pairwise

import av
from hypothesis import given
from hypothesis import strategies as st

from recorder.healed_pictures import CLOSEST_TICKS, LONGEST_STILL_TICKS, PictureEncoder, steady
from recorder.healed_sound import Pcm, _blocks, encode_run
from recorder.media import AAC_FRAME_SAMPLES
from tests.recorder.lecture_maker import picture

_FRAME = av.VideoFrame(16, 16, "yuv420p")
_times = st.lists(st.integers(-200_000, 900_000), max_size=40).map(sorted)


@given(_times, st.integers(0, 100_000), st.integers(1, 600_000))
def test_pictures_are_steady(times, start, length) -> None:
    end = start + length
    shown = [pts for pts, _ in steady(((pts, _FRAME) for pts in times), start, end)]
    if not any(pts < end for pts in times):
        assert shown == []
        return
    assert shown[0] == start and shown[-1] < end
    assert all(after - before >= CLOSEST_TICKS for before, after in pairwise(shown))
    assert all(after - before <= LONGEST_STILL_TICKS * 3 // 2 for before, after in pairwise([*shown, end]))


def test_each_two_seconds_begin_anew_and_sizes_may_change_in_between() -> None:
    sizes = [(320, 192)] * 70 + [(640, 360)] * 70
    pictures = [(n * 3_000, picture(n, size)) for n, size in enumerate(sizes)]
    encoder = PictureEncoder(320, 192)
    coded = list(encoder.encode(iter(pictures)))
    assert [pts for _, pts, _ in coded] == [pts for pts, _ in pictures]
    assert [n for n, (_, _, independent) in enumerate(coded) if independent] == [0, 60, 120]
    assert encoder.parameters is not None and encoder.parameters.sps[1] == 66


def pcm(start: int, count: int, value: float) -> Pcm:
    side = array("f", [value] * count).tobytes()
    return Pcm(start, side, side)


_pieces = st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 4_000)), max_size=6)


@given(_pieces, st.integers(0, 2_000), st.integers(1, 8))
def test_sound_lies_where_it_belongs_or_behind_what_came_before(told, first, count) -> None:
    expected = [0.0] * (count * AAC_FRAME_SAMPLES)
    written = 0
    for number, (start, size) in enumerate(told, 1):
        for at in range(max(start - first, written), start - first + size):
            if 0 <= at < len(expected):
                expected[at] = float(number)
        written = max(written, start - first + size)
    pieces = (pcm(start, size, float(number)) for number, (start, size) in enumerate(told, 1))
    found: array[float] = array("f")
    for left, right in _blocks(pieces, first, count):
        assert left == right and len(left) == 4 * AAC_FRAME_SAMPLES
        found.frombytes(left)
    assert found.tolist() == expected


def test_a_run_reaches_from_its_first_sample_to_its_last() -> None:
    for start, end in ((48_000, 96_000), (48_001, 48_002), (5_000, 5_000), (1_000, 30_000)):
        run = encode_run([pcm(start - 4_000, 100_000, 0.1)], start, end)
        assert [one.pts for one in run] == list(range(start, end, AAC_FRAME_SAMPLES))
    assert len(encode_run([], 0, 10_240)) == 10
